package posture

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"glasswatch/shared/detect"
)

// Severity says how bad it is when a check fails.
type Severity string

// The severities, from most to least.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
	Info     Severity = "info"
)

// Rank orders severities: 0 for info up to 4 for critical. Anything else ranks as critical.
func (s Severity) Rank() int {
	if i := slices.Index(severities, s); i >= 0 {
		return i
	}
	return len(severities) - 1
}

var severities = []Severity{Info, Low, Medium, High, Critical}

// Alert is the severity with which people are told: alerts know no low.
func (s Severity) Alert() detect.Severity {
	switch s {
	case Info, Low:
		return detect.Info
	case Medium:
		return detect.Medium
	case High:
		return detect.High
	case Critical:
		return detect.Critical
	default:
		return detect.Critical
	}
}

// Check is one question asked of a snapshot. It is a plain value: to add one, write it in the file
// of its family, put it into Suite, and add its fixtures under testdata.
type Check struct {
	ID       string // stable, never reused: "CA-01"
	Title    string // states the good condition
	Severity Severity
	Family   string // the part of the ID before the dash, in words
	Why      string // why it matters, for a person who has to act
	Source   string // URL of what says so
	Fix      string // what to do, with the portal path or the command
	Portal   string // URL of the portal's blade

	Needs      []SectionName // sections without which nothing can be said
	Uses       []SectionName // sections that help; Run itself must see whether they were read
	Licence    string        // what the checked feature needs; empty if nothing
	PerAccount bool          // Run answers for each account by itself; else once for the tenant
	EvenGone   bool          // ask about accounts that do not exist, too
	Mappings   Mappings

	// Run judges the snapshot: no clock, no I/O, no errors. It sets account, object, state and what
	// was observed; Run (the function) fills in the rest. It may assume that all it needs was read,
	// and sees only accounts for which that holds.
	Run func(Snapshot, Policy) []Finding
	// Revise, if set, looks at the check's findings again in the light of all others. It is not
	// called while one of its own is unknown.
	Revise func(s Snapshot, own, all []Finding) []Finding
}

// Mappings say where others ask for the same. Empty means that they do not.
type Mappings struct {
	Microsoft string // page or control of Microsoft's guidance
	CIS       string // CIS Microsoft 365 Foundations Benchmark 7.0.0
	CISA      string // CISA SCuBA baseline for Entra ID
	NIST      string // NIST SP 800-53 rev. 5 controls
}

var idForm = regexp.MustCompile(`^[A-Z]{2,5}-\d\d$`)

// Validate reports everything that is wrong with the declarations of a suite; nil if nothing is.
func Validate(suite []Check) error {
	var problems []error
	seen := map[string]bool{}
	for _, c := range suite {
		say := func(format string, args ...any) {
			problems = append(problems, fmt.Errorf("check %q "+format, append([]any{c.ID}, args...)...))
		}
		if !idForm.MatchString(c.ID) {
			say("has an id that is not like CA-01")
		}
		if seen[c.ID] {
			say("is there twice")
		}
		seen[c.ID] = true
		for _, text := range []struct{ name, value string }{{"title", c.Title}, {"reason", c.Why}} {
			if !strings.HasSuffix(text.value, ".") {
				say("has no %s that is a sentence", text.name)
			}
		}
		// A fix may end in a command, which nobody wants to copy with a full stop.
		if _, command, _ := strings.Cut(strings.ToLower(c.Fix), "run: "); command == "" && !strings.HasSuffix(c.Fix, ".") {
			say("has no fix that is a sentence or a command")
		}
		if c.Family == "" {
			say("has no family")
		}
		for _, link := range []struct{ name, value string }{{"source", c.Source}, {"portal link", c.Portal}} {
			if u, err := url.Parse(link.value); err != nil || u.Scheme != "https" || u.Host == "" {
				say("has no https %s", link.name)
			}
		}
		if !slices.Contains(severities, c.Severity) {
			say("has the severity %q", c.Severity)
		}
		if len(c.Needs) == 0 {
			say("needs nothing, so that it could never be unknown")
		}
		for _, name := range slices.Concat(c.Needs, c.Uses) {
			if _, known := sectionInfo(name); !known {
				say("needs the section %q, which does not exist", name)
			}
		}
		if c.Run == nil {
			say("does nothing")
		}
	}
	return errors.Join(problems...)
}
