// Package journal writes what happens to the accounts into the ledger, together with whom must be told of it.
package journal

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/breakglass"
	"glasswatch/shared/detect"
	"glasswatch/shared/ledger"
)

// The streams that are not an account's.
const (
	StreamTenant   = "tenant"
	StreamUnparsed = "unparsed"
	StreamPulse    = "pulse"
)

// AccountStream is the stream of one account.
func AccountStream(objectID string) string { return "account-" + objectID }

// Judge finds the rules that hold for an event, at once and at a second look. detect.Detector is one.
type Judge interface {
	Judge(e breakglass.Event, h detect.History) (detect.Verdict, detect.History)
	Again(e breakglass.Event, due detect.Due, h detect.History) (detect.Verdict, bool)
}

// Options are what a Journal needs beside its ledger.
type Options struct {
	Describer
	Judge             Judge
	Channels          []string      // in order of preference
	AcknowledgeWithin time.Duration // before a reminder
	CommitWithin      time.Duration // how long one transaction may take before it counts as failed
	Now               func() time.Time
}

// Journal is the only writer of events, alerts and incidents. It is safe for concurrent use, by
// any number of processes on the same table.
type Journal struct {
	ledger *ledger.Ledger
	Options
}

// New returns a journal over the ledger. Nothing is read or written yet.
func New(l *ledger.Ledger, o Options) *Journal {
	return &Journal{ledger: l, Options: o}
}

// state is what a stream's head row remembers between two transactions.
type state struct {
	History   detect.History    `json:"history"`
	Incidents []span            `json:"incidents,omitempty"` // those that an event may still join
	Shapes    map[string]string `json:"shapes,omitempty"`    // unparsed: shape -> day of its last card
	Historic  alert.Collection  `json:"historic,omitzero"`   // from before the installation, not yet told
}

// span says where an incident lies in time.
type span struct {
	First  uint64    `json:"first"` // sequence of its first event
	Opened time.Time `json:"opened"`
	Last   time.Time `json:"last"`
}

// Bounds on a head's memory.
const (
	maxSpans  = 6
	maxShapes = 64
	maxState  = 32 << 20 // unpacked
)

func readState(raw []byte) (state, error) {
	var s state
	if len(raw) == 0 {
		return s, nil
	}
	return s, unpack(raw, &s)
}

// pack is JSON, compressed: owed rows and heads repeat themselves a lot.
func pack(v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

func unpack(packed []byte, v any) error {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("unpack a stored row: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxState))
	if err != nil {
		return fmt.Errorf("unpack a stored row: %w", err)
	}
	return json.Unmarshal(plain, v)
}

// sequenceID is the id of something that began with an entry: an alert, an incident.
func sequenceID(stream string, sequence uint64) string {
	return stream + "-" + strconv.FormatUint(sequence, 10)
}

// ParseID takes the id of an alert or an incident apart. Anything that cannot be such an id is
// refused, so that ids from outside never reach storage as they are.
func ParseID(id string) (stream string, sequence uint64, err error) {
	cut := strings.LastIndexByte(id, '-')
	if cut <= 0 || len(id) > 80 {
		return "", 0, fmt.Errorf("not an incident's id")
	}
	sequence, err = strconv.ParseUint(id[cut+1:], 10, 63)
	if err != nil || sequence == 0 || id[cut+1] == '0' || id[cut+1] == '+' {
		return "", 0, fmt.Errorf("not an incident's id")
	}
	for _, r := range id[:cut] {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return "", 0, fmt.Errorf("not an incident's id")
		}
	}
	return id[:cut], sequence, nil
}

// dueTime is how the time of a due row stands in its key: in order of time.
const dueTime = "20060102T150405Z"

// Keys of the rows that stand beside the entries of a stream.
func seenKey(id string) string        { return "seen|" + id }
func owedKey(sequence uint64) string  { return fmt.Sprintf("owed|%020d", sequence) }
func incidentKey(first uint64) string { return fmt.Sprintf("incident|%020d", first) }
func dueKey(d due, at time.Time) string {
	return fmt.Sprintf("due|%s|%s-%d", at.UTC().Format(dueTime), d.Kind, d.Sequence)
}
