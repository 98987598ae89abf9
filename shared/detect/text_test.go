package detect_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"glasswatch/shared/detect"
	"glasswatch/shared/entra"
)

func TestClip(t *testing.T) {
	for _, tt := range []struct {
		name, in, want string
		limit          int
	}{
		{"short", "Azure portal", "Azure portal", 12},
		{"cut", "Azure portal", "Azure port…", 11},
		{"cut at a blank", "Azure portal", "Azure…", 7},
		{"one rune", "Azure", "…", 1},
		{"nothing", "Azure", "", 0},
		{"runes, not bytes", "æøåæøå", "æøå…", 4},
		{"white space", "  a \r\n\t b\u2028c\u00a0 ", "a b c", 9},
		{"control characters", "a\x00b\x1b[31mc\x7f\u0085d", "ab[31mc d", 20},
		{"bidi", "a\u202eb\u2066c\u200fd", "abcd", 9},
		{"invisible", "a\u200bb\ufeffc\u00add\u2060e\U000e0041f\ufe0fg\u3164h", "abcdefgh", 20},
		{"not UTF-8", "a\xffb\xc3", "ab", 9},
		{"blanks after the cut are not counted", "abc     ", "abc", 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := detect.Clip(tt.in, tt.limit); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzClip(f *testing.F) {
	f.Add("Azure portal\u202e\x00", 5)
	f.Add("\xff\xfe \u2028", 1)
	f.Add(strings.Repeat("a ", 100), 7)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit %= 1000
		got := detect.Clip(s, limit)
		if n := utf8.RuneCountInString(got); n > max(limit, 0) || !utf8.ValidString(got) {
			t.Fatalf("%d runes of at most %d, valid %t: %q", n, limit, utf8.ValidString(got), got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' || r == utf8.RuneError {
				t.Fatalf("%U is left in %q", r, got)
			}
		}
		if got != strings.TrimSpace(got) || strings.Contains(got, "  ") {
			t.Fatalf("white space is left in %q", got)
		}
		if again := detect.Clip(got, limit); again != got {
			t.Fatalf("clipped again: %q, was %q", again, got)
		}
	})
}

// A record's text can neither break the sentence that it stands in nor fill the card.
func FuzzHeadline(f *testing.F) {
	f.Add("Azure portal", "203.0.113.7", "Oslo", "Windows", 0)
	f.Add("\u202egro.live", "::1%\x00", strings.Repeat("a", 5000), "\n\n## Heading", 50126)
	f.Fuzz(func(t *testing.T, app, address, city, system string, code int) {
		v := judge(t, signIn(code, func(r *entra.Record) {
			r.SignIn.App, r.SignIn.IPAddress, r.SignIn.City, r.SignIn.OperatingSystem, r.SignIn.ClientApp = app, address, city, system, app
		}))
		if !strings.HasPrefix(v.Headline, v.Emphasis) || utf8.RuneCountInString(v.Headline) > 500 || !utf8.ValidString(v.Headline) {
			t.Fatalf("%q", v.Headline)
		}
		for _, r := range v.Headline {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				t.Fatalf("%U is left in %q", r, v.Headline)
			}
		}
		if (code == 0) != (v.HeadlineRule == "signin-success") && v.HeadlineRule != "legacy-auth" && code == 0 {
			t.Fatalf("a success is headed by %s", v.HeadlineRule)
		}
	})
}

func TestDeviceWords(t *testing.T) {
	for _, tt := range []struct {
		name   string
		device entra.SignIn
		want   string
	}{
		{"nothing known", entra.SignIn{}, "unknown device"},
		{"not registered", entra.SignIn{OperatingSystem: "Windows10", Browser: "Edge"}, "unmanaged Windows device"},
		{"said to be unmanaged", entra.SignIn{OperatingSystem: "MacOs", Managed: new(false), DeviceID: "d"}, "unmanaged macOS device"},
		{"not compliant", entra.SignIn{OperatingSystem: "Android", Compliant: new(false), DeviceID: "d"}, "unmanaged Android device"},
		{"compliant", entra.SignIn{OperatingSystem: "Ios 18.1", Compliant: new(true)}, "compliant iOS device"},
		{"managed", entra.SignIn{OperatingSystem: "Linux", Managed: new(true)}, "managed Linux device"},
		{"managed, not compliant", entra.SignIn{OperatingSystem: "Windows 11", Managed: new(true), Compliant: new(false)}, "managed but non-compliant Windows device"},
		{"registered, state unknown", entra.SignIn{OperatingSystem: "Windows 11", DeviceID: "d"}, "Windows device of unknown state"},
		{"unknown system", entra.SignIn{OperatingSystem: "TempleOS"}, "unmanaged TempleOS device"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := judge(t, signIn(0, func(r *entra.Record) {
				s := tt.device
				s.HasErrorCode, s.App, s.IPAddress = true, "x", "::ffff:192.0.2.1"
				r.SignIn = &s
			}))
			if want := "Break-glass sign-in succeeded: bg-alpha from 192.0.2.1 to x, " + tt.want; v.Headline != want {
				t.Errorf("%s\nwant %s", v.Headline, want)
			}
		})
	}
}
