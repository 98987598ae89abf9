package detect_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"glasswatch/shared/breakglass"
	"glasswatch/shared/detect"
	"glasswatch/shared/entra"
)

// headlines holds a record for each rule whose headline it is.
var headlines = []struct {
	rule     string
	name     string
	rec      entra.Record
	before   []entra.Record // what had happened, a minute apart
	severity detect.Severity
	headline string
}{
	{
		rule: "policy-now-applies", name: "exclusion removed", severity: detect.Critical,
		rec: withChange(audited("Update conditional access policy", admin(), policyTarget("Require MFA")), "ConditionalAccessPolicy",
			`{"displayName":"Require MFA","state":"enabled","conditions":{"users":{"includeUsers":["All"],"excludeUsers":["`+alphaID+`","`+betaID+`"]}}}`,
			`{"displayName":"Require MFA","state":"enabled","conditions":{"users":{"includeUsers":["All"],"excludeUsers":["`+betaID+`"]}}}`),
		headline: "Conditional Access policy Require MFA now applies to bg-alpha: changed by helpdesk@contoso.com; its exclusion was removed",
	},
	{
		rule: "exclusion-group-changed", name: "member added", severity: detect.Critical,
		rec:      audited("Add member to group", admin(), entra.Party{Role: entra.RoleTarget, ObjectID: adminID, UserPrincipalName: "mallory@contoso.com", Type: "User"}, groupTarget()),
		headline: "Exclusion group of the break-glass accounts changed: Add member to group (mallory@contoso.com, CA exclusions) by helpdesk@contoso.com",
	},
	{
		rule: "monitoring-changed", name: "diagnostic setting deleted", severity: detect.Critical,
		rec:      operated("MICROSOFT.AADIAM/DIAGNOSTICSETTINGS/DELETE", "/providers/microsoft.aadiam/diagnosticSettings/to-hub", admin()),
		headline: "Something Glasswatch depends on was deleted: diagnosticSettings/to-hub by helpdesk@contoso.com (MICROSOFT.AADIAM/DIAGNOSTICSETTINGS/DELETE, Success)",
	},
	{
		rule: "signin-success-after-failures", name: "three failures, then success", severity: detect.Critical,
		rec: signIn(0), before: []entra.Record{signIn(50126), signIn(50126), signIn(50053)},
		headline: "Break-glass sign-in succeeded after 3 failures: bg-alpha from 203.0.113.7 (Oslo, NO) to Azure portal, unmanaged Windows device",
	},
	{
		rule: "legacy-auth", name: "IMAP", severity: detect.Critical,
		rec:      signIn(50126, func(r *entra.Record) { r.SignIn.ClientApp, r.SignIn.App = "IMAP4", "Exchange Online" }),
		headline: "Legacy sign-in to a break-glass account attempted: bg-alpha from 203.0.113.7 (Oslo, NO) to Exchange Online, unmanaged Windows device, by IMAP4: wrong user name or password (50126)",
	},
	{
		rule: "signin-blocked", name: "Conditional Access", severity: detect.Critical,
		rec:      signIn(53003),
		headline: "Break-glass sign-in blocked: bg-alpha from 203.0.113.7 (Oslo, NO) to Azure portal, unmanaged Windows device: blocked by Conditional Access (53003)",
	},
	{
		rule: "signin-success", name: "interactive", severity: detect.Critical,
		rec:      signIn(0),
		headline: "Break-glass sign-in succeeded: bg-alpha from 203.0.113.7 (Oslo, NO) to Azure portal, unmanaged Windows device",
	},
	{
		rule: "signin-password-right", name: "second factor wanted", severity: detect.Critical,
		rec:      signIn(50074),
		headline: "Break-glass sign-in stopped half-way: bg-alpha from 203.0.113.7 (Oslo, NO) to Azure portal, unmanaged Windows device: the first factor was right; the second was asked for and not given (50074)",
	},
	{
		rule: "account-changed", name: "password reset", severity: detect.Critical,
		rec:      audited("Reset user password", admin(), alphaAs(entra.RoleTarget)),
		headline: "Password of bg-alpha was reset by helpdesk@contoso.com",
	},
	{
		rule: "account-acted", name: "Graph read", severity: detect.High,
		rec:      called("GET", "https://graph.microsoft.com/v1.0/users"),
		headline: "Break-glass account acted: bg-alpha: GET https://graph.microsoft.com/v1.0/users (200)",
	},
	{
		rule: "risk", name: "spray", severity: detect.High,
		rec:      risky("atRisk", "none"),
		headline: "Risk of a break-glass account: bg-alpha, passwordSpray, level high, state atRisk",
	},
	{
		rule: "token-use", name: "first", severity: detect.High,
		rec:      signIn(0, nonInteractive),
		headline: "Break-glass session used: bg-alpha from 203.0.113.7 (Oslo, NO) to Azure portal, unmanaged Windows device (new session, new app, new address, new country)",
	},
	{
		rule: "signin-interrupted", name: "keep me signed in", severity: detect.Medium,
		rec:      signIn(50140),
		headline: "Break-glass sign-in begun: bg-alpha from 203.0.113.7 (Oslo, NO) to Azure portal, unmanaged Windows device; asked whether to stay signed in (50140)",
	},
	{
		rule: "signin-failed", name: "unknown code", severity: detect.High,
		rec:      signIn(987654),
		headline: "Break-glass sign-in failed: bg-alpha from 203.0.113.7 (Oslo, NO) to Azure portal, unmanaged Windows device: a result that Glasswatch does not know (987654)",
	},
	{
		rule: "policy-changed", name: "authorisation policy", severity: detect.Medium,
		rec:      audited("Update authorization policy", admin(), policyTarget("Authorization Policy")),
		headline: "Policy changed: Update authorization policy (Authorization Policy) by helpdesk@contoso.com",
	},
	{
		rule: "token-expired", name: "revoked", severity: detect.Info,
		rec:      signIn(50173, nonInteractive),
		headline: "Break-glass session ended: bg-alpha from 203.0.113.7 (Oslo, NO) to Azure portal, unmanaged Windows device; the session was revoked and a fresh sign-in is needed (50173)",
	},
	{
		rule: "unparsed", name: "unknown category", severity: detect.Medium,
		rec:      entra.Record{Kind: entra.KindUnparsed, Category: "ProvisioningLogs", Parties: []entra.Party{alphaAs(entra.RoleTarget)}},
		headline: "A log of an unknown kind names a break-glass account: bg-alpha, category ProvisioningLogs",
	},
}

