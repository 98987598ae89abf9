package posture

import (
	"encoding/json"
	"time"
)

// State is what a check found.
type State string

// The states. Unknown is never taken for Pass.
const (
	Pass          State = "pass"
	Fail          State = "fail"
	Warn          State = "warn"
	Note          State = "info"          // worth knowing, nothing to mend
	NotApplicable State = "notApplicable" // the question does not arise
	Unknown       State = "unknown"       // nobody could look; Missing says for want of what
	Accepted      State = "accepted"      // fails or warns, and somebody has answered for it
)

// Finding is the answer of one check about the tenant, an account, or an object. Its JSON form is
// that of interfaces.md; title, portal, acceptedBy and seen are added. Text may come from outside.
type Finding struct {
	Check       string
	Title       string
	Severity    Severity
	Account     string // object id, empty for the tenant
	Object      string // id of the policy, group, role or method that it is about; empty if none
	State       State
	Observed    string // one sentence for people
	Expected    string // one sentence: the good condition
	Missing     string // permission, licence or approval for want of which it is unknown
	Fix         string
	Source      string
	Portal      string
	AcceptedBy  string    // who accepted it, why and until when; empty if nobody did
	FirstSeen   time.Time // when this check first said anything about this account and object
	LastChanged time.Time // when the state became what it is
	Seen        time.Time // when it was found so last
}

// Key tells findings apart from one run to the next.
type Key struct{ Check, Account, Object string }

// Key returns what the finding is about.
func (f Finding) Key() Key { return Key{f.Check, f.Account, f.Object} }

type findingLine struct {
	Version     int       `json:"v"`
	Type        string    `json:"type"`
	Check       string    `json:"check"`
	Title       string    `json:"title"`
	Severity    Severity  `json:"severity"`
	Account     *string   `json:"account"`
	Object      *string   `json:"object"`
	State       State     `json:"state"`
	Observed    string    `json:"observed"`
	Expected    string    `json:"expected"`
	Missing     *string   `json:"missing"`
	Fix         string    `json:"fix"`
	Source      string    `json:"source"`
	Portal      string    `json:"portal"`
	AcceptedBy  *string   `json:"acceptedBy"`
	FirstSeen   time.Time `json:"firstSeen"`
	LastChanged time.Time `json:"lastChanged"`
	Seen        time.Time `json:"seen"`
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// MarshalJSON writes the line of interfaces.md.
func (f Finding) MarshalJSON() ([]byte, error) {
	return json.Marshal(findingLine{
		1, "finding", f.Check, f.Title, f.Severity, optional(f.Account), optional(f.Object), f.State, f.Observed, f.Expected, optional(f.Missing),
		f.Fix, f.Source, f.Portal, optional(f.AcceptedBy), f.FirstSeen.UTC(), f.LastChanged.UTC(), f.Seen.UTC(),
	})
}

// UnmarshalJSON reads what MarshalJSON wrote; fields of later versions are passed over.
func (f *Finding) UnmarshalJSON(data []byte) error {
	var l findingLine
	if err := json.Unmarshal(data, &l); err != nil {
		return err
	}
	*f = Finding{
		l.Check, l.Title, l.Severity, value(l.Account), value(l.Object), l.State, l.Observed, l.Expected, value(l.Missing),
		l.Fix, l.Source, l.Portal, value(l.AcceptedBy), l.FirstSeen, l.LastChanged, l.Seen,
	}
	return nil
}

// Tally is the last line of a run. Its JSON form is that of interfaces.md.
type Tally struct {
	Version    int           `json:"v"`
	Type       string        `json:"type"` // run
	At         time.Time     `json:"at"`
	SnapshotAt time.Time     `json:"snapshotAt"`
	Counts     map[State]int `json:"counts"` // every state has a number
	GraphCalls int           `json:"graphCalls"`
	// Problems say what is wrong with the accepted risks and the posture policy, as sentences.
	Problems []string `json:"problems"`
}

// Sound says whether nothing critical is failed or unknown; strictly, whether no check at all is.
// The exit code of the verb is 0 then.
func Sound(findings []Finding, strictly bool) bool {
	for _, f := range findings {
		if (f.State == Fail || f.State == Unknown) && (strictly || f.Severity.Rank() >= Critical.Rank()) {
			return false
		}
	}
	return true
}
