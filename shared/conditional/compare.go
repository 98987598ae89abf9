package conditional

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Effect is what a change of a policy does to an account. The values are those of the rules that
// read them.
type Effect string

// The effects, from mildest to worst; EffectUnknown stands apart.
const (
	EffectNone        Effect = "none"        // the account is no worse off than before
	EffectTargeted    Effect = "targeted"    // the policy applies now, but the account can satisfy it
	EffectUnsatisfied Effect = "unsatisfied" // the policy applies now, and the account cannot satisfy its grant
	EffectBlocked     Effect = "blocked"     // the policy blocks the account now
	EffectUnknown     Effect = "unknown"     // something that could not be read decides
)

// Change is what a change of a policy does to an account.
type Change struct {
	Effect  Effect
	Because string // one clause in plain words; empty if there is nothing to say
}

// Compare says what a change of a policy does to the subject. Old is nil for a new policy, updated
// for a deleted one. A policy that is disabled or only reports has no effect; the clause says what
// it will do once it is enabled.
func Compare(old, updated *Policy, s *Subject, set *Settings) Change {
	if updated == nil {
		return Change{EffectNone, "the policy is gone"}
	}
	now := Evaluate(updated, s, set)
	if updated.State != Enabled {
		before := 0
		if old != nil {
			before = Evaluate(old, s, set).Harm()
		}
		if now.Harm() > before {
			return Change{EffectNone, "the policy is not in force, but once it is enabled: " + now.Because}
		}
		return Change{EffectNone, "the policy is not in force"}
	}
	before := 0
	if old != nil && old.State == Enabled {
		before = Evaluate(old, s, set).Harm()
	}
	unclear := now.Relation == Unclear || now.Consequence == Uncertain
	switch harm := now.Harm(); {
	case unclear && harm > 0 && !alike(old, updated):
		return Change{EffectUnknown, now.Because}
	case harm <= before:
		return Change{EffectNone, now.Because}
	case now.Consequence == Block:
		return Change{EffectBlocked, now.Because + now.when()}
	case now.Consequence == Unsatisfiable:
		return Change{EffectUnsatisfied, now.Because + now.when()}
	default:
		return Change{EffectTargeted, now.Because + now.when()}
	}
}

// alike says whether a change left alone whom the policy is for and what it asks for.
func alike(old, updated *Policy) bool {
	if old == nil || old.State != updated.State {
		return false
	}
	type heart struct {
		Users Users
		Grant *Grant
		Rest  []string
	}
	before, err1 := json.Marshal(heart{old.Conditions.Users, old.Grant, old.Unknown})
	after, err2 := json.Marshal(heart{updated.Conditions.Users, updated.Grant, updated.Unknown})
	return err1 == nil && err2 == nil && bytes.Equal(before, after)
}

// Harm orders results by how much they stand in the account's way, were the policy enabled: 0 is
// not at all. A policy that is narrowed by conditions does less harm than one that always applies,
// and one that may turn out worse is ranked after what can be known of it.
func (r Result) Harm() int {
	if r.Accepted || r.Relation != Targeted && r.Relation != Unclear {
		return 0
	}
	harm := 0
	switch r.Consequence {
	case SessionOnly, NoConsequence:
		harm = 1
	case Satisfiable:
		harm = 3
	case Uncertain:
		harm = 5
	case Unsatisfiable:
		harm = 7
	case Block:
		harm = 9
	}
	if r.Certain {
		harm++
	}
	return harm
}

func (r Result) when() string {
	if len(r.AppliesWhen) == 0 {
		return ""
	}
	return " (it applies " + strings.Join(r.AppliesWhen, ", ") + ")"
}
