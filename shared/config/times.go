package config

import (
	"strconv"
	"strings"
	"time"
)

// period parses a duration between two bounds.
func period(least, most string, field func(*Config) *time.Duration) func(*draft, string) []flaw {
	return func(d *draft, value string) []flaw {
		low, _ := parseDuration(least) // both are constants in the list of settings, which a test reads
		high, _ := parseDuration(most)
		given, ok := parseDuration(value)
		switch {
		case !ok:
			return wrong("is no duration")
		case given < low || given > high:
			return wrong("is not between %s and %s", least, most)
		}
		*field(&d.Config) = given
		return nil
	}
}

// parseDuration reads what time.ParseDuration reads, and whole days before it: 90d, 1d12h.
func parseDuration(s string) (time.Duration, bool) {
	const day = 24 * time.Hour
	var days time.Duration
	if count, rest, found := strings.Cut(s, "d"); found {
		n, err := strconv.ParseUint(count, 10, 16) // 65535 days fit into a Duration with room to spare
		if err != nil {
			return 0, false
		}
		days, s = time.Duration(n)*day, rest
		if s == "" {
			return days, true
		}
	}
	rest, err := time.ParseDuration(s)
	if err != nil || rest < 0 || days+rest < days {
		return 0, false
	}
	return days + rest, true
}

// schedule checks an NCRONTAB expression as far as it keeps the host from starting: six fields, each
// a list of *, numbers, names and ranges with an optional step, within bounds.
func schedule(set func(*draft, string)) func(*draft, string) []flaw {
	return func(d *draft, value string) []flaw {
		fields := strings.Fields(value)
		if len(fields) != 6 {
			return wrong("does not have six fields")
		}
		for i, bounds := range [6]struct {
			name      string
			low, high int
		}{{"second", 0, 59}, {"minute", 0, 59}, {"hour", 0, 23}, {"day of month", 1, 31}, {"month", 1, 12}, {"day of week", 0, 7}} {
			for part := range strings.SplitSeq(fields[i], ",") {
				if !scheduled(part, bounds.low, bounds.high, i >= 4) {
					return wrong("has a %s that is out of bounds or none", bounds.name)
				}
			}
		}
		set(d, value)
		return nil
	}
}

func scheduled(part string, low, high int, names bool) bool {
	part, step, stepped := strings.Cut(part, "/")
	if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1 || n > 59) {
		return false
	}
	if part == "*" {
		return true
	}
	from, to, isRange := strings.Cut(part, "-")
	return inBounds(from, low, high, names) && (!isRange || inBounds(to, low, high, names))
}

func inBounds(s string, low, high int, names bool) bool {
	if n, err := strconv.Atoi(s); err == nil {
		return low <= n && n <= high && len(s) <= 2
	}
	const known = " jan feb mar apr may jun jul aug sep oct nov dec sun mon tue wed thu fri sat "
	return names && len(s) == 3 && strings.Contains(known, " "+strings.ToLower(s)+" ")
}
