package posture

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"glasswatch/shared/conditional"
)

// Suspect is a policy that may have locked administrators out, which is why somebody now uses a
// break-glass account.
type Suspect struct {
	PolicyID string
	Name     string
	// ChangedAt is when the policy was changed last in the 24 hours before; zero if it was not.
	ChangedAt time.Time
	Actor     string // who changed it; empty if unknown
	What      string // the change as the log names it
	// Administrators is how many Global Administrators the policy blocks, or asks for what nobody
	// can count on in an outage, beyond doubt.
	Administrators int
	Because        string // one sentence for people
}

// LockedOutBy lists the policies that probably locked administrators out, in order of suspicion:
// first those changed in the 24 hours before at, the newest first, then those that block most
// administrators. Recent changes are added to those of the snapshot. The list is empty if nothing
// speaks against any policy, or the policies were not read.
func LockedOutBy(s Snapshot, p Policy, recent []RecentChange, at time.Time) []Suspect {
	by := map[string]*Suspect{}
	policies := map[string]*conditional.Policy{}
	for n := range s.Policies.Value {
		policies[s.Policies.Value[n].ID] = &s.Policies.Value[n]
	}
	for _, c := range slices.Concat(s.RecentChanges.Value, recent) {
		group := slices.ContainsFunc(s.Groups.Value, func(g Group) bool { return g.ID == c.Object })
		if c.At.Before(at.Add(-24*time.Hour)) || c.At.After(at) || group {
			continue
		}
		if old := by[c.Object]; old == nil || old.ChangedAt.Before(c.At) {
			by[c.Object] = &Suspect{PolicyID: c.Object, Name: c.Name, ChangedAt: c.At, Actor: c.Actor, What: c.What}
		}
	}
	set := s.evaluation(p)
	for _, admin := range s.Administrators.Value {
		if _, ours := s.account(admin.ID); ours || admin.Kind != "user" {
			continue
		}
		// Of other administrators only the role is known, and whether the groups that exclude the
		// break-glass accounts spare them too: only what is sure counts.
		subject := conditional.Subject{ID: admin.ID, Groups: s.exemptions(admin.ID), Roles: []string{GlobalAdministrator}, Unread: conditional.Unread{Methods: true, Guest: true}}
		for id, policy := range policies {
			if policy.State != conditional.Enabled {
				continue
			}
			subject.Unread.Groups = !s.knowsGroups(policy)
			r := conditional.Evaluate(policy, &subject, &set)
			if !r.Certain || r.Relation != conditional.Targeted || r.Consequence != conditional.Block && r.Consequence != conditional.Unsatisfiable {
				continue
			}
			if by[id] == nil {
				by[id] = &Suspect{PolicyID: id, Name: policy.DisplayName}
			}
			by[id].Administrators++
		}
	}
	var list []Suspect
	for id, suspect := range by {
		if policy := policies[id]; policy != nil {
			suspect.Name = policy.DisplayName
		}
		suspect.Because = suspect.words(at)
		list = append(list, *suspect)
	}
	slices.SortFunc(list, func(a, b Suspect) int {
		return cmp.Or(b.ChangedAt.Compare(a.ChangedAt), b.Administrators-a.Administrators, strings.Compare(a.PolicyID, b.PolicyID))
	})
	return list
}

// exemptions are the exclusion groups that somebody is in.
func (s *Snapshot) exemptions(id string) map[string]conditional.Nesting {
	groups := map[string]conditional.Nesting{}
	for _, g := range s.Groups.Value {
		if slices.ContainsFunc(g.Members, func(m Member) bool { return strings.EqualFold(m.ID, id) }) {
			groups[strings.ToLower(g.ID)] = conditional.NestedMember
		}
	}
	return groups
}

// knowsGroups says whether the members of all groups that the policy names were read.
func (s *Snapshot) knowsGroups(p *conditional.Policy) bool {
	users := p.Conditions.Users
	for _, id := range slices.Concat(users.IncludeGroups, users.ExcludeGroups) {
		if !slices.ContainsFunc(s.Groups.Value, func(g Group) bool { return g.Found && strings.EqualFold(g.ID, id) }) {
			return false
		}
	}
	return true
}

func (s *Suspect) words(at time.Time) string {
	var clauses []string
	if !s.ChangedAt.IsZero() {
		clauses = append(clauses, fmt.Sprintf("was changed %s before by %s", span(at.Sub(s.ChangedAt)), s.who()))
	}
	switch {
	case s.Administrators == 1:
		clauses = append(clauses, "stands in the way of 1 Global Administrator")
	case s.Administrators > 1:
		clauses = append(clauses, fmt.Sprintf("stands in the way of %d Global Administrators", s.Administrators))
	}
	return "The policy " + quote(s.Name, s.PolicyID) + " " + strings.Join(clauses, " and ") + "."
}

func (s *Suspect) who() string {
	if s.Actor == "" {
		return "somebody unknown"
	}
	return quote(s.Actor, "")
}
