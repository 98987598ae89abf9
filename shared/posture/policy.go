package posture

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"glasswatch/shared/conditional"
)

// Policy is what checks compare with where organisations differ. Make one with ParsePolicy, and
// set the fields that come from other settings.
type Policy struct {
	MostAccounts         int      // how many break-glass accounts are too many beyond
	FewestAdministrators int      // Global Administrators, all together
	MostAdministrators   int      // beyond this many the check fails
	ManyAdministrators   int      // from this many on it warns
	AllowedRoles         []string // template ids of roles that the accounts may hold besides Global Administrator
	AllowedConsents      []string // client ids of applications that may have the accounts' consent
	OwnerPolicy          string   // forbid, require or ignore: may an account have a manager and personal attributes
	ScopedAdministrators []string // object ids that may administer the accounts' restricted administrative unit

	Mode              conditional.Mode // setting CONDITIONAL_ACCESS_MODE
	DedicatedPolicies []string         // setting DEDICATED_POLICIES
	ExclusionGroups   []string         // setting EXCLUSION_GROUPS
}

// DefaultPolicy is what holds without POSTURE_POLICY: Microsoft's and CISA's numbers.
func DefaultPolicy() Policy {
	return Policy{
		MostAccounts: 4, FewestAdministrators: 2, MostAdministrators: 8, ManyAdministrators: 5,
		OwnerPolicy: "ignore", Mode: conditional.Strict,
	}
}

// ParsePolicy reads the setting POSTURE_POLICY, a JSON object; empty means the defaults. Every
// problem is a sentence; a field with a problem keeps its default, so that a typing error never
// loosens a check.
func ParsePolicy(raw []byte) (Policy, []string) {
	p := DefaultPolicy()
	if len(raw) == 0 {
		return p, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return p, []string{"POSTURE_POLICY is no JSON object; the defaults hold."}
	}
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if expects := p.set(name, fields[name]); expects != "" {
			problems = append(problems, fmt.Sprintf("POSTURE_POLICY: %.60s %s; it has no effect.", name, expects))
		}
	}
	if p.FewestAdministrators > p.MostAdministrators {
		d := DefaultPolicy()
		p.FewestAdministrators, p.MostAdministrators = d.FewestAdministrators, d.MostAdministrators
		problems = append(problems, "POSTURE_POLICY: fewestAdministrators is more than mostAdministrators; the defaults hold.")
	}
	return p, problems
}

// set takes one field, and says what it expects if the value is not that.
func (p *Policy) set(name string, value json.RawMessage) (expects string) {
	number := func(into *int) string {
		var n int
		if json.Unmarshal(value, &n) != nil || n < 1 || n > 1000 {
			return "is no number from 1 to 1000"
		}
		*into = n
		return ""
	}
	list := func(into *[]string) string {
		var ids []string
		if json.Unmarshal(value, &ids) != nil {
			return "is no list of ids"
		}
		for n := range ids {
			ids[n] = strings.ToLower(strings.TrimSpace(ids[n]))
		}
		*into = ids
		return ""
	}
	switch name {
	case "mostAccounts":
		return number(&p.MostAccounts)
	case "fewestAdministrators":
		return number(&p.FewestAdministrators)
	case "mostAdministrators":
		return number(&p.MostAdministrators)
	case "manyAdministrators":
		return number(&p.ManyAdministrators)
	case "allowedRoles":
		return list(&p.AllowedRoles)
	case "allowedConsents":
		return list(&p.AllowedConsents)
	case "scopedAdministrators":
		return list(&p.ScopedAdministrators)
	case "ownerPolicy":
		var word string
		if json.Unmarshal(value, &word) != nil || !slices.Contains([]string{"forbid", "require", "ignore"}, word) {
			return "is none of forbid, require and ignore"
		}
		p.OwnerPolicy = word
		return ""
	default:
		return "is not known"
	}
}
