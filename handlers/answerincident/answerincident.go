// Package answerincident shows an incident to whoever holds its signed link, and lets them say that they have seen it.
package answerincident

import (
	"context"
	_ "embed"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"glasswatch/shared/alert"
	"glasswatch/shared/azfunc"
	"glasswatch/shared/journal"
	"glasswatch/shared/outside"
	"glasswatch/shared/pages"
)

//go:embed function.json
var binding []byte

// Bounds on the page and its form.
const (
	maxName      = 80 // characters
	maxForm      = 4 << 10
	momentsShown = 60 // of the beginning, and as many of the end
)

// Journal reads incidents and writes acknowledgements. journal.Journal is one.
type Journal interface {
	Timeline(ctx context.Context, id string, each int) (journal.Timeline, error)
	Acknowledge(ctx context.Context, id string, a alert.Acknowledgement) (alert.Incident, []*alert.Alert, error)
	Deliver(ctx context.Context, stream string, attempts []alert.Attempt) error
}

// Sender sends alerts to the channels. alert.Dispatcher is one.
type Sender interface {
	Send(ctx context.Context, alerts []*alert.Alert) []alert.Attempt
	Channels() []string
}

// Options are the parts that answerincident is built of.
type Options struct {
	Journal Journal
	Sender  Sender
	Links   alert.Links
	// Principal names the signed-in person of a request, where the platform proves one; else "".
	Principal func(*http.Request) string
	Label     func(account string) string       // how people know an account
	Portal    func(account string) []alert.Link // where the account is in the admin centre
	Instance  string
	Zone      *time.Location
	Now       func() time.Time
	Log       *slog.Logger
}

type answerer struct{ Options }

// Function answers GET with the page, which changes nothing: mail and chat scanners follow every
// link. POST acknowledges. A link that does not hold gets one sentence and no detail, also for an
// incident that does not exist.
func Function(o Options) azfunc.Function {
	return azfunc.Function{Name: "answerincident", Binding: binding, Handler: answerer{o}}
}

func (a answerer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if !a.Links.Verify(id, r.URL.Query(), a.Now()) {
		a.written(pages.WriteRefusal(w))
		return
	}
	channel := r.URL.Query().Get("channel")
	if r.Method == http.MethodPost {
		a.acknowledge(w, r, id, channel)
		return
	}
	a.show(w, r, id, channel, http.StatusOK, pages.Incident{})
}

// acknowledge takes the form. What is wrong with it is said on the page, with nothing changed.
func (a answerer) acknowledge(w http.ResponseWriter, r *http.Request, id, channel string) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		a.show(w, r, id, channel, http.StatusBadRequest, pages.Incident{Problem: "The form could not be read: open the link again and type your name"})
		return
	}
	name := outside.Line(r.PostForm.Get("name"), maxName)
	sequence, err := strconv.ParseUint(r.PostForm.Get("sequence"), 10, 63)
	if err != nil || len(r.PostForm["sequence"]) != 1 {
		a.show(w, r, id, channel, http.StatusBadRequest, pages.Incident{Problem: "The form did not say which events were shown: open the link again"})
		return
	}
	if utf8.RuneCountInString(name) < 2 {
		a.show(w, r, id, channel, http.StatusBadRequest, pages.Incident{Problem: "Type your name, so that the others know who is on it"})
		return
	}
	incident, notices, err := a.Journal.Acknowledge(r.Context(), id, alert.Acknowledgement{By: name, Via: channel, Through: sequence, Principal: a.Principal(r)})
	if errors.Is(err, journal.ErrNoIncident) {
		a.written(pages.WriteRefusal(w))
		return
	}
	if err != nil {
		a.unavailable(w, "The acknowledgement could not be recorded", err)
		return
	}
	if attempts := a.Sender.Send(r.Context(), notices); len(attempts) > 0 {
		if err := a.Journal.Deliver(r.Context(), incident.Stream, attempts); err != nil {
			a.Log.Error("receipts could not be written: the notice will be sent again", "error", err.Error())
		}
	}
	said := pages.Incident{Accepted: name}
	if len(notices) == 0 && incident.AcknowledgedBy != name {
		said = pages.Incident{Problem: "Nothing was changed: " + incident.AcknowledgedBy + " has acknowledged these events already"}
		if incident.State == alert.Closed {
			said.Problem = "Nothing was changed: the incident is closed"
		}
	}
	a.show(w, r, id, channel, http.StatusOK, said)
}

// show writes the page of the incident as it stands. said holds what this request adds to it.
func (a answerer) show(w http.ResponseWriter, r *http.Request, id, channel string, status int, said pages.Incident) {
	t, err := a.Journal.Timeline(r.Context(), id, momentsShown)
	if errors.Is(err, journal.ErrNoIncident) {
		a.written(pages.WriteRefusal(w))
		return
	}
	if err != nil {
		a.unavailable(w, "The incident cannot be read now", err)
		return
	}
	page := a.page(t, channel)
	page.Accepted, page.Problem = said.Accepted, said.Problem
	if page.Accepted != "" {
		page.Form = false
	}
	a.written(pages.WriteIncident(w, status, page))
}

func (a answerer) unavailable(w http.ResponseWriter, what string, err error) {
	a.Log.Error(what, "error", err.Error())
	a.written(pages.WriteSentence(w, http.StatusServiceUnavailable, pages.Sentence{
		Answer: what, Next: "The ledger does not answer. Nothing was changed; try again in a minute. The alert that brought you here holds all the same: act on it.",
	}))
}

func (a answerer) written(err error) {
	if err != nil {
		a.Log.Warn("page not written", "error", err.Error())
	}
}

// effect says what an acknowledgement by this channel's link does.
func (a answerer) effect(i alert.Incident, channel string) string {
	others := slices.DeleteFunc(slices.Clone(a.Sender.Channels()), func(c string) bool { return c == alert.ChannelTeams })
	switch {
	case i.Severity.Rank() < 3 || channel != alert.ChannelTeams:
		return "Reminders for what you have seen stop on all channels"
	case len(others) == 0:
		return "Reminders stop. Teams is the only lock: no other channel is configured, so whoever can read Teams can silence them"
	default:
		return "Reminders stop on Teams only; they go on outside Teams until the link there is used too"
	}
}
