package conditional

import (
	"slices"
	"strings"
)

// essential are the resources without which nobody can administer the tenant: a policy for one of
// them is not narrowed by its choice of applications.
var essential = List{
	all, adminPortals,
	"797f4846-ba00-4fd7-ba43-dac1f8f63013", "c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "00000003-0000-0000-c000-000000000000",
}

var applicationWords = map[string]string{
	all:                                    "any application",
	none:                                   "no application",
	adminPortals:                           "the Microsoft admin portals",
	"Office365":                            "Office 365",
	"797f4846-ba00-4fd7-ba43-dac1f8f63013": "Azure management",
	"c44b4083-3bb0-49c1-b47d-974e53cbdf3c": "the Azure portal",
	"00000003-0000-0000-c000-000000000000": "Microsoft Graph",
}

var clientWords = map[string]string{
	"browser":                     "a browser",
	"mobileAppsAndDesktopClients": "apps and desktop programs",
	"exchangeActiveSync":          "Exchange ActiveSync",
	"easSupported":                "Exchange ActiveSync",
	"easUnsupported":              "Exchange ActiveSync",
	"other":                       "legacy programs",
}

var actionWords = map[string]string{
	"urn:user:registersecurityinfo": "registering security information",
	"urn:user:registerdevice":       "registering or joining a device",
}

var flowWords = map[string]string{
	"deviceCodeFlow":         "device code flow",
	"authenticationTransfer": "authentication transfer",
}

var locationWords = map[string]string{
	all:                                    "anywhere",
	allTrusted:                             "trusted locations",
	"00000000-0000-0000-0000-000000000000": "trusted addresses of the older MFA settings",
}

// appliesWhen lists the conditions that narrow the policy, as clauses that continue "applies".
func (p *Policy) appliesWhen(set *Settings) []string {
	c, a := &p.Conditions, &p.Conditions.Applications
	var when []string
	say := func(clause string) { when = append(when, clause) }
	if len(a.UserActions) > 0 {
		say("when " + set.list(a.UserActions, actionWords, " or "))
	}
	if len(a.Contexts) > 0 {
		say("when something asks for the authentication context " + set.list(a.Contexts, nil, " or ") + ", as protected actions do")
	}
	if len(a.Include) > 0 && (!a.Include.has(all) || len(a.Exclude) > 0) {
		clause := "when opening " + set.list(a.Include, applicationWords, " or ")
		if len(a.Exclude) > 0 {
			clause += ", but not " + set.list(a.Exclude, applicationWords, " or ")
		}
		say(clause)
	}
	if a.Filter.Rule != "" {
		say("to applications that a filter " + filterVerb(a.Filter))
	}
	if c.ClientAppTypes.limits("all") {
		say("when signing in with " + set.list(c.ClientAppTypes, clientWords, " or "))
	}
	if c.Platforms.Include.limits("all") || len(c.Platforms.Exclude) > 0 {
		say("on " + fromTo(set, c.Platforms.Include, c.Platforms.Exclude, nil, "all", "any platform"))
	}
	if c.Locations.Include.limits(all) || len(c.Locations.Exclude) > 0 {
		say("from " + fromTo(set, c.Locations.Include, c.Locations.Exclude, locationWords, all, "anywhere"))
	}
	for _, risk := range []struct {
		levels List
		of     string
	}{{c.UserRiskLevels, "user risk"}, {c.SignInRiskLevels, "sign-in risk"}, {c.InsiderRiskLevels, "insider risk"}} {
		if len(risk.levels) > 0 {
			say("when the " + risk.of + " is " + set.list(risk.levels, nil, " or "))
		}
	}
	if c.Devices.Filter.Rule != "" {
		say("on devices that a filter " + filterVerb(c.Devices.Filter))
	}
	if f := c.Devices; len(f.Include)+len(f.Exclude)+len(f.IncludeStates)+len(f.ExcludeStates) > 0 || c.DeviceStates.narrow() {
		say("on devices in some states")
	}
	if len(c.AuthenticationFlows.Transfer) > 0 && !c.AuthenticationFlows.Transfer.has("none") {
		say("when signing in by " + set.list(c.AuthenticationFlows.Transfer, flowWords, " or "))
	}
	for _, path := range p.Unknown {
		if strings.HasPrefix(path, "conditions.") && !strings.HasPrefix(path, "conditions.users") {
			say("under a condition that is not known (" + path + ")")
		}
	}
	return when
}

// certain says whether the policy applies to an administrator's sign-in in a browser whatever the
// place, device and risk.
func (p *Policy) certain() bool {
	c, a := &p.Conditions, &p.Conditions.Applications
	return len(a.UserActions)+len(a.Contexts) == 0 && a.Filter.Rule == "" &&
		slices.ContainsFunc(a.Include, essential.has) && !slices.ContainsFunc(a.Exclude, essential.has) &&
		(!c.ClientAppTypes.limits("all") || c.ClientAppTypes.has("browser")) &&
		!c.Platforms.Include.limits("all") && len(c.Platforms.Exclude) == 0 &&
		!c.Locations.Include.limits(all) && len(c.Locations.Exclude) == 0 &&
		len(c.UserRiskLevels)+len(c.SignInRiskLevels)+len(c.InsiderRiskLevels) == 0 &&
		!c.Devices.narrow() && !c.DeviceStates.narrow() &&
		(len(c.AuthenticationFlows.Transfer) == 0 || c.AuthenticationFlows.Transfer.has("none")) &&
		(!p.unknownUnder("conditions.") || !p.unknownCondition())
}

// unknownCondition says whether a condition other than the users is not known.
func (p *Policy) unknownCondition() bool {
	return slices.ContainsFunc(p.Unknown, func(path string) bool {
		lower := strings.ToLower(path)
		return strings.HasPrefix(lower, "conditions.") && !strings.HasPrefix(lower, "conditions.users")
	})
}

func (d *Devices) narrow() bool {
	return d.Filter.Rule != "" || len(d.Include)+len(d.Exclude)+len(d.IncludeStates)+len(d.ExcludeStates) > 0
}

func (d *DeviceStates) narrow() bool { return len(d.Include)+len(d.Exclude) > 0 }

func filterVerb(f Filter) string {
	if strings.EqualFold(f.Mode, "exclude") {
		return "does not exclude (" + f.Rule + ")"
	}
	return "selects (" + f.Rule + ")"
}

func fromTo(set *Settings, include, exclude List, words map[string]string, everything, everythingWords string) string {
	clause := everythingWords
	if include.limits(everything) {
		clause = set.list(include, words, " or ")
	}
	if len(exclude) > 0 {
		clause += " but not " + set.list(exclude, words, " or ")
	}
	return clause
}

// list says the items in words, sorted so that the order of a policy's lists does not matter.
func (set *Settings) list(items List, words map[string]string, link string) string {
	said := make([]string, 0, len(items))
	for _, item := range items {
		if word, known := words[item]; known {
			said = append(said, word)
		} else {
			said = append(said, set.name(item))
		}
	}
	slices.Sort(said)
	return strings.Join(slices.Compact(said), link)
}
