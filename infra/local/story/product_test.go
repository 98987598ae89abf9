package story_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"glasswatch/infra/local/sample"
	"glasswatch/infra/local/story"
	"glasswatch/shared/breakglass"
	"glasswatch/shared/conditional"
	"glasswatch/shared/detect"
	"glasswatch/shared/entra"
	"glasswatch/shared/posture"
)

// product is what Glasswatch makes of messages, without storage and channels: who is named, and
// what the rules say.
type product struct {
	accounts breakglass.Accounts
	rules    detect.Detector
	history  map[string]detect.History
	seen     map[string]bool
	next     map[string]uint64
	events   []story.Event
}

func newProduct(tenant *sample.Tenant) *product {
	var list []breakglass.Account
	for _, b := range tenant.BreakGlass {
		list = append(list, breakglass.Account{ObjectID: b.ID, UserPrincipalName: b.UPN})
	}
	accounts := breakglass.NewAccounts(list)
	return &product{
		accounts: accounts,
		rules: detect.NewDetector(detect.Setting{
			Accounts: accounts, ExclusionGroups: []string{tenant.ExclusionGroup.ID}, ResourceIDs: tenant.ResourceIDs(), TenantID: tenant.ID,
			Lockout: posture.Lockout(snapshot(tenant), posture.DefaultPolicy()),
		}),
		history: map[string]detect.History{}, seen: map[string]bool{}, next: map[string]uint64{},
	}
}

// snapshot is what the daily look at the tenant would have left: three sound accounts, all of them
// in the exclusion group.
func snapshot(tenant *sample.Tenant) posture.Snapshot {
	s := posture.Snapshot{At: now.Add(-time.Hour), TenantID: tenant.ID, Policies: posture.Got([]conditional.Policy{}), Strengths: posture.Got([]conditional.Strength{})}
	for _, b := range tenant.BreakGlass {
		s.Accounts = append(s.Accounts, posture.Account{
			ID: b.ID, Name: b.UPN,
			User:        posture.Got(posture.User{Found: true, Enabled: true, UserPrincipalName: b.UPN, UserType: "Member"}),
			Memberships: posture.Got(posture.Memberships{Groups: []posture.Membership{{ID: tenant.ExclusionGroup.ID}}, Roles: []string{sample.GlobalAdministrator}}),
			Methods:     posture.Got([]posture.Method{{ID: "key", Kind: conditional.FIDO2}}),
		})
	}
	return s
}

func (p *product) read(message []byte) {
	at := breakglass.Arrival{ReachedAt: now, Source: breakglass.SourceHub}
	records, damaged := entra.Parse(message)
	for _, r := range records {
		e, named := p.accounts.Event(r, at)
		if !named && p.rules.TenantWide(r) {
			p.put("tenant", breakglass.NewEvent(r, at), r.Raw)
			continue
		}
		for _, account := range e.Accounts {
			p.put("account-"+account, e, r.Raw)
		}
	}
	for _, d := range damaged {
		p.put("unparsed", breakglass.UnparsedEvent(d.Raw, d, at), d.Raw)
	}
}

func (p *product) put(stream string, e breakglass.Event, raw []byte) {
	key := stream + e.ID + e.ContentHash
	if p.seen[key] {
		return
	}
	p.seen[key] = true
	verdict, history := p.rules.Judge(e, p.history[stream])
	p.history[stream] = history
	p.next[stream]++
	text, _ := json.Marshal(string(raw))
	p.events = append(p.events, story.Event{
		Stream: stream, Sequence: p.next[stream], EntryHash: strings.Repeat("0", 64), Kind: string(e.Kind), Accounts: e.Accounts,
		HeadlineRule: verdict.HeadlineRule, Severity: string(verdict.Severity), Raw: text,
	})
}

// TestTheRulesSayWhatTheStoryExpects is the quick half of `make run ARGS=--once`: that proves the
// same through every process, and the cards as well.
func TestTheRulesSayWhatTheStoryExpects(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		g := sample.New(seed)
		acts := story.Tell(g, now)
		p := newProduct(g.Tenant)
		for _, a := range acts {
			for _, m := range a.Messages {
				p.read(m)
			}
		}
		for _, problem := range story.Check(acts, p.events, nil).Problems {
			if !strings.HasSuffix(problem, "0 cards instead of one") { // nobody sends cards here
				t.Errorf("seed %d: %s", seed, problem)
			}
		}
	}
}

func TestIrregularAndHostileMessagesAreReadAsTheSampleExpects(t *testing.T) {
	t.Parallel()
	g := sample.New(1)
	who := g.Tenant.BreakGlass[0]
	for _, v := range append(g.Irregular(who), g.Hostile(who)...) {
		p := newProduct(g.Tenant)
		p.read(v.Message)
		events, raw := 0, 0
		for _, e := range p.events {
			if e.Stream == "unparsed" {
				raw++
			} else {
				events++
			}
		}
		switch {
		case v.MayBeUnparsed && raw > 0:
		case events != v.Events:
			t.Errorf("%s: %d events, want %d", v.Name, events, v.Events)
		case (raw > 0) != v.Unparsed:
			t.Errorf("%s: %d pieces kept raw, want some: %v", v.Name, raw, v.Unparsed)
		}
	}
}
