package conditional_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"glasswatch/shared/conditional"
)

// anyPolicy draws a policy from the ids and words of the table, with unknown things among them.
func anyPolicy(t *rapid.T) conditional.Policy {
	ids := func(label string, from ...string) conditional.List {
		return conditional.List(rapid.SliceOfN(rapid.SampledFrom(from), 0, 3).Draw(t, label))
	}
	p := conditional.Policy{ID: policyID, DisplayName: "P", State: rapid.SampledFrom([]conditional.State{conditional.Enabled, conditional.ReportOnly, conditional.Disabled}).Draw(t, "state")}
	u := &p.Conditions.Users
	u.IncludeUsers = ids("includeUsers", "All", "None", "GuestsOrExternalUsers", alpha, beta)
	u.IncludeGroups = ids("includeGroups", dedicated, other, nested, foreign)
	u.IncludeRoles = ids("includeRoles", admin, reader)
	u.ExcludeUsers = ids("excludeUsers", alpha, beta)
	u.ExcludeGroups = ids("excludeGroups", dedicated, other, nested, foreign)
	u.ExcludeRoles = ids("excludeRoles", admin, reader)
	u.IncludeGuests.Kinds = ids("includeGuests", "internalGuest", "b2bCollaborationGuest")
	u.ExcludeGuests.Kinds = ids("excludeGuests", "internalGuest", "b2bCollaborationGuest")
	p.Conditions.Applications.Include = ids("apps", "All", "Office365", "MicrosoftAdminPortals")
	p.Conditions.ClientAppTypes = ids("clients", "all", "browser", "other")
	p.Conditions.Locations.Exclude = ids("locations", "AllTrusted")
	p.Conditions.SignInRiskLevels = ids("risk", "high", "medium")
	if rapid.Bool().Draw(t, "has grant") {
		p.Grant = &conditional.Grant{
			Operator: rapid.SampledFrom([]string{"OR", "AND", ""}).Draw(t, "operator"),
			Controls: ids("controls", "mfa", "compliantDevice", "block", "unknownFutureValue"),
		}
		if rapid.Bool().Draw(t, "has strength") {
			p.Grant.Strength = &conditional.Strength{ID: "00000000-0000-0000-0000-000000000004"}
		}
	}
	p.Unknown = ids("unknown", "conditions.users.includeRobots", "conditions.users.excludeRobots", "conditions.moon")
	return p
}

func anySubject(t *rapid.T) conditional.Subject {
	s := subject()
	s.Guest = rapid.SampledFrom([]conditional.GuestKind{conditional.NoGuest, conditional.InternalGuest, conditional.B2BCollaborationGuest}).Draw(t, "guest")
	s.Unread = conditional.Unread{Groups: rapid.Bool().Draw(t, "blind to groups"), Roles: rapid.Bool().Draw(t, "blind to roles"), Methods: rapid.Bool().Draw(t, "blind to methods"), Guest: rapid.Bool().Draw(t, "blind to guests")}
	s.Methods = nil
	for _, k := range rapid.SliceOfN(rapid.SampledFrom([]conditional.MethodKind{conditional.Password, conditional.FIDO2, conditional.Phone, conditional.TemporaryAccessPass, conditional.UnknownMethod}), 0, 3).Draw(t, "methods") {
		s.Methods = append(s.Methods, conditional.Method{Kind: k})
	}
	return s
}

// ofPeople says whether the policy is for people at all, which exclusions cannot change.
func ofPeople(p *conditional.Policy, s *conditional.Subject, set *conditional.Settings) bool {
	return conditional.Evaluate(p, s, set).Relation != conditional.NotForUsers
}

func TestExclusionAlwaysWins(t *testing.T) {
	ways := map[string]func(*conditional.Policy){
		"by id": func(p *conditional.Policy) {
			p.Conditions.Users.ExcludeUsers = append(p.Conditions.Users.ExcludeUsers, alpha)
		},
		"by dedicated group": func(p *conditional.Policy) {
			p.Conditions.Users.ExcludeGroups = append(p.Conditions.Users.ExcludeGroups, dedicated)
		},
		"by nested group": func(p *conditional.Policy) {
			p.Conditions.Users.ExcludeGroups = append(p.Conditions.Users.ExcludeGroups, nested)
		},
		"by role": func(p *conditional.Policy) {
			p.Conditions.Users.ExcludeRoles = append(p.Conditions.Users.ExcludeRoles, admin)
		},
	}
	rapid.Check(t, func(t *rapid.T) {
		s, set, p := anySubject(t), settings(), anyPolicy(t)
		people := ofPeople(&p, &s, &set)
		way := rapid.SampledFrom(slices.Sorted(keysOf(ways))).Draw(t, "way")
		ways[way](&p)
		r := conditional.Evaluate(&p, &s, &set)
		if people && !r.Relation.Excluded() || r.Consequence != conditional.NoConsequence || r.Harm() != 0 {
			t.Fatalf("excluded %s, and yet %+v", way, r)
		}
	})
}

