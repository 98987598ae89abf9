package bicepcheck_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"glasswatch/infra/bicepcheck"
	"glasswatch/shared/config"
	"glasswatch/shared/entra"
	"glasswatch/shared/posture"
)

const root = "../.."

// texts reads every file of the deployment, by path from the root.
func texts(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	read := func(name string) {
		content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		found[name] = strings.ReplaceAll(string(content), "\r\n", "\n")
	}
	read("azure.yaml")
	read("docs/permissions.md")
	read("infra/main.parameters.json")
	for _, folder := range []string{"infra", "infra/modules", "infra/scripts/azure"} {
		entries, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(folder)))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if extension := path.Ext(entry.Name()); extension == ".bicep" || folder == "infra/scripts/azure" {
				read(folder + "/" + entry.Name())
			}
		}
	}
	return found
}

// sources picks the Bicep files out of the texts.
func sources(all map[string]string) []bicepcheck.Source {
	var picked []bicepcheck.Source
	for name, text := range all {
		if inside, ok := strings.CutPrefix(name, "infra/"); ok && path.Ext(name) == ".bicep" {
			picked = append(picked, bicepcheck.Source{Name: inside, Text: text})
		}
	}
	slices.SortFunc(picked, func(a, b bicepcheck.Source) int { return strings.Compare(a.Name, b.Name) })
	return picked
}

func deployment(t *testing.T, all map[string]string) bicepcheck.Deployment {
	t.Helper()
	files, err := bicepcheck.Parse(t.Context(), sources(all))
	if err != nil {
		t.Fatal(err)
	}
	result := bicepcheck.Deployment{Files: map[string]bicepcheck.File{}, Texts: all}
	for _, file := range files {
		result.Files[file.Name] = file
	}
	return result
}

// program gathers what the code says of itself.
func program(t *testing.T) bicepcheck.Program {
	t.Helper()
	result := bicepcheck.Program{
		Reads: entra.KnownCategory,
	}
	for _, permission := range posture.Permissions {
		if permission.Core {
			result.Core = append(result.Core, permission.Name)
		} else {
			result.Extended = append(result.Extended, permission.Name)
		}
	}
	slices.Sort(result.Core)
	slices.Sort(result.Extended)
	for _, setting := range slices.Concat(config.Settings, config.HostSettings) {
		if setting.LocalOnly {
			continue
		}
		result.Settings = append(result.Settings, setting.Name)
		if setting.Secret {
			result.Secrets = append(result.Secrets, setting.Name)
		}
	}
	names, err := fs.Glob(os.DirFS(filepath.Join(root, "handlers")), "*/function.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(root, "handlers", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		var function struct {
			Bindings []struct{ Type string }
		}
		if err := json.Unmarshal(content, &function); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		named := path.Dir(name)
		result.Functions = append(result.Functions, named)
		switch function.Bindings[0].Type {
		case "eventHubTrigger":
			result.HubFunction = named
		case "timerTrigger":
			result.Timers = append(result.Timers, named)
		}
	}
	handlers, err := fs.Glob(os.DirFS(filepath.Join(root, "handlers")), "*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, name := range handlers {
		content, err := os.ReadFile(filepath.Join(root, "handlers", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		text.Write(content)
	}
	result.Source = text.String()
	return result
}

func TestDeploymentFitsTheProgram(t *testing.T) {
	all := texts(t)
	present := deployment(t, all)
	code := program(t)
	for _, check := range bicepcheck.Checks() {
		t.Run(check.ID, func(t *testing.T) {
			for _, problem := range check.Run(present, code) {
				t.Error(problem)
			}
		})
	}
}
