package detect

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"glasswatch/shared/breakglass"
	"glasswatch/shared/entra"
)

// scene says from where, to what and on what device somebody signed in, as the middle of a
// sentence: " from 203.0.113.7 (Oslo, NO) to Azure portal, unmanaged Windows device".
func scene(s *entra.SignIn) string {
	words := " " + from(s)
	if app := firstOf(s.App, s.Resource, s.AppID); app != "" {
		words += " to " + app
	}
	if d := device(s); d != "" {
		words += ", " + d
	}
	return words
}

func from(s *entra.SignIn) string {
	words := "from " + address(s.IPAddress)
	if p := place(s.City, s.Country); p != "" {
		words += " (" + p + ")"
	}
	return words
}

// address is the address as written, if it looks like one or at least says something.
func address(raw string) string {
	raw = Clip(raw, nameLength)
	if parsed, err := netip.ParseAddr(raw); err == nil {
		return parsed.Unmap().WithZone("").String()
	}
	// Old audit records say "<null>".
	if raw == "" || strings.EqualFold(raw, "<null>") || strings.EqualFold(raw, "null") {
		return "an unknown address"
	}
	return raw
}

func place(city, country string) string {
	city, country = name(city), name(country)
	if city != "" && country != "" {
		return city + ", " + country
	}
	return city + country
}

// systems are the operating systems whose version does not matter in a headline.
var systems = []struct{ prefix, name string }{
	{"windows", "Windows"},
	{"mac", "macOS"},
	{"ios", "iOS"},
	{"ipad", "iPadOS"},
	{"android", "Android"},
	{"linux", "Linux"},
	{"ubuntu", "Linux"},
	{"chromeos", "ChromeOS"},
}

func system(s *entra.SignIn) string {
	raw := strings.ToLower(strings.TrimSpace(s.OperatingSystem))
	for _, known := range systems {
		if strings.HasPrefix(raw, known.prefix) {
			return known.name
		}
	}
	return Clip(s.OperatingSystem, 24)
}

// device says what Entra knows of the device, such as "unmanaged Windows device". Entra leaves
// out compliant and managed where it does not know; a device without an id is not registered, so
// nobody manages it.
func device(s *entra.SignIn) string {
	isTrue := func(b *bool) bool { return b != nil && *b }
	isFalse := func(b *bool) bool { return b != nil && !*b }
	kind := strings.TrimSpace(system(s) + " device")
	switch {
	case isTrue(s.Compliant):
		return "compliant " + kind
	case isTrue(s.Managed) && isFalse(s.Compliant):
		return "managed but non-compliant " + kind
	case isTrue(s.Managed):
		return "managed " + kind
	case isFalse(s.Managed), isFalse(s.Compliant):
		return "unmanaged " + kind
	case s.DeviceID != "":
		return kind + " of unknown state"
	case s.OperatingSystem != "" || s.Browser != "":
		return "unmanaged " + kind
	default:
		return "unknown device"
	}
}

// result is Entra's answer in words, with its code.
func result(e breakglass.Event) string {
	code := breakglass.LookUp(e.ErrorCode)
	if e.Record.SignIn != nil && !e.Record.SignIn.HasErrorCode || e.ErrorCode < 0 {
		return code.Meaning
	}
	return fmt.Sprintf("%s (%d)", code.Meaning, code.Number)
}

func clock(unix int64) string { return time.Unix(unix, 0).UTC().Format("2006-01-02 15:04:05 UTC") }

// ago says an age in words, coarsely.
func ago(d time.Duration) string {
	switch {
	case d < 0:
		return "just now"
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min before", int(d.Minutes()))
	default:
		return fmt.Sprintf("%d h before", int(d.Hours()))
	}
}

// actor says who did what an audit or activity record tells.
func (c Case) actor() string {
	for _, p := range c.Event.Record.Parties {
		if p.Role != entra.RoleActor {
			continue
		}
		if account, _, watched := c.Setting.Accounts.Match(p); watched {
			return name(account.Label())
		}
		if who := firstOf(p.UserPrincipalName, p.DisplayName, p.ObjectID); who != "" {
			return who
		}
	}
	if app := firstOf(c.audit().ActorApp); app != "" {
		return "application " + app
	}
	if c.Event.Role == entra.RoleActor {
		return c.who()
	}
	return "somebody unnamed"
}

// target names what an audit record was done to: its first named target.
func (c Case) target() string {
	if names := c.audit().TargetNames; len(names) > 0 {
		if first := firstOf(names...); first != "" {
			return first
		}
	}
	for _, p := range c.Event.Record.Parties {
		if p.Role == entra.RoleTarget {
			return firstOf(p.UserPrincipalName, p.DisplayName, p.ObjectID, p.Type)
		}
	}
	return ""
}

// attempted is the end of a sentence about something that did not work.
func (c Case) attempted() string {
	if c.failed() {
		return " (attempt failed)"
	}
	return ""
}

// failed says whether an audit record tells of an attempt only. Anything but a plain failure
// counts as done.
func (c Case) failed() bool {
	return strings.EqualFold(strings.TrimSpace(c.audit().Result), "failure")
}
