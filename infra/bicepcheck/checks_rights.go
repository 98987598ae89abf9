package bicepcheck

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// knownRoles are the ids of Azure's built-in roles, from Microsoft's table of them.
func knownRoles() map[string]string {
	return map[string]string{
		"blobDataOwner":              "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
		"eventHubsDataReceiver":      "a638d3c7-ab3a-418d-83e6-5f17a39d4fde",
		"eventHubsDataSender":        "2b629674-e913-4c01-ae53-ef4638d8f975",
		"keyVaultSecretsOfficer":     "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
		"keyVaultSecretsUser":        "4633458b-17de-408a-b874-0445c86b69e6",
		"monitoringMetricsPublisher": "3913510d-42f4-4e42-8a64-420c390055eb",
		"reader":                     "acdd72a7-3385-48ef-bd42-f606fba81ae7",
		"tableDataContributor":       "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
		"tableDataReader":            "76199698-9eea-4c19-bc75-cec21354c6b6",
	}
}

// Assignment is one role that somebody gets at one place.
type Assignment struct {
	Who   string // "app" or "operator"
	Role  string // as roleids.bicep names it
	Where string // the resource, as its module names it, or "group"
}

func (a Assignment) String() string {
	return a.Who + " " + a.Role + " on " + a.Where
}

// Assignments lists every role assignment of the deployment, sorted.
func Assignments(d Deployment) []Assignment {
	var all []Assignment
	for name, resource := range d.resources("Microsoft.Authorization/roleAssignments") {
		file, _, _ := strings.Cut(name, ": ")
		role := regexp.MustCompile(`roleIds\.([A-Za-z]+)`).FindStringSubmatch(resource.Value.At("properties", "roleDefinitionId").Text)
		one := Assignment{Who: "app", Role: "none", Where: resource.Value.At("scope").Text}
		if role != nil {
			one.Role = role[1]
		}
		if resource.Value.At("properties", "principalId").Text == "operatorObjectId" {
			one.Who = "operator"
		}
		place := strings.TrimSuffix(strings.TrimPrefix(file, "modules/"), ".bicep")
		if one.Where == "" {
			one.Where = "group"
		} else {
			one.Where = place + "." + one.Where
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b Assignment) int { return strings.Compare(a.String(), b.String()) })
	return all
}

// checkRoles holds role ids to Microsoft's table, and the assignments to the table of docs/permissions.md.
func checkRoles(d Deployment, _ Program) []string {
	var problems []string
	declared := d.Files["modules/roleids.bicep"].Named("roleIds").Value.Object
	known := knownRoles()
	problems = append(problems, sameSet("role ids", sortedKeys(declared), sortedKeys(known))...)
	for _, name := range sortedKeys(declared) {
		if declared[name].Text != known[name] {
			problems = append(problems, fmt.Sprintf("role ids: %s is %s, must be %s", name, declared[name].Text, known[name]))
		}
	}
	var assigned, used []string
	for _, one := range Assignments(d) {
		assigned = append(assigned, one.String())
		used = append(used, one.Role)
	}
	problems = append(problems, sameSet("docs/permissions.md", documented(d, "roles"), assigned)...)
	for _, name := range sortedKeys(declared) {
		if !slices.Contains(used, name) {
			problems = append(problems, "role ids: nobody is given "+name)
		}
	}
	for name, resource := range d.resources("Microsoft.Authorization/roleAssignments") {
		role := regexp.MustCompile(`roleIds\.[A-Za-z]+`).FindString(resource.Value.At("properties", "roleDefinitionId").Text)
		if !strings.HasSuffix(resource.Value.At("name").Text, ", "+role+")") {
			problems = append(problems, name+": the name is not made of the role, so two assignments may collide")
		}
		if resource.Value.At("properties", "principalType").Text == "" {
			problems = append(problems, name+": without principalType a new identity is not found in time")
		}
	}
	return problems
}

// documented reads the rows of the table after a marker `<!-- bicep NAME -->` in docs/permissions.md: the words in
// code quotes of each row's first cells, joined as Assignment.String does.
func documented(d Deployment, table string) []string {
	_, after, _ := strings.Cut(d.Texts["docs/permissions.md"], "<!-- bicep "+table+" -->\n")
	body, _, _ := strings.Cut(after, "<!-- end -->")
	var rows []string
	for line := range strings.Lines(body) {
		words := regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(line, 3)
		switch {
		case table == "roles" && len(words) == 3:
			rows = append(rows, words[0][1]+" "+words[1][1]+" on "+words[2][1])
		case table != "roles" && len(words) > 0:
			rows = append(rows, words[0][1])
		}
	}
	return rows
}

// checkGraph holds the Graph permissions of the template, of the script and of the page to those of the program.
func checkGraph(d Deployment, p Program) []string {
	var problems []string
	graph := d.Files["graph.bicep"]
	script := d.Texts["infra/scripts/azure/graph-permissions.sh"]
	for _, set := range []struct {
		name, shell, table string
		want               []string
	}{
		{"core", "core", "graph core", p.Core},
		{"extra", "extended", "graph extended", p.Extended},
	} {
		problems = append(problems, sameSet("graph.bicep "+set.name, graph.Named(set.name).Value.Texts(), set.want)...)
		problems = append(problems, sameSet("graph-permissions.sh "+set.shell, shellList(script, set.shell), set.want)...)
		problems = append(problems, sameSet("docs/permissions.md "+set.table, documented(d, set.table), set.want)...)
	}
	for _, name := range slices.Concat(graph.Named("core").Value.Texts(), graph.Named("extra").Value.Texts()) {
		if !strings.Contains(name, ".Read.") && !strings.HasSuffix(name, ".ReadBasic.All") {
			problems = append(problems, "graph.bicep: "+name+" is more than reading")
		}
	}
	return append(problems, want("graph.bicep", graph.Named("graph").Value, "appId", "00000003-0000-0000-c000-000000000000")...)
}

// shellList reads the words of `name=( … )` in a bash script.
func shellList(script, name string) []string {
	_, after, _ := strings.Cut(script, "\n"+name+"=(\n")
	body, _, _ := strings.Cut(after, "\n)")
	return strings.Fields(body)
}
