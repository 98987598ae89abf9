package detect

import (
	"slices"
	"strings"

	"glasswatch/shared/entra"
)

func accountChanged() Rule {
	return Rule{
		ID:       "account-changed",
		Title:    "Somebody changed the account: its password, methods, roles, groups, state or attributes.",
		Why:      "Resetting an emergency account is how an intruder takes it over, and how an administrator breaks it by mistake (MITRE ATT&CK T1098).",
		Means:    "The account may have a new owner, or may no longer work. Break-glass accounts change only when you plan it.",
		Do:       []string{"Ask the person named here whether the change was planned.", "If not: undo it from another administrator's account, and replace the account's credentials.", "Afterwards prove by a drill that the account still works."},
		Severity: Critical,
		Grades:   "high for licences and plain attributes",
		Holds: func(c Case) (Severity, bool) {
			holds := c.Event.Kind == entra.KindAudit && len(c.targets()) > 0
			if isPlainChange(c.audit()) {
				return High, holds
			}
			return Critical, holds
		},
		Say: func(c Case) (string, string) {
			whom := strings.Join(c.targets(), " and ")
			by := " by " + c.actor()
			if c.actor() == whom {
				by = " by itself"
			}
			return happened(c, whom), by + c.attempted()
		},
	}
}

// targets lists the labels of the watched accounts that an audit record was about.
func (c Case) targets() []string {
	var labels []string
	add := func(label string) {
		if label = name(label); !slices.Contains(labels, label) {
			labels = append(labels, label)
		}
	}
	for _, p := range c.Event.Record.Parties {
		if p.Role == entra.RoleActor {
			continue
		}
		if account, _, watched := c.Setting.Accounts.Match(p); watched {
			add(account.Label())
		}
	}
	// The account may have left the settings since, or the record come back without its details.
	if len(labels) == 0 && c.Event.Account != "" && c.Event.Role != entra.RoleActor {
		add(c.Setting.Accounts.Label(c.Event.Account))
	}
	return labels
}

// plainActivities change nothing by which an account signs in or what it may do, in lower case.
var plainActivities = []string{"change user license", "set user manager", "remove user manager", "update user manager", "set user photo"}

// plainAttributes may change in "Update user" without being told as critical, in lower case.
// Everything that is not here may be a way in: mobile numbers and other mail addresses are used to
// reset passwords.
var plainAttributes = []string{
	"displayname", "givenname", "surname", "jobtitle", "department", "companyname", "physicaldeliveryofficename", "officelocation",
	"streetaddress", "city", "state", "postalcode", "country", "preferredlanguage", "usagelocation", "employeeid", "employeetype",
	"employeehiredate", "manager", "thumbnailphoto", "assignedlicense", "assignedplan", "licenseassignmentdetail", "provisionedplan",
	// These only describe the change itself.
	"targetid.usertype", "action client name",
}

func isPlainChange(a *entra.Audit) bool {
	activity := strings.ToLower(strings.TrimSpace(a.Activity))
	if slices.Contains(plainActivities, activity) {
		return true
	}
	if activity != "update user" || len(a.Changes) == 0 {
		return false
	}
	for _, change := range a.Changes {
		attribute := strings.ToLower(strings.TrimSpace(change.Name))
		if attribute == "included updated properties" {
			for listed := range strings.SplitSeq(change.New, ",") {
				if listed = strings.ToLower(strings.Trim(listed, ` "[]`)); listed != "" && !slices.Contains(plainAttributes, listed) {
					return false
				}
			}
			continue
		}
		if !slices.Contains(plainAttributes, attribute) {
			return false
		}
	}
	return true
}

