package entra

import (
	"strings"
	"time"
)

// layouts are the forms of time seen in records. Go reads a fraction of any length after the seconds, and
// hours, days and months without their zero, also where the layout does not show it.
var layouts = []string{
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05 Z07:00",
	"2006-01-02 15:04:05",
	"1/2/2006 3:04:05 PM Z07:00",
	"1/2/2006 3:04:05 PM",
	"1/2/2006 15:04:05 Z07:00",
	"1/2/2006 15:04:05",
	"1/2/2006 3:04 PM",
	"1/2/2006 15:04",
	"2006-01-02T15:04Z07:00",
	"2006-01-02",
}

// parseTime reads a time in any of these forms, as UTC. Without a zone it is UTC; months come
// before days. What cannot be read is the zero time.
func parseTime(text string) time.Time {
	text = strings.ToUpper(strings.TrimSpace(text))
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// firstTime returns the first of some texts that can be read as a time.
func firstTime(texts ...string) time.Time {
	for _, text := range texts {
		if text == "" {
			continue
		}
		if t := parseTime(text); !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}
