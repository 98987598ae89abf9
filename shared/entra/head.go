package entra

import "bytes"

// record reads the beginning of a record up to its category. It reports false unless this is
// plainly that of a sign-in or Graph activity, and notes what it read.
func (w *walker) record() bool {
	const maxKey, maxValue, maxMembers = 64, 1024, 16
	b, i := w.b, w.at
	if !hasAt(b, i, "{") {
		return false
	}
	i++
	for range maxMembers {
		key, next := plainString(b, i, maxKey)
		if next < 0 || !hasAt(b, next, ":") {
			return false
		}
		i = next + 1
		isCategory := equalFold(key, "category")
		if isCategory && string(key) != "category" {
			return false
		}
		value, next := plainString(b, i, maxValue)
		if isCategory {
			if next < 0 {
				return false
			}
			w.sel.noteCategory(next-len(quote)-len(value), next-len(quote))
			if !passable(value) {
				return false
			}
			w.at, w.depth = next, 1
			w.outside, w.outsideDepth = next, 1
			return true
		}
		if next < 0 {
			next = i + plainScalar(b[i:min(len(b), i+maxKey)])
		}
		if next == i || !hasAt(b, next, ",") {
			return false
		}
		i = next + 1
	}
	return false
}

// plainString reads a string without any escape; -1 if there is none at i.
func plainString(b []byte, i, most int) ([]byte, int) {
	if !hasAt(b, i, quote) {
		return nil, -1
	}
	i += len(quote)
	n := bytes.IndexByte(b[i:min(len(b), i+most)], '\\')
	if n < 0 || !hasAt(b, i+n, quote) {
		return nil, -1
	}
	return b[i : i+n], i + n + len(quote)
}

// plainScalar returns the length of a number, true, false or null.
func plainScalar(b []byte) int {
	for n, c := range b {
		if !isHex(c) && (c|0x20 < 'a' || c|0x20 > 'z') && c != '-' && c != '+' && c != '.' {
			return n
		}
	}
	return 0
}

// passable says whether the category is one whose records matter only for whom they name. It takes
// nothing for such a category that Parse would not.
func passable(category []byte) bool {
	switch len(category) {
	case len("SignInLogs"):
		return equalFold(category, "SignInLogs")
	case len("ADFSSignInLogs"):
		return equalFold(category, "ADFSSignInLogs")
	case len("AzureADGraphActivityLogs"):
		return equalFold(category, "AzureADGraphActivityLogs")
	case len("ManagedIdentitySignInLogs"):
		return equalFold(category, "ManagedIdentitySignInLogs")
	case len("ServicePrincipalSignInLogs"): // as long as MicrosoftGraphActivityLogs
		return equalFold(category, "ServicePrincipalSignInLogs") || equalFold(category, "MicrosoftGraphActivityLogs")
	case len("NonInteractiveUserSignInLogs"):
		return equalFold(category, "NonInteractiveUserSignInLogs")
	case len("MicrosoftServicePrincipalSignInLogs"):
		return equalFold(category, "MicrosoftServicePrincipalSignInLogs")
	}
	return false
}
