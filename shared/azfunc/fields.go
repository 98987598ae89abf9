package azfunc

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
)

// mostFields bounds the body that Fields reads: people type a few lines.
const mostFields = 64 << 10

// Fields reads a body that is a form or a JSON object of texts, whichever its Content-Type says. Of
// a field that comes twice, the form's first and the object's last counts; a field of another type
// is an error. The error is a sentence for whoever sent it.
func Fields(r *http.Request) (map[string]string, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, mostFields+1))
	if err != nil || len(body) > mostFields {
		return nil, fmt.Errorf("the request could not be read, or is over %d KiB", mostFields>>10)
	}
	fields := map[string]string{}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		if err := json.Unmarshal(body, &fields); err != nil {
			return nil, errors.New(`the body is not a JSON object of texts, like {"by":"Ada","note":"why"}`)
		}
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, errors.New("the form could not be read")
		}
		for name := range form {
			fields[name] = form.Get(name)
		}
	default:
		return nil, errors.New("send a form or application/json")
	}
	return fields, nil
}

// AnswerJSON answers a request with a JSON object that nobody may keep.
func AnswerJSON(w http.ResponseWriter, status int, object any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(object) // whoever asked may be gone
}
