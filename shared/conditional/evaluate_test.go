package conditional_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/conditional"
)

func TestDedicatedPolicies(t *testing.T) {
	strong := `"operator":"OR",` + strongMFA
	for _, tt := range []struct {
		name, objection string
		source          source
		change          change
		settings        func(*conditional.Settings)
		accepted        bool
	}{
		{name: "a listed policy for phishing-resistant MFA", source: source{users: one("includeUsers", alpha), grant: strong}, accepted: true},
		{name: "the same, not listed", source: source{users: one("includeUsers", alpha), grant: strong}, settings: func(s *conditional.Settings) { s.DedicatedPolicies = nil }},
		{name: "the same in the mode strict", source: source{users: one("includeUsers", alpha), grant: strong}, settings: func(s *conditional.Settings) { s.Mode = conditional.Strict }},
		{name: "a block", source: source{users: everyone, grant: block}, objection: "blocks"},
		{name: "plain MFA", source: source{users: everyone, grant: mfa}, objection: "authentication strength"},
		{name: "MFA in place of the strength", source: source{users: everyone, grant: `"operator":"OR","builtInControls":["mfa"],` + strongMFA}, objection: "in place"},
		{name: "MFA beside the strength", source: source{users: everyone, grant: `"operator":"AND","builtInControls":["mfa"],` + strongMFA}, accepted: true},
		{name: "a device beside the strength", source: source{users: everyone, grant: `"operator":"AND","builtInControls":["compliantDevice"],` + strongMFA}, objection: "cannot satisfy"},
		{name: "a location", source: source{users: everyone, conditions: anyApp + `,"locations":{"includeLocations":["All"]}`, grant: strong}, objection: "location"},
		{name: "a device filter", source: source{users: everyone, conditions: anyApp + `,"devices":{"deviceFilter":{"mode":"include","rule":"x"}}`, grant: strong}, objection: "device"},
		{name: "a weaker strength", source: source{users: everyone, grant: `"operator":"OR","authenticationStrength":{"id":"00000000-0000-0000-0000-000000000003"}`}, objection: "phishing-resistant"},
		{name: "an account without a key", source: source{users: everyone, grant: strong}, change: kinds(conditional.Phone), objection: "cannot satisfy"},
		{name: "something that is not known", source: source{users: everyone, conditions: anyApp + `,"moon":["full"]`, grant: strong}, objection: "not known"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, set := subject(), settings()
			set.Mode, set.DedicatedPolicies = conditional.DedicatedPolicy, conditional.List{policyID}
			if tt.change != nil {
				tt.change(&s)
			}
			if tt.settings != nil {
				tt.settings(&set)
			}
			r := conditional.Evaluate(parse(t, tt.source.json()), &s, &set)
			if r.Accepted != tt.accepted || !strings.Contains(r.Objection, tt.objection) || (r.Objection == "") != (tt.objection == "") {
				t.Errorf("accepted %t, objection %q; want %t, %q", r.Accepted, r.Objection, tt.accepted, tt.objection)
			}
		})
	}
}

func TestTheStrengthAsReadGoesBeforeWhatThePolicyCarries(t *testing.T) {
	s, set := subject(), settings()
	const id = "5eeeeeee-0000-4000-8000-000000000001"
	set.Strengths = map[string]conditional.Strength{id: {ID: id, DisplayName: "Ours", Combinations: conditional.List{"fido2"}, Configurations: []conditional.Configuration{
		{Type: "#microsoft.graph.fido2CombinationConfiguration", AppliesTo: conditional.List{"fido2"}, AAGUIDs: conditional.List{feitian}},
	}}}
	r := conditional.Evaluate(parse(t, source{users: everyone, grant: strength(`"fido2"`, "[]")}.json()), &s, &set)
	if r.Consequence != unsatisfiable {
		t.Errorf("%s because %s, want %s: the policy's own copy has no restriction, the strength itself has", r.Consequence, r.Because, unsatisfiable)
	}
}

