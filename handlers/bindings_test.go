package main_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/config"
)

// binding is one binding of a function.json.
type binding struct {
	Type          string   `json:"type"`
	Direction     string   `json:"direction"`
	Name          string   `json:"name"`
	EventHubName  string   `json:"eventHubName"`
	ConsumerGroup string   `json:"consumerGroup"`
	Connection    string   `json:"connection"`
	Cardinality   string   `json:"cardinality"`
	DataType      string   `json:"dataType"`
	Schedule      string   `json:"schedule"`
	AuthLevel     string   `json:"authLevel"`
	Methods       []string `json:"methods"`
	Route         string   `json:"route"`
	RunOnStartup  bool     `json:"runOnStartup"`
	UseMonitor    bool     `json:"useMonitor"`
}

// retry is a function's retry policy.
type retry struct {
	Strategy        string `json:"strategy"`
	MaxRetryCount   int    `json:"maxRetryCount"`
	MinimumInterval string `json:"minimumInterval"`
	MaximumInterval string `json:"maximumInterval"`
}

type function struct {
	Bindings []binding `json:"bindings"`
	Retry    *retry    `json:"retry"`
}

// functionFiles reads every handlers/*/function.json, strictly: a misspelt field is an error.
func functionFiles(t *testing.T) map[string]function {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(rootFolder(t), "handlers", "*", "function.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no handlers/*/function.json: %v", err)
	}
	all := map[string]function{}
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		decoder := json.NewDecoder(file)
		decoder.DisallowUnknownFields()
		var one function
		if err := decoder.Decode(&one); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_ = file.Close()
		all[filepath.Base(filepath.Dir(name))] = one
	}
	return all
}

// mainFiles parses the files of package main that are no tests.
func mainFiles(t *testing.T) map[string]*ast.File {
	t.Helper()
	return parseFolder(t, "handlers")
}

func parseFolder(t *testing.T, folder string) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(rootFolder(t), filepath.FromSlash(folder), "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = file
	}
	return files
}

// wired lists the verb packages that the function `functions` of wire.go uses.
func wired(t *testing.T) []string {
	t.Helper()
	var used []string
	for _, file := range mainFiles(t) {
		for _, declaration := range file.Decls {
			list, isFunction := declaration.(*ast.FuncDecl)
			if !isFunction || list.Name.Name != "functions" {
				continue
			}
			ast.Inspect(list.Body, func(n ast.Node) bool {
				if selector, is := n.(*ast.SelectorExpr); is {
					if name, is := selector.X.(*ast.Ident); is && imports(t, file, "glasswatch/handlers/"+name.Name) {
						used = append(used, name.Name)
					}
				}
				return true
			})
		}
	}
	slices.Sort(used)
	return slices.Compact(used)
}

func imports(t *testing.T, file *ast.File, name string) bool {
	t.Helper()
	return slices.ContainsFunc(file.Imports, func(spec *ast.ImportSpec) bool { return unquote(t, spec.Path.Value) == name })
}

func TestEveryFunctionIsWiredAndTheReverse(t *testing.T) {
	var folders []string
	for name := range functionFiles(t) {
		folders = append(folders, name)
	}
	slices.Sort(folders)
	if diff := cmp.Diff(folders, wired(t)); diff != "" {
		t.Errorf("folders with a function.json (-) and what functions() in wire.go lists (+):\n%s", diff)
	}
	entries, err := os.ReadDir(filepath.Join(rootFolder(t), "handlers"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.IsDir() && entry.Name() != "testdata" && !slices.Contains(folders, entry.Name()) {
			t.Errorf("handlers/%s has no function.json: a folder here is a function", entry.Name())
		}
	}
}

// The host calls POST /<folder>; a function of another name would never be found.
func TestEveryFunctionBearsTheNameOfItsFolder(t *testing.T) {
	for folder := range functionFiles(t) {
		var names []string
		files := parseFolder(t, "handlers/"+folder)
		if len(files) == 0 {
			continue // wire.go does not compile without it
		}
		for _, file := range files {
			if file.Name.Name != folder {
				t.Errorf("handlers/%s: the package is called %s", folder, file.Name.Name)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				literal, is := n.(*ast.CompositeLit)
				if !is {
					return true
				}
				if selector, is := literal.Type.(*ast.SelectorExpr); !is || selector.Sel.Name != "Function" {
					return true
				}
				for _, element := range literal.Elts {
					pair, is := element.(*ast.KeyValueExpr)
					if !is {
						continue
					}
					key, isKey := pair.Key.(*ast.Ident)
					value, isText := pair.Value.(*ast.BasicLit)
					if isKey && isText && key.Name == "Name" {
						names = append(names, unquote(t, value.Value))
					}
				}
				return true
			})
		}
		if diff := cmp.Diff([]string{folder}, names); diff != "" {
			t.Errorf("handlers/%s: names of its functions (-want +got):\n%s", folder, diff)
		}
	}
}

