package detect_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"glasswatch/shared/breakglass"
	"glasswatch/shared/detect"
	"glasswatch/shared/entra"
)

// at is a sign-in at so many seconds from a fixed moment, which arrives much later.
func at(code, seconds int, edits ...func(*entra.Record)) breakglass.Event {
	rec := signIn(code, edits...)
	rec.ID = fmt.Sprintf("%d-%d", code, seconds)
	rec.Happened = time.Date(2026, 2, 1, 0, 0, seconds, 0, time.UTC)
	return arrive(rec, reached)
}

// run judges the events in this order. As in storage, the history goes through JSON in between.
func run(t interface{ Fatal(args ...any) }, events []breakglass.Event) (verdicts []detect.Verdict, h detect.History) {
	d := detect.NewDetector(setting())
	for _, e := range events {
		var v detect.Verdict
		v, h = d.Judge(e, h)
		verdicts = append(verdicts, v)
		stored, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		h = detect.History{}
		if err := json.Unmarshal(stored, &h); err != nil {
			t.Fatal(err)
		}
	}
	return verdicts, h
}

func alarms(verdicts []detect.Verdict) int {
	n := 0
	for _, v := range verdicts {
		if slices.Contains(v.Rules, "signin-success-after-failures") {
			n++
		}
	}
	return n
}

func TestSuccessAfterFailures(t *testing.T) {
	const day = 24 * 3600
	for _, tt := range []struct {
		name   string
		events []breakglass.Event
		want   int
	}{
		{"three failures, then success", []breakglass.Event{at(50126, 0), at(50126, 1), at(50053, 2), at(0, 3)}, 1},
		{"success reported before its failures", []breakglass.Event{at(0, 3), at(50126, 0), at(50126, 1), at(50053, 2)}, 1},
		{"in between", []breakglass.Event{at(50126, 0), at(0, 3), at(50126, 1), at(50053, 2), at(50126, 2)}, 1},
		{"two failures", []breakglass.Event{at(50126, 0), at(50126, 1), at(0, 3)}, 0},
		{"failures after the success", []breakglass.Event{at(0, 0), at(50126, 1), at(50126, 2), at(50126, 3)}, 0},
		{"more than a day before", []breakglass.Event{at(50126, 0), at(50126, 1), at(50126, 2), at(0, day+1)}, 0},
		{"a day before to the second", []breakglass.Event{at(50126, 0), at(50126, 0), at(50126, 0), at(0, day)}, 0},
		{"a day before to the second, reported late", []breakglass.Event{at(0, day), at(50126, 0), at(50126, 0), at(50126, 0)}, 0},
		{"just within a day", []breakglass.Event{at(50126, 1), at(50126, 1), at(50126, 1), at(0, day)}, 1},
		{"refused second factors", []breakglass.Event{at(500121, 0), at(500121, 1), at(500121, 2), at(0, 3)}, 1},
		{"blocked, then let in", []breakglass.Event{at(53003, 0), at(53003, 1), at(53003, 2), at(0, 3)}, 1},
		{"steps are no failures", []breakglass.Event{at(50074, 0), at(50140, 1), at(50058, 2), at(50173, 2), at(0, 3)}, 0},
		{"a token is no sign-in", []breakglass.Event{at(50126, 0), at(50126, 1), at(50126, 2), at(0, 3, nonInteractive)}, 0},
		{"a password sent by a program is", []breakglass.Event{at(50126, 0), at(50126, 1), at(50126, 2), at(0, 3, nonInteractive, func(r *entra.Record) { r.SignIn.Protocol = "ROPC" })}, 1},
		{"two successes", []breakglass.Event{at(50126, 0), at(50126, 1), at(50126, 2), at(0, 3), at(0, 4)}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if verdicts, _ := run(t, tt.events); alarms(verdicts) != tt.want {
				t.Errorf("%d alarms, want %d", alarms(verdicts), tt.want)
			}
		})
	}
	verdicts, _ := run(t, []breakglass.Event{at(0, 3), at(50126, 0), at(50126, 1), at(50126, 2)})
	last := verdicts[3]
	want := "Break-glass sign-in succeeded after failures: bg-alpha signed in at 2026-02-01 00:00:03 UTC after 3 failed attempts, of which one was only now reported, from 203.0.113.7 (Oslo, NO)"
	if last.Headline != want || last.Severity != detect.Critical {
		t.Errorf("%s: %s\nwant %s", last.Severity, last.Headline, want)
	}
}

