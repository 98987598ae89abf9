package listing

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"glasswatch/shared/outside"
)

// Width is how many columns a table takes at most.
const Width = 100

// Column is one column of a table.
type Column struct {
	Title string
	Width int // 0: what is left of the line; for one column at most
}

// Table writes rows for people, each on one line of at most Width columns; what is too long is cut
// and says so. Cells may hold text from log records.
type Table struct {
	w       io.Writer
	columns []Column
	begun   bool
}

// NewTable makes a table. Nothing is written before the first row.
func NewTable(w io.Writer, columns []Column) *Table {
	used := 0
	for _, c := range columns {
		used += c.Width + 2
	}
	for n := range columns {
		if columns[n].Width == 0 {
			columns[n].Width = Width - used
		}
	}
	return &Table{w: w, columns: columns}
}

// Row writes one row.
func (t *Table) Row(cells ...string) error {
	if !t.begun {
		t.begun = true
		titles := make([]string, len(t.columns))
		for n, c := range t.columns {
			titles[n] = c.Title
		}
		if err := t.line(titles); err != nil {
			return err
		}
	}
	return t.line(cells)
}

func (t *Table) line(cells []string) error {
	var b strings.Builder
	for n, c := range t.columns {
		cell := ""
		if n < len(cells) {
			cell = cut(outside.Line(cells[n], 4*Width), c.Width)
		}
		if n > 0 {
			b.WriteString("  ")
		}
		b.WriteString(cell)
		if n < len(t.columns)-1 {
			b.WriteString(strings.Repeat(" ", max(0, c.Width-utf8.RuneCountInString(cell))))
		}
	}
	_, err := fmt.Fprintln(t.w, strings.TrimRight(b.String(), " "))
	return err
}

func cut(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	runes := []rune(s)
	return string(runes[:max(0, width-1)]) + "…"
}

// Clock is a time for people: UTC, to the second.
func Clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// Count says a number of things: "1 event", "3 events".
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
