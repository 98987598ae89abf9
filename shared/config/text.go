package config

import (
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the image that the app runs in may have no time zones of its own
	"unicode"
	"unicode/utf8"
)

// line parses a text that people read: one line, bounded.
func line(limit int, set func(*draft, string)) func(*draft, string) []flaw {
	return func(d *draft, value string) []flaw {
		switch {
		case utf8.RuneCountInString(value) > limit:
			return wrong("is longer than %d characters", limit)
		case !printable(value):
			return wrong("holds characters that cannot be printed")
		}
		set(d, value)
		return nil
	}
}

// word parses a text without white space that stands in a header or an address.
func word(set func(*draft, string)) func(*draft, string) []flaw {
	return func(d *draft, value string) []flaw {
		if len(value) > 1024 || !printable(value) || strings.Contains(value, " ") {
			return wrong("is too long or holds white space or characters that cannot be printed")
		}
		set(d, value)
		return nil
	}
}

// name parses the name of a hub or a consumer group.
func name(set func(*draft, string)) func(*draft, string) []flaw {
	return func(d *draft, value string) []flaw {
		if len(value) > 256 || strings.Trim(strings.ToLower(value), "abcdefghijklmnopqrstuvwxyz0123456789._-$/") != "" {
			return wrong("is no such name: at most 256 letters, digits, and . _ -")
		}
		set(d, value)
		return nil
	}
}

// oneOf parses one of a few words, whatever their case.
func oneOf[T ~string](set func(*draft, T), words ...T) func(*draft, string) []flaw {
	return func(d *draft, value string) []flaw {
		for _, w := range words {
			if strings.EqualFold(value, string(w)) {
				set(d, w)
				return nil
			}
		}
		return wrong("is none of the words it can be")
	}
}

// guid parses one GUID.
func guid(set func(*draft, string)) func(*draft, string) []flaw {
	return func(d *draft, value string) []flaw {
		if !isGUID(value) {
			return wrong("is no GUID")
		}
		set(d, strings.ToLower(value))
		return nil
	}
}

// guids parses a list of GUIDs. Bad ones are left out, named by their position.
func guids(set func(*draft, []string)) func(*draft, string) []flaw {
	return func(d *draft, value string) []flaw {
		var flaws []flaw
		var ids []string
		first := make(map[string]int)
		for i, entry := range entries(value) {
			id := strings.ToLower(entry)
			switch {
			case !isGUID(id):
				flaws = append(flaws, wrong("has no GUID as entry %d", i+1)...)
			case first[id] > 0:
				flaws = append(flaws, flaw{problem: "has entry " + strconv.Itoa(first[id]) + " again as entry " + strconv.Itoa(i+1), fix: "remove one of them"})
			default:
				first[id] = i + 1
				ids = append(ids, id)
			}
		}
		set(d, ids)
		return flaws
	}
}

// entries cuts a list at commas, semicolons and line breaks. Blank entries do not count.
func entries(value string) []string {
	var list []string
	for entry := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == ',' || r == ';' || r == '\n' || r == '\r' }) {
		if entry = strings.TrimSpace(entry); entry != "" {
			list = append(list, entry)
		}
	}
	return list
}

// isGUID says whether s has the form 8-4-4-4-12. The GUID of zeros names nothing and is none.
func isGUID(s string) bool {
	if len(s) != 36 || strings.Trim(s, "0-") == "" {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
				return false
			}
		}
	}
	return true
}

func parseAccounts(d *draft, value string) []flaw {
	var flaws []flaw
	first := make(map[string]int) // by id or name, to the entry's position
	for i, entry := range entries(value) {
		id, upn, named := strings.Cut(entry, "=")
		id, upn = strings.ToLower(strings.TrimSpace(id)), strings.TrimSpace(upn)
		if !isGUID(id) {
			flaws = append(flaws, wrong("has no object id in entry %d", i+1)...)
			continue
		}
		if named && !isUPN(upn) {
			flaws = append(flaws, wrong("has no user principal name after the = in entry %d", i+1)...)
			upn = ""
		}
		if at := first[strings.ToLower(upn)]; upn != "" && at > 0 && d.Accounts[at-1].ObjectID != id {
			flaws = append(flaws, flaw{"gives the user principal name of entry " + strconv.Itoa(i+1) + " to another account too", "check which account has that name"})
		}
		if at := first[id]; at > 0 {
			flaws = append(flaws, flaw{"names the account of entry " + strconv.Itoa(i+1) + " more than once", "remove one of the entries"})
			if d.Accounts[at-1].UserPrincipalName == "" {
				d.Accounts[at-1].UserPrincipalName = upn
			}
			continue
		}
		d.Accounts = append(d.Accounts, Account{id, upn})
		first[id] = len(d.Accounts)
		if upn != "" {
			first[strings.ToLower(upn)] = len(d.Accounts)
		}
	}
	return flaws
}

// isUPN accepts whatever might be one: it is better to compare with a strange name than with none.
func isUPN(s string) bool {
	user, domain, found := strings.Cut(s, "@")
	return found && user != "" && domain != "" && len(s) <= 1024 && printable(s) && !strings.Contains(s, " ")
}

func parseResourceIDs(d *draft, value string) []flaw {
	var flaws []flaw
	for i, id := range entries(value) {
		if !strings.HasPrefix(id, "/") || len(id) > 2048 || !printable(id) {
			flaws = append(flaws, wrong("has no resource id as entry %d", i+1)...)
			continue
		}
		d.ResourceIDs = append(d.ResourceIDs, strings.TrimSuffix(id, "/"))
	}
	return flaws
}

func parseZone(d *draft, value string) []flaw {
	if strings.EqualFold(value, "local") || len(value) > 64 {
		return wrong("names no time zone")
	}
	zone, err := time.LoadLocation(value)
	if err != nil {
		return wrong("names no time zone")
	}
	d.Zone = zone
	return nil
}

func parsePort(d *draft, value string) []flaw {
	port, err := strconv.ParseUint(value, 10, 16)
	if err != nil || port == 0 {
		return wrong("is no port number")
	}
	d.Port = int(port)
	return nil
}

// parseAuthenticates believes nothing but a plain yes: whoever can send X-MS-CLIENT-PRINCIPAL
// himself must not be believed.
func parseAuthenticates(d *draft, value string) []flaw {
	d.Authenticates = strings.EqualFold(value, "true") || value == "1"
	return nil
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
