package posture

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"glasswatch/shared/conditional"
)

// Fingerprint is what is kept of a snapshot to tell tomorrow what has changed.
type Fingerprint struct {
	At       time.Time     `json:"at"`
	Blind    bool          `json:"blind,omitempty"` // policies, groups or memberships had not been read
	Policies []PolicyPrint `json:"policies"`        // sorted by id
	Groups   []GroupPrint  `json:"groups"`          // sorted by id
}

// PolicyPrint is what is kept of an enabled policy.
type PolicyPrint struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Hash     string         `json:"hash"`     // of whom it is for, with lists sorted
	Accounts []AccountPrint `json:"accounts"` // sorted by id
}

// AccountPrint is what a policy did to an account.
type AccountPrint struct {
	ID      string `json:"id"`
	Harm    int    `json:"harm"` // conditional.Result.Harm
	Because string `json:"because"`
}

// GroupPrint is who was in an exclusion group.
type GroupPrint struct {
	ID      string   `json:"id"`
	Members []string `json:"members"` // sorted
}

// TakeFingerprint makes the fingerprint of a snapshot.
func TakeFingerprint(s Snapshot, p Policy) Fingerprint {
	f := Fingerprint{At: s.At, Blind: !s.Policies.Read || !s.Groups.Read, Policies: []PolicyPrint{}, Groups: []GroupPrint{}}
	by := map[string]*PolicyPrint{}
	for n := range s.Policies.Value {
		policy := &s.Policies.Value[n]
		if policy.State == conditional.Enabled {
			by[policy.ID] = &PolicyPrint{policy.ID, policy.DisplayName, usersHash(policy.Conditions.Users), []AccountPrint{}}
		}
	}
	for _, a := range s.Accounts {
		f.Blind = f.Blind || !a.Memberships.Read && !a.gone()
	}
	for _, v := range s.verdicts(p, conditional.Enabled) {
		kept := by[v.PolicyID]
		kept.Accounts = append(kept.Accounts, AccountPrint{v.account.ID, v.Harm(), v.Because})
	}
	for _, kept := range by {
		slices.SortFunc(kept.Accounts, func(x, y AccountPrint) int { return strings.Compare(x.ID, y.ID) })
		f.Policies = append(f.Policies, *kept)
	}
	for _, g := range s.Groups.Value {
		members := []string{}
		for _, m := range g.Members {
			members = append(members, m.ID)
		}
		slices.Sort(members)
		f.Groups = append(f.Groups, GroupPrint{g.ID, members})
	}
	slices.SortFunc(f.Policies, func(x, y PolicyPrint) int { return strings.Compare(x.ID, y.ID) })
	slices.SortFunc(f.Groups, func(x, y GroupPrint) int { return strings.Compare(x.ID, y.ID) })
	return f
}

// usersHash is the same for lists in another order.
func usersHash(u conditional.Users) string {
	for _, list := range []*conditional.List{
		&u.IncludeUsers, &u.ExcludeUsers, &u.IncludeGroups, &u.ExcludeGroups, &u.IncludeRoles, &u.ExcludeRoles,
		&u.IncludeGuests.Kinds, &u.ExcludeGuests.Kinds, &u.IncludeGuests.Tenants.Members, &u.ExcludeGuests.Tenants.Members,
	} {
		*list = slices.Sorted(slices.Values(*list))
	}
	text, err := json.Marshal(u)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
