package pulse_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/pulse"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func TestProgressSurvivesItsRow(t *testing.T) {
	p := pulse.Progress{Partition: "0", Sequence: 41, EnqueuedAt: noon, HandledAt: noon.Add(time.Second)}
	p.Saw("SignInLogs", noon)
	row, err := p.Row()
	if err != nil {
		t.Fatal(err)
	}
	got, err := pulse.ReadProgress(row)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, got); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"", "a/b", "a b", strings.Repeat("9", 41), "0|1"} {
		if _, err := (pulse.Progress{Partition: name}).Row(); err == nil {
			t.Errorf("partition %q became part of a key", name)
		}
	}
}

func TestProgressKeepsTheNewestOfEachCategory(t *testing.T) {
	var before, p pulse.Progress
	before.Saw("AuditLogs", noon)
	before.Saw("SignInLogs", noon)
	p.Saw("SignInLogs", noon.Add(-time.Hour))
	p.Merge(before)
	p.Saw("SignInLogs", noon.Add(-time.Minute))
	if diff := cmp.Diff(map[string]time.Time{"AuditLogs": noon, "SignInLogs": noon}, p.Categories); diff != "" {
		t.Error(diff)
	}
	for n := range 1000 {
		p.Saw(fmt.Sprint("hostile", n), noon)
	}
	if len(p.Categories) > 40 {
		t.Errorf("%d categories from outside text", len(p.Categories))
	}
	p.Saw("AuditLogs", noon.Add(time.Hour))
	if !p.Categories["AuditLogs"].Equal(noon.Add(time.Hour)) {
		t.Error("a full row no longer follows a category that it knows")
	}
}

func TestReadAhead(t *testing.T) {
	known := pulse.Progress{Partition: "0", Sequence: 100}
	for _, test := range []struct {
		name      string
		partition pulse.Partition
		have      bool
		after     int64
		look      bool
	}{
		{"an empty partition", pulse.Partition{Empty: true}, false, 0, false},
		{"nothing new", pulse.Partition{Last: 100, LastEnqueuedAt: noon}, true, 0, false},
		{"something waits", pulse.Partition{Last: 105, LastEnqueuedAt: noon}, true, 100, true},
		{"never handled: look at the last quarter of an hour", pulse.Partition{Last: 5, LastEnqueuedAt: noon}, false, -1, true},
		{"never handled, but all of it old", pulse.Partition{Last: 5, LastEnqueuedAt: noon.Add(-time.Hour)}, false, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			after, since, look := pulse.ReadAhead(test.partition, known, test.have, noon)
			if look != test.look || (look && after != test.after) {
				t.Errorf("look %v after %d, want %v after %d", look, after, test.look, test.after)
			}
			if look && after < 0 && !since.Equal(noon.Add(-pulse.LookBack)) {
				t.Errorf("looks since %s", since)
			}
		})
	}
}

func TestIsHeldUp(t *testing.T) {
	for _, test := range []struct {
		waited time.Duration
		fresh  bool
		want   bool
	}{
		{50 * time.Second, false, false},
		{70 * time.Second, false, true},
		{70 * time.Second, true, false}, // progress is noted once a minute: it may have been handled since
		{130 * time.Second, true, true},
	} {
		if got := pulse.IsHeldUp(noon.Add(-test.waited), noon, test.fresh); got != test.want {
			t.Errorf("waited %s, storage answers %v: held up %v, want %v", test.waited, test.fresh, got, test.want)
		}
	}
}
