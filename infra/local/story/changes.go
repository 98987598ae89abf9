package story

import (
	"time"

	"glasswatch/infra/local/sample"
)

// keyRegistered is a new way into an account, made by somebody else.
func keyRegistered(t *teller) {
	t.title("key", "A security key is registered on bg-alpha",
		"An administrator registers a Temporary Access Pass and a key on the account; the directory logs each step. Then the account resets another one's password.")
	a, c, g := t.account(alpha), t.account(charlie), t.g
	changed := func(name string, told Told) Expectation {
		return Expectation{Name: name, Kind: "audit", Accounts: one(a.ID), Headlines: one("account-changed"), AtLeast: "critical", Exactly: true, Told: told}
	}
	admin := g.Tenant.Administrators[1]
	t.everyday(5)
	t.happens(g.SecurityInfo(sample.Audit{At: t.ago(3 * time.Minute), By: admin}, a, "temporary access pass"), changed("a Temporary Access Pass for the account", OwnCard))
	t.happens(g.SecurityInfo(sample.Audit{At: t.ago(2*time.Minute + 30*time.Second), By: a}, a, "Passkey (device-bound)"), Expectation{
		// The account itself is actor and target: account-changed is the more specific rule.
		Name: "a key registered by the account on itself", Kind: "audit", Accounts: one(a.ID), Headlines: one("account-changed"), AtLeast: "critical", Exactly: true, Told: Perhaps,
	})
	t.happens(g.Audit(sample.Audit{
		Activity: sample.ActivityNamed("Add FIDO2 security key"), At: t.ago(2*time.Minute + 29*time.Second), By: admin, Targets: []sample.Target{sample.UserTarget(a)},
	}), changed("the same as the directory tells it", Perhaps))
	t.happens(g.Audit(sample.Audit{
		Activity: sample.ActivityNamed("Reset user password"), At: t.ago(2 * time.Minute), By: a, Targets: []sample.Target{sample.UserTarget(c)},
	}), Expectation{
		Name: "bg-alpha resets the password of bg-charlie", Kind: "audit", Accounts: []string{a.ID, c.ID},
		Headlines: []string{"account-changed", "account-acted"}, AtLeast: "critical", Exactly: true, Told: Perhaps,
	})
}

