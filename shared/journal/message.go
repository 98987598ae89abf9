package journal

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/breakglass"
	"glasswatch/shared/detect"
	"glasswatch/shared/entra"
	"glasswatch/shared/ledger"
)

// happening is what grouping needs to know of an event that was just judged.
func happening(sequence uint64, e breakglass.Event, v detect.Verdict) alert.Happening {
	h := alert.Happening{
		Sequence: sequence, At: eventTime(e), Kind: kindOf(e, v), Severity: v.Severity, Headline: v.Headline,
		OutcomeRank: e.Outcome.Rank(),
		SignedIn:    e.Kind == entra.KindSignIn && e.Outcome == breakglass.OutcomeSuccess,
		Success:     e.Outcome == breakglass.OutcomeSuccess,
		Failure:     e.Outcome == breakglass.OutcomeFailure,
		Sessions:    []string{e.Record.CorrelationID},
	}
	if s := e.Record.SignIn; s != nil {
		h.Sessions = append(h.Sessions, s.SessionID)
		for _, t := range []struct{ what, value string }{
			{"app", s.AppID}, {"country", s.Country}, {"address", s.IPAddress}, {"device", s.DeviceID},
		} {
			if t.value != "" {
				h.Traits = append(h.Traits, t.what+" "+t.value)
			}
		}
	}
	if a := e.Record.Activity; a != nil {
		h.Sessions = append(h.Sessions, a.SessionID)
	}
	return h
}

// eventTime is when the event happened, or when it reached us if its own clock cannot be right.
func eventTime(e breakglass.Event) time.Time {
	if e.ClockDoubtful || e.HappenedAt.IsZero() {
		return e.ReachedAt
	}
	return e.HappenedAt
}

// kindOf tells events apart of which one may have been alerted and the other not: the rule, and
// for what people and applications do, what was done by whom to whom.
func kindOf(e breakglass.Event, v detect.Verdict) string {
	kind := []string{v.HeadlineRule}
	if a := e.Record.Audit; a != nil {
		kind = append(kind, a.Activity)
		for _, p := range e.Record.Parties {
			kind = append(kind, p.ObjectID)
		}
	}
	if a := e.Record.Activity; a != nil {
		kind = append(kind, a.Method, a.Operation, a.ResourceID)
	}
	if r := e.Record.Risk; r != nil {
		kind = append(kind, r.EventType, r.State, r.Level)
	}
	return strings.ToLower(strings.Join(kind, "|"))
}

// Describer makes messages of events: what people read does not depend on whether storage works.
type Describer struct {
	Accounts breakglass.Accounts
	Portal   string // base of links into the admin centre, without a slash at the end; empty: no links
}

// Describe says to people what happened. The message is not yet placed in the ledger.
func (d Describer) Describe(account string, e breakglass.Event, v detect.Verdict) alert.Message {
	m := alert.Message{
		Kind: alert.MessageAlert, Severity: v.Severity, Rule: v.HeadlineRule, Headline: v.Headline, Emphasis: v.Emphasis,
		Meaning: v.Meaning, Actions: v.Actions, HappenedAt: e.HappenedAt, Links: d.Links(account, e.Kind),
		Mark: alert.Marks(doubt(e), alert.Late(e.HappenedAt, e.ReachedAt)),
	}
	if account != "" {
		m.Account = d.Accounts.Label(account)
	}
	for _, f := range v.Facts {
		m.Facts = append(m.Facts, alert.Fact(f))
	}
	return m
}

// eventMessage is the message of an event that was recorded.
func (w *writer) eventMessage(in Intake, e Event, v detect.Verdict, d alert.Decision, sealed ledger.Sealed) alert.Message {
	m := w.Describe(w.account, in.Event, v)
	m.ID, m.Incident = sequenceID(w.stream, sealed.Sequence), e.Incident
	m.Mark = alert.Marks(in.Mark, m.Mark)
	if in.Quiet {
		m.Kind = alert.MessageNotice
	}
	if d.Campaign {
		m.Emphasis = "Attempts go on"
		m.Headline = "Attempts go on: " + v.Headline
		m.Meaning = "This is the fourth failure in a row: somebody is trying passwords. Further failures are collected, and told in a summary after 10 minutes, an hour, then every 4 hours. A success, a right password or a block still alerts at once."
	}
	m.Facts = append(append(m.Facts, times(in.Event, w.now)...), in.Facts...)
	if e.Revision > 1 {
		m.Facts = append(m.Facts, alert.Fact{Name: "Revision", Value: fmt.Sprintf("%d: the same record came again with a worse outcome", e.Revision)})
	}
	return m
}

func doubt(e breakglass.Event) string {
	if e.ClockDoubtful {
		return "clock doubtful: the record's time lies in the future"
	}
	return ""
}

// times are the facts by which a reader judges how fresh the news is.
func times(e breakglass.Event, recorded time.Time) []alert.Fact {
	const clock = "2006-01-02 15:04:05 UTC"
	facts := []alert.Fact{{Name: "Happened", Value: e.HappenedAt.UTC().Format(clock)}}
	if !e.LoggedAt.IsZero() {
		facts = append(facts, alert.Fact{Name: "Logged", Value: e.LoggedAt.UTC().Format(clock)})
	}
	return append(facts,
		alert.Fact{Name: "Reached us", Value: e.ReachedAt.UTC().Format(clock)},
		alert.Fact{Name: "Recorded", Value: recorded.UTC().Format(clock)})
}

func (w *writer) label() string {
	if w.account == "" {
		return ""
	}
	return w.Accounts.Label(w.account)
}

// Links lead to the account in the admin centre. The paths are the portal's own and are not documented as an
// interface: a link that no longer leads there costs the reader a search, never an alert.
func (d Describer) Links(account string, kind entra.Kind) []alert.Link {
	if d.Portal == "" || account == "" {
		return nil
	}
	user := d.Portal + "/#view/Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade/~/"
	links := []alert.Link{{Title: "Open the account in Entra", URL: user + "overview/userId/" + url.PathEscape(account)}}
	if kind == entra.KindSignIn || kind == entra.KindNonInteractiveSignIn {
		links = append(links, alert.Link{Title: "Open its sign-ins", URL: user + "SignIns/userId/" + url.PathEscape(account)})
	}
	return links
}
