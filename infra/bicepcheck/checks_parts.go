package bicepcheck

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// checkFeed holds the tenant's diagnostic setting to what the program reads, in the template and in the script.
func checkFeed(d Deployment, p Program) []string {
	main := d.Files["main.bicep"]
	var problems []string
	setting := main.Named("entraDiagnostics")
	if setting.Kind != "resource" || !strings.HasPrefix(setting.Type, "microsoft.aadiam/diagnosticSettings@") {
		problems = append(problems, "feed: the tenant's diagnostic setting must be a resource, or it becomes a tenant deployment")
	}
	problems = append(problems, want("feed", setting.Value, "scope", "tenant()")...)
	if setting.Condition != "deployEntraDiagnostics" {
		problems = append(problems, "feed: the tenant's diagnostic setting cannot be switched off")
	}
	problems = append(problems, want("feed", setting.Value, "properties.eventHubName", "eventHub.outputs.hubName")...)
	problems = append(problems, want("feed", setting.Value, "properties.eventHubAuthorizationRuleId", "eventHub.outputs.feedRuleId")...)
	logs := setting.Value.At("properties", "logs")
	if logs.Loop != "entraCategories" || len(logs.List) != 1 || logs.List[0].At("enabled").Text != "true" {
		problems = append(problems, "feed: not every category of entraCategories is enabled")
	}
	categories := main.Named("entraCategories").Value.Texts()
	for _, category := range []string{"AuditLogs", "NonInteractiveUserSignInLogs", "SignInLogs"} {
		if !slices.Contains(categories, category) {
			problems = append(problems, "feed: "+category+" is not sent")
		}
	}
	for _, category := range slices.Concat(categories, main.Named("activityCategories").Value.Texts()) {
		if !p.Reads(category) {
			problems = append(problems, "feed: the program cannot read "+category)
		}
	}
	script := shellList(d.Texts["infra/scripts/azure/entra-diagnostics.sh"], "categories")
	problems = append(problems, sameSet("entra-diagnostics.sh", script, categories)...)
	if rights := main.Named("feedRights").Value.Texts(); !slices.Equal(rights, []string{"Send"}) {
		problems = append(problems, fmt.Sprintf("feed: its rule may %v, Send is enough", rights))
	}
	return problems
}

// checkConsumerGroups keeps the trigger alone in its group: the service lets one reader with an epoch have it.
func checkConsumerGroups(d Deployment, _ Program) []string {
	hub := d.Files["modules/eventhub.bicep"]
	names := map[string]string{}
	for _, group := range hub.Of("resource") {
		if strings.HasPrefix(group.Type, "Microsoft.EventHub/namespaces/eventhubs/consumergroups@") {
			names[group.Name] = group.Value.At("name").Text
		}
	}
	var problems []string
	problems = append(problems, sameSet("consumer groups", sortedKeys(names), []string{"replayGroup", "triggerGroup"})...)
	if names["triggerGroup"] == names["replayGroup"] {
		problems = append(problems, "consumer groups: the trigger and replay share one")
	}
	for _, output := range []string{"triggerGroup", "replayGroup"} {
		problems = append(problems, want("eventhub.bicep output "+output, Value{Object: map[string]Value{"value": outputValue(hub, output)}}, "value", output+".name")...)
	}
	settings := appSettings(d)
	problems = append(problems, want("app settings", settings, "ENTRA_CONSUMER_GROUP", "triggerGroup")...)
	problems = append(problems, want("app settings", settings, "REPLAY_CONSUMER_GROUP", "replayGroup")...)
	return append(problems, want("app settings", settings, "ENTRA_EVENTHUB_NAME", "hubName")...)
}

func outputValue(file File, name string) Value {
	for _, output := range file.Of("output") {
		if output.Name == name {
			return output.Value
		}
	}
	return Value{}
}

