// Package checkposture asks every day whether the accounts would work and are no back door, and tells people what has changed.
package checkposture

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/azfunc"
	"glasswatch/shared/journal"
	"glasswatch/shared/posture"
)

//go:embed function.json
var binding []byte

// Collector reads the tenant. graph.Collector is one. What it cannot read it marks so; it never fails.
type Collector interface {
	Collect(ctx context.Context) posture.Snapshot
}

// Journal is what the last run left, and takes what this one finds. journal.Journal is one.
type Journal interface {
	LatestPosture(ctx context.Context) (journal.Posture, error)
	RecordRun(ctx context.Context, r journal.Run) ([]*alert.Alert, error)
	Announce(ctx context.Context, stream, key string, m alert.Message) ([]*alert.Alert, error)
	Deliver(ctx context.Context, stream string, attempts []alert.Attempt) error
	Streams(ctx context.Context) ([]string, error)
	Incidents(ctx context.Context, stream string) ([]alert.Incident, error)
	AllOwed(ctx context.Context, stream string) ([]*alert.Alert, error)
}

// Sender sends alerts to the channels. alert.Dispatcher is one.
type Sender interface {
	Send(ctx context.Context, alerts []*alert.Alert) []alert.Attempt
}

// Options are the parts that checkposture is built of.
type Options struct {
	Collector Collector
	Journal   Journal
	Sender    Sender
	Policy    posture.Policy
	Problems  []string // with the posture policy itself
	Risks     []posture.AcceptedRisk
	Instance  string
	Now       func() time.Time
	Log       *slog.Logger
}

// Checker is the function.
type Checker struct{ Options }

// New makes the function.
func New(o Options) *Checker { return &Checker{o} }

// Function is how the host calls it.
func (c *Checker) Function() azfunc.Function {
	return azfunc.Function{Name: "checkposture", Binding: binding, Invoke: func(ctx context.Context, _ azfunc.Call) (azfunc.Answer, error) {
		said, err := c.Run(ctx)
		return azfunc.Answer{Logs: []string{said}}, err
	}}
}

// Assessment is what one look at the tenant gave.
type Assessment struct {
	Snapshot posture.Snapshot
	Findings []posture.Finding
	Tally    posture.Tally
	Changes  []posture.Change
	First    bool // nothing was known before
}

// Assess looks at the tenant and asks every check. It writes nothing. If the ledger cannot be read,
// what rests on it (the baseline, yesterday, since when) is unknown, and the error says so; the
// assessment is good all the same.
func (c *Checker) Assess(ctx context.Context) (Assessment, error) {
	last, ledgerErr := c.Journal.LatestPosture(ctx)
	previous, err := findings(last.Findings)
	ledgerErr = errors.Join(ledgerErr, err)
	snapshot := c.Collector.Collect(ctx)
	snapshot.Baseline = baseline(last, ledgerErr)
	snapshot.Yesterday = c.yesterday(last, ledgerErr)
	a := Assessment{Snapshot: snapshot, First: previous == nil}
	a.Findings, a.Tally = posture.Run(posture.Suite, snapshot, c.Policy, previous, c.Risks, c.Now())
	a.Tally.Problems = append(append([]string{}, c.Problems...), a.Tally.Problems...)
	a.Changes = posture.Changes(previous, a.Findings)
	return a, ledgerErr
}

func findings(stored []byte) ([]posture.Finding, error) {
	if stored == nil {
		return nil, nil
	}
	var list []posture.Finding
	if err := json.Unmarshal(stored, &list); err != nil {
		return nil, fmt.Errorf("read the findings of the last run: %w", err)
	}
	return list, nil
}

func baseline(last journal.Posture, ledgerErr error) posture.Section[posture.Baseline] {
	if ledgerErr != nil {
		return posture.Missed[posture.Baseline](posture.Gap{Reason: posture.Fault, Detail: "the ledger could not be read"})
	}
	if last.Baseline == nil {
		return posture.Missed[posture.Baseline](posture.Gap{Reason: posture.NotApproved})
	}
	var approved posture.Baseline
	if err := json.Unmarshal(last.Baseline, &approved); err != nil {
		return posture.Missed[posture.Baseline](posture.Gap{Reason: posture.Fault, Detail: "the stored baseline could not be read"})
	}
	return posture.Got(approved)
}

func (c *Checker) yesterday(last journal.Posture, ledgerErr error) posture.Section[posture.Fingerprint] {
	if ledgerErr != nil {
		return posture.Missed[posture.Fingerprint](posture.Gap{Reason: posture.Fault, Detail: "the ledger could not be read"})
	}
	if last.Snapshot == nil {
		return posture.Missed[posture.Fingerprint](posture.Gap{Reason: posture.FirstRun})
	}
	before, err := posture.Decode(last.Snapshot)
	if err != nil {
		return posture.Missed[posture.Fingerprint](posture.Gap{Reason: posture.Fault, Detail: "the stored snapshot could not be read"})
	}
	return posture.Got(posture.TakeFingerprint(before, c.Policy))
}

// Run assesses the tenant, writes that down, and tells people: changes at once, the rest in the
// daily digest. The host may call it again on the same day: the digest is then not sent twice.
func (c *Checker) Run(ctx context.Context) (said string, err error) {
	a, err := c.Assess(ctx)
	if err != nil {
		return "", fmt.Errorf("read what the last run left: %w", err)
	}
	snapshot, err := posture.Encode(a.Snapshot, posture.LargestSnapshot)
	if err != nil {
		return "", err
	}
	listed, err := json.Marshal(a.Findings)
	if err != nil {
		return "", fmt.Errorf("write the findings: %w", err)
	}
	owed, err := c.Journal.RecordRun(ctx, journal.Run{At: a.Snapshot.At, Snapshot: snapshot, Findings: listed, Told: c.told(a)})
	if err != nil {
		return "", err
	}
	standing, err := c.standing(ctx)
	if err != nil {
		return "", err
	}
	key, err := c.digestKey(a.Snapshot)
	if err != nil {
		return "", err
	}
	digest, err := c.Journal.Announce(ctx, journal.StreamPosture, key, c.digest(a, standing))
	if err != nil {
		return "", err
	}
	owed = append(owed, digest...)
	if attempts := c.Sender.Send(ctx, owed); len(attempts) > 0 {
		if err := c.Journal.Deliver(ctx, journal.StreamPosture, attempts); err != nil {
			c.Log.Error("receipts could not be written: the alerts will be sent again", "error", err.Error())
		}
	}
	return fmt.Sprintf("%d findings: %d failed, %d warnings, %d unknown; %d changes told; %d calls to Graph", len(a.Findings),
		a.Tally.Counts[posture.Fail], a.Tally.Counts[posture.Warn], a.Tally.Counts[posture.Unknown], len(owed), a.Tally.GraphCalls), nil
}

// digestKey makes the digest one a day. What was approved belongs to it: who approves the keys and
// runs the checks again is told the new verdict at once, not on the next morning.
func (c *Checker) digestKey(s posture.Snapshot) (string, error) {
	key := "digest " + c.Now().UTC().Format(time.DateOnly)
	if !s.Baseline.Read {
		return key, nil
	}
	hash, err := s.Baseline.Value.Hash()
	return key + " " + hash, err
}
