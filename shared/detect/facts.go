package detect

import (
	"strings"

	"glasswatch/shared/entra"
)

// maxFacts bounds a card.
const maxFacts = 16

// facts are what a card shows beside the headline, in reading order; empty values are left out.
func (c Case) facts() []Fact {
	var facts []Fact
	if c.Event.Account != "" {
		facts = append(facts, Fact{"Account", c.accountName()})
	}
	if c.Event.Recreated != "" {
		facts = append(facts, Fact{"Object id", c.Event.Recreated + ", not the configured one: the account may have been made anew"})
	}
	switch k := c.Event.Kind; {
	case isSignIn(k):
		facts = append(facts, c.signInFacts()...)
	case k == entra.KindAudit:
		facts = append(facts, c.auditFacts()...)
	case k == entra.KindRiskyUser, k == entra.KindRiskEvent:
		facts = append(facts, c.riskFacts()...)
	case k == entra.KindGraphActivity, k == entra.KindAzureActivity:
		facts = append(facts, c.activityFacts()...)
	default:
		facts = append(facts, Fact{"Category", c.Event.Record.Category}, Fact{"Operation", c.Event.Record.Operation},
			Fact{"Reason", c.Event.DamageReason}, Fact{"Kind of damage", c.Event.DamageShape})
	}
	if own := c.Setting.TenantID; own != "" && c.Event.Record.TenantID != "" && !strings.EqualFold(own, strings.TrimSpace(c.Event.Record.TenantID)) {
		facts = append(facts, Fact{"Tenant", c.Event.Record.TenantID + ", which is not yours: the record may be forged"})
	}
	if c.Event.ClockDoubtful {
		facts = append(facts, Fact{"Time", "the record's clock is ahead of ours by more than ten minutes"})
	}
	facts = append(facts, Fact{"Record id", c.Event.RecordID})
	return readable(facts)
}

// readable clips the values and drops what is empty.
func readable(facts []Fact) []Fact {
	kept := make([]Fact, 0, len(facts))
	for _, f := range facts {
		if f.Value = Clip(f.Value, factLength); f.Value != "" && len(kept) < maxFacts {
			kept = append(kept, f)
		}
	}
	return kept
}

// accountName is the account's user name, or its object id if it is not known.
func (c Case) accountName() string {
	shown := c.Event.Account
	if account, known := c.Setting.Accounts.ByID(c.Event.Account); known && account.UserPrincipalName != "" {
		shown = account.UserPrincipalName
	}
	if others := len(c.Event.Accounts) - 1; others > 0 {
		var labels []string
		for _, id := range c.Event.Accounts[1:] {
			labels = append(labels, c.Setting.Accounts.Label(id))
		}
		shown += ", also " + strings.Join(labels, ", ")
	}
	return shown
}

func (c Case) signInFacts() []Fact {
	s := c.signIn()
	from := strings.TrimPrefix(from(s), "from ")
	browser := s.Browser
	if browser == "" {
		browser = s.UserAgent
	}
	client := s.ClientApp
	if s.Protocol != "" && !strings.EqualFold(s.Protocol, "none") {
		client += " (" + s.Protocol + ")"
	}
	transfer := s.TransferMethod
	if strings.EqualFold(transfer, "none") {
		transfer = ""
	}
	method := strings.Join(s.Methods, ", ")
	if s.Requirement != "" {
		method = strings.TrimPrefix(method+", "+words(s.Requirement), ", ")
	}
	crossTenant := s.CrossTenant
	if strings.EqualFold(crossTenant, "none") {
		crossTenant = ""
	}
	atRisk := s.RiskLevel
	if strings.EqualFold(atRisk, "none") {
		atRisk = ""
	}
	issuer := s.TokenIssuer
	if strings.EqualFold(issuer, "AzureAD") {
		issuer = ""
	}
	return []Fact{
		{"Result", result(c.Event)},
		{"From", from},
		{"Application", firstNonEmpty(s.App, s.AppID)},
		{"Resource", s.Resource},
		{"Device", strings.TrimSpace(device(s) + " " + s.DeviceName)},
		{"Signed in with", method},
		{"Client", client},
		{"Transferred by", transfer},
		{"Browser", browser},
		{"Conditional Access", s.ConditionalAccess},
		{"Risk", atRisk},
		{"Token issuer", issuer},
		{"Across tenants", crossTenant},
	}
}

// words turns a name such as multiFactorAuthentication into words.
func words(camel string) string {
	switch strings.ToLower(camel) {
	case "multifactorauthentication":
		return "multifactor"
	case "singlefactorauthentication":
		return "single factor"
	default:
		return camel
	}
}

func (c Case) auditFacts() []Fact {
	a := c.audit()
	result := a.Result
	if a.ResultReason != "" {
		result = strings.TrimPrefix(result+": "+a.ResultReason, ": ")
	}
	facts := []Fact{
		{"Activity", a.Activity},
		{"By", c.actor()},
		{"From", a.IPAddress},
		{"Target", c.targetNames()},
		{"Result", result},
	}
	if c.policy.holds {
		return append(facts, c.policy.facts(c.Event.ReachedAt)...)
	}
	shown := 0
	for _, change := range a.Changes {
		if shown == 4 {
			break
		}
		if title := firstOf(change.Name); title != "" && change.Old != change.New {
			facts = append(facts, Fact{title, changed(change)})
			shown++
		}
	}
	return facts
}

func changed(change entra.Change) string {
	before, after := Clip(change.Old, factLength/2-10), Clip(change.New, factLength/2-10)
	switch {
	case before == "":
		return "now " + after
	case after == "":
		return "was " + before
	default:
		return "was " + before + ", now " + after
	}
}

func (c Case) riskFacts() []Fact {
	r := c.risk()
	from := ""
	if r.IPAddress != "" {
		from = address(r.IPAddress)
		if p := place(r.City, r.Country); p != "" {
			from += " (" + p + ")"
		}
	}
	return []Fact{
		{"Detection", r.EventType},
		{"Level", r.Level},
		{"State", r.State},
		{"Detail", r.Detail},
		{"From", from},
		{"Sign-in", r.RequestID},
	}
}

func (c Case) activityFacts() []Fact {
	a := c.activity()
	return []Fact{
		{"By", c.actor()},
		{"Request", strings.TrimSpace(a.Method + " " + a.URI)},
		{"Operation", firstNonEmpty(a.Operation, c.Event.Record.Operation)},
		{"Resource", resourceOf(c.Event.Record)},
		{"Result", a.Status},
		{"From", a.IPAddress},
		{"Application", a.AppID},
		{"Client", a.UserAgent},
	}
}
