package bicepcheck

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Deployment is everything that is rolled out, as it stands in the files.
type Deployment struct {
	Files map[string]File   // by path from infra/
	Texts map[string]string // other files, and the Bicep sources, by path from the root
}

// Program is what the code says of itself.
type Program struct {
	Settings    []string                   // names of all settings, the host's included
	Secrets     []string                   // those whose value is a secret
	Functions   []string                   // names of all functions
	Timers      []string                   // those that a timer starts
	HubFunction string                     // the one that the event hub starts
	Core        []string                   // Graph permissions without which checks are missing
	Extended    []string                   // Graph permissions that add checks
	Source      string                     // the text of its handlers, where the sentences of its log stand
	Reads       func(category string) bool // whether it can read records of a category
}

// Check compares the deployment with the program in one respect. Run gives a sentence per problem.
type Check struct {
	ID  string
	Run func(Deployment, Program) []string
}

// Checks lists every check; each has at least one mutation in the tests that it must find.
func Checks() []Check {
	return []Check{
		{"syntax", checkSyntax},
		{"one-property-per-line", checkLines},
		{"names", checkNames},
		{"wiring", checkWiring},
		{"parameters", checkParameters},
		{"settings", checkSettings},
		{"secrets", checkSecrets},
		{"functions", checkFunctions},
		{"roles", checkRoles},
		{"graph", checkGraph},
		{"feed", checkFeed},
		{"consumer-groups", checkConsumerGroups},
		{"keys", checkKeys},
		{"transport", checkTransport},
		{"evidence", checkEvidence},
		{"diagnostics", checkDiagnostics},
		{"alarms", checkAlarms},
		{"azd", checkAzd},
	}
}

// resources gives every resource of a type, whatever its API version, with the file it stands in.
func (d Deployment) resources(kind string) map[string]Declaration {
	found := map[string]Declaration{}
	for _, name := range sortedKeys(d.Files) {
		for _, resource := range d.Files[name].Of("resource") {
			if typeName, _, _ := strings.Cut(resource.Type, "@"); strings.EqualFold(typeName, kind) && !resource.Existing {
				found[name+": "+resource.Name] = resource
			}
		}
	}
	return found
}

// want says a problem when a value is not as it must be.
func want(where string, value Value, path, expected string) []string {
	got := value.At(strings.Split(path, ".")...).Text
	if got == expected {
		return nil
	}
	return []string{fmt.Sprintf("%s: %s is %q, must be %q", where, path, got, expected)}
}

// sameSet says what is missing from and what is too much in a list.
func sameSet(where string, got, expected []string) []string {
	var problems []string
	for _, name := range slices.Sorted(slices.Values(expected)) {
		if !slices.Contains(got, name) {
			problems = append(problems, fmt.Sprintf("%s: %s is missing", where, name))
		}
	}
	for _, name := range slices.Sorted(slices.Values(got)) {
		if !slices.Contains(expected, name) {
			problems = append(problems, fmt.Sprintf("%s: %s is too much", where, name))
		}
	}
	return problems
}

func checkSyntax(d Deployment, _ Program) []string {
	var problems []string
	for _, name := range sortedKeys(d.Files) {
		for _, problem := range d.Files[name].Problems {
			problems = append(problems, name+": "+problem)
		}
	}
	return problems
}

// checkLines keeps one property per line: other scanners lose their way in denser text, silently.
func checkLines(d Deployment, _ Program) []string {
	var problems []string
	for _, name := range sortedKeys(d.Files) {
		d.Files[name].tree.walk(func(n node) {
			last := 0
			for _, child := range n.Children {
				if child.Type == "object_property" {
					if child.Line == last || child.Line == n.Line {
						problems = append(problems, fmt.Sprintf("%s: line %d holds more than one property", name, child.Line))
					}
					last = child.Line
				}
			}
		})
	}
	return problems
}

