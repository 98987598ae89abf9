package bicepcheck

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// checkParameters holds the parameter file of azd to the parameters of main.bicep.
func checkParameters(d Deployment, _ Program) []string {
	var file struct {
		Parameters map[string]struct{ Value string } `json:"parameters"`
	}
	if err := json.Unmarshal([]byte(d.Texts["infra/main.parameters.json"]), &file); err != nil {
		return []string{"main.parameters.json: " + err.Error()}
	}
	main := d.Files["main.bicep"]
	var problems []string
	for _, name := range sortedKeys(file.Parameters) {
		if main.Named(name).Kind != "param" {
			problems = append(problems, "main.parameters.json: main.bicep has no parameter "+name)
		}
	}
	for _, param := range main.Of("param") {
		if _, given := file.Parameters[param.Name]; !given && param.Value.Text == "" {
			problems = append(problems, "main.parameters.json: nothing gives "+param.Name)
		}
	}
	return problems
}

func appSettings(d Deployment) Value {
	return d.Files["modules/app.bicep"].Named("appSettings").Value.At("properties")
}

// checkSettings holds the app settings to the settings that the program and its host read.
func checkSettings(d Deployment, p Program) []string {
	return sameSet("app settings", sortedKeys(appSettings(d).Object), p.Settings)
}

// checkSecrets keeps secrets in the vault: never a value, a parameter or an output.
func checkSecrets(d Deployment, p Program) []string {
	var problems []string
	settings := appSettings(d)
	for _, name := range p.Secrets {
		value, set := settings.Object[name]
		if set && !strings.Contains(value.Text, "@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/") {
			problems = append(problems, "app settings: "+name+" is a secret and no reference into the vault")
		}
	}
	leaks := regexp.MustCompile(`(?i)listkeys|listaccountsas|getsecret|sharedaccesskey|accountkey|primarykey|secondarykey|primaryconnectionstring`)
	for _, name := range sortedKeys(d.Files) {
		file := d.Files[name]
		if found := leaks.FindString(withoutComments(d.Texts["infra/"+name])); found != "" {
			problems = append(problems, name+": takes a key with "+found)
		}
		for _, output := range file.Of("output") {
			if regexp.MustCompile(`(?i)secret|password|token|key|connectionstring`).MatchString(output.Name + " " + output.Value.Text) {
				problems = append(problems, fmt.Sprintf("%s: output %s looks like a secret", name, output.Name))
			}
		}
		for _, param := range file.Of("param") {
			if regexp.MustCompile(`(?i)webhookurl|secretvalue|password|signingkey`).MatchString(param.Name) {
				problems = append(problems, fmt.Sprintf("%s: parameter %s asks for a secret", name, param.Name))
			}
		}
	}
	return problems
}

func withoutComments(text string) string {
	return regexp.MustCompile(`(?m)^\s*//.*$`).ReplaceAllString(text, "")
}

// checkFunctions holds the names of functions in the deployment to the functions that exist.
func checkFunctions(d Deployment, p Program) []string {
	var problems []string
	app := d.Files["modules/app.bicep"].Named("app").Value.At("properties", "functionAppConfig")
	var always []string
	for _, item := range app.At("scaleAndConcurrency", "alwaysReady").List {
		name, isFunction := strings.CutPrefix(item.At("name").Text, "function:")
		if !isFunction || !slices.Contains(p.Functions, name) {
			problems = append(problems, fmt.Sprintf("always ready: there is no function %q", item.At("name").Text))
		}
		always = append(always, name)
	}
	if !slices.Contains(always, p.HubFunction) {
		problems = append(problems, "always ready: "+p.HubFunction+" is missing, so the first alert waits for a cold start")
	}
	for _, query := range alarmQueries(d) {
		for _, match := range regexp.MustCompile(`name == "([^"]*)"`).FindAllStringSubmatch(query, -1) {
			if !slices.Contains(p.Functions, match[1]) {
				problems = append(problems, fmt.Sprintf("alarms: there is no function %q", match[1]))
			}
		}
	}
	problems = append(problems, want("app", app, "runtime.name", "custom")...)
	return append(problems, want("app", app, "runtime.version", "1.0")...)
}

func alarmQueries(d Deployment) []string {
	var queries []string
	for _, item := range d.Files["modules/alerts.bicep"].Named("queries").Value.List {
		queries = append(queries, item.At("query").Text)
	}
	return queries
}

// checkAlarms holds the alarms to what must not fall silent unnoticed.
func checkAlarms(d Deployment, p Program) []string {
	var problems []string
	queries := strings.Join(alarmQueries(d), "\n")
	for _, name := range append([]string{p.HubFunction}, p.Timers...) {
		if !strings.Contains(queries, fmt.Sprintf("name == %q", name)) {
			problems = append(problems, "alarms: nobody notices when "+name+" fails or falls silent")
		}
	}
	for _, query := range alarmQueries(d) {
		// Without a row there is nothing to compare with the threshold, and silence looks like health.
		if !strings.Contains(query, "summarize number = countif(") {
			problems = append(problems, "alarms: a query may return no row: "+query)
		}
	}
	sentences := regexp.MustCompile(`message has "([^"]*)"`).FindAllStringSubmatch(queries, -1)
	if len(sentences) == 0 {
		problems = append(problems, "alarms: nobody notices when alerts are not delivered")
	}
	for _, match := range sentences {
		if !strings.Contains(p.Source, fmt.Sprintf("(%q", match[1])) {
			problems = append(problems, fmt.Sprintf("alarms: the program never logs %q", match[1]))
		}
	}
	silent := d.Files["modules/alerts.bicep"].Named("noEvents").Value.At("properties")
	for _, item := range silent.At("criteria", "allOf").List {
		problems = append(problems, want("alarms: feed", item, "metricName", "IncomingMessages")...)
		problems = append(problems, want("alarms: feed", item, "operator", "LessThan")...)
	}
	if len(silent.At("criteria", "allOf").List) == 0 {
		problems = append(problems, "alarms: nobody notices when the feed falls silent")
	}
	for _, kind := range []string{"Microsoft.Insights/metricAlerts", "Microsoft.Insights/scheduledQueryRules"} {
		for _, name := range sortedKeys(d.resources(kind)) {
			value := d.resources(kind)[name].Value
			if !strings.Contains(value.At("properties", "actions").Text, "actionGroupId") {
				problems = append(problems, name+" tells nobody")
			}
			problems = append(problems, want(name, value, "properties.enabled", "true")...)
		}
	}
	for _, group := range d.resources("Microsoft.Insights/actionGroups") {
		if len(group.Value.At("properties", "emailReceivers").List) == 0 {
			problems = append(problems, "alarms: the action group has no receiver that needs neither Teams nor our code")
		}
	}
	return problems
}

// checkAzd holds azure.yaml to the package and the tags that azd looks for.
func checkAzd(d Deployment, _ Program) []string {
	var problems []string
	text := d.Texts["azure.yaml"]
	for _, line := range []string{"language: custom", "host: function", "project: .", "dist: ./dist"} {
		if !strings.Contains(text, "\n    "+line+"\n") {
			problems = append(problems, "azure.yaml: the service lacks "+line)
		}
	}
	app := d.Files["modules/app.bicep"].Named("app").Value.At("tags").Text
	match := regexp.MustCompile(`'azd-service-name': '([^']*)'`).FindStringSubmatch(app)
	if match == nil || !strings.Contains(text, "services:\n  "+match[1]+":\n") {
		problems = append(problems, "azure.yaml: no service has the name in the app's tag azd-service-name")
	}
	return problems
}
