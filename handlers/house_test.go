package main_test

// The tests that hold the walls of the house. They read sources and files only and use nothing of
// this package, so that `go test handlers/house_test.go handlers/bindings_test.go` takes a second.

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// kind is what a room is for; it decides whom the room may import.
type kind string

const (
	noun     kind = "noun"     // the standard library and other nouns, no input or output
	adapter  kind = "adapter"  // the nouns it serves and its own SDK, never another adapter
	plumbing kind = "plumbing" // the standard library alone
	page     kind = "page"     // nouns
	verb     kind = "verb"     // nouns, azfunc, pages
	program  kind = "main"     // everything but infra
	outskirt kind = "infra"    // everything, and nothing of it is ever imported from inside
)

// room is one folder of shared.
type room struct {
	kind   kind
	beyond []string // what this room alone may import besides
}

// rooms lists every folder of shared. A folder that is not here fails the test: a new room is a decision.
func rooms() map[string]room {
	const azure = "github.com/Azure/azure-sdk-for-go/sdk/"
	return map[string]room{
		"alert":       {kind: noun},
		"breakglass":  {kind: noun},
		"conditional": {kind: noun},
		"detect":      {kind: noun},
		"drill":       {kind: noun},
		"entra":       {kind: noun},
		"journal":     {kind: noun},
		"ledger":      {kind: noun},
		"listing":     {kind: noun},
		"outside":     {kind: noun},
		"posture":     {kind: noun},
		"pulse":       {kind: noun},
		"siren":       {kind: noun},

		"arm":     {kind: adapter, beyond: []string{azure + "azcore"}},
		"graph":   {kind: adapter, beyond: []string{azure + "azcore", "github.com/microsoft/kiota-", "github.com/microsoftgraph/"}},
		"hub":     {kind: adapter, beyond: []string{azure + "azcore", azure + "messaging/azeventhubs/v2"}},
		"tables":  {kind: adapter, beyond: []string{azure + "azcore", azure + "data/aztables"}},
		"teams":   {kind: adapter, beyond: []string{"glasswatch/shared/post"}},
		"webhook": {kind: adapter, beyond: []string{"glasswatch/shared/post"}},
		"post":    {kind: adapter}, // how teams and webhook reach a secret address

		"azfunc": {kind: plumbing},
		"config": {kind: plumbing},
		"pages":  {kind: page},
	}
}

// strangers are folders that must not know a room, so that they can contradict it.
func strangers() map[string]string {
	return map[string]string{
		"infra/local/funchost": "glasswatch/shared/azfunc",
		"infra/local/graph":    "glasswatch/shared/conditional",
	}
}

// source is one Go file: where it is, and what it imports.
type source struct {
	folder  string // from the root, with slashes
	name    string
	test    bool
	imports []string
}

const root = ".."

