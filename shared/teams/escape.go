package teams

import (
	"strings"
	"unicode"

	"glasswatch/shared/outside"
)

// zeroWidth is put between characters that would mean something together. It is nothing that any
// Markdown dialect skips, and outside.Line has taken away all that came from outside.
const zeroWidth = '\u200b'

// lookalikes stand for characters that format text in Markdown whatever surrounds them. A
// backslash before them would do only where the client knows Markdown's escapes, which is
// documented for none of Teams' clients.
var lookalikes = map[rune]rune{
	'*': '∗', '`': '\'', '~': '∼', '[': '(', ']': ')', '<': '‹', '>': '›',
}

// escape makes outside text of at most most runes plain in all that a Teams client gives a meaning
// to. The result has no line breaks.
func escape(s string, most int) string {
	line := outside.Line(s, most)
	if startsBlock([]rune(line)) {
		return string(zeroWidth) + tame(line)
	}
	return tame(line)
}

// tame takes the meaning from all that has one within a line: Markdown, HTML, entities, mentions,
// addresses that a client would make links of, and the "{{DATE(…)}}" and "${…}" of Adaptive Cards.
// What people copy from a card stays as it was: names of accounts, addresses, ids, times.
func tame(line string) string {
	runes := []rune(line)
	mail := mailWords(runes)
	var b strings.Builder
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return ' '
		}
		return runes[i]
	}
	for i, r := range runes {
		before, after := at(i-1), at(i+1)
		// Before a dot for those who look for "www.", behind it for those who look for ".com".
		dot := r == '.' && alphanumeric(before) && unicode.IsLetter(after) && !mail[i]
		switch {
		case r == '_' && (!alphanumeric(before) || !alphanumeric(after)):
			r = '＿'
		case r == '{' && strings.ContainsRune("{$@%", before), dot:
			b.WriteRune(zeroWidth)
		}
		if plain, ok := lookalikes[r]; ok {
			r = plain
		}
		b.WriteRune(r)
		switch {
		case r == '&' && (alphanumeric(after) || after == '#'),
			r == '\\' && !alphanumeric(after),
			r == '/' && after == '/',
			dot:
			b.WriteRune(zeroWidth)
		}
	}
	return b.String()
}

// mailWords marks the runes of words that read like a user principal name, "bg.alpha@contoso.com".
func mailWords(runes []rune) map[int]bool {
	marked := map[int]bool{}
	for start := 0; start < len(runes); start++ {
		end, signs := start, 0
		for end < len(runes) && (alphanumeric(runes[end]) || strings.ContainsRune("@.-_+", runes[end])) {
			if runes[end] == '@' {
				signs++
			}
			end++
		}
		word := string(runes[start:end])
		if name, host, ok := strings.Cut(word, "@"); ok && signs == 1 && name != "" && host != "" && host[0] != '.' && !behindSlash(runes, start) {
			for i := start; i < end; i++ {
				marked[i] = true
			}
		}
		start = end
	}
	return marked
}

// behindSlash says whether a word is part of an address: "https://entra.microsoft.com@evil.example".
func behindSlash(runes []rune, start int) bool { return start > 0 && runes[start-1] == '/' }

// startsBlock says whether a line would begin a heading, a list or a rule.
func startsBlock(line []rune) bool {
	digits := 0
	for digits < len(line) && unicode.IsDigit(line[digits]) {
		digits++
	}
	rest := line[digits:]
	if len(rest) == 0 {
		return false
	}
	next := ' '
	if len(rest) > 1 {
		next = rest[1]
	}
	if digits > 0 {
		return strings.ContainsRune(".)", rest[0]) && next == ' '
	}
	return strings.ContainsRune("#-+=•", rest[0]) && (next == ' ' || next == rest[0])
}

// headline escapes a headline and shows its leading emphasis in bold.
func headline(text, emphasis string, most int) string {
	line, strong := outside.Line(text, most), []rune(outside.Line(emphasis, most))
	// Bold ends only behind a letter or digit; behind anything else Markdown may not see the end.
	for len(strong) > 0 && !alphanumeric(strong[len(strong)-1]) {
		strong = strong[:len(strong)-1]
	}
	rest, ok := strings.CutPrefix(line, string(strong))
	if !ok || len(strong) == 0 || !alphanumeric(strong[0]) {
		return escape(line, most)
	}
	return "**" + tame(string(strong)) + "**" + tame(rest)
}

func alphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
