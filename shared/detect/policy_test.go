package detect_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/detect"
	"glasswatch/shared/entra"
)

func policy(state, include, excludeUsers, excludeGroups string) string {
	list := func(ids string) string {
		if ids == "" {
			return "[]"
		}
		return `["` + strings.ReplaceAll(ids, " ", `","`) + `"]`
	}
	return fmt.Sprintf(`{"displayName":"Block all","state":%q,"conditions":{"users":{"includeUsers":%s,"excludeUsers":%s,"excludeGroups":%s}}}`,
		state, list(include), list(excludeUsers), list(excludeGroups))
}

func policyUpdate(before, after string) entra.Record {
	activity := "Update conditional access policy"
	switch {
	case before == "":
		activity = "Add conditional access policy"
	case after == "":
		activity = "Delete conditional access policy"
	}
	return withChange(audited(activity, admin(), policyTarget("Block all")), "ConditionalAccessPolicy", before, after)
}

// evaluator is an evaluator that says the same of every account.
func evaluator(effect detect.Effect, age time.Duration) func(_, _, _ string) detect.LockoutAnswer {
	return func(_, _, _ string) detect.LockoutAnswer {
		return detect.LockoutAnswer{Effect: effect, Because: "because", SnapshotAt: reached.Add(-age)}
	}
}

