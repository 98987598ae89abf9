package listing

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"glasswatch/shared/outside"
)

// Width is how many columns a line for people takes at most.
const Width = 100

const indent = "    "

// Item writes one thing on two lines of at most Width columns: when it was, how severe it is and
// what else is short, then the sentence that says what it was. Texts may come from log records;
// what is too long is cut and says so.
func Item(w io.Writer, what, when, severity, more string) error {
	first := fmt.Sprintf("%-19s  %-8s  %s", when, severity, cut(outside.Line(more, Width), Width-31))
	_, err := fmt.Fprintf(w, "%s\n%s%s\n", strings.TrimRight(first, " "), indent, cut(outside.Line(what, 4*Width), Width-len(indent)))
	return err
}

// Paragraph writes a text in lines of at most Width columns.
func Paragraph(w io.Writer, text string) error {
	_, err := fmt.Fprintln(w, wrap(text, "", Width))
	return err
}

// wrap breaks a text into lines of at most width columns, each after the margin.
func wrap(text, margin string, width int) string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(margin)+utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line = append(lines, margin+line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return strings.Join(append(lines, margin+line), "\n")
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