func TestWords(t *testing.T) {
	s, set := subject(), settings()
	set.Names = map[string]string{other: "All staff", "10c00000-0000-4000-8000-000000000001": "Head office"}
	p := parse(t, source{
		users:      one("includeGroups", other),
		conditions: `"applications":{"includeApplications":["All"],"excludeApplications":["Office365"]},"clientAppTypes":["browser","other"],"platforms":{"includePlatforms":["all"],"excludePlatforms":["iOS"]},"locations":{"includeLocations":["All"],"excludeLocations":["10C00000-0000-4000-8000-000000000001"]},"signInRiskLevels":["medium","high"],"devices":{"deviceFilter":{"mode":"include","rule":"device.isCompliant -eq False"}},"authenticationFlows":{"transferMethods":"deviceCodeFlow"}`,
		grant:      `"operator":"OR","builtInControls":["compliantDevice","domainJoinedDevice"]`,
	}.json())
	r := conditional.Evaluate(p, &s, &set)
	want := []string{
		"when opening any application, but not Office 365",
		"when signing in with a browser or legacy programs",
		"on any platform but not iOS",
		"from anywhere but not “Head office”",
		"when the sign-in risk is high or medium",
		"on devices that a filter selects (device.isCompliant -eq False)",
		"when signing in by device code flow",
	}
	if diff := cmp.Diff(want, r.AppliesWhen); diff != "" {
		t.Error(diff)
	}
	because := "the policy includes its group “All staff” and asks for a compliant device or a hybrid-joined device, which the account cannot give: an emergency sign-in cannot count on a compliant device; an emergency sign-in cannot count on a hybrid-joined device"
	if diff := cmp.Diff(because, r.Because); diff != "" {
		t.Error(diff)
	}
}

func TestAllWaysOutAreTold(t *testing.T) {
	s, set := subject(), settings()
	r := conditional.Evaluate(parse(t, source{users: everyone + "," + one("excludeUsers", alpha) + `,"excludeGroups":["` + nested + `","` + other + `","` + dedicated + `"],` + one("excludeRoles", admin), grant: block}.json()), &s, &set)
	want := []conditional.Exclusion{
		{Relation: conditional.ExcludedDirect, ID: alpha},
		{Relation: conditional.ExcludedDedicatedGroup, ID: dedicated},
		{Relation: conditional.ExcludedOtherGroup, ID: other},
		{Relation: conditional.ExcludedNestedGroup, ID: nested},
		{Relation: conditional.ExcludedRole, ID: admin},
	}
	if diff := cmp.Diff(want, r.Exclusions); diff != "" {
		t.Error(diff)
	}
}

