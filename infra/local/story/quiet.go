package story

import (
	"strings"
	"time"

	"glasswatch/infra/local/sample"
)

// quiet is an ordinary day, with records in it that look like the accounts and are not.
func quiet(t *teller) {
	t.title("quiet", "A quiet tenant",
		"Some hundreds of records of an ordinary day. Among them are names and ids that look like those of the accounts. Nothing may come of it.")
	t.everyday(150)
	for _, l := range lookAlikes(t) {
		t.lookAlike(l.why, l.record)
	}
	t.everyday(150)
}

type lookAlike struct {
	why    string
	record *sample.Object
}

func lookAlikes(t *teller) []lookAlike {
	g, a := t.g, t.account(alpha)
	somebody := g.Tenant.People[0]
	neighbour := somebody
	neighbour.ID = otherLastDigit(a.ID)
	prefixed, longer, displayed := somebody, somebody, somebody
	prefixed.UPN = "x" + a.UPN
	longer.UPN = a.UPN + ".au"
	displayed.Name = a.UPN
	signIn := func(who sample.Person) *sample.Object {
		return g.SignIn(sample.SignIn{Who: who, At: t.ago(4 * time.Minute), Policies: 4})
	}
	update := func(change func(*sample.Object)) *sample.Object {
		r := g.Audit(sample.Audit{Activity: sample.ActivityNamed("Update user"), Targets: []sample.Target{sample.UserTarget(somebody)}})
		change(r)
		return r
	}
	return []lookAlike{
		{"an object id that differs in one digit", signIn(neighbour)},
		{"the account's name inside a longer one", signIn(prefixed)},
		{"the account's name with a longer domain", signIn(longer)},
		{"the account's name as somebody's display name", signIn(displayed)},
		{"the account's id as a device id", signIn(somebody).Set("properties.deviceDetail.deviceId", sample.Text(a.ID))},
		{"the account's id as a correlation id", signIn(somebody).Set("correlationId", sample.Text(a.ID)).Set("properties.correlationId", sample.Text(a.ID))},
		{"the account's id in an unrelated description", update(func(r *sample.Object) {
			r.Set("properties.additionalDetails.0.value", sample.Text("see ticket about "+a.ID)).
				Set("properties.resultReason", sample.Text("asked by "+a.UPN))
		})},
		{"the account's id in the path of somebody's Graph call", g.GraphActivity(sample.GraphCall{Who: somebody, URI: "/v1.0/users/" + a.ID})},
		{"another group's member removed", g.GroupMember(sample.Audit{At: t.ago(3 * time.Minute)}, somebody, g.Tenant.Groups[0], false)},
		{"another namespace deleted, whose name begins like ours", g.Azure(sample.AzureAction{
			At: t.ago(2 * time.Minute), Operation: "Microsoft.EventHub/namespaces/delete", Resource: g.Tenant.HubNamespace + "-test",
		})},
	}
}

func otherLastDigit(id string) string {
	last := "0"
	if strings.HasSuffix(id, "0") {
		last = "1"
	}
	return id[:len(id)-1] + last
}

// spray is many wrong passwords on one account, and then the right one.
func spray(t *teller) {
	t.title("spray", "A password spray on bg-alpha, and then it gets in",
		"240 wrong passwords from 60 addresses at 12 applications; then one sign-in from one of these addresses succeeds. "+
			"A few cards for the failures, and one at once for the success.")
	t.act.MaxCards, t.act.Storm = 12, true
	a := t.account(alpha)
	attempts := t.g.Spray(sample.Spray{
		Who: a, Failures: 240, Addresses: 60, Applications: 12, From: t.ago(13 * time.Minute), Over: 9 * time.Minute,
	})
	for i, attempt := range attempts {
		told := Perhaps
		if i == 0 {
			told = OwnCard // the first of its kind
		}
		t.happens(attempt.Record, Expectation{
			Name: "wrong password", Kind: "signIn", Accounts: one(a.ID), Headlines: one("signin-failed"), AtLeast: "high", Exactly: true, Told: told,
		})
	}
	t.everyday(20)
	inside := t.g.SignIn(sample.SignIn{
		Who: a, At: t.ago(3*time.Minute + 50*time.Second), App: t.g.Tenant.Apps[0], From: t.g.Stranger(), Policies: 12,
		Methods: []string{"Password", "OATH verification code"},
	})
	t.happens(inside, Expectation{
		Name: "success after the failures", Kind: "signIn", Accounts: one(a.ID), Headlines: one("signin-success-after-failures"),
		AtLeast: "critical", Exactly: true, Told: OwnCard,
	})
	t.again() // the hub delivers at least once
}

