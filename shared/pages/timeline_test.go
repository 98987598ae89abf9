package pages_test

import (
	"strings"
	"testing"

	"glasswatch/shared/detect"
	"glasswatch/shared/pages"
)

// Logs arrive late and by different ways: audit records minutes after sign-ins.
func TestTimelineIsInOrderOfHappening(t *testing.T) {
	source := render(t, pages.Incident{
		Clock: pages.Clock{Now: at("03:24:55")},
		Events: []pages.Event{
			{At: at("03:12:41"), Severity: detect.Critical, Headline: "second"},
			{At: at("03:16:20"), Severity: detect.High, Headline: "third"},
			{At: at("03:10:02"), Severity: detect.High, Headline: "first"},
		},
	})
	first, second, third := strings.Index(source, "first"), strings.Index(source, "second"), strings.Index(source, "third")
	if first < 0 || second < first || third < second {
		t.Errorf("shown at %d, %d and %d", first, second, third)
	}
}

func TestWhereSaysNothingTwice(t *testing.T) {
	for _, test := range []struct {
		name, headline, want string
	}{
		{"all of it is new", "Sign-in failed", "203.0.113.7, Azure portal, Windows 11"},
		{"the headline has the address", "Sign-in from 203.0.113.7 failed", "Azure portal, Windows 11"},
		{"the headline has all", "Sign-in from 203.0.113.7 to Azure portal on Windows 11", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := pages.Event{Headline: test.headline, Address: "203.0.113.7", App: "Azure portal", Device: "Windows 11"}
			if got := strings.Join(e.Where(), ", "); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}
