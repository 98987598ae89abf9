// Package approvebaseline lets somebody with the function key approve the accounts' present keys and identity.
package approvebaseline

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"
	"unicode/utf8"

	"glasswatch/shared/alert"
	"glasswatch/shared/azfunc"
	"glasswatch/shared/detect"
	"glasswatch/shared/journal"
	"glasswatch/shared/outside"
	"glasswatch/shared/posture"
)

//go:embed function.json
var binding []byte

// Bounds on what is taken.
const (
	maxName   = 80 // characters
	maxNote   = 2000
	freshness = 48 * time.Hour // an older snapshot says nothing of the present
)

// Journal reads the newest snapshot and writes the approval. journal.Journal is one.
type Journal interface {
	LatestSnapshot(ctx context.Context) ([]byte, time.Time, error)
	Approve(ctx context.Context, by, note string, baseline []byte, m alert.Message) ([]*alert.Alert, error)
	Deliver(ctx context.Context, stream string, attempts []alert.Attempt) error
}

// Sender sends alerts to the channels. alert.Dispatcher is one.
type Sender interface {
	Send(ctx context.Context, alerts []*alert.Alert) []alert.Attempt
}

// Options are the parts that approvebaseline is built of.
type Options struct {
	Journal   Journal
	Sender    Sender
	Principal func(*http.Request) string // the signed-in person, where the platform proves one; else ""
	Now       func() time.Time
	Log       *slog.Logger
}

type answer struct {
	Error    string `json:"error,omitempty"`
	Hash     string `json:"hash,omitempty"`     // of the baseline
	Snapshot string `json:"snapshot,omitempty"` // when it was taken
}

// Function approves what the newest snapshot holds. The host has checked the function key before a
// request comes here.
func Function(o Options) azfunc.Function {
	return azfunc.Function{Name: "approvebaseline", Binding: binding, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, said := o.approve(r)
		azfunc.AnswerJSON(w, status, said)
	})}
}

func (o Options) approve(r *http.Request) (int, answer) {
	by, note, err := read(r)
	if err != nil {
		return http.StatusBadRequest, answer{Error: err.Error()}
	}
	if who := o.Principal(r); who != "" {
		by += " (" + who + ")"
	}
	stored, at, err := o.Journal.LatestSnapshot(r.Context())
	if err != nil {
		return o.unavailable(err)
	}
	if stored == nil || o.Now().Sub(at) > freshness {
		return http.StatusConflict, answer{Error: "there is no posture snapshot younger than 48 hours: run checkposture first"}
	}
	snapshot, err := posture.Decode(stored)
	if err != nil {
		return o.unavailable(err)
	}
	baseline, err := posture.TakeBaseline(snapshot)
	if err != nil {
		return http.StatusConflict, answer{Error: err.Error()}
	}
	hash, err := baseline.Hash()
	if err != nil {
		return o.unavailable(err)
	}
	content, err := json.Marshal(baseline)
	if err != nil {
		return o.unavailable(err)
	}
	notices, err := o.Journal.Approve(r.Context(), by, note, content, notice(by, note, hash, at))
	if err != nil {
		return o.unavailable(err)
	}
	if attempts := o.Sender.Send(r.Context(), notices); len(attempts) > 0 {
		if err := o.Journal.Deliver(r.Context(), journal.StreamPosture, attempts); err != nil {
			o.Log.Error("receipts could not be written: the notice will be sent again", "error", err.Error())
		}
	}
	return http.StatusOK, answer{Hash: hash, Snapshot: at.UTC().Format(time.RFC3339)}
}

func (o Options) unavailable(err error) (int, answer) {
	o.Log.Error("baseline not approved", "error", err.Error())
	return http.StatusServiceUnavailable, answer{Error: "the ledger cannot be used now: nothing was approved, try again in a minute"}
}

// notice tells all channels: whoever approves a key that is not ours approves a back door.
func notice(by, note, hash string, at time.Time) alert.Message {
	return alert.Message{
		Kind: alert.MessageNotice, Severity: detect.High, Rule: "baseline-approved",
		Emphasis: "Keys and identity approved", Headline: "Keys and identity of the break-glass accounts were approved by " + by,
		Meaning: "From now on any difference from what was approved fails the posture checks. If nobody of you did this, a key that is not yours may have been approved.",
		Actions: []string{"Make sure that this was one of you, and that the keys are the ones in your safes."},
		Facts: []alert.Fact{
			{Name: "By", Value: by},
			{Name: "Note", Value: note},
			{Name: "As of", Value: at.UTC().Format("2006-01-02 15:04:05 UTC")},
			{Name: "Baseline", Value: hash},
		},
	}
}

func read(r *http.Request) (by, note string, err error) {
	fields, err := azfunc.Fields(r)
	if err != nil {
		return "", "", err
	}
	by, note = outside.Line(fields["by"], maxName), outside.Line(fields["note"], maxNote)
	switch {
	case utf8.RuneCountInString(by) < 2:
		return "", "", errors.New("by is missing: who approves it?")
	case utf8.RuneCountInString(note) < 3:
		return "", "", errors.New("note is missing: say what was approved, for the auditor")
	}
	return by, note, nil
}
