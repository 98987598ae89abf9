package funchost

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// schedule is an NCRONTAB expression: the allowed values of second, minute, hour, day of month,
// month and day of week, all of which must hold (unlike cron, which takes either day).
type schedule struct {
	fields [6]uint64 // bit n is set when n is allowed
}

type cronField struct {
	name      string
	low, high int
	names     []string
	firstName int
}

func cronFields() [6]cronField {
	months := []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	days := []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
	return [6]cronField{
		{"second", 0, 59, nil, 0},
		{"minute", 0, 59, nil, 0},
		{"hour", 0, 23, nil, 0},
		{"day of month", 1, 31, nil, 0},
		{"month", 1, 12, months, 1},
		{"day of week", 0, 6, days, 0},
	}
}

// parseSchedule reads six fields, or five with seconds 0.
func parseSchedule(text string) (schedule, error) {
	var s schedule
	parts := strings.Fields(text)
	if len(parts) == 5 {
		parts = append([]string{"0"}, parts...)
	}
	if len(parts) != 6 {
		return s, fmt.Errorf("%q has %d fields; NCRONTAB has six: second minute hour day month weekday", text, len(parts))
	}
	for i, field := range cronFields() {
		for item := range strings.SplitSeq(parts[i], ",") {
			bits, err := field.item(item)
			if err != nil {
				return s, fmt.Errorf("%q: %s: %w", text, field.name, err)
			}
			s.fields[i] |= bits
		}
	}
	return s, nil
}

// item reads `*`, `n`, `n-m`, each with an optional `/step`; `n/step` runs to the end of the range.
func (f cronField) item(item string) (uint64, error) {
	span, stepText, stepped := strings.Cut(item, "/")
	step := 1
	if stepped {
		var err error
		if step, err = strconv.Atoi(stepText); err != nil || step < 1 {
			return 0, fmt.Errorf("step %q is not a positive number", stepText)
		}
	}
	low, high := f.low, f.high
	if span != "*" {
		from, to, ranged := strings.Cut(span, "-")
		var err error
		if low, err = f.value(from); err != nil {
			return 0, err
		}
		switch {
		case ranged:
			if high, err = f.value(to); err != nil {
				return 0, err
			}
		case !stepped:
			high = low
		}
	}
	if low > high {
		return 0, fmt.Errorf("%q runs backwards", item)
	}
	var bits uint64
	for n := low; n <= high; n += step {
		bits |= 1 << n
	}
	return bits, nil
}

func (f cronField) value(text string) (int, error) {
	for i, name := range f.names {
		if strings.EqualFold(name, text) {
			return i + f.firstName, nil
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < f.low || n > f.high {
		return 0, fmt.Errorf("%q is not between %d and %d", text, f.low, f.high)
	}
	return n, nil
}

// next is the first occurrence after the given moment, in UTC, or the zero time if there is none
// within eight years (29 February around 2100 is the longest wait that exists).
func (s schedule) next(after time.Time) time.Time {
	at := after.UTC().Truncate(time.Second).Add(time.Second)
	limit := at.AddDate(8, 0, 1)
	for at.Before(limit) {
		year, month, day := at.Date()
		switch {
		case !s.allows(4, int(month)):
			at = time.Date(year, month+1, 1, 0, 0, 0, 0, time.UTC)
		case !s.allows(3, day) || !s.allows(5, int(at.Weekday())):
			at = time.Date(year, month, day+1, 0, 0, 0, 0, time.UTC)
		case !s.allows(2, at.Hour()):
			at = at.Truncate(time.Hour).Add(time.Hour)
		case !s.allows(1, at.Minute()):
			at = at.Truncate(time.Minute).Add(time.Minute)
		case !s.allows(0, at.Second()):
			at = at.Add(time.Second)
		default:
			return at
		}
	}
	return time.Time{}
}

func (s schedule) allows(field, value int) bool {
	return s.fields[field]&(1<<value) != 0
}
