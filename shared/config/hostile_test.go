package config_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"glasswatch/shared/config"
)

// wrongValues holds for each setting what it refuses. A setting without an entry fails the test.
var wrongValues = map[string][]string{
	"BREAK_GLASS_ACCOUNTS":                    {"bg-alpha@contoso.com", "11111111-aaaa", "{" + alpha + "}", "00000000-0000-0000-0000-000000000000", ",;\n,=", alpha + "=nobody", alpha + "," + alpha},
	"EVIDENCE_TABLES":                         {"https://x.table.core.windows.net", "AccountName=x", "AccountName=x;AccountKey=%%%", "AccountName=x;AccountKey=YQ==;TableEndpoint=http://elsewhere", "DefaultEndpointsProtocol=http;AccountName=x;AccountKey=YQ==", "AccountName=x;AccountName=y;AccountKey=YQ==", "UseDevelopmentStorage"},
	"EVIDENCE_TABLES__serviceUri":             {"http://x.table.core.windows.net", "x.table.core.windows.net", "https://x/?sv=1"},
	"ENTRA_EVENTHUB":                          {"ns.servicebus.windows.net", "Endpoint=https://x;SharedAccessKeyName=a;SharedAccessKey=b", "Endpoint=sb://x/"},
	"ENTRA_EVENTHUB__fullyQualifiedNamespace": {"sb://ns.servicebus.windows.net", "ns.servicebus.windows.net/", "ns:5671"},
	"ENTRA_EVENTHUB__credential":              {"yes"},
	"ENTRA_EVENTHUB__clientId":                {"app"},
	"ENTRA_EVENTHUB_NAME":                     {"two words", "näme", "x;y"},
	"ENTRA_CONSUMER_GROUP":                    {"two words"},
	"REPLAY_CONSUMER_GROUP":                   {"two words", "$default"},
	"TEAMS_WEBHOOK_URL":                       {"http://teams.example/x", "teams.example/x", "https://", "https://u:p@teams.example/", "https://teams.example/#x", "https://teams.example/a b", "ftp://127.0.0.1/", "http://127.0.0.1.example/", "http://127.1/", "https://x\x00y/", "javascript:alert(1)"},
	"FALLBACK_WEBHOOK_URL":                    {"http://x.example/", "https://prod-1.westeurope.logic.azure.com:443/workflows/x?sig=a%2Bb+c%3D&sv=1.0", "https://a.environment.api.powerplatform.com/x"},
	"FALLBACK_WEBHOOK_FORMAT":                 {"json", "cloudevents,pagerduty"},
	"FALLBACK_WEBHOOK_SECRET":                 {"whsec_", "whsec_c2hvcnQ=", "not base64 at all!", base64.StdEncoding.EncodeToString(make([]byte, 65))},
	"HEARTBEAT_URL":                           {"http://hc.example/x"},
	"PUBLIC_URL":                              {"http://app.example", "app.example", "https://app.example/?code=x", "https://app.example/?"},
	"LINK_SIGNING_KEYS":                       {"c2hvcnQ=", base64.StdEncoding.EncodeToString(make([]byte, 31)), "!!!", key32 + "," + key32, key32 + ",x", base64.StdEncoding.EncodeToString(make([]byte, 1025))},
	"EXCLUSION_GROUPS":                        {"Emergency access", other + "," + other},
	"CONDITIONAL_ACCESS_MODE":                 {"loose"},
	"DEDICATED_POLICIES":                      {"x", other + ",x"},
	"AZURE_CLOUD":                             {"china"},
	"GRAPH_ENDPOINT":                          {"http://graph.example", "graph.microsoft.com", "https://graph.microsoft.com?x=1"},
	"ARM_ENDPOINT":                            {"http://arm.example"},
	"TENANT_ID":                               {"contoso.com"},
	"RESOURCE_IDS":                            {"subscriptions/1", "/subscriptions/1,x"},
	"AZURE_CLIENT_ID":                         {"glasswatch"},
	"WATCH_SCHEDULE":                          {"* * * * *", "60 * * * * *", "0 * 24 * * *", "0 0 0 0 * *", "0 * * * * xyz", "0 */0 * * * *", "a b c d e f", "0 * * * * 00000000001"},
	"POSTURE_SCHEDULE":                        {"06:00", "0 0 6 * * * *"},
	"ACKNOWLEDGE_WITHIN":                      {"15", "0s", "-5m", "25h", "soon", "1.5d"},
	"DRILL_EVERY":                             {"quarterly", "12h", "732d", "99999999999999999999d", "1d-2h"},
	"RETENTION":                               {"0d", "10001d", "106751d", "2540400h10m", "d"},
	"RETENTION_UNPARSED":                      {"30 days"},
	"ESSENTIAL_OPERATION":                     {"two\nlines", "bell\a", "bad\xff"},
	"POSTURE_POLICY":                          {"[]", "null", "3", `{"a":`, `{"a":1}x`},
	"ACCEPTED_RISKS":                          {"{}", "null x", `[{}]`, `[7]`, `[{"check":"X-1","owner":"o","reason":"r","expires":"soon"}]`, `[{"check":"X-1","owner":"o","reason":"r","expires":"2027-01-31","until":"x"}]`},
	"DISPLAY_TIME_ZONE":                       {"Oslo", "Local", "../../etc/passwd", "/etc/localtime"},
	"INSTANCE_NAME":                           {strings.Repeat("x", 65), "a\x1b[31mb", "a\u202eb"},
	"GLASSWATCH_URL":                          {"http://app.example"},
	"GLASSWATCH_KEY":                          {"two words"},
	"FUNCTIONS_CUSTOMHANDLER_PORT":            {"0", "65536", "http", "-1"},
	"WEBSITE_AUTH_ENABLED":                    nil, // whatever is not a plain yes is a no
}

