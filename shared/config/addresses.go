package config

import (
	"net/netip"
	"net/url"
	"strings"
)

const longestAddress = 8192

// address parses a webhook's address, which is kept as it was written: signatures in it would not
// survive being put together anew.
func address(set func(*draft, string)) func(*draft, string) []flaw {
	return func(d *draft, value string) []flaw {
		if _, problem := parseURL(value); problem != "" {
			return wrong("%s", problem)
		}
		set(d, value)
		return nil
	}
}

// base parses the base address of an API or of the app.
func base(set func(*draft, Endpoint)) func(*draft, string) []flaw {
	return func(d *draft, value string) []flaw {
		e, flaws := parseBase(value)
		if flaws == nil {
			set(d, e)
		}
		return flaws
	}
}

func parseBase(value string) (Endpoint, []flaw) {
	u, problem := parseURL(value)
	switch {
	case problem != "":
		return Endpoint{}, wrong("%s", problem)
	case u.RawQuery != "" || u.ForceQuery:
		return Endpoint{}, wrong("has a query, which a base address cannot have")
	}
	return Endpoint{URL: strings.TrimRight(value, "/"), Anonymous: u.Scheme == "http"}, nil
}

// parseURL accepts https everywhere and http on loopback. It says what is wrong without saying
// what was given: the address may be the secret.
func parseURL(value string) (u *url.URL, problem string) {
	if len(value) > longestAddress {
		return nil, "is longer than any address"
	}
	if !printable(value) || strings.Contains(value, " ") {
		return nil, "holds white space or characters that cannot be printed"
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" {
		return nil, "is no address"
	}
	switch {
	case u.User != nil:
		return nil, "holds a user name before the host"
	case strings.Contains(value, "#"):
		return nil, "has a fragment"
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, ""
	case u.Scheme == "http":
		return nil, "is plain http to another machine"
	default:
		return nil, "is no https address"
	}
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// partOfMicrosoft365 says whether a webhook depends on what an outage or an intruder may have taken
// away: Power Automate, Teams, Logic Apps.
func partOfMicrosoft365(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	host := "." + strings.ToLower(u.Hostname())
	for _, domain := range []string{".logic.azure.com", ".logic.azure.us", ".powerplatform.com", ".powerautomate.com", ".office.com", ".office365.com", ".teams.microsoft.com", ".sharepoint.com"} {
		if strings.HasSuffix(host, domain) {
			return true
		}
	}
	return false
}
