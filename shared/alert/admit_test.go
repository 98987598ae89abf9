package alert_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func failure(sequence uint64, at time.Time) alert.Happening {
	return alert.Happening{Sequence: sequence, At: at, Kind: "signin-failed", Severity: detect.High, OutcomeRank: 1, Failure: true, Headline: "failed"}
}

func success(sequence uint64, at time.Time, traits ...string) alert.Happening {
	return alert.Happening{Sequence: sequence, At: at, Kind: "signin-success", Severity: detect.Critical, OutcomeRank: 4, SignedIn: true, Success: true, Traits: traits, Headline: "succeeded"}
}

func begin(h alert.Happening) alert.Incident { return alert.Begin("account-a", "a", "account-a-1", h) }

func TestAdmitDecidesByWhatTheIncidentAlreadyTold(t *testing.T) {
	used := func(sequence uint64, traits ...string) alert.Happening {
		return alert.Happening{Sequence: sequence, At: noon, Kind: "token-use", Severity: detect.High, OutcomeRank: 4, Success: true, Traits: traits}
	}
	changed := func(sequence uint64, kind string, severity detect.Severity) alert.Happening {
		return alert.Happening{Sequence: sequence, At: noon, Kind: kind, Severity: severity}
	}
	for _, test := range []struct {
		name   string
		before []alert.Happening
		then   alert.Happening
		want   alert.Reason
	}{
		{"first event", nil, failure(1, noon), alert.ReasonNewKind},
		{"third failure", []alert.Happening{failure(1, noon), failure(2, noon)}, failure(3, noon), alert.ReasonFewFailures},
		{"fourth failure", []alert.Happening{failure(1, noon), failure(2, noon), failure(3, noon)}, failure(4, noon), alert.ReasonCampaign},
		{"fifth failure", []alert.Happening{failure(1, noon), failure(2, noon), failure(3, noon), failure(4, noon)}, failure(5, noon), alert.ReasonCollected},
		{"success after a campaign", []alert.Happening{failure(1, noon), failure(2, noon), failure(3, noon), failure(4, noon), failure(5, noon)}, success(6, noon), alert.ReasonSignedIn},
		{"second success from the same place", []alert.Happening{success(1, noon, "app x")}, success(2, noon, "app x"), alert.ReasonSignedIn},
		{"same token use", []alert.Happening{used(1, "app x")}, used(2, "app x"), alert.ReasonCollected},
		{"token use from a new app", []alert.Happening{used(1, "app x")}, used(2, "app y"), alert.ReasonNewTrait},
		{"another kind of change", []alert.Happening{changed(1, "account-changed|reset", detect.Critical)}, changed(2, "account-changed|register", detect.Critical), alert.ReasonNewKind},
		{"the same change again", []alert.Happening{changed(1, "account-changed|reset", detect.Critical)}, changed(2, "account-changed|reset", detect.Critical), alert.ReasonCollected},
		{"worse outcome of a known kind", []alert.Happening{{Sequence: 1, At: noon, Kind: "legacy-auth", Severity: detect.Critical, OutcomeRank: 1, Failure: true}}, alert.Happening{Sequence: 2, At: noon, Kind: "legacy-auth", Severity: detect.Critical, OutcomeRank: 4, Success: true}, alert.ReasonWorse},
		{"information", []alert.Happening{failure(1, noon)}, changed(2, "token-expired", detect.Info), alert.ReasonNotAlertable},
	} {
		t.Run(test.name, func(t *testing.T) {
			i := begin(test.then)
			for _, h := range test.before {
				i.Admit(h, noon)
			}
			got := i.Admit(test.then, noon)
			if got.Reason != test.want {
				t.Errorf("reason %q, want %q", got.Reason, test.want)
			}
			if got.Alert && got.Collect {
				t.Error("both alerted and collected")
			}
		})
	}
}

// whatever draws an event of one of a few kinds, so that kinds meet again.
func whatever(t *rapid.T, sequence uint64) alert.Happening {
	severity := rapid.SampledFrom([]detect.Severity{detect.Info, detect.Medium, detect.High, detect.Critical}).Draw(t, "severity")
	h := alert.Happening{
		Sequence: sequence, At: noon.Add(time.Duration(rapid.IntRange(-600, 600).Draw(t, "second")) * time.Second),
		Kind: rapid.SampledFrom([]string{"signin-failed", "signin-success", "signin-blocked", "signin-password-right", "token-use", "account-changed|x"}).Draw(t, "kind"), Severity: severity,
	}
	switch h.Kind {
	case "signin-failed":
		h.Failure, h.OutcomeRank = true, 1
	case "signin-success":
		h.SignedIn, h.Success, h.OutcomeRank, h.Severity = true, true, 4, detect.Critical
	case "signin-blocked":
		h.OutcomeRank = 3
	case "signin-password-right":
		h.OutcomeRank = 2
	case "token-use":
		h.Success, h.OutcomeRank = true, 4
	}
	for range rapid.IntRange(0, 3).Draw(t, "traits") {
		h.Traits = append(h.Traits, fmt.Sprint("address ", rapid.IntRange(0, 100).Draw(t, "trait")))
	}
	return h
}

