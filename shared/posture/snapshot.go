// Package posture asks every day whether the break-glass accounts would work in an emergency, and are no back door until then.
package posture

import (
	"slices"
	"time"

	"glasswatch/shared/conditional"
)

// Snapshot is what was read of the tenant at one time. It is a plain value: checks judge it and do
// nothing else. A section that was not read says why, and the zero value of a section is unread, so
// that forgetting one can never look like a good answer.
type Snapshot struct {
	At         time.Time `json:"at"`
	TenantID   string    `json:"tenantId,omitempty"`
	GraphCalls int       `json:"graphCalls"`
	Accounts   []Account `json:"accounts"` // those of the settings, in their order

	Policies         Section[[]conditional.Policy]   `json:"policies"`
	Strengths        Section[[]conditional.Strength] `json:"strengths"`
	Groups           Section[[]Group]                `json:"groups"`
	Administrators   Section[[]Administrator]        `json:"administrators"`
	MethodPolicy     Section[MethodPolicy]           `json:"methodPolicy"`
	SecurityDefaults Section[SecurityDefaults]       `json:"securityDefaults"`
	Licences         Section[Licences]               `json:"licences"`
	Domains          Section[[]Domain]               `json:"domains"`
	RecentChanges    Section[[]RecentChange]         `json:"recentChanges"`
	Baseline         Section[Baseline]               `json:"baseline"`
	Yesterday        Section[Fingerprint]            `json:"yesterday"`

	// judged is set by Run, so that ten checks share one evaluation of all policies.
	judged judged
}

// Account is one break-glass account of the settings, and what was read of it.
type Account struct {
	ID   string `json:"id"`   // object id in lower case
	Name string `json:"name"` // how people know it; it comes from the settings

	User        Section[User]           `json:"user"`
	Memberships Section[Memberships]    `json:"memberships"`
	Methods     Section[[]Method]       `json:"methods"`
	Roles       Section[[]RoleHeld]     `json:"roles"`
	Eligible    Section[[]RoleHeld]     `json:"eligible"`
	PerUserMFA  Section[PerUserMFA]     `json:"perUserMfa"`
	WhatIf      Section[[]WhatIfAnswer] `json:"whatIf"`
}

// Section is one part of a snapshot: what was read, or why it was not.
type Section[T any] struct {
	Read  bool `json:"read"`
	Value T    `json:"value,omitzero"` // the zero value while Read is false
	Gap   Gap  `json:"gap,omitzero"`   // why not, while Read is false
}

// Got is a section that was read.
func Got[T any](value T) Section[T] { return Section[T]{Read: true, Value: value} }

// Missed is a section that was not read.
func Missed[T any](gap Gap) Section[T] { return Section[T]{Gap: gap} }

// Gap says why a section was not read.
type Gap struct {
	Reason  Reason `json:"reason"`
	Missing string `json:"missing,omitempty"` // the permission or licence: "Policy.Read.All"
	Detail  string `json:"detail,omitempty"`  // one clause for people; may hold text from outside
}

// Reason is a kind of gap.
type Reason string

// The reasons.
const (
	NotCollected Reason = ""            // nobody tried
	NoPermission Reason = "permission"  // 403 Authorization_RequestDenied, and the like
	NoLicence    Reason = "licence"     // AadPremiumLicenseRequired (400), Authentication_RequestFromNonPremiumTenantOrB2CTenant (403)
	Throttled    Reason = "throttled"   // 429 or 503 until the time was up
	Fault        Reason = "fault"       // anything else that went wrong
	Gone         Reason = "gone"        // the account does not exist
	NotApproved  Reason = "notApproved" // the baseline: nobody has approved one yet
	FirstRun     Reason = "firstRun"    // yesterday: there is none yet
	TooLarge     Reason = "tooLarge"    // dropped when the snapshot was stored
)

// part is a section, whatever it holds.
type part interface {
	gap() (Gap, bool)
	wipe(Gap)
}

func (s *Section[T]) gap() (Gap, bool) { return s.Gap, !s.Read }

func (s *Section[T]) wipe(gap Gap) { *s = Section[T]{Gap: gap} }

// account finds an account by its object id.
func (s *Snapshot) account(id string) (*Account, bool) {
	i := slices.IndexFunc(s.Accounts, func(a Account) bool { return a.ID == id })
	if i < 0 {
		return nil, false
	}
	return &s.Accounts[i], true
}

// label is how people know the account.
func (a *Account) label() string {
	if a.Name != "" {
		return a.Name
	}
	return a.ID
}

// gone says whether it is known that the account does not exist.
func (a *Account) gone() bool { return a.User.Read && !a.User.Value.Found }