// nightSignIn is the sign-in that the whole house is built for, with what it does afterwards.
func nightSignIn(t *teller) {
	t.title("night", "Three in the morning: bg-bravo signs in",
		"One sign-in with a passkey from an unmanaged device, then tokens for other applications, calls to Microsoft Graph, a change in the directory and one in a subscription.")
	b, g := t.account(bravo), t.g
	from := sample.Place{Address: "203.0.113.7", City: "Oslo", State: "Oslo", Country: "NO", Latitude: 59.91386, Longitude: 10.75224, Network: 64496}
	session, id := g.GUID(), g.GUID()
	portal, command := g.Tenant.Apps[0], g.Tenant.Apps[1]

	t.everyday(12)
	t.happens(g.SignIn(sample.SignIn{
		Who: b, At: t.ago(5 * time.Minute), App: portal, From: from, Session: session, ID: id, Policies: 31,
		Methods: []string{"Passkey (device-bound)"},
	}), Expectation{
		Name: "the sign-in", Kind: "signIn", Accounts: one(b.ID), Headlines: one("signin-success"), AtLeast: "critical", Exactly: true, Told: OwnCard,
	})
	token := func(at time.Duration, place sample.Place) *sample.Object {
		return g.NonInteractive(sample.SignIn{Who: b, At: t.ago(at), App: command, From: place, Session: session, Policies: 31})
	}
	t.happens(token(4*time.Minute+40*time.Second, from), Expectation{
		Name: "a token for another application", Kind: "nonInteractiveSignIn", Accounts: one(b.ID), Headlines: one("token-use"), AtLeast: "high", Exactly: true, Told: OwnCard,
	})
	t.happens(token(4*time.Minute+20*time.Second, from), Expectation{
		Name: "the same token used again", Kind: "nonInteractiveSignIn", Accounts: one(b.ID), Headlines: one("token-use"), AtLeast: "info", Exactly: true, Told: NotTold,
	})
	t.happens(token(4*time.Minute, sample.Place{Address: "198.51.100.23", City: "Lagos", Country: "NG", Network: 64497}), Expectation{
		Name: "the session used from another country", Kind: "nonInteractiveSignIn", Accounts: one(b.ID), Headlines: one("token-use"), AtLeast: "high", Exactly: true, Told: OwnCard,
	})
	t.everyday(8)
	t.send()

	t.happens(g.GraphActivity(sample.GraphCall{
		Who: b, At: t.ago(3*time.Minute + 50*time.Second), Method: "GET", URI: "/v1.0/users?$top=999", From: from, App: command, Session: session, SignInID: id,
	}), acted(b, "a Graph call that reads", "graphActivity", OwnCard))
	t.happens(g.GraphActivity(sample.GraphCall{
		Who: b, At: t.ago(3*time.Minute + 40*time.Second), Method: "POST", URI: "/v1.0/users", Status: 201, From: from, App: command, Session: session, SignInID: id,
	}), acted(b, "a Graph call that writes", "graphActivity", Perhaps))
	t.happens(g.Audit(sample.Audit{
		Activity: sample.ActivityNamed("Add user"), At: t.ago(3*time.Minute + 38*time.Second), By: b, From: from,
	}), acted(b, "a new user made by the account", "audit", Perhaps))
	t.happens(g.Azure(sample.AzureAction{
		Who: b, At: t.ago(3 * time.Minute), Operation: "Microsoft.Authorization/roleAssignments/write", From: from,
		Resource: "/subscriptions/" + g.Tenant.Subscription + "/providers/Microsoft.Authorization/roleAssignments/" + g.GUID(),
	}), acted(b, "a role assigned in the subscription", "azureActivity", Perhaps))
}

// acted is what is expected when an account does something.
func acted(who sample.Person, name, kind string, told Told) Expectation {
	return Expectation{Name: name, Kind: kind, Accounts: one(who.ID), Headlines: one("account-acted"), AtLeast: "high", Told: told}
}
