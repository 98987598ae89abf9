//go:build browser

package browser_test

import (
	"bytes"
	"flag"
	"image"
	_ "image/png" // the format of pictures
	"math"
	"os"
	"path/filepath"
	"testing"

	"glasswatch/infra/local/sample"
)

var updatePictures = flag.Bool("update-pictures", false, "take the pictures in docs anew")

// chapter is what came from the hub in one batch, and when.
type chapter struct {
	at      string
	records []*sample.Object
}

// threeInTheMorning is what a person on call is called for: a sign-in from where nobody of the
// tenant works, and what it does afterwards, told by logs that are late by different times.
func threeInTheMorning(g *sample.Generator, who sample.Person) []chapter {
	from := sample.Place{Address: "203.0.113.7", City: "Oslo", Country: "NO", Network: 64496}
	portal, command := g.Tenant.Apps[0], g.Tenant.Apps[1]
	session := g.GUID()
	helper := sample.Target{ID: g.GUID(), UPN: "svc-backup@" + g.Tenant.Domain, Type: "User"}
	administrator := sample.Change{Name: "Role.DisplayName", New: `"Global Administrator"`}
	return []chapter{
		{"03:16:30", []*sample.Object{g.SignIn(sample.SignIn{
			Who: who, At: tonight("03:12:41"), App: portal, From: from, Session: session, Policies: 12, Methods: []string{"Password"},
		})}},
		{"03:18:20", []*sample.Object{g.Audit(sample.Audit{
			Activity: sample.ActivityNamed("Add member to role"), At: tonight("03:16:58"), By: who, From: from,
			Targets: []sample.Target{{ID: helper.ID, UPN: helper.UPN, Type: "User", Changes: []sample.Change{administrator}}},
		})}},
		{"03:19:02", []*sample.Object{
			g.NonInteractive(sample.SignIn{Who: who, At: tonight("03:13:05"), App: command, From: from, Session: session, Policies: 12}),
			g.Audit(sample.Audit{Activity: sample.ActivityNamed("Add user"), At: tonight("03:16:20"), By: who, From: from, Targets: []sample.Target{helper}}),
		}},
	}
}

// TestPictures takes the pictures that the documents show. With -update-pictures it writes them;
// without, it holds those that are there to still being pictures of the pages as they are now, as
// far as fonts of another machine let it tell.
func TestPictures(t *testing.T) {
	g := sample.New(7)
	who := g.Tenant.BreakGlass[0]
	s := newStack(t, g.Tenant.BreakGlass, drawn)
	var incident string
	for n, chapter := range threeInTheMorning(g, who) {
		at := tonight(chapter.at)
		s.clock.at.Store(&at)
		incident = s.happens(who, sample.Message(chapter.records...))
		if n == 1 {
			if err := s.channels.Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.pictured("teams.png", s.channels.URL()+"?still", order{Width: 720, Scale: 2})
		}
	}
	s.clock.at.Store(&night)
	s.pictured("incident.png", s.link(incident), order{Width: 390, Scale: 2})
}

// pictured takes a picture of the page and compares it with the one in docs.
func (s *stack) pictured(name, address string, look order) {
	t := s.t
	t.Helper()
	w := open(t, look)
	w.goTo(address)
	w.quiet()
	taken := value[[]byte](w, order{Do: "picture"})
	file := filepath.Join("..", "..", "..", "docs", name)
	if *updatePictures {
		if err := os.WriteFile(file, taken, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(kept) > 200_000 {
		t.Errorf("docs/%s has %d bytes: too large for a document", name, len(kept))
	}
	now, then := size(t, taken), size(t, kept)
	if now.X != then.X || now.X != look.Width*look.Scale || math.Abs(float64(now.Y-then.Y)) > 0.15*float64(now.Y) {
		t.Errorf("docs/%s is %v, the page is now %v: look at it, and take it anew with -update-pictures", name, then, now)
	}
}

func size(t *testing.T, picture []byte) image.Point {
	t.Helper()
	c, kind, err := image.DecodeConfig(bytes.NewReader(picture))
	if err != nil || kind != "png" {
		t.Fatalf("not a picture (%s): %v", kind, err)
	}
	return image.Pt(c.Width, c.Height)
}
