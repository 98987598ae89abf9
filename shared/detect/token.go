package detect

import (
	"strings"

	"glasswatch/shared/breakglass"
	"glasswatch/shared/entra"
)

func legacyAuth() Rule {
	return Rule{
		ID:       "legacy-auth",
		Title:    "The account was tried over a legacy protocol or with a password sent by a program.",
		Why:      "Legacy protocols and the resource owner password flow know no second factor; custodians never use them (Microsoft: Block legacy authentication).",
		Means:    "A program is trying this account with a password only. No custodian signs in like this.",
		Do:       []string{"If it succeeded: revoke the account's sessions and replace its credentials now.", "Block legacy authentication for the tenant, without excluding this account.", "Look for the same address on other accounts."},
		Severity: Critical,
		Holds: func(c Case) (Severity, bool) {
			return Critical, isSignIn(c.Event.Kind) && isLegacy(c.signIn())
		},
		Say: func(c Case) (string, string) {
			by := firstOf(c.signIn().ClientApp)
			if isROPC(c.signIn()) {
				by = "a password sent by a program (ROPC)"
			}
			emphasis := "Legacy sign-in to a break-glass account attempted"
			if c.Event.Outcome == breakglass.OutcomeSuccess {
				emphasis = "Legacy sign-in to a break-glass account succeeded"
			}
			return emphasis, ": " + c.who() + scene(c.signIn()) + ", by " + by + ": " + result(c.Event)
		},
	}
}

// legacyClients are parts of the values of clientAppUsed that Microsoft counts as legacy
// authentication ("Conditional Access: Block legacy authentication"), in lower case.
var legacyClients = []string{
	"activesync", "imap", "pop3", "smtp", "mapi", "exchange web services", "exchange online powershell",
	"autodiscover", "offline address book", "outlook anywhere", "outlook service", "reporting web services",
	"universal outlook", "other clients", "older office",
}

func isLegacy(s *entra.SignIn) bool {
	client := strings.ToLower(strings.TrimSpace(s.ClientApp))
	return isROPC(s) || client == "pop" || containsAny(client, legacyClients)
}

func tokenUse() Rule {
	return Rule{
		ID:       "token-use",
		Title:    "A session of the account was used without anybody typing.",
		Why:      "Refreshes and further applications show how far a session is used, and a stolen token shows up as a new address (MITRE ATT&CK T1550.001).",
		Means:    "A session of this account is alive. If its sign-in was explained, this is its echo; a new address or country may be a stolen token.",
		Do:       []string{"Compare address and application with the sign-in that began the session.", "If they do not belong together: revoke the account's sessions."},
		Severity: High,
		Grades:   "high for the first of a session, application, address or country within 24 hours, else info",
		Holds: func(c Case) (Severity, bool) {
			if !isTokenSuccess(c.Event) {
				return Info, false
			}
			if len(newToSession(c)) > 0 {
				return High, true
			}
			return Info, true
		},
		Say: func(c Case) (string, string) {
			rest := ": " + c.who() + scene(c.signIn())
			var fresh []string
			for _, t := range newToSession(c) {
				fresh = append(fresh, "new "+string(t))
			}
			if len(fresh) > 0 {
				rest += " (" + strings.Join(fresh, ", ") + ")"
			}
			return "Break-glass session used", rest
		},
	}
}

// newToSession lists what is new about a token's use. The device is left out: it comes and goes
// in these records.
func newToSession(c Case) []Trait {
	var fresh []Trait
	for _, t := range c.History.unseen(c.Event) {
		if t != TraitDevice {
			fresh = append(fresh, t)
		}
	}
	return fresh
}

func tokenExpired() Rule {
	return Rule{
		ID:       "token-expired",
		Title:    "A session of the account ended.",
		Why:      "Expiry and revocation (50173, 70008 and the like) are expected after a password change or a revocation.",
		Means:    "A program still held a session of this account and was turned away.",
		Do:       []string{"Nothing, if the session was known."},
		Severity: Info,
		Holds: func(c Case) (Severity, bool) {
			return Info, isSignIn(c.Event.Kind) && classOf(c.Event) == breakglass.ClassTokenExpired
		},
		Say: func(c Case) (string, string) {
			return "Break-glass session ended", ": " + c.who() + scene(c.signIn()) + "; " + result(c.Event)
		},
	}
}

func risk() Rule {
	return Rule{
		ID:       "risk",
		Title:    "Entra ID Protection sees the account at risk, or its risk changed.",
		Why:      "Leaked credentials, sprays and anomalous tokens are seen here first (Microsoft Entra ID Protection; needs a P2 licence).",
		Means:    "Microsoft's own detection points at this account. A change to a lower risk is told too: an intruder may have dismissed it.",
		Do:       []string{"Look at the sign-ins that the detection names.", "Unless explained: replace the account's credentials.", "See who dismissed or confirmed a risk."},
		Severity: High,
		Grades:   "critical if confirmed compromised",
		Holds: func(c Case) (Severity, bool) {
			holds := c.Event.Kind == entra.KindRiskyUser || c.Event.Kind == entra.KindRiskEvent
			if isConfirmedCompromised(c.risk()) {
				return Critical, holds
			}
			return High, holds
		},
		Say: func(c Case) (string, string) {
			r := c.risk()
			if isConfirmedCompromised(r) {
				return "Break-glass account confirmed compromised", ": " + c.who()
			}
			what := firstOf(r.EventType, r.Detail, "no detail")
			return "Risk of a break-glass account", ": " + c.who() + ", " + what + ", level " + firstOf(r.Level, "unknown") + ", state " + firstOf(r.State, "unknown")
		},
	}
}

func isConfirmedCompromised(r *entra.Risk) bool {
	return strings.EqualFold(r.State, "confirmedCompromised") || strings.EqualFold(r.Detail, "adminConfirmedUserCompromised")
}

func unparsed() Rule {
	return Rule{
		ID:       "unparsed",
		Title:    "A log record could not be read, or is of a kind that Glasswatch does not know.",
		Why:      "What cannot be read may be about a break-glass account; it is kept as it came (promise P1).",
		Means:    "Glasswatch cannot say what this record means. It is stored whole and may hide a use of an account.",
		Do:       []string{"Open the event and read the stored record.", "If it looks like a real log record: report it, so that Glasswatch learns to read it."},
		Severity: Medium,
		Holds: func(c Case) (Severity, bool) {
			return Medium, c.Event.Kind == entra.KindUnparsed
		},
		Say: func(c Case) (string, string) {
			if c.Event.Account != "" {
				category := firstOf(c.Event.Record.Category, c.Event.Record.Operation, "unknown")
				return "A log of an unknown kind names a break-glass account", ": " + c.who() + ", category " + category
			}
			reason := Clip(c.Event.DamageReason, clauseLength)
			if reason == "" {
				reason = "of an unknown kind"
			}
			return "A log message could not be read", ": " + reason
		},
	}
}
