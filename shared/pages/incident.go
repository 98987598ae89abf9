package pages

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"glasswatch/shared/detect"
	"glasswatch/shared/outside"
)

// Incident is the page of one incident. All strings may hold outside text.
type Incident struct {
	Clock    Clock
	Instance string

	ID        string
	State     State
	Severity  detect.Severity
	What      string // short, as a sentence calls it: "sign-in of bg-alpha"
	Headline  string // of the incident
	Meaning   string
	Actions   []string // what to do now
	StartedAt time.Time

	// Sequence is the highest sequence that the page shows; an acknowledgement covers events up to it.
	Sequence uint64
	// Form shows the form to acknowledge. It posts the fields name and sequence to the page's own address.
	Form bool
	// Channel is whose link was opened ("Teams"), and Effect what an acknowledgement through it does
	// ("Reminders stop on Teams only; …").
	Channel, Effect string
	// Accepted is set on the page that answers an acknowledgement, with the name as it was kept.
	Accepted string
	// Problem says what was wrong with the form that was sent: "Type your name, …". It may be empty.
	Problem string

	Facts            []Fact
	Events           []Event // in any order; shown oldest first
	MoreEvents       int     // how many between the first and the last are left out
	Acknowledgements []Acknowledgement
	Closing          Closing
	Deliveries       []Delivery
	Links            []Link
	Witness          string // "<stream>#<sequence> <12 hex>" of the newest entry shown
}

// State is where an incident stands.
type State string

// The states. An acknowledged incident in which something new happens is open again.
const (
	Open         State = "open"
	Acknowledged State = "acknowledged"
	Closed       State = "closed"
)

// Fact is a name and what is known under it.
type Fact struct{ Name, Value string }

// Link is an address to open; one that is neither https nor of this machine is shown as text.
type Link struct{ Title, URL string }

// Event is one event in the timeline.
type Event struct {
	At                   time.Time
	Severity             detect.Severity
	Headline             string
	Address, App, Device string // empty if not known
	Mark                 string // a remark, such as "confirmed by Entra"; may be empty
	Detail               []Fact // folded away
}

// Acknowledgement is who took notice, when, by which channel's link, and up to which entry.
type Acknowledgement struct {
	By, Channel string
	At          time.Time
	Through     uint64
}

// Closing is how an incident ended; At is zero while it has not.
type Closing struct {
	As   string // drill, emergency, misuse, false alarm
	By   string
	Note string
	At   time.Time
}

// Delivery is how one message fared on one channel.
type Delivery struct {
	What     string // "Alert 17", "First reminder"
	Channel  string // "Teams", "Fallback"
	State    string // "delivered", "queued by Teams", "owed", "refused"
	At       time.Time
	Attempts int
	Error    string
}

// WriteIncident writes the page with the given status. An error before anything was sent is one of
// rendering; the caller answers it.
func WriteIncident(w http.ResponseWriter, status int, i Incident) error {
	return write(w, status, incidentPage, i)
}

var incidentPage = parse("incident.html")

// Frame is the page's beginning.
func (i Incident) Frame() Frame {
	return Frame{Answer: i.Answer(), Severity: i.Severity, Instance: i.Instance, Clock: i.Clock}
}

// Answer is the page's first line.
func (i Incident) Answer() string {
	what := i.what()
	last := Acknowledgement{}
	if n := len(i.Acknowledgements); n > 0 {
		last = i.Acknowledgements[n-1]
	}
	switch {
	case i.State == Closed:
		return fmt.Sprintf("%s closed %s as %s", name(i.Closing.By), what, outside.Line(i.Closing.As, 40))
	case i.Accepted != "":
		return "You have acknowledged " + what
	case i.State == Acknowledged:
		return fmt.Sprintf("%s acknowledged %s %s", name(last.By), what, i.Clock.Ago(last.At))
	case !last.At.IsZero():
		return fmt.Sprintf("Something new happened after %s acknowledged %s", name(last.By), what)
	default:
		return "Nobody has acknowledged " + what
	}
}

// what calls the incident by its time of day: "the 03:12 sign-in of bg-alpha".
func (i Incident) what() string {
	what := outside.Line(i.What, 120)
	if what == "" {
		what = "incident"
	}
	if i.StartedAt.IsZero() {
		return "the " + what
	}
	if i.Clock.date(i.StartedAt) == "" {
		return "the " + i.Clock.Short(i.StartedAt) + " " + what
	}
	return "the " + what + " at " + i.Clock.Short(i.StartedAt)
}

// Started is the incident's beginning as the facts give it.
func (i Incident) Started() string { return i.Clock.When(i.StartedAt) }

// Openable says whether a reader may be sent to the link.
func (l Link) Openable() bool { return outside.Openable(l.URL) }

// Timeline is the events in the order in which they happened, which is not that in which the logs
// told of them.
func (i Incident) Timeline() []Event {
	return slices.SortedStableFunc(slices.Values(i.Events), func(a, b Event) int { return a.At.Compare(b.At) })
}

// Where is where an event came from, on one line, as far as the headline does not say it already.
func (e Event) Where() []string {
	var out []string
	headline := outside.Line(e.Headline, 500)
	for _, s := range []string{e.Address, e.App, e.Device} {
		if s = outside.Line(s, 160); s != "" && !strings.Contains(headline, s) {
			out = append(out, s)
		}
	}
	return out
}

func name(s string) string {
	if s = outside.Line(s, 80); s != "" {
		return s
	}
	return "Somebody"
}
