package detect

import (
	"time"

	"glasswatch/shared/breakglass"
)

// Setting is what the rules know besides the event and its history.
type Setting struct {
	Accounts        breakglass.Accounts
	ExclusionGroups []string // object ids of the groups that exclude the accounts from Conditional Access
	ResourceIDs     []string // Glasswatch's own Azure resources; an object id stands for a directory object
	TenantID        string   // own tenant; empty if unknown
	// Lockout says what a change of a Conditional Access policy does to an account, given by its
	// object id. Old and updated are the policy as JSON, empty when it was created or deleted.
	// It is nil while there is no posture snapshot, and must be pure and safe for concurrent use.
	Lockout func(old, updated, account string) LockoutAnswer
}

// Effect is what a policy change does to an account.
type Effect string

// The effects.
const (
	EffectUnknown     Effect = "unknown"     // the evaluator could not tell
	EffectNone        Effect = "none"        // the account is no worse off than before
	EffectTargeted    Effect = "targeted"    // the policy applies now, but the account can satisfy it
	EffectUnsatisfied Effect = "unsatisfied" // the policy applies now, and the account cannot satisfy its grant
	EffectBlocked     Effect = "blocked"     // the policy blocks the account now
)

// LockoutAnswer is what an evaluator of policies says of one change and one account.
type LockoutAnswer struct {
	Effect     Effect
	Because    string    // one clause in plain words, empty if there is nothing to add
	SnapshotAt time.Time // when the posture snapshot was taken that the answer rests on
}
