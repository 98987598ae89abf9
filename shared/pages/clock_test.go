package pages_test

import (
	"testing"
	"time"

	"glasswatch/shared/pages"
)

func TestWhen(t *testing.T) {
	now := time.Date(2026, 11, 24, 3, 24, 55, 0, time.UTC)
	cet := time.FixedZone("CET", 3600)
	for _, tc := range []struct {
		name string
		t    time.Time
		zone *time.Location
		want string
	}{
		{"minutes", now.Add(-12*time.Minute - 14*time.Second), nil, "12 min ago, 03:12:41 UTC"},
		{"just now", now.Add(-2 * time.Second), nil, "just now, 03:24:53 UTC"},
		{"seconds", now.Add(-45 * time.Second), nil, "45 s ago, 03:24:10 UTC"},
		{"hours", now.Add(-3*time.Hour - 4*time.Minute), nil, "3 h 4 min ago, 00:20:55 UTC"},
		{"yesterday by the calendar", now.Add(-4 * time.Hour), nil, "4 h ago, 23 November 2026, 23:24:55 UTC"},
		{"a day", now.Add(-24 * time.Hour), nil, "1 day ago, 23 November 2026, 03:24:55 UTC"},
		{"days and hours", now.Add(-53 * time.Hour), nil, "2 days 5 h ago, 21 November 2026, 22:24:55 UTC"},
		{"weeks", now.AddDate(0, 0, -40), nil, "40 days ago, 15 October 2026, 03:24:55 UTC"},
		{"ahead of us", now.Add(5 * time.Minute), nil, "in 5 min, 03:29:55 UTC"},
		{"in another zone", now.Add(-12 * time.Minute), cet, "12 min ago, 04:12:55 CET"},
		{"today there, yesterday here", now.Add(-3*time.Hour - 30*time.Minute), cet, "3 h 30 min ago, 00:54:55 CET"},
		{"a zone without a name", now, time.FixedZone("+0530", 19800), "just now, 08:54:55 UTC+05:30"},
		{"given in another zone", now.In(cet), nil, "just now, 03:24:55 UTC"},
		{"not known", time.Time{}, nil, "not known"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := (pages.Clock{Now: now, Zone: tc.zone}).When(tc.t); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}
