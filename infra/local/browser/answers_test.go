//go:build browser

package browser_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"glasswatch/shared/alert"
)

// post sends the form of an incident page as it stands now, without a browser.
func (s *stack) post(address string, form url.Values) (status int) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = a.Body.Close()
	return a.StatusCode
}

// form is what somebody who saw the newest entry of the incident sends.
func (s *stack) form(incident, name string) url.Values {
	s.t.Helper()
	i, err := s.journal.Incident(s.t.Context(), incident)
	if err != nil {
		s.t.Fatal(err)
	}
	return url.Values{"name": {name}, "sequence": {strconv.FormatUint(i.LastSequence, 10)}}
}

// acknowledge does so by the link. Of a name that is too long for the form it sends both ends.
func (s *stack) acknowledge(incident, name string) {
	s.t.Helper()
	if len(name) > 600 {
		name = name[:300] + name[len(name)-300:] // a form is at most 4 KB
	}
	if status := s.post(s.link(incident), s.form(incident, name)); status != http.StatusOK {
		s.t.Fatalf("acknowledging is answered with status %d", status)
	}
}

func (s *stack) close(incident, by, note string) {
	s.t.Helper()
	i, alerts, err := s.journal.Close(s.t.Context(), incident, alert.Misuse, by, note)
	if err != nil {
		s.t.Fatal(err)
	}
	s.tell(i.Stream, alerts)
}
