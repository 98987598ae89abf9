package detect

import "time"

// Verdict is what the rules say of one event. Text from the record in it is clipped and free of
// control characters, but not escaped: that is for each channel to do.
type Verdict struct {
	Rules        []string `json:"rules"`        // ids of all rules that hold, in the order of Rules
	HeadlineRule string   `json:"headlineRule"` // the first of them; empty if none holds
	Severity     Severity `json:"severity"`     // the highest of them; info if none holds
	Headline     string   `json:"headline"`     // one plain sentence
	Emphasis     string   `json:"emphasis"`     // the leading part of Headline
	Meaning      string   `json:"meaning"`      // what it means
	Actions      []string `json:"actions"`      // what to do now, three lines at most
	Facts        []Fact   `json:"facts"`        // in reading order
	New          []Trait  `json:"new"`          // what a successful sign-in showed that the last 24 h had not
	Due          []Due    `json:"due"`          // what to look at again later
}

// Fact is one line of a card; its fields are those of alert.Fact.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Trait is something by which successful sign-ins of one account are told apart.
type Trait string

// The traits.
const (
	TraitSession Trait = "session"
	TraitApp     Trait = "app"
	TraitAddress Trait = "address"
	TraitCountry Trait = "country"
	TraitDevice  Trait = "device"
)

// DueKind says why an event must be looked at again.
type DueKind string

// The reasons to look again.
const (
	// DueSuccess: a sign-in was interrupted; if no success has followed, that is worse.
	DueSuccess DueKind = "success"
	// DuePolicy: the effect of a policy change is unknown until there is a newer posture snapshot.
	DuePolicy DueKind = "policy"
)

// Due asks that the event be handed to Detector.Again once At has come.
type Due struct {
	Kind DueKind   `json:"kind"`
	At   time.Time `json:"at"`
}
