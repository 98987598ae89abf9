package outside_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"glasswatch/shared/outside"
)

func TestLine(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		most     int
		want     string
	}{
		{"plain text stays", "Oslo, NO", 20, "Oslo, NO"},
		{"line breaks become one space", " a\r\n\t b\u2028c\u0085d ", 20, "a b c d"},
		{"NUL and escape become a space", "a\x00\x1b[31mb", 20, "a [31mb"},
		{"what turns the direction is left out", "abc\u202Etxt.exe\u202C\u2066x\u2069", 30, "abctxt.exex"},
		{"zero-width characters are left out", "pay\u200bpal\ufeff\u00ad", 20, "paypal"},
		{"tag characters are left out", "a\U000E0041\U000E0042b", 20, "ab"},
		{"broken UTF-8 is left out", "a\xff\xc3b", 20, "ab"},
		{"a replacement character stays", "a\uFFFDb", 20, "a\uFFFDb"},
		{"a short limit ends in an ellipsis", "abcdefgh", 5, "abcd…"},
		{"a limit of one", "abc", 1, "…"},
		{"a limit of none", "abc", 0, ""},
		{"exactly full is not cut", "abcde", 5, "abcde"},
		{"trailing space does not count", "abcde   ", 5, "abcde"},
		{"a cut line says how much is missing", strings.Repeat("x", 1000), 100, strings.Repeat("x", 77) + "… (923 more characters)"},
		{"only what cannot be seen", "\u200b\u202e \n", 5, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := outside.Line(tc.in, tc.most); got != tc.want {
				t.Errorf("Line(%q, %d) = %q, want %q", tc.in, tc.most, got, tc.want)
			}
		})
	}
}

func TestLineHoldsForAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "in")
		most := rapid.IntRange(0, 60).Draw(t, "most")
		got := outside.Line(in, most)
		if !utf8.ValidString(got) {
			t.Fatalf("%q is not UTF-8", got)
		}
		if n := utf8.RuneCountInString(got); n > most {
			t.Fatalf("%q has %d runes, more than %d", got, n, most)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || (unicode.IsSpace(r) && r != ' ') {
				t.Fatalf("%q holds %U", got, r)
			}
		}
		if again := outside.Line(got, most); again != got {
			t.Fatalf("a line is not stable: %q, then %q", got, again)
		}
	})
}