// happenings says in words what the commonest activities did. The first whose parts are all in
// the activity's name, in lower case, is used. % stands for the account, a word in {} for a detail
// of the record.
var happenings = []struct {
	parts []string
	words string
}{
	{[]string{"temporary access pass", "delete"}, "Temporary Access Pass of % was removed"},
	{[]string{"temporary access pass"}, "Temporary Access Pass was created for %"},
	{[]string{"deleted", "security info"}, "Authentication method of % was removed"},
	{[]string{"updated", "security info"}, "Authentication method of % was changed"},
	{[]string{"changed default", "security info"}, "Default authentication method of % was changed"},
	{[]string{"started", "security info"}, "Registration of an authentication method on % was begun"},
	{[]string{"security info"}, "Authentication method was registered on %"},
	{[]string{"delete", "credential"}, "Authentication method of % was removed"},
	{[]string{"delete", "fido2"}, "Security key of % was removed"},
	{[]string{"delete", "passkey"}, "Passkey of % was removed"},
	{[]string{"fido2"}, "Security key was registered on %"},
	{[]string{"passkey"}, "Passkey was registered on %"},
	{[]string{"add", "credential"}, "Authentication method was registered on %"},
	{[]string{"disable strong authentication"}, "Multifactor authentication of % was switched off"},
	{[]string{"enable strong authentication"}, "Multifactor authentication of % was switched on"},
	{[]string{"reset", "password"}, "Password of % was reset"},
	{[]string{"change", "password"}, "Password of % was changed"},
	{[]string{"disable account"}, "Break-glass account % was disabled"},
	{[]string{"enable account"}, "Break-glass account % was enabled"},
	{[]string{"hard delete user"}, "Break-glass account % was deleted for good"},
	{[]string{"delete user"}, "Break-glass account % was deleted"},
	{[]string{"restore user"}, "Break-glass account % was restored"},
	{[]string{"add user"}, "Break-glass account % was created"},
	{[]string{"change user license"}, "Licence of % was changed"},
	{[]string{"stsrefreshtokenvalidfrom"}, "Sessions of % were revoked"},
	{[]string{"remove", "member from role"}, "Role {role} was taken from %"},
	{[]string{"remove eligible member"}, "Eligibility for role {role} was taken from %"},
	{[]string{"add eligible member"}, "Eligibility for role {role} was given to %"},
	{[]string{"add member to role"}, "Role {role} was given to %"},
	{[]string{"remove member from group"}, "Break-glass account % was removed from group {group}"},
	{[]string{"add member to group"}, "Break-glass account % was added to group {group}"},
	{[]string{"administrative unit", "add"}, "Break-glass account % was put into an administrative unit"},
	{[]string{"administrative unit", "remove"}, "Break-glass account % was taken out of an administrative unit"},
	{[]string{"update user"}, "Break-glass account % was updated ({attributes})"},
	{[]string{"confirmaccountcompromised"}, "Break-glass account % was confirmed compromised"},
	{[]string{"dismissuser"}, "Risk of % was dismissed"},
}

func happened(c Case, whom string) string {
	activity := strings.ToLower(c.audit().Activity)
	words := "Break-glass account % was changed: {activity}"
	for _, h := range happenings {
		if !slices.ContainsFunc(h.parts, func(part string) bool { return !strings.Contains(activity, part) }) {
			words = h.words
			break
		}
	}
	if len(c.targets()) > 1 {
		words = strings.Replace(words, "account % was", "accounts % were", 1)
	}
	// One pass, so that nothing that a record says is taken for a placeholder.
	return strings.NewReplacer(
		"%", whom,
		"{role}", c.changeValue("Role.DisplayName", "Role.TemplateId"),
		"{group}", c.changeValue("Group.DisplayName", "Group.ObjectID"),
		"{attributes}", c.attributes(),
		"{activity}", activityName(c.audit()),
	).Replace(words)
}

// changeValue is the value of the first of these modified properties: the new one when something
// was added, the old one when it was removed.
func (c Case) changeValue(properties ...string) string {
	for _, property := range properties {
		for _, change := range c.audit().Changes {
			if !strings.EqualFold(strings.TrimSpace(change.Name), property) {
				continue
			}
			if v := firstOf(strings.Trim(change.New, `"`), strings.Trim(change.Old, `"`)); v != "" {
				return v
			}
		}
	}
	return "without a name"
}

func (c Case) attributes() string {
	var changed []string
	for _, change := range c.audit().Changes {
		attribute := firstOf(change.Name)
		lower := strings.ToLower(attribute)
		if attribute != "" && lower != "included updated properties" && lower != "targetid.usertype" && lower != "action client name" {
			changed = append(changed, attribute)
		}
	}
	if len(changed) == 0 {
		return "no attribute named"
	}
	return Clip(strings.Join(changed[:min(len(changed), 4)], ", "), clauseLength)
}

// activityName is what the log calls what was done.
func activityName(a *entra.Audit) string {
	if n := firstOf(a.Activity); n != "" {
		return n
	}
	return "an activity without a name"
}

// targetNames lists the first few targets, as people know them.
func (c Case) targetNames() string {
	var names []string
	for _, n := range c.audit().TargetNames {
		if n = name(n); n != "" && len(names) < 3 {
			names = append(names, n)
		}
	}
	return strings.Join(names, ", ")
}
