// Package alert decides who must be told of what, and sees to it that they are.
package alert

import (
	"context"
	"fmt"
	"time"

	"glasswatch/shared/detect"
)

// MessageKind says what a message is for; channels choose their layout by it.
type MessageKind string

// The kinds of message.
const (
	MessageAlert      MessageKind = "alert"      // something happened
	MessageSummary    MessageKind = "summary"    // more of what was already alerted
	MessageEscalation MessageKind = "escalation" // nobody has acknowledged yet
	MessageNotice     MessageKind = "notice"     // an incident was acknowledged, classified or closed; a test of a channel
	MessageDigest     MessageKind = "digest"     // the daily report
)

// Progress says what became of an incident, to channels that keep incidents of their own.
type Progress string

// The steps that a channel is told.
const (
	ProgressNone         Progress = ""             // nothing that a pager should act on
	ProgressAcknowledged Progress = "acknowledged" // somebody is on it: stop calling
	ProgressClosed       Progress = "closed"       // classified and over
)

// Message is what a channel is asked to show. All strings may hold text from log records: a
// channel escapes them for its own medium.
type Message struct {
	ID       string // the same over all tries of one message: receivers may drop repeats by it
	Kind     MessageKind
	Severity detect.Severity
	Rule     string // id of the headline rule
	Incident string // groups messages of one incident; empty outside incidents
	Account  string // label of the account, empty for the tenant

	// Progress is set on a notice only, and only if it holds for the channel that is asked: a
	// pager that is told "acknowledged" falls silent.
	Progress Progress

	Headline string   // one plain sentence
	Emphasis string   // the leading part of Headline to show in bold; may be empty
	Mark     string   // "not yet recorded", "repeated", "expected: drill …", "arrived 3 h 4 min late"; may be empty
	Facts    []Fact   // in reading order
	Meaning  string   // what it means
	Actions  []string // what to do now; three at most are shown
	Links    []Link   // channel-specific links come last

	// Skip names channels that do not get this message, because they have been answered already.
	Skip []string

	HappenedAt time.Time // zero if unknown
	Stream     string    // Stream, Sequence and EntryHash make the witness line
	Sequence   uint64    // 0: not recorded
	EntryHash  string    // 64 hex digits, empty if not recorded
}

// Fact is one line of a card.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Link is something that the reader can open.
type Link struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Witness is the line by which `glasswatch verify --witness` finds the entry again:
// "<stream>#<sequence> <first 12 hex digits of the entry's hash>". A message that was not
// recorded has the witness "unrecorded".
func (m Message) Witness() string {
	if m.Sequence == 0 || len(m.EntryHash) < 12 {
		return "unrecorded"
	}
	return fmt.Sprintf("%s#%d %s", m.Stream, m.Sequence, m.EntryHash[:12])
}

// Sender delivers messages to one channel. Implementations are safe for concurrent use, make one
// attempt per call, and honour ctx's deadline.
//
// A nil error means that the channel accepted the message. A *Refusal means that trying again
// cannot help. Any other error is worth another try; a *Later says when. No error text holds the
// channel's address or secret.
type Sender interface {
	Name() string // "teams" or "fallback"
	Send(ctx context.Context, m Message) (status int, err error)
}

// Refusal is a permanent failure: the channel will not take this message, or is gone.
type Refusal struct {
	Status int // HTTP status, 0 if there was none
	Reason string
}

func (r *Refusal) Error() string {
	if r.Status == 0 {
		return "refused: " + r.Reason
	}
	return fmt.Sprintf("refused with status %d: %s", r.Status, r.Reason)
}

// Later is a temporary failure after which the channel named a time to wait.
type Later struct {
	After  time.Duration // already bounded to 60 s
	Status int
	Reason string
}

func (l *Later) Error() string {
	return fmt.Sprintf("status %d, try again in %s: %s", l.Status, l.After, l.Reason)
}
