package posture

import (
	"encoding/json"
	"slices"
	"strings"

	"glasswatch/shared/conditional"
	"glasswatch/shared/detect"
)

// Subject is the account as Conditional Access sees it. What was not read is marked so.
func (a *Account) Subject() conditional.Subject {
	s := conditional.Subject{
		ID:     a.ID,
		Groups: make(map[string]conditional.Nesting, len(a.Memberships.Value.Groups)),
		Roles:  slices.Clone(a.Memberships.Value.Roles),
		Guest:  a.User.Value.guest(),
		Unread: conditional.Unread{Groups: !a.Memberships.Read, Roles: !a.Memberships.Read, Methods: !a.Methods.Read, Guest: !a.User.Read},
	}
	for _, g := range a.Memberships.Value.Groups {
		s.Groups[g.ID] = conditional.DirectMember
		if g.Nested {
			s.Groups[g.ID] = conditional.NestedMember
		}
	}
	for _, m := range a.Methods.Value {
		s.Methods = append(s.Methods, conditional.Method{Kind: m.Kind, AAGUID: strings.ToLower(m.AAGUID), Certificate: m.Certificate})
	}
	return s
}

// evaluation is what the evaluator knows besides policy and account.
func (s *Snapshot) evaluation(p Policy) conditional.Settings {
	set := conditional.Settings{
		Mode: p.Mode, DedicatedPolicies: p.DedicatedPolicies, ExclusionGroups: p.ExclusionGroups,
		Names: map[string]string{}, Strengths: map[string]conditional.Strength{},
	}
	for _, strength := range s.Strengths.Value {
		set.Strengths[strength.ID] = strength
	}
	for _, g := range s.Groups.Value {
		set.Names[g.ID] = g.Name
	}
	for _, a := range s.Accounts {
		for _, g := range a.Memberships.Value.Groups {
			if g.Name != "" {
				set.Names[g.ID] = g.Name
			}
		}
		for _, r := range a.Roles.Value {
			set.Names[r.Role] = r.Name
		}
	}
	set.Names[GlobalAdministrator] = "Global Administrator"
	return set
}

// verdict is what one policy does to one account.
type verdict struct {
	account *Account
	conditional.Result
}

// judged is what every policy does to every account: by account id, in the order of the policies.
type judged map[string][]conditional.Result

func (s *Snapshot) judge(p Policy) judged {
	set := s.evaluation(p)
	all := make(judged, len(s.Accounts))
	for n := range s.Accounts {
		subject := s.Accounts[n].Subject()
		results := make([]conditional.Result, len(s.Policies.Value))
		for m := range s.Policies.Value {
			results[m] = conditional.Evaluate(&s.Policies.Value[m], &subject, &set)
		}
		all[s.Accounts[n].ID] = results
	}
	return all
}

// verdicts are what the policies in a state do to the accounts, account by account.
func (s *Snapshot) verdicts(p Policy, state conditional.State) []verdict {
	all := s.judged
	if all == nil {
		all = s.judge(p)
	}
	var list []verdict
	for n := range s.Accounts {
		for _, r := range all[s.Accounts[n].ID] {
			if r.State == state {
				list = append(list, verdict{&s.Accounts[n], r})
			}
		}
	}
	return list
}

// ExclusionGroups lists, sorted, the groups that exclude the accounts: those of the settings, and
// those through which a policy excludes an account today. The adapter fills the section groups
// with them.
func ExclusionGroups(s Snapshot, p Policy) []string {
	groups := slices.Clone(p.ExclusionGroups)
	held := map[string]bool{}
	for _, a := range s.Accounts {
		for _, m := range a.Memberships.Value.Groups {
			held[m.ID] = true
		}
	}
	for _, policy := range s.Policies.Value {
		for _, id := range policy.Conditions.Users.ExcludeGroups {
			if held[id] {
				groups = append(groups, id)
			}
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}

// Lockout returns the function that says what a change of a policy does to an account, for
// detect.Setting. It reads the snapshot once and is safe for concurrent use. An account that the
// snapshot does not hold, and a policy that cannot be read, have an unknown effect.
func Lockout(s Snapshot, p Policy) func(old, updated, account string) detect.LockoutAnswer {
	set := s.evaluation(p)
	subjects := make(map[string]conditional.Subject, len(s.Accounts))
	for n := range s.Accounts {
		if !s.Accounts[n].gone() {
			subjects[s.Accounts[n].ID] = s.Accounts[n].Subject()
		}
	}
	return func(old, updated, account string) detect.LockoutAnswer {
		answer := detect.LockoutAnswer{Effect: detect.EffectUnknown, SnapshotAt: s.At}
		subject, known := subjects[strings.ToLower(account)]
		if !known {
			answer.Because = "the last snapshot does not hold the account"
			return answer
		}
		before, err := readChange(old)
		if err != nil {
			before = nil // as if it were new: that can only make it look worse
		}
		after, err := readChange(updated)
		if err != nil {
			answer.Because = "the new policy could not be read"
			return answer
		}
		change := conditional.Compare(before, after, &subject, &set)
		answer.Because = change.Because
		switch change.Effect {
		case conditional.EffectNone:
			answer.Effect = detect.EffectNone
		case conditional.EffectTargeted:
			answer.Effect = detect.EffectTargeted
		case conditional.EffectUnsatisfied:
			answer.Effect = detect.EffectUnsatisfied
		case conditional.EffectBlocked:
			answer.Effect = detect.EffectBlocked
		case conditional.EffectUnknown:
		}
		return answer
	}
}

// readChange reads one side of a change; nothing at all is a policy that does not exist.
func readChange(text string) (*conditional.Policy, error) {
	switch strings.TrimSpace(text) {
	case "", "null", `""`:
		return nil, nil
	}
	p, err := conditional.ParsePolicy(json.RawMessage(text))
	if err != nil {
		return nil, err
	}
	return &p, nil
}
