// Package closeincident lets somebody with the function key say what an incident was, and ends it.
package closeincident

import (
	"context"
	_ "embed"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"unicode/utf8"

	"glasswatch/shared/alert"
	"glasswatch/shared/azfunc"
	"glasswatch/shared/journal"
	"glasswatch/shared/outside"
)

//go:embed function.json
var binding []byte

// Bounds on what a person may write, in characters.
const (
	maxName = 80
	maxNote = 2000
)

// Journal writes the closing. journal.Journal is one.
type Journal interface {
	Close(ctx context.Context, id string, c alert.Classification, by, note string) (alert.Incident, []*alert.Alert, error)
	Deliver(ctx context.Context, stream string, attempts []alert.Attempt) error
}

// Sender sends alerts to the channels. alert.Dispatcher is one.
type Sender interface {
	Send(ctx context.Context, alerts []*alert.Alert) []alert.Attempt
}

// Principal names the signed-in person of a request, where the platform proves one; else "".
type Principal func(*http.Request) string

type closing struct{ Classification, Note, By string }

// Function closes incidents. The host has checked the function key before a request comes here.
func Function(j Journal, s Sender, principal Principal, log *slog.Logger) azfunc.Function {
	return azfunc.Function{Name: "closeincident", Binding: binding, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, answer := serve(r, j, s, principal, log)
		azfunc.AnswerJSON(w, status, answer)
	})}
}

// answer is what a caller reads: the error, or the incident as it now stands.
type answer struct {
	Error          string               `json:"error,omitempty"`
	ID             string               `json:"id,omitempty"`
	State          alert.IncidentState  `json:"state,omitempty"`
	Classification alert.Classification `json:"classification,omitempty"`
}

func serve(r *http.Request, j Journal, s Sender, principal Principal, log *slog.Logger) (int, answer) {
	asked, err := read(r)
	if err != nil {
		return http.StatusBadRequest, answer{Error: err.Error()}
	}
	if who := principal(r); who != "" {
		asked.By += " (" + who + ")"
	}
	i, notices, err := j.Close(r.Context(), r.PathValue("id"), alert.Classification(asked.Classification), asked.By, asked.Note)
	if errors.Is(err, journal.ErrNoIncident) {
		return http.StatusNotFound, answer{Error: "there is no such incident: `glasswatch incidents` lists them"}
	}
	if err != nil {
		log.Error("incident not closed", "error", err.Error())
		return http.StatusServiceUnavailable, answer{Error: "the ledger cannot be written now: nothing was changed, try again in a minute"}
	}
	if attempts := s.Send(r.Context(), notices); len(attempts) > 0 {
		if err := j.Deliver(r.Context(), i.Stream, attempts); err != nil {
			log.Error("receipts could not be written: the notice will be sent again", "error", err.Error())
		}
	}
	return http.StatusOK, answer{ID: i.ID, State: i.State, Classification: i.Classification}
}

// read takes the form or the JSON apart and checks every field.
func read(r *http.Request) (closing, error) {
	fields, err := azfunc.Fields(r)
	if err != nil {
		return closing{}, err
	}
	c := closing{
		Classification: fields["classification"], By: outside.Line(fields["by"], maxName), Note: outside.Line(fields["note"], maxNote),
	}
	switch {
	case !slices.Contains(alert.Classifications, alert.Classification(c.Classification)):
		return c, errors.New("classification must be one of drill, emergency, misuse, falseAlarm")
	case utf8.RuneCountInString(c.By) < 2:
		return c, errors.New("by is missing: who closes it?")
	case utf8.RuneCountInString(c.Note) < 3:
		return c, errors.New("note is missing: say what it was, for the auditor")
	}
	return c, nil
}
