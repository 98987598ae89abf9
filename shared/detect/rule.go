package detect

import (
	"glasswatch/shared/breakglass"
	"glasswatch/shared/entra"
)

// Rule is one thing worth knowing about. It is a plain value: to add one, write it in the file of
// its topic and put it into Rules at the place of its precedence.
type Rule struct {
	ID       string   // stable: stored in the ledger and shown on cards
	Title    string   // one plain sentence: what it is about
	Why      string   // why it matters, with the source
	Means    string   // what it means, for the person who was just woken by it
	Do       []string // what to do now, three lines at most
	Severity Severity // the usual one, which is the one that docs show
	Grades   string   // when it is another, in words; empty if never
	Tenant   bool     // matters for records that name no watched account, too

	// Holds decides, from the case alone: no clock, no I/O. A severity counts only with true.
	Holds func(Case) (Severity, bool)
	// Say is the headline of a case in which the rule holds: the part to emphasise, and the rest.
	Say func(Case) (emphasis, rest string)
}

// Case is what a rule decides over: an event, what was remembered before it, and the setting.
type Case struct {
	Event   breakglass.Event
	History History
	Setting Setting

	policy policyFinding // what a Conditional Access change does, found once for all rules
	lapsed bool          // the time has passed within which a success should have followed
}

// Rules lists every rule, the most specific first: all are tried, the severity is the highest of
// those that hold, and the first that holds makes the headline.
var Rules = []Rule{
	policyNowApplies(),
	exclusionGroupChanged(),
	monitoringChanged(),
	successAfterFailures(),
	legacyAuth(),
	signInBlocked(),
	signInSuccess(),
	passwordRight(),
	accountChanged(),
	accountActed(),
	risk(),
	tokenUse(),
	signInInterrupted(),
	signInFailed(),
	policyChanged(),
	tokenExpired(),
	unparsed(),
}

// The record's details are never nil for a rule: a record that was too large to be stored whole
// comes back without them.

func signInOf(e breakglass.Event) *entra.SignIn {
	if e.Record.SignIn == nil {
		return &entra.SignIn{}
	}
	return e.Record.SignIn
}

func (c Case) signIn() *entra.SignIn { return signInOf(c.Event) }

func (c Case) audit() *entra.Audit {
	if c.Event.Record.Audit == nil {
		return &entra.Audit{}
	}
	return c.Event.Record.Audit
}

func (c Case) activity() *entra.Activity {
	if c.Event.Record.Activity == nil {
		return &entra.Activity{}
	}
	return c.Event.Record.Activity
}

func (c Case) risk() *entra.Risk {
	if c.Event.Record.Risk == nil {
		return &entra.Risk{}
	}
	return c.Event.Record.Risk
}

// who is how people know the account that the event is about.
func (c Case) who() string {
	if c.Event.Account == "" {
		return "the tenant"
	}
	return name(c.Setting.Accounts.Label(c.Event.Account))
}
