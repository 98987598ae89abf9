package breakglass_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"glasswatch/shared/breakglass"
	"glasswatch/shared/entra"
)

const (
	alphaID = "11111111-aaaa-4aaa-8aaa-0123456789ab"
	betaID  = "22222222-bbbb-4bbb-8bbb-0123456789ab"
	otherID = "99999999-cccc-4ccc-8ccc-0123456789ab"
)

func accounts() breakglass.Accounts {
	return breakglass.NewAccounts([]breakglass.Account{
		{ObjectID: alphaID, UserPrincipalName: "bg-alpha@contoso.com", Aliases: []string{"SMTP:alpha.old@contoso.com", "+47 5555"}},
		{ObjectID: " " + betaID + " ", UserPrincipalName: "BG-Beta@Contoso.com"},
	})
}

var arrival = breakglass.Arrival{
	ReachedAt:  time.Date(2026, 3, 1, 3, 14, 0, 0, time.UTC),
	EnqueuedAt: time.Date(2026, 3, 1, 3, 13, 59, 0, time.UTC),
	Source:     breakglass.SourceHub,
}

func recordOf(kind entra.Kind, parties ...entra.Party) entra.Record {
	return entra.Record{Kind: kind, ID: "record-1", TenantID: "tenant", Parties: parties, Properties: []byte(`{"id":"record-1"}`)}
}

var kinds = []entra.Kind{
	entra.KindSignIn, entra.KindNonInteractiveSignIn, entra.KindServicePrincipalSignIn, entra.KindAudit, entra.KindRiskyUser,
	entra.KindRiskEvent, entra.KindGraphActivity, entra.KindAzureActivity, entra.KindUnparsed,
}

func TestEachKindNamedInEachWayIsOneEvent(t *testing.T) {
	ways := []struct {
		name      string
		party     entra.Party
		by        breakglass.MatchedBy
		recreated string
	}{
		{"object id", entra.Party{ObjectID: alphaID}, breakglass.ByObjectID, ""},
		{"object id in capitals", entra.Party{ObjectID: "11111111-AAAA-4AAA-8AAA-0123456789AB"}, breakglass.ByObjectID, ""},
		{"object id and a foreign name", entra.Party{ObjectID: alphaID, UserPrincipalName: "x@y"}, breakglass.ByObjectID, ""},
		{"user name", entra.Party{UserPrincipalName: "bg-alpha@contoso.com"}, breakglass.ByUserPrincipalName, ""},
		{"user name in other case and with blanks", entra.Party{UserPrincipalName: " BG-ALPHA@contoso.COM\t"}, breakglass.ByUserPrincipalName, ""},
		{"object id where the user name belongs", entra.Party{UserPrincipalName: alphaID}, breakglass.ByUserPrincipalName, ""},
		{"alias", entra.Party{UserPrincipalName: "alpha.old@contoso.com"}, breakglass.ByUserPrincipalName, ""},
		{"what was typed", entra.Party{SignInIdentifier: "Bg-Alpha@contoso.com"}, breakglass.BySignInIdentifier, ""},
		{"a typed telephone number", entra.Party{SignInIdentifier: "+47 5555"}, breakglass.BySignInIdentifier, ""},
		{"alternate name", entra.Party{AlternateSignInName: "bg-alpha@contoso.com"}, breakglass.ByAlternateSignInName, ""},
		{"name under another id", entra.Party{ObjectID: "99999999-CCCC-4ccc-8ccc-0123456789ab", UserPrincipalName: "bg-alpha@contoso.com"}, breakglass.ByUserPrincipalName, otherID},
		{"name under the id that means nobody", entra.Party{ObjectID: "00000000-0000-0000-0000-000000000000", UserPrincipalName: "bg-alpha@contoso.com"}, breakglass.ByUserPrincipalName, ""},
	}
	for _, kind := range kinds {
		for _, way := range ways {
			for _, role := range []entra.Role{entra.RoleSubject, entra.RoleActor, entra.RoleTarget} {
				t.Run(fmt.Sprintf("%s/%s/%s", kind, way.name, role), func(t *testing.T) {
					way.party.Role = role
					e, ok := accounts().Event(recordOf(kind, way.party), arrival)
					if !ok {
						t.Fatal("no event")
					}
					got := []any{e.Account, e.Accounts, e.Role, e.MatchedBy, e.Recreated, e.Kind}
					want := []any{alphaID, []string{alphaID}, role, way.by, way.recreated, kind}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Error(diff)
					}
				})
			}
		}
	}
}

func TestLookAlikesAreNobody(t *testing.T) {
	for name, party := range map[string]entra.Party{
		"another id":                {ObjectID: otherID},
		"id with one digit changed": {ObjectID: alphaID[:35] + "c"},
		"id inside a text":          {ObjectID: "users/" + alphaID, UserPrincipalName: "see " + alphaID},
		"name inside a longer one":  {UserPrincipalName: "bg-alpha@contoso.com.evil.org"},
		"longer name at the front":  {UserPrincipalName: "not-bg-alpha@contoso.com"},
		"name without its domain":   {UserPrincipalName: "bg-alpha"},
		"display name":              {DisplayName: "bg-alpha@contoso.com", Type: alphaID},
		"display name is the id":    {DisplayName: alphaID},
		"nothing at all":            {},
		"a letter that looks alike": {UserPrincipalName: "bg-\u0430lpha@contoso.com"},
		"a blank inside":            {UserPrincipalName: "bg- alpha@contoso.com"},
		"the id that means nobody":  {ObjectID: "00000000-0000-0000-0000-000000000000"},
	} {
		t.Run(name, func(t *testing.T) {
			rec := recordOf(entra.KindAudit, party)
			rec.CorrelationID, rec.Operation, rec.ResourceID = alphaID, "Update bg-alpha@contoso.com", "/users/"+alphaID
			rec.Audit = &entra.Audit{Activity: "Update user " + alphaID, Details: []entra.Detail{{Key: "id", Value: alphaID}}, TargetNames: []string{"bg-alpha@contoso.com"}}
			rec.SignIn = &entra.SignIn{DeviceID: alphaID, SessionID: alphaID, App: "bg-alpha@contoso.com"}
			if e, ok := accounts().Event(rec, arrival); ok {
				t.Errorf("taken for %s by %s", e.Account, e.MatchedBy)
			}
		})
	}
	if e, ok := (breakglass.Accounts{}).Event(recordOf(entra.KindSignIn, entra.Party{}), arrival); ok {
		t.Errorf("nobody is watched, and yet: %v", e)
	}
}

