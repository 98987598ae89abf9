package posture_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/conditional"
	"glasswatch/shared/posture"
)

// fixture is a tenant, told by what makes it different from the sound one with two accounts.
type fixture struct {
	Why               string                     `json:"why"`
	Policy            json.RawMessage            `json:"policy"` // POSTURE_POLICY
	Mode              conditional.Mode           `json:"mode"`
	DedicatedPolicies []string                   `json:"dedicatedPolicies"`
	ExclusionGroups   []string                   `json:"exclusionGroups"`
	Set               map[string]json.RawMessage `json:"set"`    // by path; "-" is a new last item
	Remove            []string                   `json:"remove"` // paths
	Want              []wanted                   `json:"want"`   // every finding of the check
}

type wanted struct {
	Account  string           `json:"account"`
	Object   string           `json:"object"`
	State    posture.State    `json:"state"`
	Severity posture.Severity `json:"severity"` // if it is not the check's
	Says     string           `json:"says"`     // a part of what was observed
}

func readFixture(t testing.TB, file string) fixture {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var f fixture
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return f
}

// tenant makes the snapshot and the policy of the fixture.
func (f fixture) tenant(t testing.TB) (posture.Snapshot, posture.Policy) {
	t.Helper()
	p, problems := posture.ParsePolicy(f.Policy)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	p.ExclusionGroups, p.DedicatedPolicies = soundPolicy().ExclusionGroups, f.DedicatedPolicies
	if f.Mode != "" {
		p.Mode = f.Mode
	}
	if f.ExclusionGroups != nil {
		p.ExclusionGroups = f.ExclusionGroups
	}
	data, err := json.Marshal(soundTenant(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		t.Fatal(err)
	}
	for _, path := range f.Remove {
		tree = change(t, tree, steps(path), nil)
	}
	for _, path := range slices.Sorted(maps.Keys(f.Set)) {
		var value any
		if err := json.Unmarshal(f.Set[path], &value); err != nil {
			t.Fatal(err)
		}
		tree = change(t, tree, steps(path), &value)
	}
	data, err = json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	s, err := posture.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return s, p
}

func steps(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

// change sets, or with nil removes, what is at the path.
func change(t testing.TB, tree any, path []string, value *any) any {
	t.Helper()
	step, last := path[0], len(path) == 1
	switch node := tree.(type) {
	case map[string]any:
		switch {
		case last && value == nil:
			delete(node, step)
		case last:
			node[step] = *value
		default:
			node[step] = change(t, node[step], path[1:], value)
		}
		return node
	case []any:
		if step == "-" {
			return append(node, *value)
		}
		n, err := strconv.Atoi(step)
		if err != nil || n >= len(node) {
			t.Fatalf("no item %q in a list of %d", step, len(node))
		}
		switch {
		case last && value == nil:
			return slices.Delete(node, n, n+1)
		case last:
			node[n] = *value
		default:
			node[n] = change(t, node[n], path[1:], value)
		}
		return node
	default:
		t.Fatalf("nothing at %q", step)
		return nil
	}
}

func fixturesOf(t testing.TB, check string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", check, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestFixtures(t *testing.T) {
	for _, c := range posture.Suite {
		passes, fails := 0, 0
		for _, file := range fixturesOf(t, c.ID) {
			name := strings.TrimSuffix(filepath.Base(file), ".json")
			t.Run(c.ID+"/"+name, func(t *testing.T) {
				f := readFixture(t, file)
				s, p := f.tenant(t)
				findings, _ := posture.Run(posture.Suite, s, p, nil, nil, taken)
				var got []posture.Finding
				for _, found := range findings {
					if found.Check == c.ID {
						got = append(got, found)
					}
				}
				f.compare(t, c, got)
				bad := slices.ContainsFunc(got, func(f posture.Finding) bool { return f.State != posture.Pass && f.State != posture.NotApplicable })
				if bad != strings.HasPrefix(name, "fail") {
					t.Errorf("%s, and yet found bad: %t", name, bad)
				}
				if bad {
					fails++
				} else if slices.ContainsFunc(got, func(f posture.Finding) bool { return f.State == posture.Pass }) {
					passes++
				}
			})
		}
		if passes == 0 || fails == 0 {
			t.Errorf("%s has %d fixtures that pass and %d that fail; it needs both", c.ID, passes, fails)
		}
	}
}

func (f fixture) compare(t *testing.T, c posture.Check, got []posture.Finding) {
	t.Helper()
	key := func(account, object string, state posture.State) string {
		return fmt.Sprintf("%s|%s|%s", account, object, state)
	}
	var want, have []string
	for _, w := range f.Want {
		want = append(want, key(w.Account, w.Object, w.State))
	}
	for _, g := range got {
		have = append(have, key(g.Account, g.Object, g.State))
		t.Logf("%s: %s", g.State, g.Observed)
	}
	slices.Sort(want)
	slices.Sort(have)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
	for _, w := range f.Want {
		severity := w.Severity
		if severity == "" {
			severity = c.Severity
		}
		i := slices.IndexFunc(got, func(g posture.Finding) bool {
			return key(g.Account, g.Object, g.State) == key(w.Account, w.Object, w.State)
		})
		if i >= 0 && (!strings.Contains(got[i].Observed, w.Says) || got[i].Severity != severity) {
			t.Errorf("%s %q, want %s with %q", got[i].Severity, got[i].Observed, severity, w.Says)
		}
	}
}

func TestEveryFixtureBelongsToACheck(t *testing.T) {
	folders, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		known := slices.ContainsFunc(posture.Suite, func(c posture.Check) bool { return c.ID == folder.Name() })
		if folder.IsDir() && folder.Name() != "rapid" && !known {
			t.Errorf("there is no check %s", folder.Name())
		}
	}
}

// Reads of findings by people: sentences, and no names of fields.
func TestTextsAreSentences(t *testing.T) {
	fieldNames := []string{"conditions.", "objectId", "userPrincipalName", "accountEnabled", "isEnabled", "null", "true", "false", "[", "{", "%!"}
	for _, c := range posture.Suite {
		for _, file := range append(fixturesOf(t, c.ID), filepath.Join("testdata", "odd.json")) {
			s, p := readFixture(t, file).tenant(t)
			findings, _ := posture.Run([]posture.Check{c}, s, p, nil, nil, taken)
			for _, f := range findings {
				for _, text := range []string{f.Observed, f.Expected} {
					if !strings.HasSuffix(text, ".") || strings.Contains(text, "..") || strings.Contains(text, "  ") {
						t.Errorf("%s: no sentence: %q", file, text)
					}
					for _, name := range fieldNames {
						if strings.Contains(text, name) {
							t.Errorf("%s: speaks of %q: %q", file, name, text)
						}
					}
				}
			}
		}
	}
}
