package story

import (
	"time"

	"glasswatch/infra/local/sample"
)

// oneOfEach has a record for every rule that no other act needs, all about bg-charlie.
func oneOfEach(t *teller) {
	t.title("each", "Everything else that can happen to an account, once",
		"bg-charlie is tried with a legacy client, blocked by policy, stopped after a right password, interrupted, reset, put into a role, found at risk, and more.")
	signIns(t)
	audits(t)
	risks(t)
}

func signIns(t *teller) {
	c, g := t.account(charlie), t.g
	at := 4 * time.Minute
	add := func(name, rule, severity string, told Told, s sample.SignIn) {
		s.Who, s.At = c, t.ago(at)
		if s.From == (sample.Place{}) {
			s.From = g.Stranger()
		}
		s.Policies = 5
		at -= 5 * time.Second
		t.happens(g.SignIn(s), Expectation{
			Name: name, Kind: "signIn", Accounts: one(c.ID), Headlines: one(rule), AtLeast: severity, Exactly: true, Told: told,
		})
	}
	password := one("Password")
	add("a step that only found no session", "signin-interrupted", "medium", OwnCard, sample.SignIn{Code: 50058})
	add("wrong password", "signin-failed", "high", OwnCard, sample.SignIn{Code: 50126, Methods: password})
	add("a code that nobody knows", "signin-failed", "high", Perhaps, sample.SignIn{Code: 987654})
	add("right password, second factor missing", "signin-password-right", "critical", OwnCard, sample.SignIn{Code: 50074, Methods: password})
	add("blocked by Conditional Access", "signin-blocked", "critical", OwnCard, sample.SignIn{Code: 53003})
	add("the account is disabled", "signin-blocked", "critical", Perhaps, sample.SignIn{Code: 50057})
	add("a legacy client", "legacy-auth", "critical", OwnCard, sample.SignIn{Code: 50126, Client: "IMAP4", Methods: password})
	add("a password sent by a script (ROPC)", "legacy-auth", "critical", Perhaps, sample.SignIn{Code: 50126, Protocol: "ropc", Methods: password})

	nameless := c
	nameless.ID = ""
	t.happens(g.SignIn(sample.SignIn{Who: nameless, At: t.ago(at), Code: 50126, From: g.Stranger(), Typed: c.UPN, Policies: 3}), Expectation{
		Name: "the name without an object id", Kind: "signIn", Accounts: one(c.ID), Headlines: one("signin-failed"), AtLeast: "high", Exactly: true, Told: Perhaps,
	})
	impostor := c
	impostor.ID = g.GUID()
	t.happens(g.SignIn(sample.SignIn{Who: impostor, At: t.ago(at - time.Second), Code: 50126, From: g.Stranger(), Policies: 3}), Expectation{
		Name: "the name under another object id", Kind: "signIn", Accounts: one(c.ID), Headlines: one("signin-failed"), AtLeast: "high", Told: Perhaps,
	})
	t.happens(g.NonInteractive(sample.SignIn{Who: c, At: t.ago(3 * time.Minute), Code: 50173, Policies: 3}), Expectation{
		Name: "an old token that was revoked", Kind: "nonInteractiveSignIn", Accounts: one(c.ID), Headlines: one("token-expired"), AtLeast: "info", Exactly: true, Told: NotTold,
	})
	t.send()
}

func audits(t *teller) {
	c, g := t.account(charlie), t.g
	changed := func(name, severity string, exactly bool, told Told) Expectation {
		return Expectation{
			Name: name, Kind: "audit", Accounts: one(c.ID), Headlines: one("account-changed"), AtLeast: severity, Exactly: exactly, Told: told,
		}
	}
	for i, r := range g.PasswordReset(sample.Audit{At: t.ago(150 * time.Second), By: g.Tenant.Administrators[0]}, c) {
		told := Perhaps
		if i == 0 {
			told = OwnCard
		}
		t.happens(r, changed("a password reset, as the directory tells it in three records", "critical", true, told))
	}
	t.happens(g.RoleMember(sample.Audit{At: t.ago(140 * time.Second)}, c, "Global Administrator", sample.GlobalAdministrator), changed("put into a role", "critical", true, Perhaps))
	t.happens(g.Audit(sample.Audit{
		Activity: sample.ActivityNamed("Disable account"), At: t.ago(130 * time.Second), Targets: []sample.Target{sample.UserTarget(c)},
	}), changed("disabled", "critical", true, Perhaps))
	t.happens(g.Audit(sample.Audit{
		Activity: sample.ActivityNamed("Change user license"), At: t.ago(120 * time.Second), Targets: []sample.Target{sample.UserTarget(c)},
	}), changed("a licence taken away", "high", true, Perhaps))
	t.send()
}

func risks(t *teller) {
	c, g := t.account(charlie), t.g
	risk := func(name, kind, severity string, told Told) Expectation {
		return Expectation{Name: name, Kind: kind, Accounts: one(c.ID), Headlines: one("risk"), AtLeast: severity, Exactly: true, Told: told}
	}
	t.happens(g.RiskEvent(sample.Risk{Who: c, At: t.ago(6 * time.Minute), Level: "high", Event: "passwordSpray"}), risk("a risk detection", "riskEvent", "high", OwnCard))
	t.happens(g.RiskyUser(sample.Risk{Who: c, At: t.ago(110 * time.Second), Level: "medium"}), risk("the account is at risk", "riskyUser", "high", Perhaps))
	t.happens(g.RiskyUser(sample.Risk{Who: c, At: t.ago(90 * time.Second), Level: "high", State: "confirmedCompromised", Detail: "adminConfirmedUserCompromised"}),
		risk("the account is confirmed compromised", "riskyUser", "critical", Perhaps))
}

// damaged is what cannot be read, twice in the same way.
func damaged(t *teller) {
	t.title("damaged", "Messages that nobody can read",
		"Two messages that are not JSON, damaged in the same way. Both are kept raw; one card a day is enough for one kind of damage.")
	for i, told := range []Told{OwnCard, NotTold} {
		body := []byte("<html><body>502 Bad Gateway, request " + []string{"one", "two"}[i] + "</body></html>")
		t.raw(body, Expectation{
			Name: "a message that is not JSON", Kind: "unparsed", Headlines: one("unparsed"), AtLeast: "medium", Exactly: true, Told: told,
		})
	}
}