// sources reads the imports of every Go file of the module.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	tree := os.DirFS(rootFolder(t))
	for _, top := range []string{"handlers", "shared", "infra"} {
		err := fs.WalkDir(tree, top, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "testdata") {
				return fs.SkipDir
			}
			if path.Ext(name) != ".go" {
				return nil
			}
			content, err := fs.ReadFile(tree, name)
			if err != nil {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, content, parser.ImportsOnly)
			if err != nil {
				return err
			}
			one := source{folder: path.Dir(name), name: name, test: strings.HasSuffix(name, "_test.go")}
			for _, spec := range file.Imports {
				one.imports = append(one.imports, unquote(t, spec.Path.Value))
			}
			all = append(all, one)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// rootFolder is the top of the module, also when the test's files are named one by one.
func rootFolder(t *testing.T) string {
	t.Helper()
	for _, candidate := range []string{root, "."} {
		if _, err := os.Stat(candidate + "/go.mod"); err == nil {
			return candidate
		}
	}
	t.Fatal("go.mod is neither here nor one folder up")
	return ""
}

func unquote(t *testing.T, literal string) string {
	t.Helper()
	text, err := strconv.Unquote(literal)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// placeOf says what kind of room a folder is, and what it may import besides.
func placeOf(folder string) (found room, known bool) {
	parts := strings.Split(folder, "/")
	switch {
	case parts[0] == "infra":
		return room{kind: outskirt}, true
	case folder == "handlers":
		return room{kind: program}, true
	case parts[0] == "handlers":
		return room{kind: verb}, len(parts) == 2
	default:
		found, known = rooms()[parts[1]]
		return found, known
	}
}

// standard tells packages of the standard library: their first element has no dot, and is not ours.
func standard(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return first != "glasswatch" && !strings.Contains(first, ".")
}

// forbidden says why a room may not import a package, or nothing if it may.
func forbidden(from room, name string) string {
	if slices.ContainsFunc(from.beyond, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
		return ""
	}
	if strings.HasPrefix(name, "github.com/microsoftgraph/") {
		return "only shared/graph may import the Graph SDK, which takes minutes to compile"
	}
	inside, ours := strings.CutPrefix(name, "glasswatch/")
	if ours && strings.HasPrefix(inside, "infra/") && from.kind != outskirt {
		return "nothing under infra is linked into the binary"
	}
	if from.kind == program || from.kind == outskirt {
		return ""
	}
	if standard(name) {
		if from.kind == noun && slices.Contains([]string{"os", "os/exec", "net", "net/http", "syscall", "log"}, name) {
			return "a noun does no input or output"
		}
		return ""
	}
	if !ours {
		return "it has no SDK"
	}
	to, _ := placeOf(inside)
	allowed := map[kind][]kind{
		noun:    {noun},
		adapter: {noun},
		page:    {noun},
		verb:    {noun, page},
	}
	if slices.Contains(allowed[from.kind], to.kind) || from.kind == verb && inside == "shared/azfunc" {
		return ""
	}
	return "a " + string(from.kind) + " does not import a " + string(to.kind)
}

func TestWhoMayImportWhom(t *testing.T) {
	for _, one := range sources(t) {
		from, known := placeOf(one.folder)
		if !known {
			t.Errorf("%s: there is no room %s in the house; add it to the table of rooms, or move the file", one.name, one.folder)
			continue
		}
		for _, name := range one.imports {
			for folder, stranger := range strangers() {
				if (one.folder == folder || strings.HasPrefix(one.folder, folder+"/")) && strings.HasPrefix(name, stranger) {
					t.Errorf("%s imports %s, which it is there to contradict", one.name, name)
				}
			}
			if reason := forbidden(from, name); reason != "" && !one.test {
				t.Errorf("%s imports %s: %s", one.name, name, reason)
			}
		}
	}
}

func TestTheWallsHold(t *testing.T) {
	tests := []struct {
		name, folder, imports string
		allowed               bool
	}{
		{"a noun uses another noun", "shared/detect", "glasswatch/shared/entra", true},
		{"a noun speaks HTTP", "shared/detect", "net/http", false},
		{"a noun parses addresses", "shared/entra", "net/netip", true},
		{"a noun uses an adapter", "shared/journal", "glasswatch/shared/tables", false},
		{"a noun uses an SDK", "shared/ledger", "github.com/Azure/azure-sdk-for-go/sdk/data/aztables", false},
		{"an adapter uses its SDK", "shared/tables", "github.com/Azure/azure-sdk-for-go/sdk/data/aztables", true},
		{"an adapter uses another's SDK", "shared/hub", "github.com/Azure/azure-sdk-for-go/sdk/data/aztables", false},
		{"an adapter uses another adapter", "shared/webhook", "glasswatch/shared/teams", false},
		{"an adapter posts", "shared/webhook", "glasswatch/shared/post", true},
		{"plumbing uses a noun", "shared/azfunc", "glasswatch/shared/entra", false},
		{"a page uses a noun", "shared/pages", "glasswatch/shared/alert", true},
		{"a verb uses azfunc", "handlers/watchlogs", "glasswatch/shared/azfunc", true},
		{"a verb uses an adapter", "handlers/watchlogs", "glasswatch/shared/tables", false},
		{"a verb uses the settings", "handlers/watchlogs", "glasswatch/shared/config", false},
		{"a verb uses another verb", "handlers/watchlogs", "glasswatch/handlers/keepwatch", false},
		{"main uses an adapter", "handlers", "glasswatch/shared/tables", true},
		{"main uses the local stack", "handlers", "glasswatch/infra/local/hub", false},
		{"main uses the Graph SDK", "handlers", "github.com/microsoftgraph/msgraph-sdk-go", false},
		{"the local stack uses a noun", "infra/local/story", "glasswatch/shared/entra", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			from, known := placeOf(test.folder)
			if reason := forbidden(from, test.imports); !known || (reason == "") != test.allowed {
				t.Errorf("%s imports %s: known %t, reason %q", test.folder, test.imports, known, reason)
			}
		})
	}
	if _, known := placeOf("shared/utilities"); known {
		t.Error("an unknown room counts as known")
	}
}

// The linker sets the release by name and says nothing when there is no such variable.
func TestTheReleaseCanBeSet(t *testing.T) {
	packer, err := os.ReadFile(rootFolder(t) + "/infra/packer/packer.go")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(packer), "-X main.")
	if !found {
		t.Fatal("the packer does not set the release")
	}
	name, _, _ := strings.Cut(after, "=")
	declared := false
	for _, file := range mainFiles(t) {
		for _, declaration := range file.Decls {
			general, isGeneral := declaration.(*ast.GenDecl)
			if !isGeneral || general.Tok != token.VAR {
				continue
			}
			for _, spec := range general.Specs {
				value, isValue := spec.(*ast.ValueSpec)
				declared = declared || isValue && value.Names[0].Name == name
			}
		}
	}
	if !declared {
		t.Errorf("the packer sets main.%s, which handlers does not declare", name)
	}
}