func TestFunctionFilesBindWhatTheHandlersRead(t *testing.T) {
	// Everybody may call these two; every other route needs a function key.
	anonymous := []string{"answerincident", "showhealth"}
	routes := map[string]string{}
	for name, one := range functionFiles(t) {
		t.Run(name, func(t *testing.T) {
			var triggers []binding
			for _, b := range one.Bindings {
				if strings.HasSuffix(b.Type, "Trigger") {
					triggers = append(triggers, b)
				}
			}
			if len(triggers) != 1 {
				t.Fatalf("%d triggers, want one", len(triggers))
			}
			trigger := triggers[0]
			want := binding{Type: trigger.Type, Direction: "in", Schedule: trigger.Schedule, Methods: trigger.Methods, Route: trigger.Route}
			others := 0
			switch trigger.Type {
			case "eventHubTrigger":
				want.Name, want.Connection = "events", "ENTRA_EVENTHUB"
				want.EventHubName, want.ConsumerGroup = "%ENTRA_EVENTHUB_NAME%", "%ENTRA_CONSUMER_GROUP%"
				want.Cardinality, want.DataType = "many", "string"
				// Without a retry policy the host checkpoints a failed batch: it would be lost.
				policy := &retry{"exponentialBackoff", -1, "00:00:05", "00:05:00"}
				if diff := cmp.Diff(policy, one.Retry); diff != "" {
					t.Errorf("retry policy (-want +got):\n%s", diff)
				}
			case "timerTrigger":
				want.Name, want.UseMonitor = "timer", true
				if !regexp.MustCompile(`^%[A-Z_]+%$`).MatchString(trigger.Schedule) {
					t.Errorf("schedule %q is no setting", trigger.Schedule)
				}
			case "httpTrigger":
				want.Name, want.AuthLevel, others = "req", "function", 1
				if slices.Contains(anonymous, name) {
					want.AuthLevel = "anonymous"
				}
				if trigger.Route == "" || strings.Contains(trigger.Route, "*") || len(trigger.Methods) == 0 {
					t.Errorf("route %q %v: a catch-all lets strangers forge the host's calls", trigger.Route, trigger.Methods)
				}
				for _, method := range trigger.Methods {
					if other := routes[method+" "+trigger.Route]; other != "" {
						t.Errorf("%s %s belongs to %s", method, trigger.Route, other)
					}
					routes[method+" "+trigger.Route] = name
				}
				if i := slices.IndexFunc(one.Bindings, func(b binding) bool { return b.Type == "http" }); i < 0 || one.Bindings[i].Name != "res" || one.Bindings[i].Direction != "out" {
					t.Error("there is no binding http, out, called res")
				}
			default:
				t.Errorf("a trigger of type %s", trigger.Type)
			}
			if len(one.Bindings) != 1+others {
				t.Errorf("%d bindings, want %d", len(one.Bindings), 1+others)
			}
			if diff := cmp.Diff(want, trigger); diff != "" {
				t.Errorf("trigger (-want +got):\n%s", diff)
			}
		})
	}
}

// settingNames lists the settings of the app, the host's own included.
func settingNames(t *testing.T, everywhere bool) []string {
	t.Helper()
	var names []string
	for _, setting := range slices.Concat(config.Settings, config.HostSettings) {
		if everywhere || !setting.LocalOnly {
			names = append(names, setting.Name)
		}
	}
	slices.Sort(names)
	return names
}

func TestFunctionFilesNameSettingsThatExist(t *testing.T) {
	known := settingNames(t, true)
	for name, one := range functionFiles(t) {
		raw, err := json.Marshal(one)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`%([^%"]*)%`).FindAllStringSubmatch(string(raw), -1) {
			if !slices.Contains(known, match[1]) {
				t.Errorf("handlers/%s/function.json names %%%s%%, which is no setting", name, match[1])
			}
		}
		for _, b := range one.Bindings {
			if b.Connection != "" && !slices.Contains(known, b.Connection+"__fullyQualifiedNamespace") {
				t.Errorf("handlers/%s/function.json: no setting completes the connection %s", name, b.Connection)
			}
		}
	}
}
