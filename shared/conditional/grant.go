package conditional

import (
	"slices"
	"strings"
)

// controlWords says what each built-in control asks for.
var controlWords = map[string]string{
	"block":                "",
	"mfa":                  "multifactor authentication",
	"compliantDevice":      "a compliant device",
	"domainJoinedDevice":   "a hybrid-joined device",
	"approvedApplication":  "an approved app",
	"compliantApplication": "an app with an app protection policy",
	"passwordChange":       "a password change",
	"riskRemediation":      "that a risk is dealt with first",
}

// demand is one thing that a policy asks for, and whether the subject can give it.
type demand struct {
	met  truth
	what string // "multifactor authentication"
	why  string // why it is not met for certain; may be empty
}

// judge says what the grant controls do to the subject. The clause continues "the policy … and".
func (g *Grant) judge(s *Subject, set *Settings) (Consequence, string) {
	if g == nil {
		return SessionOnly, "only limits the session"
	}
	if g.Controls.has("block") {
		return Block, "blocks access"
	}
	demands := g.demands(s, set)
	if len(demands) == 0 {
		return SessionOnly, "only limits the session"
	}
	// Without OR, all are needed: a policy whose operator cannot be read is taken at its strictest.
	either := strings.EqualFold(g.Operator, "OR")
	met := demands[0].met
	var asks, whys []string
	for _, d := range demands {
		if either {
			met = max(met, d.met)
		} else {
			met = min(met, d.met)
		}
	}
	for _, d := range demands {
		asks = append(asks, d.what)
		if d.met <= met && d.met != yes && d.why != "" {
			whys = append(whys, d.why)
		}
	}
	link := " and "
	if either {
		link = " or "
	}
	clause := "asks for " + strings.Join(asks, link)
	switch met {
	case yes:
		return Satisfiable, clause + ", which the account can give"
	case maybe:
		return Uncertain, clause + "; whether the account can give it is not known" + because(whys)
	case no:
	}
	return Unsatisfiable, clause + ", which the account cannot give" + because(whys)
}

func because(whys []string) string {
	if len(whys) == 0 {
		return ""
	}
	slices.Sort(whys)
	return ": " + strings.Join(slices.Compact(whys), "; ")
}

// demands lists all that the policy asks for.
func (g *Grant) demands(s *Subject, set *Settings) []demand {
	var demands []demand
	for _, control := range g.Controls {
		words, known := controlWords[control]
		switch {
		case !known:
			demands = append(demands, demand{maybe, "something that is not known (" + control + ")", ""})
		case control == "mfa":
			demands = append(demands, demandMFA(s))
		default:
			// An emergency is handled from whatever device is at hand, and nobody can count on
			// changing a password that lies in a safe.
			demands = append(demands, demand{no, words, "an emergency sign-in cannot count on " + words})
		}
	}
	for range g.CustomFactors {
		demands = append(demands, demand{no, "a custom control", "an emergency sign-in cannot count on a custom control of another provider"})
	}
	for range g.TermsOfUse {
		demands = append(demands, demand{no, "accepted terms of use", "nobody has accepted terms of use for the account, and they can expire"})
	}
	if g.Strength != nil {
		demands = append(demands, g.Strength.demand(s, set))
	}
	return demands
}

func demandMFA(s *Subject) demand {
	d := demand{no, controlWords["mfa"], "the account has no method that counts as a second factor"}
	if s.Unread.Methods {
		d.met, d.why = maybe, "its methods could not be read"
		return d
	}
	for _, m := range s.Methods {
		d.met = max(d.met, m.multiFactor())
	}
	if d.met == maybe {
		d.why = "it is not known whether what is registered counts as multifactor"
	}
	return d
}

func (s Strength) demand(subject *Subject, set *Settings) demand {
	resolved, known := s.resolve(set.Strengths)
	if resolved.DisplayName == "" {
		resolved.DisplayName = s.DisplayName
	}
	d := demand{maybe, "the authentication strength " + resolved.name(), ""}
	switch {
	case !known:
		d.why = "what the authentication strength accepts could not be read"
	case subject.Unread.Methods:
		d.why = "its methods could not be read"
	default:
		d.met, d.why = resolved.accepts(subject.Methods)
		if d.met == no && d.why == "" {
			d.why = "no registered method is among those it accepts"
		}
	}
	return d
}

// acceptable says whether the policy may target the accounts in the mode DedicatedPolicy, and if it
// is listed and may not, why.
func (p *Policy) acceptable(c Consequence, set *Settings) (accepted bool, objection string) {
	if set.Mode != DedicatedPolicy || !set.DedicatedPolicies.has(p.ID) {
		return false, ""
	}
	cond := &p.Conditions
	switch {
	case c == Block:
		return false, "it blocks access"
	case p.Grant == nil || p.Grant.Strength == nil:
		return false, "it does not require an authentication strength"
	case strings.EqualFold(p.Grant.Operator, "OR") && len(p.Grant.Controls)+len(p.Grant.CustomFactors)+len(p.Grant.TermsOfUse) > 0:
		return false, "something else is enough in place of the authentication strength"
	case len(cond.Locations.Include)+len(cond.Locations.Exclude) > 0:
		return false, "it depends on the location"
	case cond.Devices.narrow() || cond.DeviceStates.narrow() || len(cond.Platforms.Include)+len(cond.Platforms.Exclude) > 0:
		return false, "it depends on the device"
	case p.unknownUnder("conditions") || p.unknownUnder("grantControls"):
		return false, "it holds something that is not known"
	}
	if strength, _ := p.Grant.Strength.resolve(set.Strengths); !strength.phishingResistant() {
		return false, "its authentication strength also accepts methods that are not phishing-resistant"
	}
	switch c {
	case Satisfiable:
		return true, ""
	case Uncertain:
		return false, "whether the account can satisfy it is not known"
	case NoConsequence, Block, Unsatisfiable, SessionOnly:
	}
	return false, "the account cannot satisfy it"
}
