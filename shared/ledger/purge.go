package ledger

// purgedKey is a row that notes how far a stream was purged, so that a purge need not begin at the
// first entry every day. Nothing but the time a purge takes depends on it.
const purgedKey = "purged"