func TestWhoIsPrimary(t *testing.T) {
	alpha, beta := entra.Party{ObjectID: alphaID}, entra.Party{ObjectID: betaID}
	as := func(r entra.Role, p entra.Party) entra.Party { p.Role = r; return p }
	for _, tt := range []struct {
		name    string
		parties []entra.Party
		want    []string
		role    entra.Role
		by      breakglass.MatchedBy
	}{
		{"actor before target", []entra.Party{as(entra.RoleActor, beta), as(entra.RoleTarget, alpha)}, []string{betaID, alphaID}, entra.RoleActor, breakglass.ByObjectID},
		{"actor named last", []entra.Party{as(entra.RoleTarget, alpha), as(entra.RoleActor, beta)}, []string{betaID, alphaID}, entra.RoleActor, breakglass.ByObjectID},
		{"first target in configuration order", []entra.Party{as(entra.RoleTarget, beta), as(entra.RoleTarget, alpha)}, []string{alphaID, betaID}, entra.RoleTarget, breakglass.ByObjectID},
		{"at any target's place", []entra.Party{as(entra.RoleActor, entra.Party{ObjectID: otherID}), as(entra.RoleTarget, entra.Party{ObjectID: otherID}), as(entra.RoleTarget, beta)}, []string{betaID}, entra.RoleTarget, breakglass.ByObjectID},
		{"actor on itself", []entra.Party{as(entra.RoleTarget, alpha), as(entra.RoleActor, entra.Party{UserPrincipalName: "bg-alpha@contoso.com"})}, []string{alphaID}, entra.RoleActor, breakglass.ByUserPrincipalName},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, ok := accounts().Event(recordOf(entra.KindAudit, tt.parties...), arrival)
			if !ok {
				t.Fatal("no event")
			}
			if diff := cmp.Diff([]any{tt.want, tt.want[0], tt.role, tt.by}, []any{e.Accounts, e.Account, e.Role, e.MatchedBy}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestARecreatedAccountIsToldWhoeverIsPrimary(t *testing.T) {
	e, _ := accounts().Event(recordOf(entra.KindAudit,
		entra.Party{Role: entra.RoleActor, ObjectID: betaID},
		entra.Party{Role: entra.RoleTarget, ObjectID: otherID, UserPrincipalName: "bg-alpha@contoso.com"}), arrival)
	if diff := cmp.Diff([]any{betaID, otherID}, []any{e.Account, e.Recreated}); diff != "" {
		t.Error(diff)
	}
}

func TestAccountsThatQuarrel(t *testing.T) {
	a := breakglass.NewAccounts([]breakglass.Account{
		{ObjectID: alphaID, UserPrincipalName: "a@x", Aliases: []string{"b@x"}},
		{ObjectID: betaID, UserPrincipalName: "b@x"},
		{ObjectID: alphaID, UserPrincipalName: "again@x"},
		{UserPrincipalName: "no-id@x"},
	})
	if got := len(a.All()); got != 2 {
		t.Errorf("%d accounts, want 2", got)
	}
	for name, want := range map[string]string{"a@x": alphaID, "b@x": betaID} {
		if account, _, _ := a.Match(entra.Party{UserPrincipalName: name}); account.ObjectID != want {
			t.Errorf("%s is %q, want %s: an account's own name goes before another's alias", name, account.ObjectID, want)
		}
	}
	for _, name := range []string{"no-id@x", ""} {
		if _, _, ok := a.Match(entra.Party{UserPrincipalName: name}); ok {
			t.Errorf("%q names an account", name)
		}
	}
}

func TestLabel(t *testing.T) {
	for want, account := range map[string]breakglass.Account{
		"bg-alpha": {ObjectID: alphaID, UserPrincipalName: "bg-alpha@contoso.com"},
		alphaID:    {ObjectID: alphaID},
		"@x":       {ObjectID: alphaID, UserPrincipalName: "@x"},
		"plain":    {ObjectID: alphaID, UserPrincipalName: "plain"},
	} {
		if got := account.Label(); got != want {
			t.Errorf("label of %+v is %q, want %q", account, got, want)
		}
	}
	if got := accounts().Label(otherID); got != otherID {
		t.Errorf("label of a stranger is %q", got)
	}
}

// Changing the case of a name never changes whom it names, in any alphabet.
func TestMatchingIgnoresCase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-zA-ZæøåÆØÅßſKςΣéÉ]{1,12}@[a-z]{1,8}`).Draw(t, "name")
		a := breakglass.NewAccounts([]breakglass.Account{{ObjectID: alphaID, UserPrincipalName: name}})
		for _, variant := range swapped(name) {
			if _, _, ok := a.Match(entra.Party{UserPrincipalName: variant}); !ok {
				t.Fatalf("%q does not match %q", variant, name)
			}
		}
	})
}