func TestEachRuleHasARecordWhoseHeadlineItIs(t *testing.T) {
	shown := map[string]bool{}
	for _, tt := range headlines {
		t.Run(tt.rule+"/"+tt.name, func(t *testing.T) {
			d, h := detect.NewDetector(setting()), detect.History{}
			for i, rec := range tt.before {
				rec.Happened = tt.rec.Happened.Add(time.Duration(i-len(tt.before)) * time.Minute)
				_, h = d.Judge(arrive(rec, reached), h)
			}
			v, _ := d.Judge(arrive(tt.rec, reached), h)
			if v.HeadlineRule != tt.rule || v.Severity != tt.severity || v.Headline != tt.headline {
				t.Errorf("%s, %s:\n%s\nwant %s, %s:\n%s", v.HeadlineRule, v.Severity, v.Headline, tt.rule, tt.severity, tt.headline)
			}
			if v.Emphasis == "" || !strings.HasPrefix(v.Headline, v.Emphasis) {
				t.Errorf("emphasis %q does not lead the headline", v.Emphasis)
			}
			if v.Meaning == "" || len(v.Actions) == 0 || len(v.Actions) > 3 || len(v.Facts) == 0 {
				t.Errorf("a card without meaning, actions or facts: %+v", v)
			}
			if !slices.Contains(v.Rules, v.HeadlineRule) {
				t.Errorf("the headline rule is not among %v", v.Rules)
			}
			shown[tt.rule] = true
		})
	}
	for _, r := range detect.Rules {
		if !shown[r.ID] {
			t.Errorf("no record has the headline of %s", r.ID)
		}
	}
}

