package detect

import (
	"slices"
	"strings"

	"glasswatch/shared/entra"
)

func exclusionGroupChanged() Rule {
	return Rule{
		ID:       "exclusion-group-changed",
		Title:    "An exclusion group, or its members or owners, changed.",
		Why:      "Whoever is in the group escapes Conditional Access; whoever is taken out of it is locked out (MITRE ATT&CK T1556.009).",
		Means:    "A new member or owner may be a back door around every policy; a removed break-glass account is locked out.",
		Do:       []string{"Ask the administrator named here whether the change was meant.", "Undo it: only the break-glass accounts belong in this group, and nobody should own it.", "If it was not meant: treat the administrator's account as compromised."},
		Severity: Critical,
		Tenant:   true,
		Holds: func(c Case) (Severity, bool) {
			return Critical, c.Event.Kind == entra.KindAudit && touchesGroup(c.Event.Record, c.Setting.ExclusionGroups)
		},
		Say: func(c Case) (string, string) {
			rest := ": " + activityName(c.audit()) + " by " + c.actor()
			if names := c.targetNames(); names != "" {
				rest = ": " + activityName(c.audit()) + " (" + names + ") by " + c.actor()
			}
			return "Exclusion group of the break-glass accounts changed", rest + c.attempted()
		},
	}
}

// touchesGroup says whether one of the groups stands in the record where a group belongs: as a
// target, or as the group's id among the changes of a member.
func touchesGroup(rec entra.Record, groups []string) bool {
	for _, p := range rec.Parties {
		if p.Role == entra.RoleTarget && containsFold(groups, p.ObjectID) {
			return true
		}
	}
	if rec.Audit == nil {
		return false
	}
	return slices.ContainsFunc(rec.Audit.Changes, func(change entra.Change) bool {
		return containsFold(groups, change.Target) || strings.EqualFold(strings.TrimSpace(change.Name), "Group.ObjectID") &&
			(containsFold(groups, change.Old) || containsFold(groups, change.New))
	})
}

func monitoringChanged() Rule {
	return Rule{
		ID:       "monitoring-changed",
		Title:    "Something that Glasswatch itself depends on was changed or deleted.",
		Why:      "Whoever deletes the diagnostic setting, the hub, the storage or the app blinds the watch first (MITRE ATT&CK T1562.008).",
		Means:    "Unless this was your own deployment, somebody is switching the watch off. What happens next may not be seen.",
		Do:       []string{"Ask the administrator named here whether it was a planned deployment.", "If not: check that the Entra diagnostic setting and the event hub still stand, with `glasswatch doctor`.", "Look in the Entra portal itself at what the accounts have done since."},
		Severity: Critical,
		Tenant:   true,
		Holds: func(c Case) (Severity, bool) {
			return Critical, touchesMonitoring(c.Event.Record, c.Setting.ResourceIDs)
		},
		Say: func(c Case) (string, string) {
			if c.Event.Kind == entra.KindAudit {
				return "Glasswatch's own identity was changed", ": " + activityName(c.audit()) + " by " + c.actor() + c.attempted()
			}
			resource := resourceOf(c.Event.Record)
			operation := firstOf(c.activity().Operation, c.Event.Record.Operation)
			emphasis := "Something Glasswatch depends on was changed"
			if strings.HasSuffix(strings.ToLower(operation), "/delete") {
				emphasis = "Something Glasswatch depends on was deleted"
			}
			return emphasis, ": " + lastSegments(resource) + " by " + c.actor() + " (" + operation + status(c.activity()) + ")"
		},
	}
}

func resourceOf(rec entra.Record) string {
	if rec.Activity != nil && strings.TrimSpace(rec.Activity.ResourceID) != "" {
		return rec.Activity.ResourceID
	}
	return rec.ResourceID
}

func status(a *entra.Activity) string {
	if s := firstOf(a.Status); s != "" {
		return ", " + s
	}
	return ""
}

// lastSegments is the end of a resource id that people recognise it by.
func lastSegments(resource string) string {
	parts := strings.Split(strings.Trim(resource, "/"), "/")
	if last := firstOf(strings.Join(parts[max(0, len(parts)-2):], "/")); last != "" {
		return last
	}
	return "a resource without a name"
}

