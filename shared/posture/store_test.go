package posture_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/conditional"
	"glasswatch/shared/detect"
	"glasswatch/shared/posture"
)

func TestASnapshotComesBackFromStorage(t *testing.T) {
	s := soundTenant(t, 3)
	s.Licences = posture.Missed[posture.Licences](posture.Gap{Reason: posture.NoPermission, Missing: "X"})
	data, err := posture.Encode(s, posture.LargestSnapshot)
	if err != nil {
		t.Fatal(err)
	}
	again, err := posture.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := posture.Run(posture.Suite, s, soundPolicy(), nil, nil, taken)
	after, _ := posture.Run(posture.Suite, again, soundPolicy(), nil, nil, taken)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
}

func TestALargeSnapshotLosesWholeSectionsAndSaysSo(t *testing.T) {
	s := soundTenant(t, 2)
	for n := range 20000 {
		s.Administrators.Value = append(s.Administrators.Value, posture.Administrator{ID: fmt.Sprint(n), Name: strings.Repeat("x", 50), Kind: "user"})
	}
	const most = 64 << 10
	data, err := posture.Encode(s, most)
	if err != nil || len(data) > most {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	if !s.Administrators.Read || !s.Accounts[0].WhatIf.Read {
		t.Error("encoding changed the snapshot")
	}
	again, err := posture.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if again.Administrators.Read || again.Administrators.Gap.Reason != posture.TooLarge || !again.Policies.Read {
		t.Errorf("administrators %+v, policies read %t", again.Administrators.Gap, again.Policies.Read)
	}
	if _, err := posture.Encode(s, 100); err == nil {
		t.Error("a snapshot in 100 bytes")
	}
}

func TestWhatIsNotInAStoredSnapshotIsUnread(t *testing.T) {
	s, err := posture.Decode([]byte(`{"at":"2026-03-02T06:00:00Z","accounts":[{"id":"` + accountID(1) + `"},{"id":"` + accountID(2) + `"}],"later":{"read":true}}`))
	if err != nil {
		t.Fatal(err)
	}
	findings, tally := posture.Run(posture.Suite, s, soundPolicy(), nil, nil, taken)
	if tally.Counts[posture.Unknown] != len(findings) {
		t.Errorf("%+v of %d findings about nothing at all", tally.Counts, len(findings))
	}
	for _, bad := range []string{"", "[]", `{"accounts":3}`, "{"} {
		if _, err := posture.Decode([]byte(bad)); err == nil {
			t.Errorf("%q is taken for a snapshot", bad)
		}
	}
	if _, err := posture.Decode(make([]byte, posture.LargestSnapshot+1)); err == nil {
		t.Error("there is no limit")
	}
}

func TestParsePolicy(t *testing.T) {
	for _, tt := range []struct {
		text     string
		change   func(*posture.Policy)
		problems int
	}{
		{"", func(*posture.Policy) {}, 0},
		{"{}", func(*posture.Policy) {}, 0},
		{`{"mostAccounts":3,"allowedRoles":[" ABC "],"allowedConsents":["X"],"ownerPolicy":"forbid","scopedAdministrators":["S"],"fewestAdministrators":3,"mostAdministrators":10,"manyAdministrators":6}`, func(p *posture.Policy) {
			p.MostAccounts, p.AllowedRoles, p.AllowedConsents, p.OwnerPolicy, p.ScopedAdministrators = 3, []string{"abc"}, []string{"x"}, "forbid", []string{"s"}
			p.FewestAdministrators, p.MostAdministrators, p.ManyAdministrators = 3, 10, 6
		}, 0},
		{`{"mostAcounts":9,"manyAdministrators":6}`, func(p *posture.Policy) { p.ManyAdministrators = 6 }, 1},
		{`{"mostAccounts":"3","allowedRoles":"x","ownerPolicy":"maybe"}`, func(*posture.Policy) {}, 3},
		{`{"mostAdministrators":0,"fewestAdministrators":-1}`, func(*posture.Policy) {}, 2},
		{`{"mostAdministrators":3,"fewestAdministrators":5}`, func(*posture.Policy) {}, 1},
		{`[1]`, func(*posture.Policy) {}, 1},
	} {
		want := posture.DefaultPolicy()
		tt.change(&want)
		got, problems := posture.ParsePolicy([]byte(tt.text))
		if diff := cmp.Diff(want, got); diff != "" || len(problems) != tt.problems {
			t.Errorf("%s: %q %s", tt.text, problems, diff)
		}
	}
}

func TestBaseline(t *testing.T) {
	s := soundTenant(t, 2)
	hash := func(s posture.Snapshot) string {
		b, err := posture.TakeBaseline(s)
		if err != nil {
			t.Fatal(err)
		}
		h, err := b.Hash()
		if err != nil || len(h) != 64 {
			t.Fatal(h, err)
		}
		return h
	}
	want := hash(s)
	turned := copied(t, s)
	slices.Reverse(turned.Accounts)
	slices.Reverse(turned.Accounts[0].Methods.Value)
	turned.Accounts[1].User.Value.CreatedAt = turned.Accounts[1].User.Value.CreatedAt.In(time.FixedZone("", 3600))
	if hash(turned) != want {
		t.Error("the order of reading changes the hash")
	}
	changed := copied(t, s)
	changed.Accounts[0].Methods.Value[0].ID = "another"
	if hash(changed) == want {
		t.Error("another key has the same hash")
	}
	for name, spoil := range map[string]func(*posture.Snapshot){
		"no account":                   func(s *posture.Snapshot) { s.Accounts = nil },
		"an account that was not read": func(s *posture.Snapshot) { s.Accounts[0].User = posture.Missed[posture.User](posture.Gap{}) },
		"methods that were not read":   func(s *posture.Snapshot) { s.Accounts[1].Methods = posture.Missed[[]posture.Method](posture.Gap{}) },
		"an account that is gone":      func(s *posture.Snapshot) { s.Accounts[0].User.Value.Found = false },
	} {
		bad := copied(t, s)
		spoil(&bad)
		if _, err := posture.TakeBaseline(bad); err == nil {
			t.Errorf("%s is approved", name)
		}
	}
}

func TestLockout(t *testing.T) {
	s := soundTenant(t, 2)
	lockout := posture.Lockout(s, soundPolicy())
	text := func(users string) string {
		return fmt.Sprintf(`{"id":%q,"displayName":"P","state":"enabled","conditions":{"users":{%s},"applications":{"includeApplications":["All"]}},"grantControls":{"operator":"OR","builtInControls":["block"]}}`, policyID(9), users)
	}
	quoted := func(s string) string {
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	excluding, open := text(`"includeUsers":["All"],"excludeGroups":["`+dedicated+`"]`), text(`"includeUsers":["All"]`)
	for _, tt := range []struct {
		name, old, updated, account string
		want                        detect.Effect
	}{
		{"the exclusion is removed", excluding, open, accountID(1), detect.EffectBlocked},
		{"the same, quoted and with an id in capitals", quoted(excluding), quoted(open), strings.ToUpper(accountID(1)), detect.EffectBlocked},
		{"the exclusion is added", open, excluding, accountID(1), detect.EffectNone},
		{"a new policy", "", open, accountID(1), detect.EffectBlocked},
		{"a deleted policy", open, "", accountID(1), detect.EffectNone},
		{"the old version cannot be read", "{", open, accountID(1), detect.EffectBlocked},
		{"the new version cannot be read", excluding, "{", accountID(1), detect.EffectUnknown},
		{"an account that is not in the snapshot", excluding, open, "99999999-cccc-4ccc-8ccc-0123456789ab", detect.EffectUnknown},
	} {
		got := lockout(tt.old, tt.updated, tt.account)
		if got.Effect != tt.want || got.Because == "" || !got.SnapshotAt.Equal(taken) {
			t.Errorf("%s: %+v, want %s", tt.name, got, tt.want)
		}
	}
	s.Accounts[0].Memberships = posture.Missed[posture.Memberships](posture.Gap{Reason: posture.Throttled})
	if got := posture.Lockout(s, soundPolicy())(open, excluding, accountID(1)); got.Effect != detect.EffectUnknown {
		t.Errorf("without the groups of the account: %+v", got)
	}
}

func TestWhatLockedYouOut(t *testing.T) {
	s := soundTenant(t, 2)
	for n := range 3 {
		s.Administrators.Value = append(s.Administrators.Value, posture.Administrator{ID: fmt.Sprintf("33333333-0000-4000-8000-%012d", n), Kind: "user"})
	}
	at := taken.Add(time.Hour)
	change := func(object, name string, hours int) posture.RecentChange {
		return posture.RecentChange{At: at.Add(-time.Duration(hours) * time.Hour), Object: object, Name: name, Actor: "eve@contoso.com", What: "Update conditional access policy"}
	}
	s.RecentChanges.Value = []posture.RecentChange{change(policyID(1), "old name", 5), change(dedicated, "Break glass", 1)}
	block := parsePolicy(t, fmt.Sprintf(`{"id":%q,"displayName":"Stop all","state":"enabled","conditions":{"users":{"includeUsers":["All"]},"applications":{"includeApplications":["All"]}},"grantControls":{"builtInControls":["block"]}}`, policyID(50)))
	s.Policies.Value = append(s.Policies.Value, block)
	got := posture.LockedOutBy(s, soundPolicy(), []posture.RecentChange{change(policyID(2), "x", 2), change(policyID(1), "x", 3), change(policyID(3), "x", 30)}, at)
	var order []string
	for _, suspect := range got {
		order = append(order, suspect.PolicyID)
	}
	// No other administrator is in the exclusion group, so that a policy which excludes it is a suspect too.
	if diff := cmp.Diff([]string{policyID(2), policyID(1), policyID(3), policyID(50)}, order); diff != "" {
		t.Fatal(diff)
	}
	blind := s
	blind.Groups = posture.Missed[[]posture.Group](posture.Gap{Reason: posture.Throttled})
	for _, suspect := range posture.LockedOutBy(blind, soundPolicy(), nil, at) {
		if suspect.PolicyID == policyID(3) {
			t.Error("a policy that excludes a group is a suspect although nobody knows who is in the group")
		}
	}
	want := []string{
		"The policy “Block legacy authentication” was changed 2 hours before by “eve@contoso.com”.",
		"The policy “Multifactor for everybody” was changed 3 hours before by “eve@contoso.com”.",
		"The policy “Administrators on managed devices” stands in the way of 4 Global Administrators.",
		"The policy “Stop all” stands in the way of 4 Global Administrators.",
	}
	for n, suspect := range got {
		if suspect.Because != want[n] {
			t.Errorf("%q, want %q", suspect.Because, want[n])
		}
	}
	if list := posture.LockedOutBy(posture.Snapshot{}, soundPolicy(), nil, at); len(list) != 0 {
		t.Errorf("suspects in an empty snapshot: %+v", list)
	}
}

func TestMethodKind(t *testing.T) {
	for odataType, want := range map[string]conditional.MethodKind{
		"#microsoft.graph.fido2AuthenticationMethod":                   conditional.FIDO2,
		"#microsoft.graph.x509CertificateAuthenticationMethod":         conditional.X509,
		"#microsoft.graph.microsoftAuthenticatorAuthenticationMethod":  conditional.Authenticator,
		"#microsoft.graph.windowsHelloForBusinessAuthenticationMethod": conditional.WindowsHello,
		"#microsoft.graph.platformCredentialAuthenticationMethod":      conditional.PlatformCredential,
		"#microsoft.graph.temporaryAccessPassAuthenticationMethod":     conditional.TemporaryAccessPass,
		"#microsoft.graph.hardwareOathAuthenticationMethod":            conditional.HardwareOath,
		"#microsoft.graph.softwareOathAuthenticationMethod":            conditional.SoftwareOath,
		"#microsoft.graph.phoneAuthenticationMethod":                   conditional.Phone,
		"#microsoft.graph.emailAuthenticationMethod":                   conditional.Email,
		"#microsoft.graph.passwordAuthenticationMethod":                conditional.Password,
		"#microsoft.graph.externalAuthenticationMethod":                conditional.External,
		"#microsoft.graph.qrCodePinAuthenticationMethod":               conditional.QRCodePIN,
		"#microsoft.graph.moonPhaseAuthenticationMethod":               conditional.UnknownMethod,
		"#microsoft.graph.unknownAuthenticationMethod":                 conditional.UnknownMethod,
		"": conditional.UnknownMethod,
	} {
		if got := posture.MethodKind(odataType); got != want {
			t.Errorf("%s is %s, want %s", odataType, got, want)
		}
	}
}
