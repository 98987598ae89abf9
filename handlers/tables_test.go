package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// `go test ./handlers -run Tables -update-tables` writes the tables anew.
var updateTables = flag.Bool("update-tables", false, "write the tables of the docs as the program prints them")

// table is what `glasswatch list WHAT` says, as a Markdown table.
func table(t *testing.T, what string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	none := func(string) (string, bool) { return "", false }
	if exit := run(t.Context(), []string{"list", what}, none, &stdout, &stderr); exit != exitGood {
		t.Fatalf("glasswatch list %s: exit %d: %s", what, exit, stderr.String())
	}
	return stdout.String()
}

// TestTablesInTheDocs compares whatever stands between `<!-- list WHAT -->` and `<!-- end -->`.
func TestTablesInTheDocs(t *testing.T) {
	names, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	marked := regexp.MustCompile(`(?s)<!-- list ([a-z]+) -->\n(.*?)<!-- end -->`)
	carried := map[string]bool{}
	for _, name := range append(names, "../README.md") {
		content, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		changed := marked.ReplaceAllStringFunc(string(content), func(found string) string {
			match := marked.FindStringSubmatch(found)
			carried[match[1]] = true
			want := table(t, match[1])
			if diff := cmp.Diff(want, match[2]); diff != "" && !*updateTables {
				t.Errorf("%s: the table of %s (-program +page):\n%s", name, match[1], diff)
			}
			return fmt.Sprintf("<!-- list %s -->\n%s<!-- end -->", match[1], want)
		})
		if *updateTables && changed != string(content) {
			if err := os.WriteFile(name, []byte(changed), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, what := range []string{"functions", "rules", "checks", "settings", "permissions"} {
		if !carried[what] {
			t.Errorf("no page carries the table of %s", what)
		}
	}
}
