package config_test

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/config"
)

const (
	alpha = "11111111-aaaa-4aaa-8aaa-111111111111"
	bravo = "22222222-bbbb-4bbb-8bbb-222222222222"
	other = "33333333-cccc-4ccc-8ccc-333333333333"
)

var (
	key24 = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 24)))
	key32 = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("l", 32)))
	key64 = base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("\xff", 64)))
)

// everything is an environment in which every setting of the app has a good value.
func everything() map[string]string {
	return map[string]string{
		"BREAK_GLASS_ACCOUNTS":                    alpha + "=bg-alpha@contoso.com, " + bravo,
		"EVIDENCE_TABLES":                         "UseDevelopmentStorage=true",
		"ENTRA_EVENTHUB":                          "Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey=c2VjcmV0a2V5;EntityPath=entra-logs",
		"ENTRA_EVENTHUB_NAME":                     "entra-logs",
		"ENTRA_CONSUMER_GROUP":                    "$Default",
		"REPLAY_CONSUMER_GROUP":                   "replay",
		"TEAMS_WEBHOOK_URL":                       "https://prod-1.westeurope.logic.azure.com:443/workflows/x?sig=a%2Bb+c%3D&sv=1.0",
		"FALLBACK_WEBHOOK_URL":                    "http://127.0.0.1:9000/hook",
		"FALLBACK_WEBHOOK_FORMAT":                 "cloudevents",
		"FALLBACK_WEBHOOK_SECRET":                 "whsec_" + key24,
		"HEARTBEAT_URL":                           "https://hc.example/0a1b2c",
		"PUBLIC_URL":                              "https://app.example/",
		"LINK_SIGNING_KEYS":                       key32 + "," + key64,
		"EXCLUSION_GROUPS":                        other,
		"CONDITIONAL_ACCESS_MODE":                 "dedicatedPolicy",
		"DEDICATED_POLICIES":                      other + "\n" + bravo,
		"AZURE_CLOUD":                             "usgov",
		"GRAPH_ENDPOINT":                          "http://localhost:8001/",
		"ARM_ENDPOINT":                            "https://arm.example",
		"TENANT_ID":                               strings.ToUpper(other),
		"RESOURCE_IDS":                            "/subscriptions/1/x, /subscriptions/1/y/",
		"AZURE_CLIENT_ID":                         bravo,
		"WATCH_SCHEDULE":                          "0 * * * * *",
		"POSTURE_SCHEDULE":                        "0 30 6-8/2 1,15 JAN-Mar Mon",
		"ACKNOWLEDGE_WITHIN":                      "20m",
		"DRILL_EVERY":                             "30d",
		"RETENTION":                               "1d12h",
		"RETENTION_UNPARSED":                      "48h",
		"ESSENTIAL_OPERATION":                     "Update policy",
		"POSTURE_POLICY":                          `{"mostAccounts":3}`,
		"ACCEPTED_RISKS":                          `[{"check":"ca-07","account":"` + strings.ToUpper(alpha) + `","owner":"ops","reason":"until the move","expires":"2027-01-31"}]`,
		"DISPLAY_TIME_ZONE":                       "Europe/Oslo",
		"INSTANCE_NAME":                           "Contoso (test)",
		"GLASSWATCH_URL":                          "https://app.example",
		"GLASSWATCH_KEY":                          "functionkey==",
		"FUNCTIONS_CUSTOMHANDLER_PORT":            "41234",
		"WEBSITE_AUTH_ENABLED":                    "True",
		"EVIDENCE_TABLES__serviceUri":             "",
		"ENTRA_EVENTHUB__fullyQualifiedNamespace": "",
		"ENTRA_EVENTHUB__credential":              "managedidentity",
		"ENTRA_EVENTHUB__clientId":                bravo,
	}
}

func load(env map[string]string) (config.Config, []config.Problem) {
	return config.Load(func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	})
}

func with(name, value string) map[string]string {
	env := everything()
	env[name] = value
	return env
}

func about(problems []config.Problem, setting string) []config.Problem {
	return slices.DeleteFunc(slices.Clone(problems), func(p config.Problem) bool { return p.Setting != setting })
}

