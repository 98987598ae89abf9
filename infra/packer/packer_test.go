package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree lays a small source tree of the same shape as the real one into a new folder whose name
// differs from call to call, so that a path which leaks into the package changes its bytes.
func tree(t *testing.T, lineEnd string) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "a", strings.ReplaceAll(t.Name(), "/", "-"))
	files := map[string]string{
		"go.mod":                            "module glasswatch\n\ngo 1.26.0\n",
		"host.json":                         "{\n  \"version\": \"2.0\"\n}\n",
		"handlers/main.go":                  "package main\n\nvar release = \"none\"\n\nfunc main() { println(release) }\n",
		"handlers/watchlogs/function.json":  "{\n  \"bindings\": []\n}\n",
		"handlers/showhealth/function.json": "{\n  \"bindings\": []\n}\n",
		"handlers/showhealth/other.json":    "{}\n",
		"local.settings.json":               "{\"Values\":{\"TEAMS_WEBHOOK_URL\":\"a secret\"}}\n",
	}
	for name, content := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".json") {
			content = strings.ReplaceAll(content, "\n", lineEnd)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func pack(t *testing.T, root string) (Packed, []byte) {
	t.Helper()
	packed, err := Packer{Root: root, Program: "./handlers", Version: "v1.2.3", Output: t.Output()}.Pack(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	archive, err := os.ReadFile(filepath.Join(root, "dist", "glasswatch.zip"))
	if err != nil {
		t.Fatal(err)
	}
	return packed, archive
}

func TestPackGivesTheSameBytesInTwoFolders(t *testing.T) {
	first, firstZip := pack(t, tree(t, "\n"))
	second, secondZip := pack(t, tree(t, "\r\n"))
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the results differ (-first +second):\n%s", diff)
	}
	if !bytes.Equal(firstZip, secondZip) {
		t.Error("the zips of the same sources in two folders differ")
	}
}

func TestPackLaysOutWhatTheHostWants(t *testing.T) {
	root := tree(t, "\n")
	// Leftovers of an earlier run must not travel along.
	stale := filepath.Join(root, "dist", "removedfunction")
	if err := os.MkdirAll(stale, 0o750); err != nil {
		t.Fatal(err)
	}
	packed, raw := pack(t, root)
	archive, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, file := range archive.File {
		got[file.Name] = file.Mode().String()
		if !file.Modified.Equal(packTime()) {
			t.Errorf("%s carries the time %v, want %v", file.Name, file.Modified, packTime())
		}
	}
	want := map[string]string{
		"glasswatch":               "-rwxr-xr-x",
		"host.json":                "-rw-r--r--",
		"showhealth/function.json": "-rw-r--r--",
		"watchlogs/function.json":  "-rw-r--r--",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files of the zip (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"glasswatch", "host.json", "showhealth/function.json", "watchlogs/function.json"}, packed.Names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if _, err := os.Stat(stale); !os.IsNotExist(err) {
		t.Error("dist still holds what an earlier run left there")
	}
	program, err := os.ReadFile(filepath.Join(root, "dist", "glasswatch"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(program, []byte("v1.2.3")) {
		t.Error("the program does not know its version")
	}
	if bytes.Contains(program, []byte(root)) {
		t.Error("the program names the folder that it was built in")
	}
	if _, err := os.Stat(filepath.Join(root, "dist", "watchlogs", "function.json")); err != nil {
		t.Errorf("dist is not laid out like the zip: %v", err)
	}
}

func TestBillNamesTheProgramAndItsParts(t *testing.T) {
	root := tree(t, "\n")
	pack(t, root)
	raw, err := os.ReadFile(filepath.Join(root, "dist", "glasswatch.cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got bill
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if got.Format != "CycloneDX" || got.Metadata.Component.Version != "v1.2.3" {
		t.Errorf("bill of %s %s, want CycloneDX of v1.2.3", got.Format, got.Metadata.Component.Version)
	}
	want := []component{{
		Reference: "pkg:golang/stdlib@" + strings.TrimPrefix(runtime.Version(), "go"),
		Type:      "library",
		Name:      "stdlib",
		Version:   strings.TrimPrefix(runtime.Version(), "go"),
		Scope:     "required",
		URL:       "pkg:golang/stdlib@" + strings.TrimPrefix(runtime.Version(), "go"),
	}}
	if diff := cmp.Diff(want, got.Components); diff != "" {
		t.Errorf("components (-want +got):\n%s", diff)
	}
}

func TestPackSaysWhatIsMissing(t *testing.T) {
	tests := []struct {
		name   string
		remove string
		want   string
	}{
		{"no host.json", "host.json", "read host.json"},
		{"no program", "handlers/main.go", "build ./handlers"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := tree(t, "\n")
			if err := os.Remove(filepath.Join(root, filepath.FromSlash(test.remove))); err != nil {
				t.Fatal(err)
			}
			_, err := Packer{Root: root, Program: "./handlers", Version: "v1", Output: t.Output()}.Pack(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that says %q", err, test.want)
			}
		})
	}
}