// Whatever the order in which failures and successes arrive, as many alarms are raised: one for
// each success that followed three failures within a day.
func TestOrderOfArrivalDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var events []breakglass.Event
		var failures, successes []int
		for i := range rapid.IntRange(1, 40).Draw(t, "events") {
			second := rapid.IntRange(0, 30*3600).Draw(t, "second")
			if i%4 == 3 && len(successes) < 8 {
				successes = append(successes, second)
				events = append(events, at(0, second))
			} else {
				failures = append(failures, second)
				events = append(events, at(50126, second))
			}
		}
		want := 0
		for _, s := range successes {
			n := 0
			for _, f := range failures {
				if f <= s && f > s-24*3600 {
					n++
				}
			}
			if n >= 3 {
				want++
			}
		}
		told := func(events []breakglass.Event) map[string]bool {
			// A late failure may tell of several successes at once: what counts is which are told.
			verdicts, h := run(t, events)
			stored, _ := json.Marshal(h)
			var plain struct {
				Successes []struct {
					T int64 `json:"t"`
					A bool  `json:"a"`
				} `json:"successes"`
			}
			if err := json.Unmarshal(stored, &plain); err != nil {
				t.Fatal(err)
			}
			m := map[string]bool{}
			n := 0
			for i, s := range plain.Successes {
				m[fmt.Sprint(i, s.T)] = s.A
				if s.A {
					n++
				}
			}
			if n != want || want > 0 != (alarms(verdicts) > 0) {
				t.Fatalf("%d successes marked and %d alarms, want %d", n, alarms(verdicts), want)
			}
			return m
		}
		first := told(events)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		if diff := cmp.Diff(first, told(events)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestTokenUse(t *testing.T) {
	token := func(seconds int, edits ...func(*entra.Record)) breakglass.Event {
		return at(0, seconds, append([]func(*entra.Record){nonInteractive}, edits...)...)
	}
	change := func(f func(*entra.SignIn)) func(*entra.Record) { return func(r *entra.Record) { f(r.SignIn) } }
	for _, tt := range []struct {
		name   string
		events []breakglass.Event
		want   detect.Severity // of the last
	}{
		{"first ever", []breakglass.Event{token(0)}, detect.High},
		{"same again", []breakglass.Event{token(0), token(1)}, detect.Info},
		{"echo of a sign-in", []breakglass.Event{at(0, 0), token(1)}, detect.Info},
		{"after a failure only", []breakglass.Event{at(50126, 0), token(1)}, detect.High},
		{"new session", []breakglass.Event{token(0), token(1, change(func(s *entra.SignIn) { s.SessionID = "s2" }))}, detect.High},
		{"new app", []breakglass.Event{token(0), token(1, change(func(s *entra.SignIn) { s.AppID = "a2" }))}, detect.High},
		{"new address", []breakglass.Event{token(0), token(1, change(func(s *entra.SignIn) { s.IPAddress = "198.51.100.1" }))}, detect.High},
		{"new country", []breakglass.Event{token(0), token(1, change(func(s *entra.SignIn) { s.Country = "SE" }))}, detect.High},
		{"country not told", []breakglass.Event{token(0), token(1, change(func(s *entra.SignIn) { s.Country = "" }))}, detect.High},
		{"another browser", []breakglass.Event{token(0), token(1, change(func(s *entra.SignIn) { s.Browser = "b" }))}, detect.Info},
		{"address in other case", []breakglass.Event{token(0, change(func(s *entra.SignIn) { s.IPAddress = "2001:DB8::1" })), token(1, change(func(s *entra.SignIn) { s.IPAddress = "2001:db8::1 " }))}, detect.Info},
		{"same after a day and a second", []breakglass.Event{token(0), token(86401)}, detect.High},
		{"same after a day", []breakglass.Event{token(0), token(86400)}, detect.Info},
		{"reported late", []breakglass.Event{token(100), token(0)}, detect.Info},
	} {
		t.Run(tt.name, func(t *testing.T) {
			verdicts, _ := run(t, tt.events)
			if last := verdicts[len(verdicts)-1]; last.Severity != tt.want || last.HeadlineRule != "token-use" {
				t.Errorf("%s %s, want %s: %s", last.HeadlineRule, last.Severity, tt.want, last.Headline)
			}
		})
	}
}

func TestWhatIsNewAboutASuccess(t *testing.T) {
	verdicts, _ := run(t, []breakglass.Event{
		at(0, 0), at(0, 1), at(0, 2, func(r *entra.Record) { r.SignIn.Country, r.SignIn.DeviceID = "SE", "d" }), at(50126, 3),
	})
	want := [][]detect.Trait{
		{detect.TraitSession, detect.TraitApp, detect.TraitAddress, detect.TraitCountry, detect.TraitDevice},
		{},
		{detect.TraitCountry, detect.TraitDevice},
		{},
	}
	for i, v := range verdicts {
		if !slices.Equal(v.New, want[i]) {
			t.Errorf("sign-in %d is new in %v, want %v", i, v.New, want[i])
		}
	}
}

func TestAnInterruptedSignInThatGoesNoFurther(t *testing.T) {
	begun := at(50140, 100)
	for _, tt := range []struct {
		name  string
		after []breakglass.Event
		worse bool
	}{
		{"nothing follows", nil, true},
		{"success follows", []breakglass.Event{at(0, 130)}, false},
		{"a token follows", []breakglass.Event{at(0, 130, nonInteractive)}, false},
		{"success at the last second", []breakglass.Event{at(0, 700)}, false},
		{"success too late", []breakglass.Event{at(0, 701)}, true},
		{"success before", []breakglass.Event{at(0, 99)}, true},
		{"a failure follows", []breakglass.Event{at(50126, 130)}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			verdicts, h := run(t, append([]breakglass.Event{begun}, tt.after...))
			due := []detect.Due{{Kind: detect.DueSuccess, At: reached.Add(10 * time.Minute)}}
			if diff := cmp.Diff(due, verdicts[0].Due); diff != "" {
				t.Fatal(diff)
			}
			v, worse := detect.NewDetector(setting()).Again(begun, due[0], h)
			if worse != tt.worse {
				t.Errorf("worse %t, want %t", worse, tt.worse)
			}
			if tt.worse && (v.Severity != detect.High || !strings.HasPrefix(v.Headline, "Break-glass sign-in begun and not finished")) {
				t.Errorf("%s: %s", v.Severity, v.Headline)
			}
		})
	}
	if verdicts, _ := run(t, []breakglass.Event{at(0, 130), begun}); len(verdicts[1].Due) != 0 {
		t.Error("asks for a success that is known already")
	}
}

func TestJudgeLeavesTheHistoryAlone(t *testing.T) {
	_, h := run(t, []breakglass.Event{at(50126, 0), at(50126, 1), at(0, 1), at(0, 2, nonInteractive)})
	before, _ := json.Marshal(h)
	d := detect.NewDetector(setting())
	for _, e := range []breakglass.Event{at(50126, 1), at(0, 3, func(r *entra.Record) { r.SignIn.App = "x"; r.SignIn.AppID = "x" }), at(0, 4, nonInteractive)} {
		d.Judge(e, h)
		if after, _ := json.Marshal(h); string(after) != string(before) {
			t.Fatalf("history changed under %v:\n%s\n%s", e.ErrorCode, before, after)
		}
	}
}

// A spray writes thousands of failures into one stream.
func BenchmarkJudgeFailure(b *testing.B) {
	d, h := detect.NewDetector(setting()), detect.History{}
	for i := range 100 {
		_, h = d.Judge(at([]int{0, 50126}[i%2], i*900), h)
	}
	e := at(50126, 90000)
	b.ReportAllocs()
	for b.Loop() {
		d.Judge(e, h)
	}
}