// The order and severities are those of the design, 5.3.
func TestTheListOfRules(t *testing.T) {
	want := []string{
		"policy-now-applies critical", "exclusion-group-changed critical", "monitoring-changed critical", "signin-success-after-failures critical",
		"legacy-auth critical", "signin-blocked critical", "signin-success critical", "signin-password-right critical", "account-changed critical",
		"account-acted high", "risk high", "token-use high", "signin-interrupted medium", "signin-failed high", "policy-changed medium",
		"token-expired info", "unparsed medium",
	}
	var got []string
	for _, r := range detect.Rules {
		got = append(got, r.ID+" "+string(r.Severity))
		for what, text := range map[string]string{"title": r.Title, "why": r.Why, "means": r.Means} {
			if !strings.HasSuffix(strings.TrimSuffix(text, ")"), ".") && !strings.HasSuffix(text, ").") {
				t.Errorf("%s: %s is not a sentence: %q", r.ID, what, text)
			}
		}
		if len(r.Do) == 0 || len(r.Do) > 3 || r.Holds == nil || r.Say == nil {
			t.Errorf("%s is incomplete", r.ID)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("rules are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestSeverities(t *testing.T) {
	changed := func(attribute string) entra.Record {
		return withChange(audited("Update user", admin(), alphaAs(entra.RoleTarget)), attribute, "a", "b")
	}
	listed := func(attributes string) entra.Record {
		return withChange(changed("TargetId.UserType"), "Included Updated Properties", "", attributes)
	}
	acted := func(activity string) entra.Record {
		return audited(activity, alphaAs(entra.RoleActor), entra.Party{Role: entra.RoleTarget, ObjectID: adminID, DisplayName: "x"})
	}
	for _, tt := range []struct {
		name     string
		rec      entra.Record
		rule     string
		severity detect.Severity
	}{
		{"licence", audited("Change user license", admin(), alphaAs(entra.RoleTarget)), "account-changed", detect.High},
		{"plain attribute", changed("JobTitle"), "account-changed", detect.High},
		{"plain attributes, listed", listed("JobTitle, Department"), "account-changed", detect.High},
		{"enabled", changed("AccountEnabled"), "account-changed", detect.Critical},
		{"a method among plain attributes", listed("JobTitle, StrongAuthenticationMethod"), "account-changed", detect.Critical},
		{"mobile number", changed("Mobile"), "account-changed", detect.Critical},
		{"unknown attribute", changed("Novelty"), "account-changed", detect.Critical},
		{"update that does not say of what", audited("Update user", admin(), alphaAs(entra.RoleTarget)), "account-changed", detect.Critical},
		{"unknown activity", audited("Do something new to user", admin(), alphaAs(entra.RoleTarget)), "account-changed", detect.Critical},
		{"role", audited("Remove member from role", admin(), alphaAs(entra.RoleTarget)), "account-changed", detect.Critical},
		{"sessions revoked", audited("Update StsRefreshTokenValidFrom Timestamp", admin(), alphaAs(entra.RoleTarget)), "account-changed", detect.Critical},
		{"acted plainly", acted("Add member to group"), "account-acted", detect.High},
		{"gave a role", acted("Add member to role"), "account-acted", detect.Critical},
		{"added a credential", acted("Add service principal credentials"), "account-acted", detect.Critical},
		{"consented", acted("Consent to application"), "account-acted", detect.Critical},
		{"read through Graph by POST", called("POST", "https://graph.microsoft.com/v1.0/directoryObjects/getByIds?x=1"), "account-acted", detect.High},
		{"read a batch", called("POST", "https://graph.microsoft.com/v1.0/$batch"), "account-acted", detect.High},
		{"wrote through Graph", called("PATCH", "https://graph.microsoft.com/v1.0/users/1"), "account-acted", detect.Critical},
		{"deleted through Graph", called("delete", "https://graph.microsoft.com/v1.0/users/1"), "account-acted", detect.Critical},
		{"did something through Graph", called("", ""), "account-acted", detect.Critical},
		{"elevated in Azure", operated("Microsoft.Authorization/elevateAccess/action", "/", alphaAs(entra.RoleActor)), "account-acted", detect.Critical},
		{"wrote in Azure", operated("Microsoft.Compute/virtualMachines/write", "/subscriptions/other", alphaAs(entra.RoleActor)), "account-acted", detect.Critical},
		{"confirmed compromised", risky("confirmedCompromised", ""), "risk", detect.Critical},
		{"confirmed by an administrator", risky("atRisk", "adminConfirmedUserCompromised"), "risk", detect.Critical},
		{"risk dismissed", risky("dismissed", ""), "risk", detect.High},
		{"disabled", signIn(50057), "signin-blocked", detect.Critical},
		{"deleted", signIn(50034), "signin-blocked", detect.Critical},
		{"second factor denied", signIn(500121), "signin-password-right", detect.Critical},
		{"locked out", signIn(50053), "signin-failed", detect.High},
		{"no readable code", signIn(0, func(r *entra.Record) { r.SignIn.HasErrorCode = false }), "signin-failed", detect.High},
		{"failure in the background", signIn(50126, nonInteractive), "signin-failed", detect.High},
		{"ROPC in the background", signIn(50126, nonInteractive, func(r *entra.Record) { r.SignIn.Protocol = "ropc" }), "legacy-auth", detect.Critical},
		{"success over SMTP", signIn(0, func(r *entra.Record) { r.SignIn.ClientApp = "Authenticated SMTP" }), "legacy-auth", detect.Critical},
		{"success as a service principal", signIn(0, func(r *entra.Record) { r.Kind = entra.KindServicePrincipalSignIn }), "signin-success", detect.Critical},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if v := judge(t, tt.rec); v.HeadlineRule != tt.rule || v.Severity != tt.severity {
				t.Errorf("%s %s, want %s %s: %s", v.HeadlineRule, v.Severity, tt.rule, tt.severity, v.Headline)
			}
		})
	}
}

func TestAllRulesThatHoldAreNamed(t *testing.T) {
	v := judge(t, audited("Remove member from group", alphaAs(entra.RoleActor), entra.Party{Role: entra.RoleTarget, ObjectID: betaID}, groupTarget()))
	if want := []string{"exclusion-group-changed", "account-changed", "account-acted"}; !slices.Equal(v.Rules, want) {
		t.Errorf("rules %v, want %v", v.Rules, want)
	}
}

// The event stands in the stream of both accounts, and reads the same in each.
func TestAnEventReadsTheSameInTheOtherAccountsStream(t *testing.T) {
	e := arrive(audited("Reset user password", alphaAs(entra.RoleActor), entra.Party{Role: entra.RoleTarget, ObjectID: betaID}), reached)
	first, _ := detect.NewDetector(setting()).Judge(e, detect.History{})
	e.Account = betaID
	second, _ := detect.NewDetector(setting()).Judge(e, detect.History{})
	if want := "Password of bg-beta was reset by bg-alpha"; first.Headline != want || second.Headline != want {
		t.Errorf("%q and %q, want %q", first.Headline, second.Headline, want)
	}
	if want := []string{"account-changed", "account-acted"}; !slices.Equal(first.Rules, want) || !slices.Equal(second.Rules, want) {
		t.Errorf("rules %v and %v, want %v", first.Rules, second.Rules, want)
	}
}

// An account that has left the settings keeps its rules: its stream may be judged again.
func TestAnAccountThatLeftTheSettings(t *testing.T) {
	for _, rec := range []entra.Record{
		signIn(0), audited("Disable account", admin(), alphaAs(entra.RoleTarget)), audited("Add member to role", alphaAs(entra.RoleActor)), called("GET", "/"),
	} {
		e := arrive(rec, reached)
		want, _ := detect.NewDetector(setting()).Judge(e, detect.History{})
		got, _ := detect.NewDetector(detect.Setting{}).Judge(e, detect.History{})
		if got.HeadlineRule != want.HeadlineRule || !strings.Contains(got.Headline, alphaID) {
			t.Errorf("%s: %s, was %s", got.HeadlineRule, got.Headline, want.HeadlineRule)
		}
	}
}

func TestACanaryComesUnderNoRule(t *testing.T) {
	v := judge(t, entra.Record{Kind: entra.KindCanary, Canary: &entra.Canary{Nonce: "n"}})
	if len(v.Rules) != 0 || v.Severity != detect.Info || v.HeadlineRule != "" {
		t.Errorf("%+v", v)
	}
}

func TestAMessageThatCouldNotBeRead(t *testing.T) {
	e := breakglass.UnparsedEvent([]byte("{"), entra.Damage{Reason: "the JSON ends at byte 1", Shape: "syntax"}, breakglass.Arrival{ReachedAt: reached})
	v, _ := detect.NewDetector(setting()).Judge(e, detect.History{})
	if v.Headline != "A log message could not be read: the JSON ends at byte 1" || v.Severity != detect.Medium {
		t.Errorf("%s: %s", v.Severity, v.Headline)
	}
}
