package detect

import (
	"strings"

	"glasswatch/shared/entra"
)

func accountActed() Rule {
	return Rule{
		ID:       "account-acted",
		Title:    "The account did something: in the directory, through Graph, or in Azure.",
		Why:      "What an emergency account does must be explained step by step (Microsoft: Manage emergency access accounts, post-mortem of each use).",
		Means:    "The account is being used at this moment. In an emergency this is the repair; otherwise it is the intruder at work.",
		Do:       []string{"Compare with what the custodian says he is doing.", "If it does not fit: revoke the account's sessions, then undo what was done.", "Keep the incident open until every action is explained."},
		Severity: High,
		Grades:   "critical for privileged operations: roles, policies, credentials, consent, owners, deletions, writes through Graph or Azure",
		Holds: func(c Case) (Severity, bool) {
			_, holds := c.acting()
			if isPrivileged(c) {
				return Critical, holds
			}
			return High, holds
		},
		Say: func(c Case) (string, string) {
			who, _ := c.acting()
			return "Break-glass account acted", ": " + who + ": " + deed(c) + c.attempted()
		},
	}
}

// acting names the watched account that did what the record tells. The record has the first word:
// the same event stands in the stream of every account that it names.
func (c Case) acting() (who string, acts bool) {
	audit := c.Event.Kind == entra.KindAudit
	if !audit && c.Event.Kind != entra.KindGraphActivity && c.Event.Kind != entra.KindAzureActivity {
		return "", false
	}
	for _, p := range c.Event.Record.Parties {
		if account, _, watched := c.Setting.Accounts.Match(p); watched && (p.Role == entra.RoleActor || !audit) {
			return name(account.Label()), true
		}
	}
	// The account may have left the settings since, or the record come back without its details.
	return c.who(), c.Event.Account != "" && (!audit || c.Event.Role == entra.RoleActor)
}

// deed says what was done.
func deed(c Case) string {
	switch a := c.activity(); c.Event.Kind {
	case entra.KindGraphActivity:
		method, uri := firstOf(a.Method, "a call to"), Clip(a.URI, clauseLength)
		if uri == "" {
			uri = "Microsoft Graph"
		}
		return method + " " + uri + outcome(a)
	case entra.KindAzureActivity:
		return firstOf(a.Operation, c.Event.Record.Operation, "an operation without a name") + " on " + lastSegments(resourceOf(c.Event.Record)) + outcome(a)
	default:
		words := activityName(c.audit())
		if names := c.targetNames(); names != "" {
			words += " (" + names + ")"
		}
		return words
	}
}

func outcome(a *entra.Activity) string {
	if s := firstOf(a.Status); s != "" {
		return " (" + s + ")"
	}
	return ""
}

// privilegedWords are parts of the names and categories of audit activities by which an account
// gives rights or takes them, in lower case.
var privilegedWords = []string{
	"role", "polic", "password", "credential", "secret", "certificate", "consent", "permission", "delegated", "oauth2",
	"service principal", "application", "owner", "security info", "authentication", "fido2", "passkey", "temporary access pass",
	"federat", "domain", "named location", "conditional access", "delete", "disable", "elevated", "partner", "cross-tenant",
	"stsrefreshtoken", "administrative unit", "authorization", "security defaults", "pim", "diagnostic", "compromised",
}

// graphReads are ends of Graph paths that change nothing although the method is POST, in lower
// case. The requests of a batch are logged each on their own (Microsoft Graph activity logs:
// operationId is the same for all requests of a batch).
var graphReads = []string{
	"/$batch", "/getbyids", "/getmembergroups", "/getmemberobjects", "/checkmembergroups", "/checkmemberobjects",
	"/search/query", "/validateproperties",
}

func isPrivileged(c Case) bool {
	a := c.activity()
	switch c.Event.Kind {
	case entra.KindAudit:
		return containsAny(strings.ToLower(c.audit().Activity+" "+c.audit().AuditCategory), privilegedWords)
	case entra.KindGraphActivity:
		switch strings.ToUpper(strings.TrimSpace(a.Method)) {
		case "GET", "HEAD", "OPTIONS":
			return false
		case "POST":
			path, _, _ := strings.Cut(strings.ToLower(a.URI), "?")
			for _, read := range graphReads {
				if strings.HasSuffix(strings.TrimRight(path, "/"), read) {
					return false
				}
			}
		}
		return true
	case entra.KindAzureActivity:
		// The Activity Log holds no reads; what is not named is not known to be harmless.
		return !strings.HasSuffix(strings.ToLower(strings.TrimSpace(a.Operation)), "/read")
	default:
		return false
	}
}