// policyChanged is an administrator who takes away what keeps the accounts working.
func policyChanged(t *teller) {
	t.title("policy", "A Conditional Access policy and the exclusion group are changed",
		"An administrator removes bg-alpha from the exclusions of a policy that blocks, then the exclusion group from another, bg-bravo from that group, and changes the authentication methods. A policy that goes on excluding the accounts is changed too.")
	g, b := t.g, t.account(bravo)
	admin := g.Tenant.Administrators[2]
	group := g.Tenant.ExclusionGroup
	named := sample.PolicyState{IncludeUsers: one("All"), ExcludeUsers: []string{t.account(alpha).ID, b.ID, t.account(charlie).ID}, Controls: one("block")}
	unnamed := named
	unnamed.ExcludeUsers = named.ExcludeUsers[1:]
	single := g.PolicyChange(sample.Audit{At: t.ago(2*time.Minute + 50*time.Second), By: admin}, g.Tenant.Policies[2], named, unnamed)
	t.happens(single[0], Expectation{
		Name: "bg-alpha's exclusion removed from a policy that blocks", Kind: "audit", Headlines: one("policy-now-applies"), AtLeast: "critical", Exactly: true, Told: OwnCard,
	})
	t.happens(single[1], Expectation{
		Name: "the same change in the directory's words", Kind: "audit", Headlines: []string{"policy-now-applies", "policy-changed"}, AtLeast: "medium", Told: Perhaps,
	})
	before := sample.PolicyState{IncludeUsers: one("All"), ExcludeGroups: one(group.ID), Controls: one("block")}
	after := before
	after.ExcludeGroups = nil

	pair := g.PolicyChange(sample.Audit{At: t.ago(2*time.Minute + 40*time.Second), By: admin}, g.Tenant.Policies[3], before, after)
	t.happens(pair[0], Expectation{
		Name: "the exclusion group removed from a policy that blocks", Kind: "audit", Headlines: one("policy-now-applies"), AtLeast: "critical", Exactly: true, Told: Perhaps,
	})
	t.happens(pair[1], Expectation{
		Name: "the same change in the directory's words", Kind: "audit", Headlines: []string{"policy-now-applies", "policy-changed"}, AtLeast: "medium", Told: Perhaps,
	})
	softer := before
	softer.Controls = []string{"mfa", "compliantDevice"}
	for i, r := range g.PolicyChange(sample.Audit{At: t.ago(2*time.Minute + 20*time.Second), By: admin}, g.Tenant.Policies[4], before, softer) {
		told := Perhaps
		if i == 0 {
			told = OwnCard // the first of its kind
		}
		// The exclusion stays, and the accounts are in the group: nothing has changed for them.
		t.happens(r, Expectation{
			Name: "a policy changed that still excludes the group", Kind: "audit", Headlines: one("policy-changed"), AtLeast: "medium", Exactly: true, Told: told,
		})
	}
	t.happens(g.Audit(sample.Audit{Activity: sample.ActivityNamed("Authentication Methods Policy Update"), At: t.ago(2 * time.Minute), By: admin}), Expectation{
		Name: "the authentication methods policy changed", Kind: "audit", Headlines: one("policy-changed"), AtLeast: "medium", Exactly: true, Told: Perhaps,
	})
	t.happens(g.GroupMember(sample.Audit{At: t.ago(100 * time.Second), By: admin}, g.Tenant.People[3], group, true), Expectation{
		Name: "somebody added to the exclusion group", Kind: "audit", Headlines: one("exclusion-group-changed"), AtLeast: "critical", Exactly: true, Told: OwnCard,
	})
	t.happens(g.GroupMember(sample.Audit{At: t.ago(95 * time.Second), By: admin}, b, group, false), Expectation{
		Name: "bg-bravo removed from the exclusion group", Kind: "audit", Accounts: one(b.ID), Headlines: one("exclusion-group-changed"), AtLeast: "critical", Exactly: true, Told: OwnCard,
	})
}

// monitoringRemoved is an intruder who puts out the lights.
func monitoringRemoved(t *teller) {
	t.title("monitoring", "The diagnostic setting and our own resources are deleted",
		"The Entra diagnostic setting is deleted, then the hub and the storage of Glasswatch: the last things that could be seen.")
	g := t.g
	admin := g.Tenant.Administrators[3]
	correlation := g.GUID()
	gone := func(name string, told Told) Expectation {
		return Expectation{Name: name, Kind: "azureActivity", Headlines: one("monitoring-changed"), AtLeast: "critical", Exactly: true, Told: told}
	}
	setting := "/providers/microsoft.aadiam/diagnosticSettings/glasswatch"
	for i, result := range []string{"Start", "Success"} {
		told := OwnCard
		if i > 0 {
			told = Perhaps
		}
		t.happens(g.Azure(sample.AzureAction{
			Who: admin, At: t.ago(2*time.Minute - time.Duration(i)*time.Second), Operation: "microsoft.aadiam/diagnosticSettings/delete",
			Resource: setting, Result: result, Correlation: correlation,
		}), gone("the diagnostic setting: "+result, told))
	}
	t.happens(g.Azure(sample.AzureAction{
		Who: admin, At: t.ago(80 * time.Second), Operation: "Microsoft.EventHub/namespaces/delete", Resource: g.Tenant.HubNamespace,
	}), gone("our event hub namespace", Perhaps))
	t.happens(g.Azure(sample.AzureAction{
		Who: admin, At: t.ago(70 * time.Second), Operation: "Microsoft.Storage/storageAccounts/delete", Resource: g.Tenant.Storage,
	}), gone("our storage account", Perhaps))
}
