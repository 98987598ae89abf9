package graph_test

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	standin "glasswatch/infra/local/graph"
	"glasswatch/shared/graph"
	"glasswatch/shared/posture"
)

func TestThrottlingIsWaitedFor(t *testing.T) {
	s, url := tenant(t)
	s.Break(standin.Throttled("/conditionalAccess/policies", "1", 1), standin.Throttled("/evaluate", "1", 1))
	began := time.Now()
	snapshot := collect(t, options(url))
	if missed := gaps(snapshot); len(missed) > 0 {
		t.Errorf("not read after a wait: %v", missed)
	}
	if waited := time.Since(began); waited < time.Second {
		t.Errorf("it was repeated after %s, and Graph had asked for a second", waited)
	}
	asked := 0
	for _, r := range s.Requests() {
		if strings.HasSuffix(r.Path, "/conditionalAccess/policies") {
			asked++
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times for the policies, want a refusal and one more", asked)
	}
}

func TestThrottlingWithoutEndStarvesNoOtherSection(t *testing.T) {
	s, url := tenant(t)
	s.Break(standin.Throttled("/conditionalAccess/policies", "86400", 0))
	began := time.Now()
	missed := gaps(collect(t, options(url)))
	if diff := cmp.Diff([]string{"groups", "policies"}, slices.Sorted(maps.Keys(missed))); diff != "" {
		t.Errorf("sections that were not read (-want +got):\n%s", diff)
	}
	if missed["policies"].Reason != posture.Throttled {
		t.Errorf("policies: %+v", missed["policies"])
	}
	if waited := time.Since(began); waited > 10*time.Second {
		t.Errorf("it waited %s for a day that it does not have", waited)
	}
}

func TestAnAnswerThatDoesNotComeIsAFault(t *testing.T) {
	s, url := tenant(t)
	s.Break(standin.Fault{Path: "/domains", Delay: time.Minute})
	o := options(url)
	o.Patience = time.Second
	missed := gaps(collect(t, o))
	if gap := missed["domains"]; len(missed) != 1 || gap.Reason != posture.Fault || !strings.Contains(gap.Detail, "no answer within 1s") {
		t.Errorf("not read: %v", missed)
	}
}

func TestARunThatEndsSaysSo(t *testing.T) {
	s, url := tenant(t)
	s.Break(standin.Fault{Path: "/subscribedSkus", Delay: time.Minute}) // the first call
	c, err := graph.New(options(url))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	missed := gaps(c.Collect(ctx))
	if diff := cmp.Diff(everySection(), slices.Sorted(maps.Keys(missed))); diff != "" {
		t.Errorf("sections that were not read (-want +got):\n%s", diff)
	}
	for name, gap := range missed {
		if gap.Reason != posture.Fault || !strings.Contains(gap.Detail, "the run ended before it was read") {
			t.Errorf("%s: %+v", name, gap)
		}
	}
}

func TestAnSDKThatPanicsLosesOneSection(t *testing.T) {
	_, url := tenant(t)
	o := options(url)
	o.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err == nil && strings.HasSuffix(r.URL.Path, "/domains") {
			answer.StatusCode = http.StatusUnauthorized
			answer.Header.Set("WWW-Authenticate", "Bearer claims=unquoted") // which Kiota indexes without a look
		}
		return answer, err
	})
	missed := gaps(collect(t, o))
	if gap := missed["domains"]; len(missed) != 1 || gap.Reason != posture.Fault || !strings.Contains(gap.Detail, "the Graph SDK failed") {
		t.Errorf("not read: %v", missed)
	}
}
