package bicepcheck_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"glasswatch/infra/bicepcheck"
)

// mutation breaks the deployment in one place; the check of that name must say so.
type mutation struct {
	check    string
	what     string
	file     string
	old, new string // old occurs once; empty old: new is put at the end
}

func mutations() []mutation {
	return []mutation{
		{"syntax", "a brace lost", "infra/modules/identity.bicep", "  tags: tags\n}", "  tags: tags\n"},
		{"syntax", "a quote lost", "infra/modules/evidence.bicep", "name: 'GlasswatchLedger'", "name: 'GlasswatchLedger"},
		{"one-property-per-line", "an object on one line", "infra/modules/app.bicep", "    name: 'FC1'\n    tier: 'FlexConsumption'\n", "    name: 'FC1', tier: 'FlexConsumption'\n"},
		{"names", "a variable misspelt", "infra/main.bicep", "name: 'kv-gw-${token}'", "name: 'kv-gw-${tokken}'"},
		{"names", "a role misspelt as a symbol", "infra/modules/reader.bicep", "resourceGroup().id, principalId,", "resourceGroup().id, principal,"},
		{"names", "a parameter that nothing uses", "infra/modules/identity.bicep", "param tags object", "param tags object\nparam colour string"},
		{"wiring", "a module parameter not given", "infra/main.bicep", "    quietThreshold: quietThreshold\n", ""},
		{"wiring", "a module parameter that does not exist", "infra/main.bicep", "    quietThreshold: quietThreshold\n", "    quietThreshold: quietThreshold\n    colour: 'red'\n"},
		{"wiring", "an output that does not exist", "infra/main.bicep", "vaultUri: vault.outputs.uri", "vaultUri: vault.outputs.url"},
		{"wiring", "a module that nothing deploys", "infra/main.bicep", "'modules/alerts.bicep'", "'modules/reader.bicep'"},
		{"parameters", "azd gives what nobody takes", "infra/main.parameters.json", `"alertMail":`, `"alertEmail":`},
		{"parameters", "a required parameter left out", "infra/main.bicep", "param exclusionGroups string = ''", "param exclusionGroups string = ''\nparam colour string"},
		{"settings", "a setting left out", "infra/modules/app.bicep", "    RETENTION_UNPARSED: settings.?RETENTION_UNPARSED ?? '30d'\n", ""},
		{"settings", "a setting misspelt", "infra/modules/app.bicep", "    EXCLUSION_GROUPS:", "    EXCLUSION_GROUP:"},
		{"settings", "a setting that Flex Consumption refuses", "infra/modules/app.bicep", "    AZURE_CLIENT_ID:", "    FUNCTIONS_WORKER_RUNTIME: 'custom'\n    AZURE_CLIENT_ID:"},
		{"secrets", "a webhook address as a value", "infra/modules/app.bicep", "'@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/teams-webhook-url)'", "settings.TEAMS_WEBHOOK_URL"},
		{"secrets", "a parameter that asks for one", "infra/main.bicep", "param useHeartbeat bool = false", "param useHeartbeat bool = false\n@secure()\nparam teamsWebhookUrl string = ''"},
		{"secrets", "a key taken from storage", "infra/modules/hoststorage.bicep", "output name string = account.name", "output name string = account.listKeys().keys[0].value"},
		{"secrets", "a connection string as output", "infra/modules/monitoring.bicep", "output insightsName string = insights.name", "output insightsName string = insights.properties.ConnectionString"},
		{"functions", "always ready misspelt", "infra/modules/app.bicep", "'function:watchlogs'", "'function:watchlog'"},
		{"functions", "always ready for another function", "infra/modules/app.bicep", "'function:watchlogs'", "'function:keepwatch'"},
		{"functions", "an alarm on a function that does not exist", "infra/modules/alerts.bicep", `name == "keepwatch"`, `name == "keepWatch"`},
		{"functions", "another runtime", "infra/modules/app.bicep", "name: 'custom'", "name: 'go'"},
		{"roles", "an id changed", "infra/modules/roleids.bicep", "a638d3c7-ab3a-418d-83e6-5f17a39d4fde", "f526a384-b230-433a-b45c-95f59c4a2dec"},
		{"roles", "a wider role", "infra/modules/evidence.bicep", "'Microsoft.Authorization/roleDefinitions', roleIds.tableDataReader)", "'Microsoft.Authorization/roleDefinitions', roleIds.tableDataContributor)"},
		{"roles", "a wider scope", "infra/modules/eventhub.bicep", "  scope: hub\n  name: guid(hub.id, principalId, roleIds.eventHubsDataSender)", "  scope: namespace\n  name: guid(hub.id, principalId, roleIds.eventHubsDataSender)"},
		{"roles", "a row of the page removed", "docs/permissions.md", "| `operator` | `tableDataReader` |", "| operator | tableDataReader |"},
		{"roles", "two assignments of one name", "infra/modules/eventhub.bicep", "name: guid(hub.id, principalId, roleIds.eventHubsDataSender)", "name: guid(hub.id, principalId)"},
		{"graph", "a permission left out of the template", "infra/graph.bicep", "  'Policy.Read.All'\n", ""},
		{"graph", "a permission to write", "infra/graph.bicep", "'Policy.Read.All'", "'Policy.ReadWrite.ConditionalAccess'"},
		{"graph", "a permission left out of the script", "infra/scripts/azure/graph-permissions.sh", "  User.Read.All\n", ""},
		{"graph", "a permission left out of the page", "docs/permissions.md", "| `Domain.Read.All` |", "| Domain.Read.All |"},
		{"feed", "a category not sent", "infra/main.bicep", "  'NonInteractiveUserSignInLogs'\n", ""},
		{"feed", "a category that the program cannot read", "infra/main.bicep", "  'UserRiskEvents'\n", "  'UserRiskEvents'\n  'WeatherLogs'\n"},
		{"feed", "an Activity Log category that the program cannot read", "infra/main.bicep", "  'Security'\n", "  'Autoscale2'\n"},
		{"feed", "the script sends other categories", "infra/scripts/azure/entra-diagnostics.sh", "  RiskyUsers\n", ""},
		{"feed", "a module at tenant scope", "infra/main.bicep", "resource entraDiagnostics 'microsoft.aadiam/diagnosticSettings@2017-04-01' = if", "module entraDiagnostics 'modules/reader.bicep' = if"},
		{"feed", "the step cannot be switched off", "infra/main.bicep", "'microsoft.aadiam/diagnosticSettings@2017-04-01' = if (deployEntraDiagnostics) {", "'microsoft.aadiam/diagnosticSettings@2017-04-01' = {"},
		{"feed", "a rule that may also listen", "infra/main.bicep", "  'Send'\n", "  'Send'\n  'Listen'\n"},
		{"consumer-groups", "one group for both", "infra/modules/eventhub.bicep", "name: 'glasswatch-replay'", "name: 'glasswatch'"},
		{"consumer-groups", "the groups swapped", "infra/modules/app.bicep", "ENTRA_CONSUMER_GROUP: triggerGroup", "ENTRA_CONSUMER_GROUP: replayGroup"},
		{"consumer-groups", "the trigger's group gone", "infra/modules/eventhub.bicep", "output triggerGroup string = triggerGroup.name", "output triggerGroup string = '$Default'"},
		{"keys", "shared keys on the evidence", "infra/modules/evidence.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAccess: true"},
		{"keys", "shared keys left to the default", "infra/modules/hoststorage.bicep", "    allowSharedKeyAccess: false\n", ""},
		{"keys", "the hub's local authentication off", "infra/modules/eventhub.bicep", "disableLocalAuth: false", "disableLocalAuth: true"},
		{"keys", "no word why it stays on", "infra/modules/eventhub.bicep", "// Stays on: ", "// "},
		{"keys", "passwords for publishing", "infra/modules/app.bicep", "name: 'ftp'\n  properties: {\n    allow: false", "name: 'ftp'\n  properties: {\n    allow: true"},
		{"keys", "references read by another identity", "infra/modules/app.bicep", "    keyVaultReferenceIdentity: identityId\n", ""},
		{"keys", "a vault that can be purged", "infra/modules/keyvault.bicep", "enablePurgeProtection: true", "enablePurgeProtection: false"},
		{"transport", "old TLS on storage", "infra/modules/hoststorage.bicep", "'TLS1_2'", "'TLS1_0'"},
		{"transport", "old TLS on the hub", "infra/modules/eventhub.bicep", "minimumTlsVersion: '1.2'", "minimumTlsVersion: '1.0'"},
		{"transport", "plain HTTP", "infra/modules/app.bicep", "httpsOnly: true", "httpsOnly: false"},
		{"evidence", "the lock lets it be deleted", "infra/modules/evidence.bicep", "level: 'CanNotDelete'", "level: 'NotSpecified'"},
		{"evidence", "evidence in the group that azd removes", "infra/main.bicep", "  name: 'evidence'\n  scope: evidenceGroup", "  name: 'evidence'\n  scope: group"},
		{"evidence", "a weekend outlasts the hub", "infra/modules/eventhub.bicep", "retentionTimeInHours: 168", "retentionTimeInHours: 24"},
		{"diagnostics", "the vault's log off", "infra/modules/keyvault.bicep", "        category: 'AuditEvent'\n        enabled: true", "        category: 'AuditEvent'\n        enabled: false"},
		{"diagnostics", "the evidence's log elsewhere", "infra/modules/evidence.bicep", "  scope: tables\n", "  scope: blobs\n"},
		{"diagnostics", "the hub's log gone", "infra/modules/eventhub.bicep", "resource diagnostics ", "resource other "},
		{"alarms", "a query that may return no row", "infra/modules/alerts.bicep", "summarize number = countif(success == false)'", "where success == false'"},
		{"alarms", "nobody is told", "infra/modules/alerts.bicep", "    actions: {\n      actionGroups: [\n        actionGroupId\n      ]\n    }\n", ""},
		{"alarms", "an alarm switched off", "infra/modules/alerts.bicep", "    severity: 0\n    enabled: true\n", "    severity: 0\n    enabled: false\n"},
		{"alarms", "a timer that may fall silent", "infra/modules/alerts.bicep", `and name == "keepwatch" `, ""},
		{"alarms", "a silent feed unnoticed", "infra/modules/alerts.bicep", "metricName: 'IncomingMessages'", "metricName: 'OutgoingMessages'"},
		{"alarms", "a sentence that the program never logs", "infra/modules/alerts.bicep", `has "alarm not delivered"`, `has "alarm undelivered"`},
		{"azd", "the native worker", "azure.yaml", "language: custom", "language: go"},
		{"azd", "another service name", "infra/modules/app.bicep", "'azd-service-name': 'glasswatch'", "'azd-service-name': 'api'"},
	}
}

