package listing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/breakglass"
	"glasswatch/shared/journal"
	"glasswatch/shared/ledger"
)

// EventOptions say which events to print, and how.
type EventOptions struct {
	Account      string    // object id, user principal name or label; empty: all streams
	Since, Until time.Time // by the time at which an event happened; zero: no bound
	Raw          bool
	JSON         bool
	Accounts     breakglass.Accounts
}

// Events prints events stream by stream, in the order in which they were recorded.
func Events(ctx context.Context, w io.Writer, j *journal.Journal, o EventOptions) error {
	streams, err := j.Streams(ctx)
	if err != nil {
		return err
	}
	if o.Account != "" {
		stream, err := streamOf(o.Account, o.Accounts, streams)
		if err != nil {
			return err
		}
		streams = []string{stream}
	}
	var lines []journal.Recording
	count := 0
	for _, stream := range streams {
		for r, err := range j.Events(ctx, stream) {
			if err != nil {
				return err
			}
			if !o.covers(r) {
				continue
			}
			count++
			if o.JSON {
				if err := Line(w, Event(r, o.Raw)); err != nil {
					return err
				}
				continue
			}
			lines = append(lines, r)
		}
	}
	if o.JSON {
		return nil
	}
	if _, err := fmt.Fprintf(w, "%s in %s.\n", Count(count, "event"), Count(len(streams), "stream")); err != nil {
		return err
	}
	for _, r := range lines {
		what, at := r.Headline, r.HappenedAt
		if r.Expired {
			what, at = "The record is gone by policy; its hash stands.", r.RecordedAt
		}
		if err := Item(w, what, Clock(at), string(r.Severity), place(r.Stream, r.Sequence, o.Accounts)); err != nil {
			return err
		}
		if o.Raw && !r.Expired {
			if _, err := fmt.Fprintln(w, "    "+strings.ToValidUTF8(r.Raw, "?")); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o EventOptions) covers(r journal.Recording) bool {
	at := r.HappenedAt
	if r.Expired {
		at = r.RecordedAt
	}
	return (o.Since.IsZero() || !at.Before(o.Since)) && (o.Until.IsZero() || at.Before(o.Until))
}

// streamOf finds the stream of an account by whatever an operator calls it.
func streamOf(name string, accounts breakglass.Accounts, streams []string) (string, error) {
	for _, a := range accounts.All() {
		if strings.EqualFold(name, a.ObjectID) || strings.EqualFold(name, a.UserPrincipalName) || strings.EqualFold(name, a.Label()) {
			return journal.AccountStream(a.ObjectID), nil
		}
	}
	for _, s := range streams { // also an account that is no longer configured
		if strings.EqualFold(name, s) || strings.EqualFold(journal.AccountStream(name), s) {
			return s, nil
		}
	}
	return "", fmt.Errorf("no account %.80q is configured, and the ledger has no stream of it: give an object id, or set BREAK_GLASS_ACCOUNTS here too", name)
}

// place names an entry for people: the account's label where it is known.
func place(stream string, sequence uint64, accounts breakglass.Accounts) string {
	name := stream
	if id, ok := strings.CutPrefix(stream, "account-"); ok {
		name = accounts.Label(id)
	}
	return fmt.Sprintf("%s#%d", name, sequence)
}

// Alerts prints the alerts of all streams.
func Alerts(ctx context.Context, w io.Writer, j *journal.Journal, owedOnly, asJSON bool) error {
	streams, err := j.Streams(ctx)
	if err != nil {
		return err
	}
	var shown []journal.Notified
	owed := 0
	for _, stream := range streams {
		alerts, err := j.Alerts(ctx, stream)
		if err != nil {
			return err
		}
		for _, a := range alerts {
			if !a.Delivered {
				owed++
			}
			if !owedOnly || !a.Delivered {
				shown = append(shown, a)
			}
		}
	}
	if asJSON {
		for _, a := range shown {
			if err := Line(w, Alert(a)); err != nil {
				return err
			}
		}
		return nil
	}
	verdict := fmt.Sprintf("%s shown, %d still owed.", Count(len(shown), "alert"), owed)
	if owed == 0 {
		verdict = fmt.Sprintf("%s shown, nothing is owed.", Count(len(shown), "alert"))
	}
	if _, err := fmt.Fprintln(w, verdict); err != nil {
		return err
	}
	for _, a := range shown {
		if err := Item(w, a.Headline, Clock(a.OwedAt), string(a.Severity), delivery(a)); err != nil {
			return err
		}
	}
	return nil
}

func delivery(a journal.Notified) string {
	var words []string
	for _, c := range a.Channels {
		if c.Standby && c.Attempts == 0 {
			continue
		}
		words = append(words, c.Name+" "+string(c.State))
	}
	if len(words) == 0 {
		return "owed"
	}
	return strings.Join(words, ", ")
}

// Incidents prints the incidents of all streams.
func Incidents(ctx context.Context, w io.Writer, j *journal.Journal, asJSON bool) error {
	streams, err := j.Streams(ctx)
	if err != nil {
		return err
	}
	var list []alert.Incident
	open := 0
	for _, stream := range streams {
		incidents, err := j.Incidents(ctx, stream)
		if err != nil {
			return err
		}
		for _, i := range incidents {
			if i.State == alert.Open {
				open++
			}
		}
		list = append(list, incidents...)
	}
	if asJSON {
		for _, i := range list {
			if err := Line(w, Incident(i)); err != nil {
				return err
			}
		}
		return nil
	}
	if _, err := fmt.Fprintf(w, "%s, %d not acknowledged.\n", Count(len(list), "incident"), open); err != nil {
		return err
	}
	for _, i := range list {
		state := string(i.State)
		if i.Classification != "" {
			state += " as " + journal.Words(i.Classification)
		}
		if err := Item(w, i.Headline, Clock(i.OpenedAt), string(i.Severity), state+", "+Count(i.Events, "event")); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w, indent+i.ID); err != nil {
			return err
		}
	}
	return nil
}

type problemLine struct {
	Version int    `json:"v"`
	Type    string `json:"type"`
	ledger.Problem
}

type verdictLine struct {
	Version    int    `json:"v"`
	Type       string `json:"type"`
	OK         bool   `json:"ok"`
	Streams    int    `json:"streams"`
	Entries    int    `json:"entries"`
	Expired    int    `json:"expired"`
	Pending    int    `json:"pending"`
	Checkpoint text   `json:"checkpoint"`
}

// Verify derives the ledger anew, prints what is wrong with it, and says whether it is whole.
func Verify(ctx context.Context, w io.Writer, store ledger.Store, o ledger.VerifyOptions, asJSON bool) (good bool, err error) {
	problems, verdict := ledger.Verify(ctx, store, o)
	defer func() {
		if err == nil && verdict.Streams == 0 && verdict.OK {
			err = errors.New("there is no ledger in this table: nothing was ever recorded here, or it is not the table of the app")
		}
	}()
	var found []ledger.Problem
	for p, err := range problems {
		if err != nil {
			return false, fmt.Errorf("the ledger could not be read: %w", err)
		}
		if asJSON {
			if err := Line(w, problemLine{Version, "problem", p}); err != nil {
				return false, err
			}
		}
		found = append(found, p)
	}
	if asJSON {
		return verdict.OK, Line(w, verdictLine{Version, "verdict", verdict.OK, verdict.Streams, verdict.Entries, verdict.Expired, verdict.Pending, text(verdict.Checkpoint)})
	}
	said := fmt.Sprintf("The ledger is whole: %s in %s", entries(verdict.Entries), Count(verdict.Streams, "stream"))
	untold := func(p ledger.Problem) bool { return p.Problem == ledger.Unreceipted }
	switch {
	case verdict.OK:
	case !slices.ContainsFunc(found, func(p ledger.Problem) bool { return !untold(p) }):
		said = fmt.Sprintf("The chain is whole, but of %s nobody was told: %s", Count(len(found), "alert"), entries(verdict.Entries))
	default:
		said = fmt.Sprintf("The ledger is NOT whole: %s in %s", Count(len(found), "problem"), entries(verdict.Entries))
	}
	if err := Paragraph(w, fmt.Sprintf("%s, %d expired by policy, %d not told yet.", said, verdict.Expired, verdict.Pending)); err != nil {
		return false, err
	}
	for _, p := range found {
		if _, err := fmt.Fprintf(w, "  %s#%d %s: %s\n", p.Stream, p.Sequence, p.Problem, p.Detail); err != nil {
			return false, err
		}
	}
	return verdict.OK, Paragraph(w, ledger.Limits)
}

func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}