// touchesMonitoring says whether an Azure operation changes what Glasswatch depends on, or an
// audit record is about one of its own directory objects.
func touchesMonitoring(rec entra.Record, own []string) bool {
	switch rec.Kind {
	case entra.KindAudit:
		return slices.ContainsFunc(rec.Parties, func(p entra.Party) bool {
			return p.Role == entra.RoleTarget && containsFold(own, p.ObjectID)
		})
	case entra.KindAzureActivity:
		if rec.Activity == nil {
			return false
		}
		return changesOwn(firstNonEmpty(rec.Activity.Operation, rec.Operation), resourceOf(rec), own)
	default:
		return false
	}
}

// changesOwn decides by the operation's name and the resource it was done to. Reading a key
// (list…/action) changes nothing and happens each time somebody opens the portal.
func changesOwn(operation, resource string, own []string) bool {
	operation = strings.ToLower(strings.Trim(strings.TrimSpace(operation), "/"))
	resource = strings.ToLower(strings.TrimRight(strings.TrimSpace(resource), "/"))
	parts := strings.Split(operation, "/")
	verb := parts[len(parts)-1]
	switch verb {
	case "write", "delete":
	case "action":
		if len(parts) > 1 && strings.HasPrefix(parts[len(parts)-2], "list") {
			return false
		}
	default:
		return false
	}
	if strings.HasPrefix(operation, "microsoft.aadiam/diagnosticsettings/") {
		return true
	}
	extension := strings.HasPrefix(operation, "microsoft.insights/diagnosticsettings/") ||
		strings.HasPrefix(operation, "microsoft.authorization/locks/")
	scope := resource
	if i := strings.LastIndex(resource, "/providers/"); extension && i >= 0 {
		scope = resource[:i]
	}
	return slices.ContainsFunc(own, func(id string) bool {
		id = strings.ToLower(strings.TrimRight(strings.TrimSpace(id), "/"))
		if id == "" || scope == "" {
			return false
		}
		within := resource == id || strings.HasPrefix(resource, id+"/")
		around := id == scope || strings.HasPrefix(id, scope+"/")
		return within || around && (extension || verb == "delete")
	})
}

func policyChanged() Rule {
	return Rule{
		ID:       "policy-changed",
		Title:    "A Conditional Access, authentication-method, authorisation or federation policy changed.",
		Why:      "Such changes decide how everybody signs in, the break-glass accounts included (Microsoft: Protect against changes of Conditional Access).",
		Means:    "No effect on the break-glass accounts was found, or it was an attempt only. The next posture run checks them again.",
		Do:       []string{"If nobody knows of the change: ask the administrator named here.", "See the posture page for what it means to the accounts."},
		Severity: Medium,
		Tenant:   true,
		Holds: func(c Case) (Severity, bool) {
			return Medium, c.Event.Kind == entra.KindAudit && changesPolicy(c.audit())
		},
		Say: func(c Case) (string, string) {
			what := activityName(c.audit())
			if target := c.target(); target != "" {
				what += " (" + target + ")"
			}
			return "Policy changed", ": " + what + " by " + c.actor() + c.attempted()
		},
	}
}

// policySubjects are parts of the names of audit activities that change how people sign in, in
// lower case (Microsoft: Microsoft Entra audit log categories and activities).
var policySubjects = []string{
	"conditional access", "named location", "authentication methods policy", "authentication method policy",
	"authentication strength", "authorization policy", "security defaults", "password policy", "continuous access evaluation",
	"certificatebasedauth", "cross-tenant access", "domain authentication", "federation settings", "identityprotection policy",
	"identityprotectionpolicy", "user risk and mfa registration policy", "authentication context",
}

// changeVerbs begin the names of activities that change something.
var changeVerbs = []string{"add", "create", "update", "delete", "remove", "set", "reset", "enable", "disable", "restore", "import", "hard delete", "patch"}

func changesPolicy(a *entra.Audit) bool {
	activity := strings.ToLower(strings.TrimSpace(a.Activity))
	if isConditionalAccess(a) || containsAny(activity, policySubjects) {
		return true
	}
	// Core Directory tells of the same changes as "Update policy". Other activities of the
	// category, such as accepting terms of use, change nothing.
	isChange := slices.ContainsFunc(changeVerbs, func(verb string) bool { return strings.HasPrefix(activity, verb+" ") })
	return isChange && (a.TargetIsPolicy || strings.EqualFold(a.AuditCategory, "Policy"))
}