func TestParse(t *testing.T) {
	good := source{users: everyone, grant: mfa}.json()
	quoted, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, text string
		unknown    []string
		fails      bool
	}{
		{name: "as Graph writes it", text: good},
		{name: "text in text, as audit records write it", text: string(quoted)},
		{name: "names in capitals", text: `{"Id":"x","State":"enabled","Conditions":{"Users":{"IncludeUsers":["All"]}}}`},
		{name: "annotations and empty unknown fields", text: `{"state":"enabled","@odata.context":"x","newThing":null,"conditions":{"moon":[],"sun":{}},"grantControls":{"builtInControls":["mfa"],"authenticationStrength@odata.context":"y"}}`},
		{name: "nulls everywhere", text: `{"id":null,"state":"enabled","conditions":{"users":null,"platforms":null},"grantControls":null,"sessionControls":null}`},
		{
			name: "unknown fields", text: `{"state":"enabled","later":1,"conditions":{"moon":["full"],"users":{"includeRobots":["r"],"excludeGuestsOrExternalUsers":{"galaxy":"x"}}},"grantControls":{"newControl":{"a":1}}}`,
			unknown: []string{"conditions.moon", "conditions.users.excludeGuestsOrExternalUsers.galaxy", "conditions.users.includeRobots", "grantControls.newControl", "later"},
		},
		{
			name: "fields of another kind", text: `{"state":"enabled","conditions":{"clientAppTypes":{"a":1},"users":[1],"platforms":"all"}}`,
			unknown: []string{"conditions.clientAppTypes", "conditions.platforms", "conditions.users"},
		},
		{name: "a state that is not known", text: `{"state":"sometimes"}`, unknown: []string{"state=sometimes"}},
		{name: "no state", text: `{}`, unknown: []string{"state="}},
		{name: "a list", text: `[]`, fails: true},
		{name: "nothing", text: ``, fails: true},
		{name: "cut off", text: good[:len(good)-9], fails: true},
		{name: "null", text: `null`, fails: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := conditional.ParsePolicy([]byte(tt.text))
			if (err != nil) != tt.fails {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(tt.unknown, p.Unknown); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAPolicyComesBackFromStorageAsItWas(t *testing.T) {
	for _, tt := range policies {
		p := parse(t, tt.source.json())
		stored, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var again conditional.Policy
		if err := json.Unmarshal(stored, &again); err != nil {
			t.Fatal(err)
		}
		s, set := subject(), settings()
		if tt.change != nil {
			tt.change(&s)
		}
		if diff := cmp.Diff(conditional.Evaluate(p, &s, &set), conditional.Evaluate(&again, &s, &set)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		if diff := cmp.Diff(p.Unknown, again.Unknown); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestCompare(t *testing.T) {
	excluded := source{users: everyone + "," + one("excludeUsers", alpha), grant: block}
	open := source{users: everyone, grant: block}
	off := source{users: everyone, grant: block, state: "disabled"}
	for _, tt := range []struct {
		name     string
		old, now *source
		want     conditional.Effect
		change   change
	}{
		{name: "the exclusion is removed from a block", old: &excluded, now: &open, want: conditional.EffectBlocked},
		{name: "the exclusion is removed where a device is asked for", old: &source{users: excluded.users, grant: compliant}, now: &source{users: everyone, grant: compliant}, want: conditional.EffectUnsatisfied},
		{name: "the exclusion is removed where MFA is asked for", old: &source{users: excluded.users, grant: mfa}, now: &source{users: everyone, grant: mfa}, want: conditional.EffectTargeted},
		{name: "the exclusion is removed from a policy for others", old: &source{users: one("includeGroups", foreign) + "," + one("excludeUsers", alpha), grant: block}, now: &source{users: one("includeGroups", foreign), grant: block}, want: conditional.EffectNone},
		{name: "a new policy blocks", now: &open, want: conditional.EffectBlocked},
		{name: "a new policy spares the account", now: &excluded, want: conditional.EffectNone},
		{name: "a policy is enabled", old: &off, now: &open, want: conditional.EffectBlocked},
		{name: "a policy goes from reporting to enforcing", old: &source{users: everyone, grant: block, state: "enabledForReportingButNotEnforced"}, now: &open, want: conditional.EffectBlocked},
		{name: "a policy is disabled", old: &open, now: &off, want: conditional.EffectNone},
		{name: "the exclusion is removed from a disabled policy", old: &source{users: excluded.users, grant: block, state: "disabled"}, now: &off, want: conditional.EffectNone},
		{name: "a policy is deleted", old: &open, want: conditional.EffectNone},
		{name: "MFA becomes a block", old: &source{users: everyone, grant: mfa}, now: &open, want: conditional.EffectBlocked},
		{name: "a block becomes MFA", old: &open, now: &source{users: everyone, grant: mfa}, want: conditional.EffectNone},
		{name: "a block of legacy programs becomes one of all", old: &source{users: everyone, conditions: anyApp + `,"clientAppTypes":["other"]`, grant: block}, now: &open, want: conditional.EffectBlocked},
		{name: "from the account's id to the dedicated group", old: &excluded, now: &source{users: everyone + "," + one("excludeGroups", dedicated), grant: block}, want: conditional.EffectNone},
		{name: "to a group that could not be read", old: &excluded, now: &source{users: everyone + "," + one("excludeGroups", foreign), grant: block}, want: conditional.EffectUnknown, change: func(s *conditional.Subject) { s.Unread.Groups = true }},
		{name: "to a control that is not known", old: &source{users: everyone, grant: mfa}, now: &source{users: everyone, grant: `"operator":"AND","builtInControls":["mfa","unknownFutureValue"]`}, want: conditional.EffectUnknown},
		{name: "nothing that matters, in a policy that cannot be judged", old: &source{users: everyone, grant: `"operator":"AND","builtInControls":["unknownFutureValue"]`}, now: &source{users: everyone, grant: `"operator":"AND","builtInControls":["unknownFutureValue"]`, session: `"persistentBrowser":{"isEnabled":true}`}, want: conditional.EffectNone},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, set := subject(), settings()
			if tt.change != nil {
				tt.change(&s)
			}
			var old, now *conditional.Policy
			if tt.old != nil {
				old = parse(t, tt.old.json())
			}
			if tt.now != nil {
				now = parse(t, tt.now.json())
			}
			got := conditional.Compare(old, now, &s, &set)
			if got.Effect != tt.want || got.Because == "" {
				t.Errorf("%s because %q, want %s", got.Effect, got.Because, tt.want)
			}
		})
	}
}

func FuzzParsePolicy(f *testing.F) {
	for _, tt := range policies {
		f.Add([]byte(tt.source.json()))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := conditional.ParsePolicy(raw)
		if err != nil {
			return
		}
		s, set := subject(), settings()
		r := conditional.Evaluate(&p, &s, &set)
		if r.Because == "" {
			t.Error("it does not say why")
		}
		stored, err := json.Marshal(&p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := conditional.ParsePolicy(stored)
		if err != nil {
			t.Fatalf("what was read cannot be stored: %v", err)
		}
		if diff := cmp.Diff(r, conditional.Evaluate(&again, &s, &set)); diff != "" {
			t.Error(diff)
		}
	})
}