func TestConditionalAccessChanges(t *testing.T) {
	both := alphaID + " " + betaID
	excluded, exposed := policy("enabled", "All", both, ""), policy("enabled", "All", "", policyID)
	byGroup := policy("enabled", "All", "", groupID)
	for _, tt := range []struct {
		name          string
		before, after string
		lockout       func(old, updated, account string) detect.LockoutAnswer
		rule          string
		severity      detect.Severity
		again         bool // asks to be looked at again
		says          string
	}{
		{"exclusion of both removed, no snapshot", excluded, exposed, nil, "policy-now-applies", detect.Critical, false, "bg-alpha and bg-beta"},
		{"exclusion of one removed, no snapshot", excluded, policy("enabled", "All", alphaID, ""), nil, "policy-now-applies", detect.Critical, false, "now applies to bg-beta:"},
		{"exclusion group removed, no snapshot", byGroup, exposed, nil, "policy-now-applies", detect.Critical, false, "its exclusion was removed"},
		{"exclusion removed from JSON within JSON", fmt.Sprintf("%q", excluded), fmt.Sprintf("%q", exposed), nil, "policy-now-applies", detect.Critical, false, "now applies"},
		{"exclusion removed while switched off", excluded, policy("disabled", "All", "", ""), nil, "policy-now-applies", detect.High, true, "not in force"},
		{"exclusion removed, evaluator sees no effect", excluded, exposed, evaluator(detect.EffectNone, time.Hour), "policy-now-applies", detect.High, false, "no longer excludes"},
		{"exclusion removed, snapshot too old", excluded, exposed, evaluator(detect.EffectNone, 49*time.Hour), "policy-now-applies", detect.Critical, false, "now applies"},
		{"exclusion moved to the group", excluded, byGroup, evaluator(detect.EffectNone, time.Hour), "policy-changed", detect.Medium, false, "Policy changed"},
		{"account itself stays excluded, no snapshot", excluded, policy("enabled", "All", both, policyID), nil, "policy-changed", detect.Medium, false, "Policy changed"},
		{"group stays excluded, no snapshot", byGroup, byGroup, nil, "policy-now-applies", detect.High, true, "effect unknown: there is no posture snapshot"},
		{"snapshot too old", byGroup, byGroup, evaluator(detect.EffectNone, 49*time.Hour), "policy-now-applies", detect.High, true, "too old"},
		{"snapshot without a time", byGroup, byGroup, func(_, _, _ string) detect.LockoutAnswer { return detect.LockoutAnswer{Effect: detect.EffectNone} }, "policy-now-applies", detect.High, true, "too old"},
		{"evaluator does not know", byGroup, byGroup, evaluator(detect.EffectUnknown, time.Hour), "policy-now-applies", detect.High, true, "effect unknown: because"},
		{"evaluator of another version", byGroup, byGroup, evaluator("novel", time.Hour), "policy-now-applies", detect.High, true, "not known"},
		{"evaluator says targeted", exposed, exposed, evaluator(detect.EffectTargeted, time.Hour), "policy-now-applies", detect.Critical, false, "newly targeted: because"},
		{"evaluator says unsatisfied", exposed, exposed, evaluator(detect.EffectUnsatisfied, time.Hour), "policy-now-applies", detect.Critical, false, "cannot satisfy it: because"},
		{"evaluator says blocked", exposed, exposed, evaluator(detect.EffectBlocked, time.Hour), "policy-now-applies", detect.Critical, false, "blocks the account: because"},
		{"evaluator sees no effect", exposed, exposed, evaluator(detect.EffectNone, time.Hour), "policy-changed", detect.Medium, false, "Policy changed"},
		{"new policy that excludes nobody", "", policy("enabled", "All", "", ""), nil, "policy-now-applies", detect.Critical, false, "excludes nobody"},
		{"new policy that names the account", "", policy("enabled", betaID, "", ""), nil, "policy-now-applies", detect.Critical, false, "now applies to bg-beta:"},
		{"policy for others only", "", policy("enabled", adminID, "", ""), nil, "policy-changed", detect.Medium, false, "Policy changed"},
		{"new policy that is off", "", policy("disabled", "All", "", ""), nil, "policy-changed", detect.Medium, false, "Policy changed"},
		{"switched on", policy("disabled", "All", "", ""), policy("enabled", "All", "", ""), nil, "policy-now-applies", detect.Critical, false, "excludes nobody"},
		{"deleted", excluded, "", nil, "policy-changed", detect.Medium, false, "Delete conditional access policy"},
		{"unreadable", excluded, `{"state":7}`, nil, "policy-now-applies", detect.High, true, "effect unknown"},
		{"not in the record", "?", "?", nil, "policy-now-applies", detect.High, true, "effect unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := setting()
			s.Lockout = tt.lockout
			v, _ := detect.NewDetector(s).Judge(arrive(policyUpdate(tt.before, tt.after), reached), detect.History{})
			if v.HeadlineRule != tt.rule || v.Severity != tt.severity || !strings.Contains(v.Headline, tt.says) {
				t.Errorf("%s %s: %s\nwant %s %s: … %s …", v.HeadlineRule, v.Severity, v.Headline, tt.rule, tt.severity, tt.says)
			}
			due := []detect.Due{}
			if tt.again {
				due = append(due, detect.Due{Kind: detect.DuePolicy, At: reached.Add(15 * time.Minute)})
			}
			if diff := cmp.Diff(due, v.Due); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAFailedPolicyChangeChangedNothing(t *testing.T) {
	rec := policyUpdate(policy("enabled", "All", alphaID, ""), policy("enabled", "All", "", ""))
	rec.Audit.Result = "failure"
	if v := judge(t, rec); v.HeadlineRule != "policy-changed" || !strings.HasSuffix(v.Headline, "(attempt failed)") {
		t.Errorf("%s: %s", v.HeadlineRule, v.Headline)
	}
}

func TestPolicyFactsNameBeforeAfterAndTheSnapshot(t *testing.T) {
	s := setting()
	s.Lockout = evaluator(detect.EffectBlocked, 3*time.Hour)
	rec := policyUpdate(policy("enabled", "All", alphaID, ""), policy("enabled", "All", "", ""))
	v, _ := detect.NewDetector(s).Judge(arrive(rec, reached), detect.History{})
	for _, want := range []detect.Fact{
		{Name: "Policy", Value: "Block all"},
		{Name: "Verdict", Value: "applies"},
		{Name: "Before", Value: "enabled, account excluded"},
		{Name: "After", Value: "enabled, account not excluded"},
		{Name: "Posture snapshot", Value: "2026-03-01 00:14:00 UTC (3 h before)"},
		{Name: "By", Value: "helpdesk@contoso.com"},
	} {
		if !slices.Contains(v.Facts, want) {
			t.Errorf("no fact %v among %v", want, v.Facts)
		}
	}
}

func TestAPolicyIsLookedAtAgain(t *testing.T) {
	byGroup := policy("enabled", "All", "", groupID)
	e := arrive(policyUpdate(byGroup, byGroup), reached)
	first := detect.Due{Kind: detect.DuePolicy, At: reached.Add(15 * time.Minute)}
	for _, tt := range []struct {
		name  string
		due   time.Duration
		ask   func(_, _, _ string) detect.LockoutAnswer
		worse bool
		next  bool
	}{
		{"still no snapshot", 15 * time.Minute, nil, false, true},
		{"no snapshot for two days", 48 * time.Hour, nil, false, false},
		{"it blocks", 15 * time.Minute, evaluator(detect.EffectBlocked, 0), true, false},
		{"it does nothing", 15 * time.Minute, evaluator(detect.EffectNone, 0), false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := setting()
			s.Lockout = tt.ask
			v, worse := detect.NewDetector(s).Again(e, detect.Due{Kind: first.Kind, At: reached.Add(tt.due)}, detect.History{})
			if worse != tt.worse || len(v.Due) > 0 != tt.next {
				t.Errorf("worse %t, want %t; due %v", worse, tt.worse, v.Due)
			}
			if tt.next && !v.Due[0].At.Equal(reached.Add(tt.due+15*time.Minute)) {
				t.Errorf("next at %s", v.Due[0].At)
			}
			if tt.worse && v.Severity != detect.Critical {
				t.Errorf("worse, but %s", v.Severity)
			}
		})
	}
}
