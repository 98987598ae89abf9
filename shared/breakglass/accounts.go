package breakglass

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"glasswatch/shared/entra"
)

// noObjectID is what Entra writes where it found no user, for example with error 50034.
const noObjectID = "00000000-0000-0000-0000-000000000000"

// Accounts is the set of watched accounts, indexed for matching. It never changes once made and
// is safe for concurrent use. The zero value watches nobody.
type Accounts struct {
	list   []Account
	byID   map[string]int
	byName map[string]int
}

// NewAccounts indexes the accounts in the order of the configuration. An account without an
// object id, or with that of an earlier one, is left out; a name that two accounts claim belongs
// to the first. Aliases may carry the prefix of a proxy address ("SMTP:").
func NewAccounts(list []Account) Accounts {
	a := Accounts{byID: map[string]int{}, byName: map[string]int{}}
	for _, account := range list {
		account.ObjectID = strings.ToLower(strings.TrimSpace(account.ObjectID))
		account.UserPrincipalName = strings.TrimSpace(account.UserPrincipalName)
		account.Aliases = slices.Clone(account.Aliases)
		if _, known := a.byID[fold(account.ObjectID)]; known || account.ObjectID == "" {
			continue
		}
		a.byID[fold(account.ObjectID)] = len(a.list)
		a.list = append(a.list, account)
	}
	// Own names first: an alias learnt from the directory never takes another account's name.
	for i, account := range a.list {
		a.claim(account.UserPrincipalName, i)
	}
	for i, account := range a.list {
		// Records have been seen with the object id where the user name belongs.
		a.claim(account.ObjectID, i)
		for _, alias := range account.Aliases {
			if scheme, address, found := strings.Cut(alias, ":"); found && strings.EqualFold(strings.TrimSpace(scheme), "smtp") {
				alias = address
			}
			a.claim(alias, i)
		}
	}
	return a
}

func (a Accounts) claim(name string, account int) {
	key := fold(name)
	if key == "" {
		return
	}
	if _, taken := a.byName[key]; !taken {
		a.byName[key] = account
	}
}

// All returns a copy of the accounts in the order of the configuration.
func (a Accounts) All() []Account { return slices.Clone(a.list) }

// ByID returns the account with this object id, whatever its case.
func (a Accounts) ByID(objectID string) (Account, bool) {
	i, known := a.byID[fold(objectID)]
	if !known {
		return Account{}, false
	}
	return a.list[i], true
}

// Label is how people know the account with this object id; the id itself if it is not watched.
func (a Accounts) Label(objectID string) string {
	if account, known := a.ByID(objectID); known {
		return account.Label()
	}
	return objectID
}

// Match says which account the party is, if any: by object id, else by the user principal name,
// what was typed at sign-in, or the alternate name. Comparing ignores case and surrounding space
// and is always of the whole field; a display name is never looked at.
func (a Accounts) Match(p entra.Party) (Account, MatchedBy, bool) {
	if account, known := a.ByID(p.ObjectID); known {
		return account, ByObjectID, true
	}
	for _, name := range []struct {
		value string
		by    MatchedBy
	}{
		{p.UserPrincipalName, ByUserPrincipalName},
		{p.SignInIdentifier, BySignInIdentifier},
		{p.AlternateSignInName, ByAlternateSignInName},
	} {
		if i, known := a.byName[fold(name.value)]; known {
			return a.list[i], name.by, true
		}
	}
	return Account{}, ByNothing, false
}

// naming is one watched account as a record names it.
type naming struct {
	account   int
	role      entra.Role
	by        MatchedBy
	recreated string
}

// named lists the watched accounts that the parties name, each once, primary first.
func (a Accounts) named(parties []entra.Party) []naming {
	var found []naming
	for _, p := range parties {
		account, by, ok := a.Match(p)
		if !ok {
			continue
		}
		n := naming{account: a.byID[fold(account.ObjectID)], role: p.Role, by: by}
		if id := strings.ToLower(strings.TrimSpace(p.ObjectID)); by != ByObjectID && id != noObjectID {
			n.recreated = id
		}
		at := slices.IndexFunc(found, func(f naming) bool { return f.account == n.account })
		switch {
		case at < 0:
			found = append(found, n)
		case compareNamings(n, found[at]) < 0:
			if n.recreated == "" {
				n.recreated = found[at].recreated
			}
			found[at] = n
		case found[at].recreated == "":
			found[at].recreated = n.recreated
		}
	}
	slices.SortStableFunc(found, compareNamings)
	if len(found) > 1 {
		// Only the first is told apart by its part; the others follow the configuration.
		slices.SortStableFunc(found[1:], func(x, y naming) int { return x.account - y.account })
	}
	return found
}

// compareNamings orders by part (subject, actor, target), then by configuration, then by strength.
func compareNamings(x, y naming) int {
	if d := rolePrecedence(x.role) - rolePrecedence(y.role); d != 0 {
		return d
	}
	if d := x.account - y.account; d != 0 {
		return d
	}
	return strength(x.by) - strength(y.by)
}

func rolePrecedence(r entra.Role) int {
	switch r {
	case entra.RoleSubject:
		return 0
	case entra.RoleActor:
		return 1
	case entra.RoleTarget:
		return 2
	case entra.RoleNone:
		return 3
	default:
		return 4
	}
}

func strength(by MatchedBy) int {
	return slices.Index([]MatchedBy{ByObjectID, ByUserPrincipalName, BySignInIdentifier, ByAlternateSignInName}, by)
}

// fold maps strings that strings.EqualFold calls equal, surrounding space aside, to one key.
func fold(s string) string {
	s = strings.TrimSpace(s)
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			if 'A' <= r && r <= 'Z' {
				return r + 'a' - 'A'
			}
			return r
		}
		// The orbit of a letter can hold an ASCII one: the Kelvin sign folds to k.
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		if 'A' <= least && least <= 'Z' {
			return least + 'a' - 'A'
		}
		return least
	}, s)
}