func keysOf(m map[string]func(*conditional.Policy)) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func TestAddingAnExclusionIsNeverWorse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, set, p := anySubject(t), settings(), anyPolicy(t)
		before := conditional.Evaluate(&p, &s, &set)
		more := p
		u := &more.Conditions.Users
		id := rapid.SampledFrom([]string{alpha, beta, dedicated, other, nested, foreign, admin, reader}).Draw(t, "excluded")
		switch id {
		case alpha, beta:
			u.ExcludeUsers = append(slices.Clone(u.ExcludeUsers), id)
		case admin, reader:
			u.ExcludeRoles = append(slices.Clone(u.ExcludeRoles), id)
		default:
			u.ExcludeGroups = append(slices.Clone(u.ExcludeGroups), id)
		}
		after := conditional.Evaluate(&more, &s, &set)
		if after.Harm() > before.Harm() {
			t.Fatalf("excluding %s made %+v of %+v", id, after, before)
		}
		if len(after.Exclusions) < len(before.Exclusions) {
			t.Fatalf("excluding %s took a way out", id)
		}
	})
}

func TestAGroupPathEqualsNamingTheUser(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, set, p := anySubject(t), settings(), anyPolicy(t)
		s.Unread.Groups = false
		group := rapid.SampledFrom([]string{dedicated, other, nested}).Draw(t, "group")
		p.Unknown = nil
		byUser, byGroup := p, p
		byUser.Conditions.Users.IncludeUsers = append(slices.Clone(p.Conditions.Users.IncludeUsers), alpha)
		byGroup.Conditions.Users.IncludeGroups = append(slices.Clone(p.Conditions.Users.IncludeGroups), group)
		a, b := conditional.Evaluate(&byUser, &s, &set), conditional.Evaluate(&byGroup, &s, &set)
		if a.Relation != b.Relation || a.Consequence != b.Consequence || a.Harm() != b.Harm() {
			t.Fatalf("included by id %+v, by group %+v", a, b)
		}
		byUser.Conditions.Users.ExcludeUsers = append(slices.Clone(p.Conditions.Users.ExcludeUsers), alpha)
		byGroup.Conditions.Users.ExcludeGroups = append(slices.Clone(p.Conditions.Users.ExcludeGroups), group)
		a, b = conditional.Evaluate(&byUser, &s, &set), conditional.Evaluate(&byGroup, &s, &set)
		if !a.Relation.Excluded() || !b.Relation.Excluded() {
			t.Fatalf("excluded by id %+v, by group %+v", a, b)
		}
	})
}

func TestTheOrderOfListsIsIrrelevant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, set, p := anySubject(t), settings(), anyPolicy(t)
		q := p
		u := &q.Conditions.Users
		for _, list := range []*conditional.List{
			&u.IncludeUsers, &u.ExcludeUsers, &u.IncludeGroups, &u.ExcludeGroups, &u.IncludeRoles, &u.ExcludeRoles,
			&q.Conditions.Applications.Include, &q.Conditions.ClientAppTypes, &q.Conditions.SignInRiskLevels,
		} {
			*list = slices.Clone(*list)
			slices.Reverse(*list)
		}
		if q.Grant != nil {
			grant := *q.Grant
			grant.Controls = slices.Clone(grant.Controls)
			slices.Reverse(grant.Controls)
			q.Grant = &grant
		}
		a, b := conditional.Evaluate(&p, &s, &set), conditional.Evaluate(&q, &s, &set)
		a.Because, b.Because = "", "" // it may name another of several groups
		if diff := cmp.Diff(a, b); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestAChangeIsJudgedByWhatComesOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, set, old, now := anySubject(t), settings(), anyPolicy(t), anyPolicy(t)
		change := conditional.Compare(&old, &now, &s, &set)
		after := conditional.Evaluate(&now, &s, &set)
		harmless := now.State != conditional.Enabled || after.Harm() == 0
		if harmless && change.Effect != conditional.EffectNone {
			t.Fatalf("%s, though the policy does nothing: %+v", change.Effect, after)
		}
		if same := conditional.Compare(&now, &now, &s, &set); same.Effect != conditional.EffectNone {
			t.Fatalf("no change is %s", same.Effect)
		}
		if fresh := conditional.Compare(nil, &now, &s, &set); !harmless && fresh.Effect == conditional.EffectNone {
			t.Fatalf("a new policy does %+v, and Compare says none", after)
		}
	})
}

// The budget is 100 ms for everything (design section 9).
func BenchmarkEvaluate500PoliciesFor8AccountsIn2000Groups(b *testing.B) {
	var list []*conditional.Policy
	for n := range 500 {
		users := everyone
		if n%3 == 0 {
			users = `"includeGroups":[`
			for g := range 40 {
				if g > 0 {
					users += ","
				}
				users += fmt.Sprintf("%q", groupID((n*7+g*13)%4000))
			}
			users += "]"
		}
		users += fmt.Sprintf(`,"excludeGroups":[%q,%q,%q]`, groupID(n), groupID(n+2000+n%2*1000), groupID(3600))
		if n%5 != 0 {
			users += "," + one("excludeUsers", alpha)
		}
		list = append(list, parse(b, source{users: users, conditions: anyApp + `,"clientAppTypes":["browser","other"],"locations":{"includeLocations":["All"],"excludeLocations":["AllTrusted"]}`, grant: `"operator":"AND","builtInControls":["mfa"],` + strongMFA}.json()))
	}
	set := settings()
	var subjects []*conditional.Subject
	for n := range 8 {
		s := subject()
		s.ID = fmt.Sprintf("11111111-aaaa-4aaa-8aaa-%012d", n)
		s.Groups = map[string]conditional.Nesting{}
		for g := range 2000 {
			s.Groups[groupID(1000+g)] = conditional.Nesting(g % 2)
		}
		subjects = append(subjects, &s)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, s := range subjects {
			for _, p := range list {
				conditional.Evaluate(p, s, &set)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/tenant")
}

func groupID(n int) string { return fmt.Sprintf("d0000000-0000-4000-8000-%012d", n) }