// Every alertable event is either alerted or waits in a collection; the first of each kind, every
// sign-in that succeeded and every trait of a success not seen before are alerted at once.
func TestAdmitLosesNothingAndCollectsNothingNew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var i alert.Incident
		kinds, traits := map[string]bool{}, map[string]bool{}
		alerted, collected, alertable := 0, 0, 0
		now := noon
		for sequence := range uint64(rapid.IntRange(1, 300).Draw(t, "events")) {
			h := whatever(t, sequence+1)
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "wait")) * time.Second)
			if sequence == 0 {
				i = begin(h)
			}
			d := i.Admit(h, now)
			if !h.Severity.Alertable() {
				if d.Alert || d.Collect {
					t.Fatalf("information was alerted: %+v", d)
				}
				continue
			}
			alertable++
			if d.Alert == d.Collect {
				t.Fatalf("event is neither or both alerted and collected: %+v", d)
			}
			fresh := !kinds[h.Kind] || h.SignedIn
			for _, trait := range h.Traits {
				fresh = fresh || h.Success && !traits[trait]
			}
			if fresh && !d.Alert {
				t.Fatalf("something new was collected: %+v (%s)", h, d.Reason)
			}
			kinds[h.Kind] = true
			if d.Alert {
				alerted++
				if h.Success {
					for _, trait := range h.Traits {
						traits[trait] = true
					}
				}
			} else {
				collected++
				if i.Collected.Next.IsZero() {
					t.Fatal("collected, and no summary is planned")
				}
				if !i.Collected.Next.After(now.Add(-time.Nanosecond)) && i.Collected.Count == 1 {
					t.Fatal("the summary was planned for the past")
				}
			}
		}
		if alerted+collected != alertable || i.Collected.Total != collected {
			t.Fatalf("%d alerted and %d collected (%d known to the incident) of %d", alerted, collected, i.Collected.Total, alertable)
		}
	})
}

// However many attempts a spray makes, the number of cards depends on how long it lasts.
func TestCardsOfASprayAreBoundedByTime(t *testing.T) {
	cards := func(attempts int, lasting time.Duration) int {
		i := begin(failure(1, noon))
		n := 0
		for a := range attempts {
			now := noon.Add(time.Duration(a) * lasting / time.Duration(attempts))
			if i.Collected.Count > 0 && !i.Collected.Next.After(now) {
				n++
				i.Summarised()
			}
			if i.Admit(failure(uint64(a+1), now), now).Alert {
				n++
			}
		}
		return n
	}
	few, many := cards(1_000, time.Hour), cards(50_000, time.Hour)
	if few != many || many > 7 {
		t.Errorf("%d cards for 1,000 attempts and %d for 50,000 in an hour, want the same and at most 7", few, many)
	}
	if day := cards(50_000, 8*time.Hour); day > 9 {
		t.Errorf("%d cards in eight hours, want at most 9", day)
	}
}

func TestJoinable(t *testing.T) {
	i := begin(success(1, noon))
	first := success(1, noon)
	first.Sessions = []string{"session-1", ""}
	i.Admit(first, noon)
	for _, test := range []struct {
		name     string
		at       time.Time
		sessions []string
		want     bool
	}{
		{"soon after", noon.Add(29 * time.Minute), nil, true},
		{"too long after", noon.Add(31 * time.Minute), nil, false},
		{"same session long after", noon.Add(3 * time.Hour), []string{"session-1"}, true},
		{"same session beyond eight hours", noon.Add(9 * time.Hour), []string{"session-1"}, false},
		{"an empty session is none", noon.Add(3 * time.Hour), []string{""}, false},
		{"a little before", noon.Add(-20 * time.Minute), nil, true},
		{"long before", noon.Add(-2 * time.Hour), nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := i.Joinable(test.at, test.sessions); got != test.want {
				t.Errorf("joinable %v, want %v", got, test.want)
			}
		})
	}
	i.Close(alert.Drill, "somebody", "a drill", noon)
	if i.Joinable(noon.Add(time.Minute), []string{"session-1"}) {
		t.Error("an event joins a closed incident")
	}
}
