// Package breakglass knows the break-glass accounts, and what a log record says about them.
package breakglass

import (
	"time"

	"glasswatch/shared/entra"
)

// Account is one break-glass account. ObjectID is in lower case.
type Account struct {
	ObjectID          string
	UserPrincipalName string   // empty if not configured
	Aliases           []string // further names learnt from the directory: proxy addresses, former UPNs
}

// Label is how people know the account: the part of its UPN before the '@', else its object id.
func (a Account) Label() string {
	for i, r := range a.UserPrincipalName {
		if r == '@' && i > 0 {
			return a.UserPrincipalName[:i]
		}
	}
	if a.UserPrincipalName != "" {
		return a.UserPrincipalName
	}
	return a.ObjectID
}

// MatchedBy says by which field of a record an account was recognised.
type MatchedBy string

// The ways to recognise an account, from strongest to weakest.
const (
	ByObjectID            MatchedBy = "objectId"
	ByUserPrincipalName   MatchedBy = "userPrincipalName"
	BySignInIdentifier    MatchedBy = "signInIdentifier"
	ByAlternateSignInName MatchedBy = "alternateSignInName"
	ByNothing             MatchedBy = "none"
)

// Outcome is how a sign-in ended.
type Outcome string

// The outcomes, from best to worst for the defender.
const (
	OutcomeNone        Outcome = "none"        // not a sign-in
	OutcomeFailure     Outcome = "failure"     // wrong password, unknown code
	OutcomeInterrupted Outcome = "interrupted" // a step of a sign-in; the first factor may have been right
	OutcomeBlocked     Outcome = "blocked"     // the account would not have worked
	OutcomeSuccess     Outcome = "success"     // error code 0 and nothing else
)

// Rank orders outcomes: a revision of a record is alerted again only if its rank is higher.
func (o Outcome) Rank() int {
	switch o {
	case OutcomeFailure:
		return 1
	case OutcomeInterrupted:
		return 2
	case OutcomeBlocked:
		return 3
	case OutcomeSuccess:
		return 4
	default:
		return 0
	}
}

// Source says by which way an event reached us.
type Source string

// The sources.
const (
	SourceHub    Source = "hub"
	SourceGraph  Source = "graph"
	SourceReplay Source = "replay"
)

// Event is what one record means to Glasswatch: whom it concerns, and its identity, by which the
// same record is recognised when it comes again. Its JSON names are those of interfaces.md.
type Event struct {
	ID          string `json:"id"`          // 64 hex digits: the identity over all revisions (design 5.2)
	RecordID    string `json:"recordId"`    // the record's own id, empty if it has none
	ContentHash string `json:"contentHash"` // 32 hex digits: tells revisions of one id apart

	Kind      entra.Kind `json:"kind"`
	Account   string     `json:"-"`        // object id of the primary account; empty for the tenant
	Accounts  []string   `json:"accounts"` // object ids of all watched accounts named, primary first
	Role      entra.Role `json:"role"`     // of the primary account
	MatchedBy MatchedBy  `json:"matchedBy"`
	// Recreated is set when a watched name came under an object id that is not the account's:
	// the account may have been made anew.
	Recreated string `json:"recreated,omitempty"`

	HappenedAt    time.Time `json:"happenedAt"` // never zero: falls back to enqueued, then reached
	LoggedAt      time.Time `json:"loggedAt"`   // zero if the record does not say
	ReachedAt     time.Time `json:"reachedAt"`
	ClockDoubtful bool      `json:"clockDoubtful"` // HappenedAt is more than ten minutes after ReachedAt
	Source        Source    `json:"source"`

	Outcome   Outcome `json:"outcome"`
	ErrorCode int     `json:"errorCode"` // 0 also where there is none; -1 for a sign-in without a readable code

	// For unparsed events: what was wrong, in words, and a short stable name for the kind of
	// damage, by which cards are limited to one per shape per day.
	DamageReason string `json:"damageReason,omitempty"`
	DamageShape  string `json:"damageShape,omitempty"`

	Record entra.Record `json:"-"` // parsed; kept in storage as its raw bytes
}

// Arrival is how and when a message reached us; it completes what a record says of itself.
type Arrival struct {
	ReachedAt  time.Time // when the host handed it over
	EnqueuedAt time.Time // when the hub took it; zero if unknown
	Source     Source
}
