package listing

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"glasswatch/shared/posture"
)

// Posture prints the findings of a run: for people what is not well first, each with what to do,
// and what is well in one line. label is how people know an account.
func Posture(w io.Writer, findings []posture.Finding, tally posture.Tally, label func(account string) string, asJSON bool) error {
	if asJSON {
		for _, f := range findings {
			if err := Line(w, f); err != nil {
				return err
			}
		}
		return Line(w, tally)
	}
	if err := Paragraph(w, verdict(findings, tally)); err != nil {
		return err
	}
	var passed, shown []string
	for _, f := range byUrgency(findings) {
		if f.State == posture.Pass || f.State == posture.NotApplicable {
			if !slices.Contains(passed, f.Check) && !slices.Contains(shown, f.Check) {
				passed = append(passed, f.Check)
			}
			continue
		}
		shown = append(shown, f.Check)
		if err := finding(w, f, label); err != nil {
			return err
		}
	}
	slices.Sort(passed)
	if len(passed) > 0 {
		if err := Paragraph(w, "Passed or not applicable: "+strings.Join(passed, ", ")+"."); err != nil {
			return err
		}
	}
	for _, p := range tally.Problems {
		if err := Paragraph(w, "Setting: "+p); err != nil {
			return err
		}
	}
	return nil
}

func verdict(findings []posture.Finding, tally posture.Tally) string {
	counts := fmt.Sprintf("%d passed, %d failed, %d warnings, %d unknown, %d accepted; %d calls to Graph.",
		tally.Counts[posture.Pass], tally.Counts[posture.Fail], tally.Counts[posture.Warn], tally.Counts[posture.Unknown], tally.Counts[posture.Accepted], tally.GraphCalls)
	switch {
	case posture.Sound(findings, true):
		return "All well: the accounts would work, and are no back door as far as was looked. " + counts
	case posture.Sound(findings, false):
		return "The accounts would work; lesser checks fail or are unknown. " + counts
	default:
		return "NOT well: something critical fails or cannot be answered. " + counts
	}
}

// urgency orders states: what is to be mended first.
func urgency(s posture.State) int {
	return slices.Index([]posture.State{posture.Fail, posture.Unknown, posture.Warn, posture.Accepted, posture.Note, posture.Pass, posture.NotApplicable}, s)
}

func byUrgency(findings []posture.Finding) []posture.Finding {
	sorted := slices.Clone(findings)
	slices.SortStableFunc(sorted, func(a, b posture.Finding) int {
		return cmp.Or(cmp.Compare(b.Severity.Rank(), a.Severity.Rank())*notWell(a, b), cmp.Compare(urgency(a.State), urgency(b.State)), cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), cmp.Compare(a.Check, b.Check))
	})
	return sorted
}

// notWell is 1 if both findings are to be mended, so that a critical one that nobody can answer comes
// before a lesser one that fails, as in the digest.
func notWell(a, b posture.Finding) int {
	mended := urgency(posture.Accepted)
	if urgency(a.State) < mended && urgency(b.State) < mended {
		return 1
	}
	return 0
}

func finding(w io.Writer, f posture.Finding, label func(string) string) error {
	head := fmt.Sprintf("%-8s %-7s %-8s", f.Check, f.State, f.Severity)
	if f.Account != "" {
		head += " " + label(f.Account)
	}
	lines := []string{strings.TrimRight(head, " "), wrap(f.Observed, indent, Width)}
	if f.Missing != "" {
		lines = append(lines, wrap("missing: "+f.Missing, indent, Width))
	}
	if f.State == posture.Fail || f.State == posture.Warn {
		lines = append(lines, wrap("to do: "+f.Fix, indent, Width))
	}
	if f.AcceptedBy != "" {
		lines = append(lines, wrap("accepted: "+f.AcceptedBy, indent, Width))
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// Checks is the catalogue of the posture checks.
func Checks(suite []posture.Check) Catalogue {
	c := Catalogue{Columns: []string{"check", "severity", "good when", "needs", "Microsoft", "CIS M365", "CISA SCuBA", "NIST 800-53"}}
	for _, k := range suite {
		c.Rows = append(c.Rows, CatalogueRow{
			Cells: []string{"`" + k.ID + "`", string(k.Severity), k.Title, k.Licence, k.Mappings.Microsoft, k.Mappings.CIS, k.Mappings.CISA, k.Mappings.NIST},
			Value: struct {
				V         int    `json:"v"`
				ID        string `json:"id"`
				Title     string `json:"title"`
				Family    string `json:"family"`
				Severity  string `json:"severity"`
				Why       string `json:"why"`
				Source    string `json:"source"`
				Fix       string `json:"fix"`
				Portal    string `json:"portal"`
				Licence   text   `json:"licence"`
				Microsoft text   `json:"microsoft"`
				CIS       text   `json:"cis"`
				CISA      text   `json:"cisa"`
				NIST      text   `json:"nist"`
			}{
				Version, k.ID, k.Title, k.Family, string(k.Severity), k.Why, k.Source, k.Fix, k.Portal, text(k.Licence),
				text(k.Mappings.Microsoft), text(k.Mappings.CIS), text(k.Mappings.CISA), text(k.Mappings.NIST),
			},
		})
	}
	return c
}

// Permissions is the catalogue of the Graph permissions that the app asks for.
func Permissions(permissions []posture.Permission, suite []posture.Check) Catalogue {
	c := Catalogue{Columns: []string{"permission", "core", "what is lost without it", "checks"}}
	for _, p := range permissions {
		core := "no"
		if p.Core {
			core = "yes"
		}
		checks := posture.ChecksOf(suite, p.Name)
		c.Rows = append(c.Rows, CatalogueRow{
			Cells: []string{"`" + p.Name + "`", core, p.Lost, strings.Join(checks, ", ")},
			Value: struct {
				V      int      `json:"v"`
				Name   string   `json:"name"`
				ID     string   `json:"id"`
				Core   bool     `json:"core"`
				Lost   string   `json:"lost"`
				Checks []string `json:"checks"`
			}{Version, p.Name, p.ID, p.Core, p.Lost, list(checks)},
		})
	}
	return c
}
