//go:build browser

package browser_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"glasswatch/handlers/answerincident"
	"glasswatch/infra/local/azurite"
	"glasswatch/infra/local/sample"
	"glasswatch/infra/local/teamspage"
	"glasswatch/shared/alert"
	"glasswatch/shared/azfunc"
	"glasswatch/shared/breakglass"
	"glasswatch/shared/detect"
	"glasswatch/shared/entra"
	"glasswatch/shared/journal"
	"glasswatch/shared/ledger"
	"glasswatch/shared/tables"
	"glasswatch/shared/teams"
	"glasswatch/shared/webhook"
)

// night is when somebody reads the pages of these tests.
var night = tonight("03:24:55")

func tonight(clock string) time.Time {
	at, err := time.Parse(time.RFC3339, "2026-11-24T"+clock+"Z")
	if err != nil {
		panic(err)
	}
	return at
}

// clock is what everything in a stack takes for the time.
type clock struct{ at atomic.Pointer[time.Time] }

func newClock(at time.Time) *clock {
	c := &clock{}
	c.at.Store(&at)
	return c
}

func (c *clock) now() time.Time { return *c.at.Load() }

// stack is the real way from a record to a page: records are recorded on Azurite, told to the
// page that stands in for the channels, and shown by answerincident over HTTP.
type stack struct {
	t          *testing.T
	clock      *clock
	accounts   breakglass.Accounts
	store      *tables.Store
	journal    *journal.Journal
	dispatcher *alert.Dispatcher
	links      alert.Links
	channels   *teamspage.Page
	table      string
}

// newStack watches the people. The cards of their incidents are drawn only if they are to be seen.
func newStack(t *testing.T, people []sample.Person, renderer string) *stack {
	t.Helper()
	s := &stack{t: t, clock: newClock(night), table: azurite.TableName()}
	now := s.clock.now
	s.channels = channels(t, renderer, now)
	var watched []breakglass.Account
	for _, who := range people {
		watched = append(watched, breakglass.Account{ObjectID: who.ID, UserPrincipalName: who.UPN})
	}
	s.accounts = breakglass.NewAccounts(watched)
	var err error
	if s.store, err = tables.New(tables.Options{ConnectionString: emulator.ConnectionString(), Table: s.table}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	s.links = alert.NewLinks("http://"+server.Listener.Addr().String(), [][]byte{[]byte("a key for links in tests, 32 byte")})
	s.dispatcher = alert.NewDispatcher([]alert.Sender{
		alert.WithLinks(teams.New(teams.Options{URL: s.channels.WebhookURL()}), s.links, now),
		alert.WithLinks(webhook.New(webhook.Options{
			URL: s.channels.FallbackURL(), Format: webhook.FormatCloudEvents, Secret: s.channels.FallbackSecret(), Instance: "contoso production", Now: now,
		}), s.links, now),
	}, now)
	s.journal = journal.New(ledger.New(s.store, now), journal.Options{
		Describer: journal.Describer{Accounts: s.accounts, Portal: "https://entra.microsoft.com"},
		Judge:     detect.NewDetector(detect.Setting{Accounts: s.accounts}), Channels: s.dispatcher.Channels(),
		AcknowledgeWithin: 15 * time.Minute, CommitWithin: 20 * time.Second, Now: now,
	})
	log := slog.New(slog.DiscardHandler)
	mux, err := azfunc.Mux([]azfunc.Function{answerincident.Function(answerincident.Options{
		Journal: s.journal, Sender: s.dispatcher, Links: s.links, Principal: nobody, Label: s.accounts.Label,
		Portal:   func(account string) []alert.Link { return s.journal.Links(account, entra.KindSignIn) },
		Instance: "contoso production", Zone: time.UTC, Now: now, Log: log,
	})}, log)
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = mux
	server.Start()
	t.Cleanup(server.Close)
	return s
}

// Renderers of cards: the real one, and none, which saves a node process.
var drawn = filepath.Join("..", "cards", "render.mjs")

const undrawn = ""

// channels is the page that stands in for Teams and the fallback.
func channels(t *testing.T, renderer string, now func() time.Time) *teamspage.Page {
	t.Helper()
	page, err := teamspage.Start(t.Context(), teamspage.Options{Renderer: renderer, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(page.Stop)
	return page
}

// happens records what a message from the hub says of an account, and tells the channels. It
// returns the account's newest incident.
func (s *stack) happens(who sample.Person, message []byte) string {
	s.t.Helper()
	ctx, stream := s.t.Context(), journal.AccountStream(who.ID)
	records, damaged := entra.Parse(message)
	if len(damaged) > 0 {
		s.t.Fatalf("%d pieces could not be read: %s", len(damaged), damaged[0].Reason)
	}
	var events []journal.Intake
	for _, r := range records {
		e, ok := s.accounts.Event(r, breakglass.Arrival{ReachedAt: s.clock.now(), Source: breakglass.SourceHub})
		if !ok {
			s.t.Fatalf("a record of category %q does not name the account", r.Category)
		}
		events = append(events, journal.Intake{Event: e})
	}
	recorded, err := s.journal.Record(ctx, stream, events, nil)
	if err != nil || recorded.Stored != len(events) || len(recorded.Alerts) == 0 {
		s.t.Fatalf("stored %d of %d events, %d alerts: %v", recorded.Stored, len(events), len(recorded.Alerts), err)
	}
	s.tell(stream, recorded.Alerts)
	return recorded.Alerts[0].Message.Incident
}

// tell sends alerts to the channels, which take them all, and writes the receipts.
func (s *stack) tell(stream string, alerts []*alert.Alert) {
	s.t.Helper()
	attempts := s.dispatcher.Send(s.t.Context(), alerts)
	for _, a := range attempts {
		if a.Failure != "" {
			s.t.Errorf("%s does not take an alert: %s", a.Channel, a.Failure)
		}
	}
	if err := s.journal.Deliver(s.t.Context(), stream, attempts); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stack) link(incident string) string {
	return s.links.URL(incident, alert.ChannelTeams, s.clock.now())
}

// everything is all rows of the account's stream, as storage has them.
func (s *stack) everything(ctx context.Context, who sample.Person) []ledger.Row {
	s.t.Helper()
	var rows []ledger.Row
	for row, err := range s.store.List(ctx, journal.AccountStream(who.ID), "", "zz") {
		if err != nil {
			s.t.Fatal(err)
		}
		rows = append(rows, row)
	}
	if len(rows) < 5 {
		s.t.Fatalf("%d rows in the stream", len(rows))
	}
	return rows
}

// nobody is signed in: the platform proves no person.
func nobody(*http.Request) string { return "" }
