package posture_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/posture"
)

func TestChanges(t *testing.T) {
	type run struct {
		state  posture.State
		object string
	}
	for _, tt := range []struct {
		name     string
		severity posture.Severity
		runs     []run // one a day
		want     []posture.ChangeKind
	}{
		{"it fails at the first run", posture.Medium, []run{{posture.Fail, ""}}, []posture.ChangeKind{posture.Worsened}},
		{"all is well at the first run", posture.Medium, []run{{posture.Pass, ""}}, nil},
		{"it begins to fail", posture.Low, []run{{posture.Pass, ""}, {posture.Fail, ""}}, []posture.ChangeKind{posture.Worsened}},
		{"it goes on failing", posture.Critical, []run{{posture.Fail, ""}, {posture.Fail, ""}}, nil},
		{"a warning becomes a failure", posture.High, []run{{posture.Warn, ""}, {posture.Fail, ""}}, []posture.ChangeKind{posture.Worsened}},
		{"a failure becomes a warning", posture.High, []run{{posture.Fail, ""}, {posture.Warn, ""}}, nil},
		{"it recovers", posture.High, []run{{posture.Fail, ""}, {posture.Pass, ""}}, []posture.ChangeKind{posture.Recovered}},
		{"a second policy fails while the first does", posture.High, []run{{posture.Fail, "a"}, {posture.Fail, "b"}}, []posture.ChangeKind{posture.Worsened, posture.Recovered}},
		{"a failure that nobody can see any more is no recovery", posture.High, []run{{posture.Fail, "a"}, {posture.Unknown, ""}}, []posture.ChangeKind{posture.WentBlind}},
		{"unknown for one day", posture.Critical, []run{{posture.Pass, ""}, {posture.Unknown, ""}}, nil},
		{"unknown for two days", posture.Critical, []run{{posture.Pass, ""}, {posture.Unknown, ""}, {posture.Unknown, ""}}, []posture.ChangeKind{posture.StillUnknown}},
		{"unknown for three days: told already", posture.Critical, []run{{posture.Unknown, ""}, {posture.Unknown, ""}, {posture.Unknown, ""}}, nil},
		{"unknown for two days, less than critical", posture.High, []run{{posture.Unknown, ""}, {posture.Unknown, ""}}, nil},
		{"an acceptance ends", posture.High, []run{{posture.Accepted, ""}, {posture.Fail, ""}}, []posture.ChangeKind{posture.Worsened}},
		{"worth knowing", posture.High, []run{{posture.Pass, ""}, {posture.Note, ""}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var previous, current []posture.Finding
			for n, r := range tt.runs {
				c := check("TEN-90", tt.severity, func(posture.Snapshot) []posture.Finding {
					return []posture.Finding{{Object: r.object, State: r.state, Observed: "So it is."}}
				})
				previous = current
				current, _ = posture.Run([]posture.Check{c}, soundTenant(t, 2), soundPolicy(), previous, nil, taken.AddDate(0, 0, n))
			}
			var got []posture.ChangeKind
			for _, change := range posture.Changes(previous, current) {
				got = append(got, change.Kind)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
