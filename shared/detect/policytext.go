package detect

import (
	"encoding/json"
	"slices"
	"strings"
)

// policyText is what a Conditional Access policy says about whom it applies to, as it stands in
// an audit record's modified property ConditionalAccessPolicy.
type policyText struct {
	DisplayName string `json:"displayName"`
	State       string `json:"state"`
	Conditions  struct {
		Users struct {
			IncludeUsers  []string `json:"includeUsers"`
			IncludeGroups []string `json:"includeGroups"`
			IncludeRoles  []string `json:"includeRoles"`
			ExcludeUsers  []string `json:"excludeUsers"`
			ExcludeGroups []string `json:"excludeGroups"`
			ExcludeRoles  []string `json:"excludeRoles"`
		} `json:"users"`
	} `json:"conditions"`
}

// readPolicy reads a policy. Known is false if there is none or it cannot be read.
func readPolicy(text string) (p policyText, known bool) {
	text = strings.TrimSpace(text)
	var inner string
	if strings.HasPrefix(text, `"`) && json.Unmarshal([]byte(text), &inner) == nil {
		text = inner
	}
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		return policyText{}, false
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return policyText{}, false
	}
	return p, true
}

func (p policyText) enabled() bool { return strings.EqualFold(p.State, "enabled") }

// inForce is false only for a policy that plainly says that it is off or only reports.
func (p policyText) inForce() bool {
	return !strings.EqualFold(p.State, "disabled") && !strings.EqualFold(p.State, "enabledForReportingButNotEnforced")
}

// excludes says whether the policy names the account, or one of the groups that hold the
// break-glass accounts, among those it does not apply to.
func (p policyText) excludes(account string, groups []string) bool {
	return containsFold(p.Conditions.Users.ExcludeUsers, account) ||
		slices.ContainsFunc(groups, func(g string) bool { return containsFold(p.Conditions.Users.ExcludeGroups, g) })
}

// reaches says whether the policy includes the account beyond doubt: it names all users or the
// account, and excludes nobody at all.
func (p policyText) reaches(account string) bool {
	u := p.Conditions.Users
	return p.enabled() && len(u.ExcludeUsers)+len(u.ExcludeGroups)+len(u.ExcludeRoles) == 0 &&
		(containsFold(u.IncludeUsers, "All") || containsFold(u.IncludeUsers, account))
}

// spares says whether the policy leaves the account alone beyond doubt: it is off, or names the
// account itself as excluded, or lists the users it is for and the account is not among them.
func (p policyText) spares(account string) bool {
	u := p.Conditions.Users
	listed := len(u.IncludeUsers) > 0 && len(u.IncludeGroups)+len(u.IncludeRoles) == 0 &&
		!containsFold(u.IncludeUsers, "All") && !containsFold(u.IncludeUsers, account)
	return !p.inForce() || containsFold(u.ExcludeUsers, account) || listed
}

func containsFold(list []string, wanted string) bool {
	wanted = strings.TrimSpace(wanted)
	return wanted != "" && slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), wanted) })
}
