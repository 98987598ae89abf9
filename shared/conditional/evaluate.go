package conditional

import (
	"slices"
	"strings"
)

// Relation says whether a policy is for an account.
type Relation string

// The relations, the exclusions from strongest to weakest.
const (
	ExcludedDirect         Relation = "excluded-direct"          // by the account's own id
	ExcludedDedicatedGroup Relation = "excluded-dedicated-group" // as direct member of a group in Settings.ExclusionGroups
	ExcludedOtherGroup     Relation = "excluded-other-group"     // as direct member of another group
	ExcludedNestedGroup    Relation = "excluded-nested-group"    // through a group in a group
	ExcludedRole           Relation = "excluded-role"            // weak: so is every other holder of the role
	ExcludedGuest          Relation = "excluded-guest"           // because the account is a guest
	NotIncluded            Relation = "not-included"             // fragile: nothing excludes it, nobody has included it yet
	Targeted               Relation = "targeted"
	Unclear                Relation = "unclear"       // something that could not be read decides
	NotForUsers            Relation = "not-for-users" // for workload identities, agents or nobody
)

// Excluded says whether the relation is one of the exclusions.
func (r Relation) Excluded() bool { return slices.Contains(exclusionOrder, r) }

var exclusionOrder = []Relation{ExcludedDirect, ExcludedDedicatedGroup, ExcludedOtherGroup, ExcludedNestedGroup, ExcludedRole, ExcludedGuest}

// Consequence says what a policy does to an account that it is for.
type Consequence string

// The consequences, from worst to best.
const (
	NoConsequence Consequence = "" // the policy is not for the account
	Block         Consequence = "block"
	Unsatisfiable Consequence = "unsatisfiable" // it asks for something that the account does not have in an emergency
	Uncertain     Consequence = "unclear"       // something that could not be read decides
	Satisfiable   Consequence = "satisfiable"
	SessionOnly   Consequence = "session-only" // it lets the account in and limits the session at most
)

// Mode says what counts as well: an exclusion from everything, or dedicated policies too.
type Mode string

// The modes (posture catalogue 3.0).
const (
	Strict          Mode = "strict"
	DedicatedPolicy Mode = "dedicatedPolicy"
)

// Settings are what an evaluation knows besides the policy and the account. The zero value is strict.
type Settings struct {
	Mode              Mode
	DedicatedPolicies List                // ids of the policies that may target the accounts in the mode DedicatedPolicy
	ExclusionGroups   List                // ids of the groups that are there to exclude the accounts
	Strengths         map[string]Strength // by id, as read from the tenant; may be nil
	Names             map[string]string   // what people call groups, locations and applications, by id; may be nil
}

// Result is what a policy does to an account.
type Result struct {
	PolicyID   string
	PolicyName string
	State      State
	Label      Label
	Relation   Relation
	// Exclusions are all the ways by which the account is excluded, the strongest first.
	Exclusions  []Exclusion
	Consequence Consequence // empty unless Relation is Targeted or Unclear
	// Certain is set if nothing narrows the policy: it applies to an administrator's sign-in in a
	// browser from any place and device.
	Certain bool
	// AppliesWhen holds the conditions that narrow the policy, as clauses that continue "applies".
	// They never make a policy harmless.
	AppliesWhen []string
	Because     string // one clause in plain words: why the consequence, or the relation, is what it is
	// Accepted is set in the mode DedicatedPolicy for a listed policy that may target the account.
	// Objection says why a listed policy may not.
	Accepted  bool
	Objection string
}

// Exclusion is one way by which an account is excluded.
type Exclusion struct {
	Relation Relation
	ID       string // of the account, group or role
}

// Evaluate says what the policy would do to the subject when it signs in (posture catalogue 3.0).
// It looks at the policy's state only to report it: a disabled policy is evaluated as if it were
// enabled. It is pure and safe for concurrent use.
func Evaluate(p *Policy, s *Subject, set *Settings) Result {
	r := Result{PolicyID: p.ID, PolicyName: p.DisplayName, State: p.State, Label: p.label()}
	if because, skip := p.forWorkloads(); skip {
		r.Relation, r.Because = NotForUsers, because
		return r
	}
	included, how := p.includes(s, set)
	exclusions, excluded := p.exclusions(s, set)
	r.Exclusions = exclusions
	switch {
	case excluded == yes:
		r.Relation, r.Because = exclusions[0].Relation, exclusionWords(exclusions[0], set)
		return r
	case included == no:
		r.Relation, r.Because = NotIncluded, "nothing in the policy includes the account, and nothing excludes it"
		return r
	case included == maybe:
		r.Relation, r.Because = Unclear, how
	case excluded == maybe:
		r.Relation, r.Because = Unclear, "the policy excludes groups, roles or guests, and whether the account is among them is not known"
	default:
		r.Relation = Targeted
	}
	var because string
	r.Consequence, because = p.Grant.judge(s, set)
	if r.Relation == Targeted {
		r.Because = "the policy includes " + how + " and " + because
	}
	r.AppliesWhen = p.appliesWhen(set)
	r.Certain = p.certain()
	r.Accepted, r.Objection = p.acceptable(r.Consequence, set)
	return r
}

