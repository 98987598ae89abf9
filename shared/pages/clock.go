package pages

import (
	"fmt"
	"time"
)

// Clock says times as people read them: how long ago, and exactly. The zero Zone is UTC.
type Clock struct {
	Now  time.Time
	Zone *time.Location // DISPLAY_TIME_ZONE
}

// When is t relative and exact: "12 min ago, 03:12:41 UTC", with the date if t is not of today.
// A zero time is "not known".
func (c Clock) When(t time.Time) string {
	if t.IsZero() {
		return "not known"
	}
	return c.Ago(t) + ", " + c.Exact(t)
}

// Ago is the distance of t from now: "12 min ago", "in 3 h 4 min", "just now" within ten seconds.
func (c Clock) Ago(t time.Time) string {
	switch d := c.Now.Sub(t); {
	case t.IsZero():
		return "not known"
	case d.Abs() < 10*time.Second:
		return "just now"
	case d < 0:
		return "in " + Span(-d)
	default:
		return Span(d) + " ago"
	}
}

// Exact is t to the second: "03:12:41 UTC", or "22 November 2026, 03:12:41 UTC" if the day is not today's.
func (c Clock) Exact(t time.Time) string {
	if t.IsZero() {
		return "not known"
	}
	return c.date(t) + c.in(t).Format("15:04:05 ") + c.zoneName(t)
}

// Short is t to the minute, as a sentence calls something by it: "03:12", or "03:12 on 22 November 2026".
func (c Clock) Short(t time.Time) string {
	if c.date(t) == "" {
		return c.in(t).Format("15:04")
	}
	return c.in(t).Format("15:04 on 2 January 2006")
}

// Machine is t for the datetime attribute of a time element.
func (c Clock) Machine(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func (c Clock) in(t time.Time) time.Time {
	if c.Zone == nil {
		return t.UTC()
	}
	return t.In(c.Zone)
}

func (c Clock) date(t time.Time) string {
	const day = "2 January 2006, "
	if d := c.in(t).Format(day); d != c.in(c.Now).Format(day) {
		return d
	}
	return ""
}

// zoneName is the zone's abbreviation, or its offset where it has none but digits.
func (c Clock) zoneName(t time.Time) string {
	name := c.in(t).Format("MST")
	if name[0] == '+' || name[0] == '-' {
		return "UTC" + c.in(t).Format("-07:00")
	}
	return name
}

// Span is a duration in the two largest units that matter: "45 s", "12 min", "3 h 4 min", "2 days 5 h",
// "40 days". It rounds down; a negative one is taken as positive.
func Span(d time.Duration) string {
	d = d.Abs()
	days, hours, minutes := int(d/(24*time.Hour)), int(d/time.Hour)%24, int(d/time.Minute)%60
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d/time.Second))
	case d < time.Hour:
		return fmt.Sprintf("%d min", minutes)
	case days == 0:
		return two(hours, "h", minutes, "min")
	case days == 1:
		return two(days, "day", hours, "h")
	case days < 14:
		return two(days, "days", hours, "h")
	default:
		return fmt.Sprintf("%d days", days)
	}
}

func two(large int, largeUnit string, small int, smallUnit string) string {
	if small == 0 {
		return fmt.Sprintf("%d %s", large, largeUnit)
	}
	return fmt.Sprintf("%d %s %d %s", large, largeUnit, small, smallUnit)
}
