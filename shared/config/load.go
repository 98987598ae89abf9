package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is something wrong with the settings. Its texts hold nothing of any setting's value, as
// a secret may have been put in the wrong place.
type Problem struct {
	Setting string `json:"setting"` // its name
	Problem string `json:"problem"` // what is wrong
	Fix     string `json:"fix"`     // what to do
	Stops   bool   `json:"stops"`   // nothing can be watched until it is mended; other problems cost one feature each
}

func (p Problem) String() string { return p.Setting + " " + p.Problem + "; " + p.Fix }

// flaw is a problem with a value, before it is known whose. An empty fix stands for what the
// setting expects.
type flaw struct{ problem, fix string }

func wrong(format string, args ...any) []flaw { return []flaw{{problem: fmt.Sprintf(format, args...)}} }

// draft is a Config under way, with what can only be judged together.
type draft struct {
	Config

	given map[string]bool // settings that have a value, good or not
	bad   map[string]bool // of these, the ones with a problem of their own

	fallbackSecret       string
	hubCredential, hubID string
	hubEntity            string // EntityPath of the connection string
	graphGiven, armGiven Endpoint
}

// mostFlaws bounds what is said about one setting.
const mostFlaws = 20

// Load reads all settings through lookup, which has the shape of os.LookupEnv. It never fails: it
// returns the Config that can be had, and everything that is wrong, in the order of Settings. A
// setting that is empty or blank counts as not set. A problem that Stops is returned exactly if
// there are no accounts or no tables.
func Load(lookup func(string) (string, bool)) (Config, []Problem) {
	d := &draft{given: make(map[string]bool), bad: make(map[string]bool)}
	var problems []Problem
	all := everySetting()
	for _, s := range all {
		if s.Default != "" && s.parse != nil {
			s.parse(d, s.Default) // the defaults are good; a test holds them to it
		}
	}
	values := make(map[string]string, len(all))
	for _, s := range all {
		value, _ := lookup(s.Name)
		value = strings.TrimSpace(value)
		if value == "" {
			continue
		}
		d.given[s.Name] = true
		if unresolved(value) {
			problems = append(problems, s.problem(flaw{
				"is a Key Vault reference that the platform could not resolve",
				"see why under Environment variables in the portal: the secret must exist and the app's identity needs Key Vault Secrets User",
			}))
			continue
		}
		values[s.Name] = value
	}
	for _, s := range all {
		value, set := values[s.Name]
		if !set || s.parse == nil {
			if !d.given[s.Name] && s.Need != Optional && (s.Instead == "" || !d.given[s.Instead]) {
				problems = append(problems, s.problem(flaw{problem: "is not set: " + s.Without}))
			}
			continue
		}
		flaws := s.parse(d, value)
		d.bad[s.Name] = len(flaws) > 0
		if len(flaws) > mostFlaws {
			more := len(flaws) - mostFlaws
			flaws = append(flaws[:mostFlaws:mostFlaws], flaw{problem: fmt.Sprintf("has %d more problems like these", more)})
		}
		for _, f := range flaws {
			problems = append(problems, s.problem(f))
		}
	}
	problems = append(problems, d.judge()...)
	return d.Config, d.stop(problems)
}

// unresolved recognises what the platform leaves in place of a secret that it could not fetch.
func unresolved(value string) bool {
	const reference = "@microsoft.keyvault("
	return len(value) >= len(reference) && strings.EqualFold(value[:len(reference)], reference)
}

func (s Setting) problem(f flaw) Problem {
	return Problem{Setting: s.Name, Problem: f.problem, Fix: cmp.Or(f.fix, "set it to "+s.Expects)}
}

// stop puts the problems into the order of the settings and marks those because of which nothing
// can be watched.
func (d *draft) stop(problems []Problem) []Problem {
	mark := func(bad bool, name, problem, fix string) {
		if !bad {
			return
		}
		found := false
		for i, p := range problems {
			if p.Setting == name || strings.HasPrefix(p.Setting, name+"__") {
				problems[i].Stops, found = true, true
			}
		}
		if !found {
			problems = append(problems, Problem{name, problem, fix, true})
		}
	}
	mark(len(d.Accounts) == 0, accountsSetting, "names no account", "set it to "+accountsExpected)
	mark(!d.Tables.Set(), tablesSetting, "leads to no tables", "set it to "+tablesExpected)

	order := make(map[string]int)
	for i, s := range everySetting() {
		order[s.Name] = i
	}
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(order[a.Setting], order[b.Setting]) })
	return problems
}

// everySetting lists the settings that Glasswatch itself reads.
func everySetting() []Setting {
	return slices.Concat(Settings, OperatorSettings, PlatformSettings)
}
