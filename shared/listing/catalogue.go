package listing

import (
	"fmt"
	"io"
	"strings"

	"glasswatch/shared/detect"
)

// Catalogue is a table of what the program knows: the same that the docs carry.
type Catalogue struct {
	Columns []string // of the table, which is Markdown
	Rows    []CatalogueRow
}

// CatalogueRow is one line of a catalogue: cells for the table, and a value for JSON.
type CatalogueRow struct {
	Cells []string
	Value any
}

// Rows prints a catalogue: as a Markdown table, or as JSON lines.
func Rows(w io.Writer, c Catalogue, asJSON bool) error {
	if asJSON {
		for _, r := range c.Rows {
			if err := Line(w, r.Value); err != nil {
				return err
			}
		}
		return nil
	}
	if _, err := fmt.Fprintf(w, "| %s |\n|%s\n", strings.Join(c.Columns, " | "), strings.Repeat(" --- |", len(c.Columns))); err != nil {
		return err
	}
	for _, r := range c.Rows {
		cells := make([]string, len(r.Cells))
		for n, cell := range r.Cells {
			cells[n] = strings.ReplaceAll(cell, "|", `\|`)
		}
		if _, err := fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")); err != nil {
			return err
		}
	}
	return nil
}

// Rules is the catalogue of the rules.
func Rules(rules []detect.Rule) Catalogue {
	c := Catalogue{Columns: []string{"rule", "severity", "what it is about", "why it matters"}}
	for _, r := range rules {
		severity := string(r.Severity)
		if r.Grades != "" {
			severity += "; " + r.Grades
		}
		c.Rows = append(c.Rows, CatalogueRow{
			Cells: []string{"`" + r.ID + "`", severity, r.Title, r.Why},
			Value: struct {
				V        int      `json:"v"`
				ID       string   `json:"id"`
				Title    string   `json:"title"`
				Severity string   `json:"severity"`
				Grades   text     `json:"grades"`
				Why      string   `json:"why"`
				Means    string   `json:"means"`
				Do       []string `json:"do"`
			}{Version, r.ID, r.Title, string(r.Severity), text(r.Grades), r.Why, r.Means, list(r.Do)},
		})
	}
	return c
}
