package posture_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/posture"
)

// A check whose answer changes when a section is wiped must say that it needs or uses it, and one
// that says so must change in one of its fixtures at least.
func TestNeedsAreWhatIsRead(t *testing.T) {
	for _, c := range posture.Suite {
		changes := map[posture.SectionName]bool{}
		for _, file := range append(fixturesOf(t, c.ID), filepath.Join("testdata", "odd.json")) {
			s, p := readFixture(t, file).tenant(t)
			before := c.Run(s, p)
			for _, section := range posture.Sections {
				wiped := without(s, section, posture.Gap{})
				if !cmp.Equal(sorted(before), sorted(c.Run(wiped, p))) {
					changes[section.Name] = true
				}
			}
		}
		for _, section := range posture.Sections {
			declared := slices.Contains(c.Needs, section.Name) || slices.Contains(c.Uses, section.Name)
			switch {
			case changes[section.Name] && !declared:
				t.Errorf("%s reads the section %s and does not say so", c.ID, section.Name)
			case !changes[section.Name] && declared:
				t.Errorf("%s says that it reads the section %s, and no fixture shows it", c.ID, section.Name)
			}
		}
	}
}

func sorted(found []posture.Finding) []posture.Finding {
	found = slices.Clone(found)
	slices.SortFunc(found, func(a, b posture.Finding) int {
		return slices.Compare([]string{a.Account, a.Object, string(a.State), a.Observed}, []string{b.Account, b.Object, string(b.State), b.Observed})
	})
	return found
}

func TestWithoutASectionNothingPasses(t *testing.T) {
	for _, c := range posture.Suite {
		for _, file := range fixturesOf(t, c.ID) {
			s, p := readFixture(t, file).tenant(t)
			before, _ := posture.Run([]posture.Check{c}, s, p, nil, nil, taken)
			for _, section := range posture.Sections {
				after, _ := posture.Run([]posture.Check{c}, without(s, section, posture.Gap{Reason: posture.NoPermission, Missing: "Some.Permission"}), p, nil, nil, taken)
				needed, used := slices.Contains(c.Needs, section.Name), slices.Contains(c.Uses, section.Name)
				for _, f := range after {
					gone := f.State == posture.NotApplicable && slices.ContainsFunc(before, func(b posture.Finding) bool { return b.State == posture.NotApplicable && b.Account == f.Account })
					if needed && !gone && (f.State != posture.Unknown || f.Missing != "Some.Permission") {
						t.Errorf("%s without %s is %s for want of %q: %s", file, section.Name, f.State, f.Missing, f.Observed)
					}
					worse := slices.ContainsFunc(before, func(b posture.Finding) bool { return b.Key() == f.Key() && b.State != posture.Pass })
					if used && f.State == posture.Pass && worse {
						t.Errorf("%s passes without %s", file, section.Name)
					}
				}
				if !needed && !used && !cmp.Equal(before, after) && section.Name != posture.UserSection {
					t.Errorf("%s changes without %s, which it does not need", file, section.Name)
				}
			}
		}
	}
}

// without is the snapshot with one section unread.
func without(s posture.Snapshot, section posture.SectionInfo, gap posture.Gap) posture.Snapshot {
	s.Accounts = slices.Clone(s.Accounts)
	section.Wipe(&s, gap)
	return s
}