// checkKeys keeps shared keys and passwords off wherever a role does the work, and on where nothing else can.
func checkKeys(d Deployment, _ Program) []string {
	var problems []string
	each := func(kind, path, expected string) {
		resources := d.resources(kind)
		if len(resources) == 0 {
			problems = append(problems, "keys: there is no "+kind)
		}
		for _, name := range sortedKeys(resources) {
			problems = append(problems, want(name, resources[name].Value, path, expected)...)
		}
	}
	each("Microsoft.Storage/storageAccounts", "properties.allowSharedKeyAccess", "false")
	each("Microsoft.Storage/storageAccounts", "properties.allowBlobPublicAccess", "false")
	each("Microsoft.Storage/storageAccounts", "properties.allowCrossTenantReplication", "false")
	each("Microsoft.Insights/components", "properties.DisableLocalAuth", "true")
	each("Microsoft.KeyVault/vaults", "properties.enableRbacAuthorization", "true")
	each("Microsoft.KeyVault/vaults", "properties.enablePurgeProtection", "true")
	each("Microsoft.KeyVault/vaults", "properties.enableSoftDelete", "true")
	each("Microsoft.Web/sites/basicPublishingCredentialsPolicies", "properties.allow", "false")
	each("Microsoft.Web/sites", "properties.keyVaultReferenceIdentity", "identityId")
	// A diagnostic setting has no identity: with local authentication off, the feed stops without a word.
	each("Microsoft.EventHub/namespaces", "properties.disableLocalAuth", "false")
	if !regexp.MustCompile(`// Stays on: [^\n]*\n(\s*//[^\n]*\n)*\s*disableLocalAuth: false`).MatchString(d.Texts["infra/modules/eventhub.bicep"]) {
		problems = append(problems, "keys: eventhub.bicep does not say why local authentication stays on")
	}
	if rules := d.resources("Microsoft.EventHub/namespaces/authorizationRules"); len(rules) != 1 {
		problems = append(problems, "keys: the feed's rule must be the only one of the hub")
	}
	app := d.Files["modules/app.bicep"].Named("app").Value
	return append(problems, want("app", app, "properties.functionAppConfig.deployment.storage.authentication.type", "UserAssignedIdentity")...)
}

// checkTransport keeps every connection on TLS 1.2 or newer.
func checkTransport(d Deployment, _ Program) []string {
	var problems []string
	for kind, paths := range map[string]map[string]string{
		"Microsoft.Storage/storageAccounts": {
			"properties.minimumTlsVersion":        "TLS1_2",
			"properties.supportsHttpsTrafficOnly": "true",
		},
		"Microsoft.EventHub/namespaces": {"properties.minimumTlsVersion": "1.2"},
		"Microsoft.Web/sites": {
			"properties.httpsOnly":                   "true",
			"properties.siteConfig.ftpsState":        "Disabled",
			"properties.siteConfig.minTlsVersion":    "1.2",
			"properties.siteConfig.scmMinTlsVersion": "1.2",
		},
	} {
		for _, name := range sortedKeys(d.resources(kind)) {
			for _, path := range sortedKeys(paths) {
				problems = append(problems, want(name, d.resources(kind)[name].Value, path, paths[path])...)
			}
		}
	}
	return problems
}

// checkEvidence keeps the ledger apart, locked and readable only by those who must.
func checkEvidence(d Deployment, _ Program) []string {
	main, evidence := d.Files["main.bicep"], d.Files["modules/evidence.bicep"]
	var problems []string
	problems = append(problems, want("evidence", main.Named("evidence").Value, "scope", "evidenceGroup")...)
	problems = append(problems, want("host storage", main.Named("hostStorage").Value, "scope", "group")...)
	problems = append(problems, want("evidence lock", evidence.Named("lock").Value, "properties.level", "CanNotDelete")...)
	problems = append(problems, want("evidence lock", evidence.Named("lock").Value, "scope", "account")...)
	problems = append(problems, want("evidence blobs", evidence.Named("blobs").Value, "properties.deleteRetentionPolicy.enabled", "true")...)
	problems = append(problems, want("evidence table", evidence.Named("ledger").Value, "name", "GlasswatchLedger")...)
	problems = append(problems, want("app settings", appSettings(d), "EVIDENCE_TABLES__serviceUri", "evidenceTables")...)
	hub := d.Files["modules/eventhub.bicep"].Named("hub").Value
	return append(problems, want("hub", hub, "properties.retentionDescription.retentionTimeInHours", "168")...)
}

// checkDiagnostics wants the log of every resource through which somebody could silence or read Glasswatch.
func checkDiagnostics(d Deployment, _ Program) []string {
	var problems []string
	for file, scope := range map[string]string{
		"modules/app.bicep":         "app",
		"modules/eventhub.bicep":    "namespace",
		"modules/evidence.bicep":    "tables",
		"modules/hoststorage.bicep": "blobs",
		"modules/keyvault.bicep":    "vault",
	} {
		value := d.Files[file].Named("diagnostics").Value
		problems = append(problems, want(file+" diagnostics", value, "scope", scope)...)
		problems = append(problems, want(file+" diagnostics", value, "properties.workspaceId", "workspaceId")...)
		logs := value.At("properties", "logs").List
		if len(logs) == 0 {
			problems = append(problems, file+" diagnostics: no category")
		}
		for _, log := range logs {
			problems = append(problems, want(file+" diagnostics "+log.At("category").Text, log, "enabled", "true")...)
		}
	}
	return problems
}
