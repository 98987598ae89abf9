package detect

import (
	"fmt"
	"strings"
	"time"

	"glasswatch/shared/breakglass"
	"glasswatch/shared/entra"
)

const (
	alarmingFailures = 3                // failures before a success that make it a guess
	patience         = 10 * time.Minute // within which an interrupted sign-in should be finished
)

func isSignIn(k entra.Kind) bool {
	return k == entra.KindSignIn || k == entra.KindNonInteractiveSignIn || k == entra.KindServicePrincipalSignIn
}

// classOf is the class of a sign-in's code. The outcome has the last word on success, because an
// event without a readable code must not pass for one.
func classOf(e breakglass.Event) breakglass.Class {
	class := breakglass.LookUp(e.ErrorCode).Class
	switch {
	case e.Outcome == breakglass.OutcomeSuccess:
		return breakglass.ClassSuccess
	case class == breakglass.ClassSuccess:
		return breakglass.ClassFailure
	default:
		return class
	}
}

// isROPC says whether a password was sent by a program. Such sign-ins are filed as
// non-interactive, although credentials were presented.
func isROPC(s *entra.SignIn) bool { return strings.EqualFold(strings.TrimSpace(s.Protocol), "ropc") }

// isCredentialSuccess says whether somebody got in with credentials, and not by an earlier session.
func isCredentialSuccess(e breakglass.Event) bool {
	return isSignIn(e.Kind) && e.Outcome == breakglass.OutcomeSuccess &&
		(e.Kind != entra.KindNonInteractiveSignIn || isROPC(signInOf(e)))
}

func isTokenSuccess(e breakglass.Event) bool {
	return isSignIn(e.Kind) && e.Outcome == breakglass.OutcomeSuccess && !isCredentialSuccess(e)
}

// countsAsFailure says whether a success soon after would look like a guess that worked: what
// Entra's own log page calls a failure, and a second factor that was refused.
func countsAsFailure(e breakglass.Event) bool {
	if !isSignIn(e.Kind) || e.Outcome == breakglass.OutcomeSuccess {
		return false
	}
	const secondFactorRefused = 500121
	class := classOf(e)
	return class == breakglass.ClassFailure || class == breakglass.ClassBlocked || e.ErrorCode == secondFactorRefused
}

// The sign-in rules look at the event's outcome and code, never at the raw record, so that a
// record whose code could not be read is an attempt for all of them.

func successAfterFailures() Rule {
	return Rule{
		ID:       "signin-success-after-failures",
		Title:    "A sign-in succeeded within 24 hours of three or more failures.",
		Why:      "A guess that worked looks like this (MITRE ATT&CK T1110, brute force). Logs come in any order, so late failures count too.",
		Means:    "Either a custodian had trouble and got in, or somebody guessed until it worked. Treat it as an intrusion until a custodian says otherwise.",
		Do:       []string{"Call the custodian: was it you?", "If not: revoke the account's sessions and replace its credentials from another administrator's account.", "Compare the addresses of the failures with that of the success on the incident page."},
		Severity: Critical,
		Holds: func(c Case) (Severity, bool) {
			at := when(c.Event)
			if isCredentialSuccess(c.Event) {
				return Critical, c.History.failuresBefore(at) >= alarmingFailures
			}
			if !countsAsFailure(c.Event) {
				return Critical, false
			}
			_, completed := completedBy(c)
			return Critical, completed
		},
		Say: func(c Case) (string, string) {
			if s, late := completedBy(c); late && !isCredentialSuccess(c.Event) {
				n := c.History.failuresBefore(s.At) + 1
				return "Break-glass sign-in succeeded after failures",
					fmt.Sprintf(": %s signed in at %s after %d failed attempts, of which one was only now reported, %s", c.who(), clock(s.At), n, from(c.signIn()))
			}
			n := c.History.failuresBefore(when(c.Event))
			return fmt.Sprintf("Break-glass sign-in succeeded after %d failures", n), ": " + c.who() + scene(c.signIn())
		},
	}
}

// completedBy finds the success that this failure, arriving late, turns into a guess that worked.
func completedBy(c Case) (success, bool) {
	at := when(c.Event)
	for _, s := range c.History.Successes {
		if !s.Alarmed && at <= s.At && s.At-at < int64(window/time.Second) && c.History.failuresBefore(s.At)+1 >= alarmingFailures {
			return s, true
		}
	}
	return success{}, false
}

