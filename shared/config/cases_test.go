package config_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/config"
)

var update = flag.Bool("update", false, "write local.settings.json.example anew")

func TestAccountsAreReadWhateverStandsBesideThem(t *testing.T) {
	for _, test := range []struct {
		name, value string
		want        []config.Account
		problems    []string
	}{
		{"upper case, line breaks, blanks", " \r\n" + strings.ToUpper(alpha) + " = bg@contoso.com\r\n\r\n" + bravo + "\n", []config.Account{{ObjectID: alpha, UserPrincipalName: "bg@contoso.com"}, {ObjectID: bravo}}, nil},
		{"comma at the end", alpha + ",", []config.Account{{ObjectID: alpha}}, nil},
		{"semicolon", alpha + ";" + bravo, []config.Account{{ObjectID: alpha}, {ObjectID: bravo}}, nil},
		{"malformed ids among good ones", "x," + alpha + ",1111," + bravo, []config.Account{{ObjectID: alpha}, {ObjectID: bravo}}, []string{"has no object id in entry 1", "has no object id in entry 3"}},
		{"bad name keeps the id", alpha + "=bg alpha@contoso.com", []config.Account{{ObjectID: alpha}}, []string{"has no user principal name after the = in entry 1"}},
		{"the same account twice", alpha + "," + bravo + "," + strings.ToUpper(alpha) + "=bg@contoso.com", []config.Account{{ObjectID: alpha, UserPrincipalName: "bg@contoso.com"}, {ObjectID: bravo}}, []string{"names the account of entry 3 more than once"}},
		{"the same name twice", alpha + "=bg@contoso.com," + bravo + "=BG@contoso.com", []config.Account{{ObjectID: alpha, UserPrincipalName: "bg@contoso.com"}, {ObjectID: bravo, UserPrincipalName: "BG@contoso.com"}}, []string{"gives the user principal name of entry 2 to another account too"}},
		{"names of guests and with signs", alpha + "=o'brien+1_x#EXT#@contoso.com", []config.Account{{ObjectID: alpha, UserPrincipalName: "o'brien+1_x#EXT#@contoso.com"}}, nil},
		{"more bad ones than anybody reads", strings.Repeat("x,", 1000) + alpha, []config.Account{{ObjectID: alpha}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, problems := load(with("BREAK_GLASS_ACCOUNTS", test.value))
			if diff := cmp.Diff(test.want, c.Accounts); diff != "" {
				t.Errorf("accounts (-want +got):\n%s", diff)
			}
			if strings.HasPrefix(test.name, "more") {
				if last := problems[len(problems)-1]; len(problems) != 21 || !strings.Contains(last.Problem, "980 more") {
					t.Errorf("%d problems, the last: %s", len(problems), last)
				}
				return
			}
			var got []string
			for _, p := range problems {
				got = append(got, p.Problem)
				if p.Stops {
					t.Errorf("%s stops", p)
				}
			}
			if diff := cmp.Diff(test.problems, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSettingsAreJudgedTogether(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  map[string]string
		setting string // with which a problem is expected; empty: none at all
		holds   func(config.Config) bool
	}{
		{
			"identity instead of connection strings",
			map[string]string{"EVIDENCE_TABLES": "", "EVIDENCE_TABLES__serviceUri": "https://x.table.core.windows.net/", "ENTRA_EVENTHUB": "", "ENTRA_EVENTHUB__fullyQualifiedNamespace": "ns.servicebus.windows.net"},
			"",
			func(c config.Config) bool {
				return c.Tables.Connection.Empty() && c.Tables.ServiceURI == "https://x.table.core.windows.net" && c.Hub.Set() && c.Hub.Namespace == "ns.servicebus.windows.net"
			},
		},
		{
			"both",
			map[string]string{"EVIDENCE_TABLES__serviceUri": "https://x.table.core.windows.net/"},
			"EVIDENCE_TABLES__serviceUri",
			func(c config.Config) bool { return !c.Tables.Connection.Empty() },
		},
		{
			"bad connection string, good identity",
			map[string]string{"EVIDENCE_TABLES": "x", "EVIDENCE_TABLES__serviceUri": "http://127.0.0.1:10002/devstoreaccount1"},
			"EVIDENCE_TABLES",
			func(c config.Config) bool { return c.Tables.Set() },
		},
		{
			"emulator with a semicolon and in another case",
			map[string]string{"EVIDENCE_TABLES": "usedevelopmentstorage=TRUE;"},
			"",
			func(c config.Config) bool {
				return strings.Contains(c.Tables.Connection.Reveal(), "TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;")
			},
		},
		{
			"connection string as it came",
			map[string]string{"EVIDENCE_TABLES": "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=YQ==;EndpointSuffix=core.windows.net"},
			"",
			func(c config.Config) bool {
				return c.Tables.Connection.Reveal() == "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=YQ==;EndpointSuffix=core.windows.net"
			},
		},
		{"user-assigned identity, credential forgotten", map[string]string{"ENTRA_EVENTHUB": "", "ENTRA_EVENTHUB__fullyQualifiedNamespace": "ns", "ENTRA_EVENTHUB__credential": ""}, "ENTRA_EVENTHUB__credential", nil},
		{"user-assigned identity, client id forgotten", map[string]string{"ENTRA_EVENTHUB": "", "ENTRA_EVENTHUB__fullyQualifiedNamespace": "ns", "ENTRA_EVENTHUB__clientId": ""}, "ENTRA_EVENTHUB__clientId", nil},
		{"another hub in the connection string", map[string]string{"ENTRA_EVENTHUB_NAME": "others"}, "ENTRA_EVENTHUB_NAME", nil},
		{
			"replay with the trigger's group",
			map[string]string{"REPLAY_CONSUMER_GROUP": "$DEFAULT"},
			"REPLAY_CONSUMER_GROUP",
			func(c config.Config) bool { return c.Hub.ReplayGroup == "" && c.Hub.ConsumerGroup == "$Default" },
		},
		{
			"fallback without its secret",
			map[string]string{"FALLBACK_WEBHOOK_SECRET": ""},
			"FALLBACK_WEBHOOK_SECRET",
			func(c config.Config) bool { return !c.Fallback.URL.Empty() },
		},
		{
			"secret of 64 bytes without whsec_",
			map[string]string{"FALLBACK_WEBHOOK_SECRET": key64},
			"",
			func(c config.Config) bool { return len(c.Fallback.SigningKey.Reveal()) == 64 },
		},
		{
			"pagerduty",
			map[string]string{"FALLBACK_WEBHOOK_FORMAT": "PagerDuty", "FALLBACK_WEBHOOK_SECRET": "r0ut1ngk3y", "FALLBACK_WEBHOOK_URL": "https://events.pagerduty.com/v2/enqueue"},
			"",
			func(c config.Config) bool {
				return c.Fallback.Format == config.FormatPagerDuty && c.Fallback.RoutingKey.Reveal() == "r0ut1ngk3y" && c.Fallback.SigningKey.Empty()
			},
		},
		{"pagerduty without routing key", map[string]string{"FALLBACK_WEBHOOK_FORMAT": "pagerduty", "FALLBACK_WEBHOOK_SECRET": ""}, "FALLBACK_WEBHOOK_SECRET", nil},
		{"pagerduty with no key that can be one", map[string]string{"FALLBACK_WEBHOOK_FORMAT": "pagerduty", "FALLBACK_WEBHOOK_SECRET": "two words"}, "FALLBACK_WEBHOOK_SECRET", nil},
		{"dedicated mode without policies", map[string]string{"DEDICATED_POLICIES": ""}, "DEDICATED_POLICIES", nil},
		{
			"strict mode with policies",
			map[string]string{"CONDITIONAL_ACCESS_MODE": ""},
			"DEDICATED_POLICIES",
			func(c config.Config) bool { return c.DedicatedPolicies == nil },
		},
		{
			"government cloud",
			map[string]string{"GRAPH_ENDPOINT": "", "ARM_ENDPOINT": ""},
			"",
			func(c config.Config) bool {
				return c.Graph == config.Endpoint{URL: "https://graph.microsoft.us"} && c.ARM == config.Endpoint{URL: "https://management.usgovcloudapi.net"}
			},
		},
		{"operator's key without address", map[string]string{"GLASSWATCH_URL": ""}, "GLASSWATCH_URL", nil},
		{"operator's address without key", map[string]string{"GLASSWATCH_KEY": ""}, "GLASSWATCH_KEY", nil},
		{
			"one bad signing key among good ones",
			map[string]string{"LINK_SIGNING_KEYS": "x," + key32 + "," + key64},
			"LINK_SIGNING_KEYS",
			func(c config.Config) bool { return len(c.LinkKeys) == 2 && c.LinkKeys[0].Reveal()[0] == 'l' },
		},
		{
			"one bad group among good ones",
			map[string]string{"EXCLUSION_GROUPS": "x," + other},
			"EXCLUSION_GROUPS",
			func(c config.Config) bool { return slices.Equal(c.ExclusionGroups, []string{other}) },
		},
		{
			"one bad resource among good ones",
			map[string]string{"RESOURCE_IDS": "x,/subscriptions/1"},
			"RESOURCE_IDS",
			func(c config.Config) bool { return slices.Equal(c.ResourceIDs, []string{"/subscriptions/1"}) },
		},
		{
			"webhook on loopback by IPv6",
			map[string]string{"TEAMS_WEBHOOK_URL": "http://[::1]:9000/x?y=%2F"},
			"",
			func(c config.Config) bool { return c.TeamsURL.Reveal() == "http://[::1]:9000/x?y=%2F" },
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			env := everything()
			maps.Copy(env, test.change)
			c, problems := load(env)
			if test.setting == "" && len(problems) > 0 {
				t.Errorf("problems: %v", problems)
			}
			if test.setting != "" && len(about(problems, test.setting)) == 0 {
				t.Errorf("no problem with %s, only %v", test.setting, problems)
			}
			if test.holds != nil && !test.holds(c) {
				t.Errorf("the config is another: %#v", c)
			}
		})
	}
}

func TestAcceptedRisksThatNobodyCanAcceptAreLeftOut(t *testing.T) {
	risk := func(fields string) string {
		return `{"check":"INV-09","owner":"ops","reason":"r","expires":"2027-01-31T12:00:00+02:00"` + fields + `}`
	}
	for _, check := range []string{"CA-02", "inv-03", " INV-04 ", "AUTH-04", "PIPE-01", "pipe-anything"} {
		t.Run(check, func(t *testing.T) {
			c, problems := load(with("ACCEPTED_RISKS", "["+risk("")+","+risk(`,"check":"`+check+`"`)+"]"))
			if len(c.AcceptedRisks) != 1 || c.AcceptedRisks[0].Check != "INV-09" || c.AcceptedRisks[0].Expires.Format("15:04 MST") != "10:00 UTC" {
				t.Errorf("accepted: %+v", c.AcceptedRisks)
			}
			if len(problems) != 1 || !strings.Contains(problems[0].Problem, "entry 2 that covers a check that nobody can answer for") {
				t.Errorf("problems: %v", problems)
			}
		})
	}
	for missing, item := range map[string]string{
		"check":  `{"owner":"o","reason":"r","expires":"2027-01-31"}`,
		"owner":  `{"check":"X-1","owner":" ","reason":"r","expires":"2027-01-31"}`,
		"reason": `{"check":"X-1","owner":"o","expires":"2027-01-31"}`,
		"date":   `{"check":"X-1","owner":"o","reason":"r"}`,
		"object": `{"check":"X-1","owner":"o","reason":"r","expires":"2027-01-31","account":"bg@contoso.com"}`,
	} {
		t.Run("without "+missing, func(t *testing.T) {
			c, problems := load(with("ACCEPTED_RISKS", "["+item+"]"))
			if len(c.AcceptedRisks) != 0 || len(problems) != 1 || !strings.Contains(problems[0].Problem, missing) {
				t.Errorf("accepted %+v, problems %v", c.AcceptedRisks, problems)
			}
		})
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	c, _ := load(everything())
	type hidden struct{ secret config.Secret } // fmt does not call methods of unexported fields
	var b bytes.Buffer
	log := slog.New(slog.NewMultiHandler(slog.NewJSONHandler(&b, nil), slog.NewTextHandler(&b, nil)))
	log.Info("config", "config", c, "teams", c.TeamsURL, "hidden", hidden{c.TeamsURL}, "pointer", &c)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		_, _ = fmt.Fprintf(&b, verb+"\n", c)
		_, _ = fmt.Fprintf(&b, verb+"\n", &c)
		_, _ = fmt.Fprintf(&b, verb+"\n", c.TeamsURL)
		_, _ = fmt.Fprintf(&b, verb+"\n", hidden{c.TeamsURL})
		_, _ = fmt.Fprintf(&b, verb+"\n", []config.Secret{c.TeamsURL})
	}
	text, err := json.Marshal(map[config.Secret]config.Config{c.TeamsURL: c})
	if err != nil {
		t.Fatal(err)
	}
	b.Write(text)
	for what, secret := range map[string]string{
		"Teams' signature": "a%2Bb+c%3D", "hexadecimal of it": fmt.Sprintf("%x", "a%2Bb"), "fallback's address": "9000/hook",
		"signing key": strings.Repeat("k", 24), "link key": strings.Repeat("l", 32), "heartbeat": "0a1b2c",
		"hub's key": "c2VjcmV0a2V5", "storage key": "Eby8vdM02xNOcqFlqUwJ", "function key": "functionkey",
	} {
		if strings.Contains(strings.ToLower(b.String()), strings.ToLower(secret)) {
			t.Errorf("%s was printed", what)
		}
	}
	if got := c.TeamsURL.String() + c.TeamsURL.GoString(); got != "[secret][secret]" {
		t.Errorf("a secret prints as %q", got)
	}
	if (config.Secret{}).String() != c.TeamsURL.String() {
		t.Error("printing tells whether there is a secret")
	}
}

func TestProblemsAreOneRecord(t *testing.T) {
	_, problems := load(with("TENANT_ID", "x"))
	text, err := json.Marshal(problems)
	if err != nil {
		t.Fatal(err)
	}
	if want := `[{"setting":"TENANT_ID","problem":"is no GUID","fix":"set it to a GUID","stops":false}]`; string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	if want := "TENANT_ID is no GUID; set it to a GUID"; problems[0].String() != want {
		t.Errorf("got %q, want %q", problems[0], want)
	}
}

func TestSettingsAreWellDescribed(t *testing.T) {
	seen := make(map[string]bool)
	for _, s := range slices.Concat(config.Settings, config.HostSettings, config.OperatorSettings, config.PlatformSettings) {
		if seen[s.Name] {
			t.Errorf("%s is listed twice", s.Name)
		}
		seen[s.Name] = true
		if !strings.HasSuffix(s.Doc, ".") || s.Expects == "" || s.Need == "" {
			t.Errorf("%s is not described", s.Name)
		}
	}
	for _, s := range config.Settings {
		if (s.Need != config.Optional) != (s.Without != "") {
			t.Errorf("%s says what does not work without it: %v", s.Name, s.Without != "")
		}
		if s.Instead != "" && !seen[s.Instead] {
			t.Errorf("%s names %s, which is no setting", s.Name, s.Instead)
		}
		if s.Default != "" {
			if _, problems := load(with(s.Name, s.Default)); len(about(problems, s.Name)) > 0 {
				t.Errorf("the default of %s is bad: %v", s.Name, problems)
			}
		}
	}
}

func TestExampleFileIsPrintedFromTheSettings(t *testing.T) {
	const file = "../../local.settings.json.example"
	want := config.ExampleFile()
	if *update {
		if err := os.WriteFile(file, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got), write it with -update:\n%s", file, diff)
	}
	var example struct {
		IsEncrypted bool
		Values      map[string]string
	}
	if err := json.Unmarshal(got, &example); err != nil {
		t.Fatal(err)
	}
	for _, s := range slices.Concat(config.Settings, config.HostSettings) {
		if _, there := example.Values[s.Name]; !there {
			t.Errorf("%s is missing", s.Name)
		}
	}
	// As it is it must not pass for a configuration: nobody would notice that it watches nobody.
	_, problems := load(example.Values)
	var stops []string
	for _, p := range problems {
		if p.Stops {
			stops = append(stops, p.Setting)
		}
	}
	if diff := cmp.Diff([]string{"BREAK_GLASS_ACCOUNTS"}, stops); diff != "" {
		t.Errorf("problems that stop (-want +got):\n%s", diff)
	}
	// With the accounts filled in all that it lacks is what nobody can give in advance.
	example.Values["BREAK_GLASS_ACCOUNTS"] = alpha
	_, problems = load(example.Values)
	for _, p := range problems {
		if !strings.HasPrefix(p.Problem, "is not set: ") {
			t.Errorf("the example has a problem: %s", p)
		}
	}
}