// said is what a check must say where it could also have stumbled over something else.
func said() map[string]string {
	return map[string]string{
		"a category that the program cannot read":               "cannot read WeatherLogs",
		"an Activity Log category that the program cannot read": "cannot read Autoscale2",
		"a wider role":                               "operator tableDataContributor on evidence.account",
		"a permission to write":                      "more than reading",
		"an output that does not exist":              "no output of modules/keyvault.bicep",
		"a module that nothing deploys":              "nothing deploys it",
		"a parameter that nothing uses":              "nothing uses colour",
		"a sentence that the program never logs":     `never logs "alarm undelivered"`,
		"a timer that may fall silent":               "keepwatch",
		"always ready for another function":          "cold start",
		"an alarm on a function that does not exist": `no function "keepWatch"`,
	}
}

func TestEveryCheckFindsItsMutations(t *testing.T) {
	original := texts(t)
	code := program(t)
	checks := map[string]bicepcheck.Check{}
	for _, check := range bicepcheck.Checks() {
		checks[check.ID] = check
	}
	tried := map[string]bool{}

	// All mutants are read in one run of the grammar; the number in front of a name says whose it is.
	var all []bicepcheck.Source
	broken := make([]map[string]string, len(mutations()))
	for i, m := range mutations() {
		if n := strings.Count(original[m.file], m.old); n != 1 {
			t.Fatalf("%s: %q occurs %d times in %s, must occur once", m.what, m.old, n, m.file)
		}
		broken[i] = maps.Clone(original)
		broken[i][m.file] = strings.Replace(original[m.file], m.old, m.new, 1)
		for _, source := range sources(broken[i]) {
			if source.Text != original["infra/"+source.Name] {
				all = append(all, bicepcheck.Source{Name: fmt.Sprintf("%d|%s", i, source.Name), Text: source.Text})
			}
		}
	}
	unbroken := deployment(t, original)
	parsed, err := bicepcheck.Parse(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}

	for i, m := range mutations() {
		tried[m.check] = true
		t.Run(m.check+"/"+m.what, func(t *testing.T) {
			mutant := bicepcheck.Deployment{Files: maps.Clone(unbroken.Files), Texts: broken[i]}
			for _, file := range parsed {
				if name, mine := strings.CutPrefix(file.Name, fmt.Sprintf("%d|", i)); mine {
					file.Name = name
					mutant.Files[name] = file
				}
			}
			problems := strings.Join(checks[m.check].Run(mutant, code), "\n")
			if problems == "" || !strings.Contains(problems, said()[m.what]) {
				t.Errorf("the check %s says %q, must say what is wrong: %q", m.check, problems, said()[m.what])
			}
		})
	}
	for _, id := range slices.Sorted(maps.Keys(checks)) {
		if !tried[id] {
			t.Errorf("no mutation shows that the check %s can fail", id)
		}
	}
}
