package detect

// History is what the rules remember of one stream: bounded, and kept as JSON in its head row.
// Its content is opaque to others. The zero value is the history of a new stream.
type History struct{}