func signInBlocked() Rule {
	return Rule{
		ID:       "signin-blocked",
		Title:    "A sign-in was refused by policy, or because the account is disabled or deleted.",
		Why:      "An emergency account that is blocked is no emergency account (Microsoft: Manage emergency access accounts; error codes 53000 to 53004 and others).",
		Means:    "The account did not work. If this is an emergency, it is locked out now; if not, somebody with its credentials was stopped by a policy that should exclude it.",
		Do:       []string{"If you need to get in now: use the other break-glass account.", "Ask the custodian whether it was him.", "Look up which policy applied (Entra sign-in log, Conditional Access tab) and restore the exclusion or enable the account."},
		Severity: Critical,
		Holds: func(c Case) (Severity, bool) {
			return Critical, isSignIn(c.Event.Kind) && classOf(c.Event) == breakglass.ClassBlocked
		},
		Say: func(c Case) (string, string) {
			return "Break-glass sign-in blocked", ": " + c.who() + scene(c.signIn()) + ": " + result(c.Event)
		},
	}
}

func signInSuccess() Rule {
	return Rule{
		ID:       "signin-success",
		Title:    "Somebody signed in to the account.",
		Why:      "Every use of an emergency account must be explained (Microsoft: Manage emergency access accounts in Microsoft Entra ID, monitor sign-in and audit logs).",
		Means:    "Somebody has the full rights of this account now. Unless it is a drill or a known emergency, it is an intrusion.",
		Do:       []string{"Call the custodian: was it you, and why?", "If nobody can explain it: revoke the account's sessions and replace its credentials from another administrator's account.", "Acknowledge here, and close the incident with what you found."},
		Severity: Critical,
		Holds: func(c Case) (Severity, bool) {
			return Critical, isCredentialSuccess(c.Event)
		},
		Say: func(c Case) (string, string) {
			return "Break-glass sign-in succeeded", ": " + c.who() + scene(c.signIn())
		},
	}
}

func passwordRight() Rule {
	return Rule{
		ID:       "signin-password-right",
		Title:    "A sign-in stopped after the first factor had been right.",
		Why:      "Codes such as 50055, 50074, 50076 and 500121 come only after the password, certificate or session was accepted (Microsoft Entra authentication error codes).",
		Means:    "Whoever tried knows the password or holds a session. It may be the first step of a custodian's sign-in; if no success follows, it is somebody else.",
		Do:       []string{"Call the custodian: was it you?", "If not: replace the account's credentials now; they are known.", "Watch for a success from the same address."},
		Severity: Critical,
		Holds: func(c Case) (Severity, bool) {
			return Critical, isSignIn(c.Event.Kind) && classOf(c.Event) == breakglass.ClassFirstFactor
		},
		Say: func(c Case) (string, string) {
			return "Break-glass sign-in stopped half-way", ": " + c.who() + scene(c.signIn()) + ": " + result(c.Event)
		},
	}
}

func signInInterrupted() Rule {
	return Rule{
		ID:       "signin-interrupted",
		Title:    "A sign-in was interrupted half-way by a question or a redirect.",
		Why:      "Such steps (50058, 50097, 50140, 65001) belong to normal sign-ins; without a success soon after, somebody tried and left.",
		Means:    "Somebody has begun to sign in to this account. If it goes on, the next card says how it ended.",
		Do:       []string{"Ask the custodian whether he is signing in.", "If not: look for further attempts from the same address."},
		Severity: Medium,
		Grades:   "high if no success follows within 10 minutes",
		Holds: func(c Case) (Severity, bool) {
			holds := isSignIn(c.Event.Kind) && classOf(c.Event) == breakglass.ClassInterrupted
			if c.lapsed {
				return High, holds
			}
			return Medium, holds
		},
		Say: func(c Case) (string, string) {
			emphasis := "Break-glass sign-in begun"
			if c.lapsed {
				emphasis = "Break-glass sign-in begun and not finished within 10 minutes"
			}
			return emphasis, ": " + c.who() + scene(c.signIn()) + "; " + result(c.Event)
		},
	}
}

func signInFailed() Rule {
	return Rule{
		ID:       "signin-failed",
		Title:    "A sign-in failed, or ended in a way that Glasswatch does not know.",
		Why:      "Nobody should try to sign in to an emergency account unannounced; a code that is not known is an attempt (Microsoft warns that codes change).",
		Means:    "Somebody tried the account and did not get in. Its name is known to whoever tried.",
		Do:       []string{"Ask the custodian whether he mistyped.", "If not: block the address, and see whether other accounts were tried from it."},
		Severity: High,
		Holds: func(c Case) (Severity, bool) {
			return High, isSignIn(c.Event.Kind) && classOf(c.Event) == breakglass.ClassFailure
		},
		Say: func(c Case) (string, string) {
			return "Break-glass sign-in failed", ": " + c.who() + scene(c.signIn()) + ": " + result(c.Event)
		},
	}
}