// checkNames finds names that nothing declares, which the grammar alone cannot.
func checkNames(d Deployment, _ Program) []string {
	builtin := strings.Fields("az concat contains deployer empty environment filter guid if join length map null replace " +
		"resourceGroup resourceId split string subscription subscriptionResourceId sys tenant toLower true false union uniqueString " +
		"allowed description export maxLength maxValue minLength minValue secure array bool int object string")
	var problems []string
	for _, name := range sortedKeys(d.Files) {
		declared := map[string]bool{}
		for _, word := range builtin {
			declared[word] = true
		}
		used := map[string]int{}
		collect := func(n node) {
			switch {
			case strings.HasSuffix(n.Type, "_declaration") && len(n.Children) > 0:
				declared[n.Children[0].Text] = true
			case n.Type == "for_statement", n.Type == "for_loop_parameters":
				for _, child := range n.Children {
					declared[child.Text] = declared[child.Text] || child.Type == "loop_variable" || child.Type == "loop_enumerator" ||
						(n.Type == "for_statement" && child.Type == "identifier")
				}
			case n.Type == "lambda_expression":
				declared[n.Children[0].Text] = true
			case strings.HasPrefix(n.Type, "import"):
				n.walk(func(inner node) { declared[inner.Text] = true })
			}
		}
		d.Files[name].tree.walk(collect)
		d.Files[name].tree.walk(func(n node) {
			for i, child := range n.Children {
				if child.Type == "identifier" && (n.Type != "object_property" || i > 0) {
					used[child.Text] = child.Line
				}
			}
		})
		for _, word := range sortedKeys(used) {
			if !declared[word] {
				problems = append(problems, fmt.Sprintf("%s: line %d: nothing declares %s", name, used[word], word))
			}
		}
		text := d.Texts["infra/"+name]
		for _, declaration := range slices.Concat(d.Files[name].Of("param"), d.Files[name].Of("var")) {
			if !strings.Contains(text, "@export()\nvar "+declaration.Name) && countWord(text, declaration.Name) < 2 {
				problems = append(problems, fmt.Sprintf("%s: line %d: nothing uses %s", name, declaration.Line, declaration.Name))
			}
		}
	}
	return problems
}

func countWord(text, word string) int {
	isPart := func(r rune) bool {
		return r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
	}
	count := 0
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return !isPart(r) }) {
		if part == word {
			count++
		}
	}
	return count
}

// checkWiring holds every module call to the module: parameters given and wanted, outputs used and made.
func checkWiring(d Deployment, _ Program) []string {
	var problems []string
	reached := map[string]bool{"main.bicep": true, "graph.bicep": true, "modules/roleids.bicep": true}
	for _, name := range sortedKeys(d.Files) {
		file := d.Files[name]
		for _, call := range file.Of("module") {
			module, found := d.Files[call.Type]
			if !found {
				problems = append(problems, fmt.Sprintf("%s: module %s is %s, which does not exist", name, call.Name, call.Type))
				continue
			}
			reached[call.Type] = true
			given := slices.Sorted(maps.Keys(call.Value.At("params").Object))
			var wanted []string
			for _, param := range module.Of("param") {
				if param.Value.Text == "" || slices.Contains(given, param.Name) {
					wanted = append(wanted, param.Name)
				}
			}
			problems = append(problems, sameSet(name+": parameters of module "+call.Name, given, wanted)...)
			for _, output := range outputsUsed(d.Texts["infra/"+name], call.Name) {
				if !slices.ContainsFunc(module.Of("output"), func(o Declaration) bool { return o.Name == output }) {
					problems = append(problems, fmt.Sprintf("%s: %s.outputs.%s is no output of %s", name, call.Name, output, call.Type))
				}
			}
		}
	}
	for _, name := range sortedKeys(d.Files) {
		if !reached[name] {
			problems = append(problems, name+": nothing deploys it")
		}
	}
	return problems
}

func outputsUsed(text, module string) []string {
	var used []string
	for _, form := range []string{module + ".outputs.", module + ".?outputs.?"} {
		for _, rest := range strings.Split(" "+text, " "+form)[1:] {
			end := strings.IndexFunc(rest, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') })
			if end < 0 {
				end = len(rest)
			}
			used = append(used, rest[:end])
		}
	}
	return used
}
