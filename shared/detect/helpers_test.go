package detect_test

import (
	"testing"
	"time"

	"glasswatch/shared/breakglass"
	"glasswatch/shared/detect"
	"glasswatch/shared/entra"
)

const (
	alphaID  = "11111111-aaaa-4aaa-8aaa-0123456789ab"
	betaID   = "22222222-bbbb-4bbb-8bbb-0123456789ab"
	groupID  = "33333333-dddd-4ddd-8ddd-0123456789ab"
	adminID  = "99999999-cccc-4ccc-8ccc-0123456789ab"
	policyID = "44444444-eeee-4eee-8eee-0123456789ab"
	group    = "/subscriptions/s1/resourceGroups/glasswatch"
	hub      = group + "/providers/Microsoft.EventHub/namespaces/gw-hub"
	site     = group + "/providers/Microsoft.Web/sites/gw-app"
)

var reached = time.Date(2026, 3, 1, 3, 14, 0, 0, time.UTC)

func setting() detect.Setting {
	return detect.Setting{
		Accounts: breakglass.NewAccounts([]breakglass.Account{
			{ObjectID: alphaID, UserPrincipalName: "bg-alpha@contoso.com"},
			{ObjectID: betaID, UserPrincipalName: "bg-beta@contoso.com"},
		}),
		ExclusionGroups: []string{groupID},
		ResourceIDs:     []string{hub, site},
		TenantID:        "tenant",
	}
}

// arrive is the event of a record that reached us at that time.
func arrive(rec entra.Record, at time.Time) breakglass.Event {
	arrival := breakglass.Arrival{ReachedAt: at, EnqueuedAt: at, Source: breakglass.SourceHub}
	if e, ok := setting().Accounts.Event(rec, arrival); ok {
		return e
	}
	return breakglass.NewEvent(rec, arrival)
}

// judge judges a record by itself.
func judge(t *testing.T, rec entra.Record) detect.Verdict {
	t.Helper()
	v, _ := detect.NewDetector(setting()).Judge(arrive(rec, reached), detect.History{})
	return v
}

// signIn is an interactive sign-in of bg-alpha from Oslo, shortly before it reached us.
func signIn(code int, edits ...func(*entra.Record)) entra.Record {
	rec := entra.Record{
		Kind: entra.KindSignIn, Category: "SignInLogs", ID: "sign-in-1", TenantID: "tenant", Happened: reached.Add(-2 * time.Minute),
		Parties: []entra.Party{{Role: entra.RoleSubject, ObjectID: alphaID, UserPrincipalName: "bg-alpha@contoso.com"}},
		SignIn: &entra.SignIn{
			HasErrorCode: true, ErrorCode: code, App: "Azure portal", AppID: "c44b4083", IPAddress: "203.0.113.7", City: "Oslo", Country: "NO",
			OperatingSystem: "Windows10", Browser: "Edge 140.0", ClientApp: "Browser", SessionID: "session-1",
			Methods: []string{"Passkey (device-bound)"}, Requirement: "multiFactorAuthentication",
		},
	}
	for _, edit := range edits {
		edit(&rec)
	}
	return rec
}

func nonInteractive(rec *entra.Record) {
	rec.Kind, rec.Category = entra.KindNonInteractiveSignIn, "NonInteractiveUserSignInLogs"
}

func admin() entra.Party {
	return entra.Party{Role: entra.RoleActor, ObjectID: adminID, UserPrincipalName: "helpdesk@contoso.com", Type: "User"}
}

func alphaAs(r entra.Role) entra.Party {
	return entra.Party{Role: r, ObjectID: alphaID, UserPrincipalName: "bg-alpha@contoso.com", Type: "User"}
}

// audited is an audit record of what the actor did to the targets.
func audited(activity string, actor entra.Party, targets ...entra.Party) entra.Record {
	rec := entra.Record{
		Kind: entra.KindAudit, Category: "AuditLogs", Operation: activity, ID: "Directory_1", TenantID: "tenant", Happened: reached.Add(-time.Minute),
		Parties: append([]entra.Party{actor}, targets...),
		Audit:   &entra.Audit{Activity: activity, Result: "success", Service: "Core Directory"},
	}
	for _, target := range targets {
		rec.Audit.TargetNames = append(rec.Audit.TargetNames, target.DisplayName+target.UserPrincipalName)
		rec.Audit.TargetIsPolicy = rec.Audit.TargetIsPolicy || target.Type == "Policy"
	}
	return rec
}

func withChange(rec entra.Record, name, before, after string) entra.Record {
	rec.Audit.Changes = append(rec.Audit.Changes, entra.Change{Name: name, Old: before, New: after})
	return rec
}

func policyTarget(name string) entra.Party {
	return entra.Party{Role: entra.RoleTarget, ObjectID: policyID, DisplayName: name, Type: "Policy"}
}

func groupTarget() entra.Party {
	return entra.Party{Role: entra.RoleTarget, ObjectID: groupID, DisplayName: "CA exclusions", Type: "Group"}
}

// operated is an Azure activity record.
func operated(operation, resource string, actor entra.Party) entra.Record {
	return entra.Record{
		Kind: entra.KindAzureActivity, Category: "Administrative", Operation: operation, ID: "op-1", TenantID: "tenant", Happened: reached.Add(-time.Minute),
		Parties:  []entra.Party{actor},
		Activity: &entra.Activity{Operation: operation, ResourceID: resource, Status: "Success", Succeeded: true, IPAddress: "198.51.100.9"},
	}
}

func called(method, uri string) entra.Record {
	return entra.Record{
		Kind: entra.KindGraphActivity, Category: "MicrosoftGraphActivityLogs", ID: "request-1", TenantID: "tenant", Happened: reached.Add(-time.Minute),
		Parties:  []entra.Party{alphaAs(entra.RoleActor)},
		Activity: &entra.Activity{Method: method, URI: uri, Status: "200", Succeeded: true},
	}
}

func risky(state, detail string) entra.Record {
	return entra.Record{
		Kind: entra.KindRiskEvent, Category: "UserRiskEvents", ID: "risk-1", TenantID: "tenant", Happened: reached.Add(-time.Hour),
		Parties: []entra.Party{alphaAs(entra.RoleSubject)},
		Risk:    &entra.Risk{EventType: "passwordSpray", Level: "high", State: state, Detail: detail},
	}
}