func TestEverySettingIsRead(t *testing.T) {
	got, problems := load(everything())
	if len(problems) > 0 {
		t.Errorf("problems: %v", problems)
	}
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		Accounts: []config.Account{{ObjectID: alpha, UserPrincipalName: "bg-alpha@contoso.com"}, {ObjectID: bravo}},
		Tables: config.Tables{Connection: config.NewSecret("DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;" +
			"AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;" +
			"BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;" +
			"TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;")},
		Hub: config.Hub{
			Connection: config.NewSecret(everything()["ENTRA_EVENTHUB"]),
			Name:       "entra-logs", ConsumerGroup: "$Default", ReplayGroup: "replay",
		},
		ClientID: bravo,
		TeamsURL: config.NewSecret(everything()["TEAMS_WEBHOOK_URL"]),
		Fallback: config.Fallback{
			URL: config.NewSecret("http://127.0.0.1:9000/hook"), Format: config.FormatCloudEvents,
			SigningKey: config.NewSecret(strings.Repeat("k", 24)),
		},
		HeartbeatURL:          config.NewSecret("https://hc.example/0a1b2c"),
		PublicURL:             "https://app.example",
		LinkKeys:              []config.Secret{config.NewSecret(strings.Repeat("l", 32)), config.NewSecret(strings.Repeat("\xff", 64))},
		ExclusionGroups:       []string{other},
		ConditionalAccessMode: config.ModeDedicatedPolicy,
		DedicatedPolicies:     []string{other, bravo},
		Cloud:                 config.CloudUSGov,
		Graph:                 config.Endpoint{URL: "http://localhost:8001", Anonymous: true},
		ARM:                   config.Endpoint{URL: "https://arm.example"},
		TenantID:              other,
		ResourceIDs:           []string{"/subscriptions/1/x", "/subscriptions/1/y"},
		WatchSchedule:         "0 * * * * *",
		PostureSchedule:       "0 30 6-8/2 1,15 JAN-Mar Mon",
		AcknowledgeWithin:     20 * time.Minute,
		DrillEvery:            30 * 24 * time.Hour,
		Retention:             36 * time.Hour,
		RetentionUnparsed:     48 * time.Hour,
		EssentialOperation:    "Update policy",
		PosturePolicy:         json.RawMessage(`{"mostAccounts":3}`),
		AcceptedRisks: []config.AcceptedRisk{{
			Check: "CA-07", Account: alpha, Owner: "ops", Reason: "until the move",
			Expires: time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC),
		}},
		Zone: oslo, InstanceName: "Contoso (test)",
		AppURL: "https://app.example", AppKey: config.NewSecret("functionkey=="),
		Port: 41234, Authenticates: true,
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}

func TestNothingSetGivesDefaultsAndAllProblemsAtOnce(t *testing.T) {
	for name, lookup := range map[string]func(string) (string, bool){
		"absent": func(string) (string, bool) { return "", false },
		"empty":  func(string) (string, bool) { return "", true },
		"blank":  func(string) (string, bool) { return " \n\t", true },
	} {
		t.Run(name, func(t *testing.T) {
			c, problems := config.Load(lookup)
			var names, stops []string
			for _, p := range problems {
				names = append(names, p.Setting)
				if p.Stops {
					stops = append(stops, p.Setting)
				}
				if p.Problem == "" || p.Fix == "" || strings.HasSuffix(p.Problem, ": ") {
					t.Errorf("%+v does not say enough", p)
				}
			}
			if diff := cmp.Diff([]string{
				"BREAK_GLASS_ACCOUNTS", "EVIDENCE_TABLES", "ENTRA_EVENTHUB", "ENTRA_EVENTHUB_NAME", "ENTRA_CONSUMER_GROUP", "REPLAY_CONSUMER_GROUP",
				"TEAMS_WEBHOOK_URL", "FALLBACK_WEBHOOK_URL", "HEARTBEAT_URL", "PUBLIC_URL", "LINK_SIGNING_KEYS", "TENANT_ID", "RESOURCE_IDS",
				"WATCH_SCHEDULE", "POSTURE_SCHEDULE",
			}, names); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"BREAK_GLASS_ACCOUNTS", "EVIDENCE_TABLES"}, stops); diff != "" {
				t.Errorf("problems that stop (-want +got):\n%s", diff)
			}
			day := 24 * time.Hour
			want := config.Config{
				Fallback:              config.Fallback{Format: config.FormatCloudEvents},
				ConditionalAccessMode: config.ModeStrict,
				Cloud:                 config.CloudPublic,
				Graph:                 config.Endpoint{URL: "https://graph.microsoft.com"},
				ARM:                   config.Endpoint{URL: "https://management.azure.com"},
				AcknowledgeWithin:     15 * time.Minute, DrillEvery: 90 * day, Retention: 400 * day, RetentionUnparsed: 30 * day,
				Zone: time.UTC, Port: 8080,
			}
			if diff := cmp.Diff(want, c, cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })); diff != "" {
				t.Errorf("config (-want +got):\n%s", diff)
			}
		})
	}
}
