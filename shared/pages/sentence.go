package pages

import "net/http"

// Sentence is a page that says one thing.
type Sentence struct {
	Answer string // the sentence, without its full stop
	Next   string // what the reader can do; may be empty
}

// Frame is the page's beginning.
func (s Sentence) Frame() Frame { return Frame{Answer: s.Answer} }

var sentencePage = parse("sentence.html")

// WriteSentence writes a page of one sentence with the given status.
func WriteSentence(w http.ResponseWriter, status int, s Sentence) error {
	return write(w, status, sentencePage, s)
}

// WriteRefusal answers a link that does not hold, with status 403 and always the same page: it does
// not tell an expired link from a forged one, nor an incident that exists from one that does not.
func WriteRefusal(w http.ResponseWriter) error {
	return WriteSentence(w, http.StatusForbidden, Sentence{Answer: "This link is not valid, or no longer"})
}
