package alert

import (
	"fmt"
	"strings"
	"time"
)

// lateAfter is the delay from which a card says that it comes late; Entra's own logs take two to
// five minutes on a usual day (Microsoft's diagnostic pipeline, reference entra-logs 3.4).
const lateAfter = 15 * time.Minute

// Late says in words how late an event arrived, or nothing if it came in usual time.
func Late(happened, reached time.Time) string {
	delay := reached.Sub(happened)
	if happened.IsZero() || delay < lateAfter {
		return ""
	}
	return "arrived " + Duration(delay) + " late"
}

// Duration says a duration in its two largest units: "3 h 4 min", "2 d 5 h", "40 s".
func Duration(d time.Duration) string {
	if d < 0 {
		d = 0
	}
	d = d.Round(time.Second)
	parts := []struct {
		unit string
		size time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}}
	var words []string
	for _, p := range parts {
		if n := d / p.size; n > 0 && len(words) < 2 {
			words = append(words, fmt.Sprintf("%d %s", n, p.unit))
			d -= n * p.size
		} else if len(words) == 1 {
			break
		}
	}
	if len(words) == 0 {
		return "0 s"
	}
	return strings.Join(words, " ")
}

// Marks joins the marks that apply, leaving out empty ones.
func Marks(marks ...string) string {
	var said []string
	for _, m := range marks {
		if m != "" {
			said = append(said, m)
		}
	}
	return strings.Join(said, " · ")
}