func TestWrongValueIsReportedAndCostsItsOwnFeatureOnly(t *testing.T) {
	for _, s := range slices.Concat(config.Settings, config.OperatorSettings, config.PlatformSettings) {
		values, listed := wrongValues[s.Name]
		if !listed {
			t.Errorf("%s has no wrong values here", s.Name)
		}
		for _, value := range values {
			t.Run(s.Name+"="+value, func(t *testing.T) {
				c, problems := load(with(s.Name, value))
				if len(about(problems, s.Name)) == 0 {
					t.Error("no problem is reported")
				}
				for _, p := range problems {
					if p.Setting != s.Name && p.Setting != "EVIDENCE_TABLES__serviceUri" {
						t.Errorf("a problem is reported with another setting: %s", p)
					}
					if len(value) >= 10 && strings.Contains(p.String(), value) {
						t.Errorf("the value stands in the problem: %s", p)
					}
				}
				stopped := slices.ContainsFunc(problems, func(p config.Problem) bool { return p.Stops })
				if stopped != (len(c.Accounts) == 0 || !c.Tables.Set()) {
					t.Errorf("stops: %v, with accounts %v", stopped, c.Accounts)
				}
				if s.Name != "BREAK_GLASS_ACCOUNTS" && s.Name != "EVIDENCE_TABLES" && stopped {
					t.Error("it stops everything")
				}
			})
		}
	}
}

// TestHostileAndAbsurdValuesAreHarmless gives each setting values that no setting can have.
func TestHostileAndAbsurdValuesAreHarmless(t *testing.T) {
	const marker = "sEcReTmArKeR"
	for _, s := range slices.Concat(config.Settings, config.OperatorSettings, config.PlatformSettings) {
		for name, value := range map[string]string{
			"long":          marker + strings.Repeat("x", 1<<20),
			"long list":     strings.Repeat(marker+",", 1<<16),
			"long address":  "https://" + marker + ".example/" + strings.Repeat("x", 1<<20),
			"control":       marker + "\x00\x1b[2J\r\nSet-Cookie: x",
			"no UTF-8":      marker + "\xff\xfe",
			"markup":        "<script>" + marker + "</script>\x00",
			"format verbs":  "%s%n%!d(" + marker + ")\x00",
			"deep JSON":     strings.Repeat("[", 20000) + marker,
			"key reference": "@Microsoft.KeyVault(SecretUri=https://" + marker + ".vault.azure.net/secrets/x)",
			"lower case":    " @microsoft.keyvault(" + marker,
		} {
			t.Run(s.Name+" "+name, func(t *testing.T) {
				c, problems := load(with(s.Name, value))
				mine := about(problems, s.Name)
				if len(mine) == 0 && s.Name != "WEBSITE_AUTH_ENABLED" {
					t.Error("no problem is reported")
				}
				if len(mine) > 22 {
					t.Errorf("%d problems are reported", len(mine))
				}
				for _, p := range problems {
					if strings.Contains(strings.ToLower(p.String()), strings.ToLower(marker)) {
						t.Errorf("the value stands in the problem: %s", p)
					}
				}
				if c.Authenticates && s.Name == "WEBSITE_AUTH_ENABLED" {
					t.Error("callers pass for authenticated")
				}
				if strings.Contains(name, "key reference") || name == "lower case" {
					if !strings.Contains(mine[0].Problem, "Key Vault") {
						t.Errorf("the problem is not named: %s", mine[0])
					}
				}
			})
		}
	}
}

func FuzzLoad(f *testing.F) {
	for name, value := range everything() {
		f.Add(name, value)
	}
	for name, values := range wrongValues {
		for _, value := range values {
			f.Add(name, value)
		}
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		c, problems := load(with(name, value))
		stopped := slices.ContainsFunc(problems, func(p config.Problem) bool { return p.Stops })
		if stopped != (len(c.Accounts) == 0 || !c.Tables.Set()) {
			t.Errorf("stops: %v, accounts %v, tables %v", stopped, c.Accounts, c.Tables.Set())
		}
		if c.Zone == nil || c.Port == 0 || c.AcknowledgeWithin <= 0 || c.Retention <= 0 || c.Graph.URL == "" {
			t.Errorf("a default is missing: %+v", c)
		}
	})
}