// includes says whether the policy is for the subject, leaving exclusions aside, and through what.
func (p *Policy) includes(s *Subject, set *Settings) (included truth, how string) {
	u := &p.Conditions.Users
	if u.IncludeUsers.has(all) {
		return yes, "all users"
	}
	if u.IncludeUsers.has(s.ID) {
		return yes, "the account itself"
	}
	if s.Guest != NoGuest && u.IncludeUsers.has(guestsWord) {
		return yes, "guests"
	}
	for _, id := range u.IncludeGroups {
		if _, member := s.Groups[id]; member {
			return yes, "its group " + set.name(id)
		}
	}
	for _, id := range u.IncludeRoles {
		if slices.Contains(s.Roles, id) {
			return yes, "holders of the role " + set.name(id)
		}
	}
	guest := u.IncludeGuests.match(s)
	switch {
	case guest == yes:
		return yes, "guests of its kind"
	case guest == maybe, s.Unread.Guest && u.IncludeUsers.has(guestsWord):
		return maybe, "the policy is for some guests, and whether the account is one of them is not known"
	case len(u.IncludeGroups) > 0 && s.Unread.Groups:
		return maybe, "the policy includes groups, and those of the account could not be read"
	case len(u.IncludeRoles) > 0 && s.Unread.Roles:
		return maybe, "the policy includes roles, and those of the account could not be read"
	case p.unknownUnder("conditions.users") && !p.onlyUnknownExclusions():
		return maybe, "the policy says in a way that is not known whom it is for"
	}
	return no, ""
}

// onlyUnknownExclusions says whether all that is not known about the policy's users excludes: that
// can make a policy milder at most.
func (p *Policy) onlyUnknownExclusions() bool {
	return !slices.ContainsFunc(p.Unknown, func(path string) bool {
		rest, users := strings.CutPrefix(strings.ToLower(path), "conditions.users")
		return users && !strings.HasPrefix(rest, ".exclude")
	})
}

// exclusions lists the ways by which the subject is excluded, the strongest first.
func (p *Policy) exclusions(s *Subject, set *Settings) (found []Exclusion, excluded truth) {
	u := &p.Conditions.Users
	if u.ExcludeUsers.has(s.ID) {
		found = append(found, Exclusion{ExcludedDirect, s.ID})
	}
	for _, id := range u.ExcludeGroups {
		nesting, member := s.Groups[id]
		switch {
		case !member:
		case nesting == NestedMember:
			found = append(found, Exclusion{ExcludedNestedGroup, id})
		case set.ExclusionGroups.has(id):
			found = append(found, Exclusion{ExcludedDedicatedGroup, id})
		default:
			found = append(found, Exclusion{ExcludedOtherGroup, id})
		}
	}
	for _, id := range u.ExcludeRoles {
		if slices.Contains(s.Roles, id) {
			found = append(found, Exclusion{ExcludedRole, id})
		}
	}
	guest := u.ExcludeGuests.match(s)
	if guest == yes || s.Guest != NoGuest && u.ExcludeUsers.has(guestsWord) {
		found = append(found, Exclusion{ExcludedGuest, s.ID})
	}
	slices.SortStableFunc(found, func(a, b Exclusion) int {
		if d := slices.Index(exclusionOrder, a.Relation) - slices.Index(exclusionOrder, b.Relation); d != 0 {
			return d
		}
		return strings.Compare(a.ID, b.ID)
	})
	switch {
	case len(found) > 0:
		return found, yes
	case guest == maybe, s.Unread.Guest && u.ExcludeUsers.has(guestsWord), len(u.ExcludeGroups) > 0 && s.Unread.Groups, len(u.ExcludeRoles) > 0 && s.Unread.Roles:
		return nil, maybe
	default:
		return nil, no
	}
}

// match says whether the subject is a guest of one of the kinds, from one of the tenants.
func (g Guests) match(s *Subject) truth {
	if s.Unread.Guest && len(g.Kinds) > 0 {
		return maybe
	}
	if s.Guest == NoGuest || !g.Kinds.has(string(s.Guest)) {
		return no
	}
	switch {
	case s.Guest == InternalGuest, !strings.EqualFold(g.Tenants.Membership, "enumerated"):
		return yes // an internal guest has no home tenant that could be meant
	case s.HomeTenant == "":
		return maybe
	default:
		return truthOf(g.Tenants.Members.has(s.HomeTenant))
	}
}

func exclusionWords(e Exclusion, set *Settings) string {
	switch e.Relation {
	case ExcludedDirect:
		return "the policy excludes the account itself"
	case ExcludedDedicatedGroup:
		return "the policy excludes the group " + set.name(e.ID) + ", which is there for that"
	case ExcludedOtherGroup:
		return "the policy excludes the group " + set.name(e.ID) + ", which is not one that is there for that"
	case ExcludedNestedGroup:
		return "the policy excludes the group " + set.name(e.ID) + ", in which the account is only through another group"
	case ExcludedRole:
		return "the policy excludes everybody with the role " + set.name(e.ID)
	case ExcludedGuest:
		return "the policy excludes guests"
	case NotIncluded, Targeted, Unclear, NotForUsers:
		return ""
	default:
		return ""
	}
}

func (set *Settings) name(id string) string {
	if name := set.Names[id]; name != "" {
		return "“" + name + "”"
	}
	return id
}
