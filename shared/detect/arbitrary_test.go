package detect_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"glasswatch/shared/breakglass"
	"glasswatch/shared/detect"
	"glasswatch/shared/entra"
)

var allKinds = []entra.Kind{
	entra.KindSignIn, entra.KindNonInteractiveSignIn, entra.KindServicePrincipalSignIn, entra.KindAudit, entra.KindRiskyUser,
	entra.KindRiskEvent, entra.KindGraphActivity, entra.KindAzureActivity, entra.KindUnparsed, entra.KindCanary, "novel",
}

// hostile draws text that a record may hold.
func hostile() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.Just(""), rapid.Just(alphaID), rapid.Just(groupID), rapid.Just("bg-beta@contoso.com"), rapid.Just(strings.Repeat("\u202eA\x00", 200)),
		rapid.SampledFrom([]string{"ropc", "IMAP4", "confirmedCompromised", "Update user", "Update conditional access policy", "ConditionalAccessPolicy", "microsoft.aadiam/diagnosticSettings/delete", "/", "{}", `{"state":"enabled","conditions":{"users":{"includeUsers":["All"]}}}`, "failure", "\xff\xfe"}),
		rapid.String(),
	)
}

func instant() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "any") {
			return time.Unix(rapid.Int64().Draw(t, "seconds"), 0).UTC()
		}
		return reached.Add(time.Duration(rapid.IntRange(-100*3600, 3600).Draw(t, "ago")) * time.Second)
	})
}

func drawRecord(t *rapid.T) entra.Record {
	s := func() string { return hostile().Draw(t, "text") }
	rec := entra.Record{
		Kind: rapid.SampledFrom(allKinds).Draw(t, "kind"), Category: s(), Operation: s(), ID: s(), TenantID: s(), ResourceID: s(),
		CorrelationID: s(), Happened: instant().Draw(t, "happened"), Logged: instant().Draw(t, "logged"), Properties: []byte(s()), Raw: []byte(s()),
	}
	for range rapid.IntRange(0, 3).Draw(t, "parties") {
		rec.Parties = append(rec.Parties, entra.Party{
			Role: rapid.SampledFrom([]entra.Role{entra.RoleSubject, entra.RoleActor, entra.RoleTarget, "novel"}).Draw(t, "role"), ObjectID: s(),
			UserPrincipalName: s(), SignInIdentifier: s(), DisplayName: s(), Type: s(),
		})
	}
	some := func() bool { return rapid.Bool().Draw(t, "has") }
	if some() {
		rec.SignIn = &entra.SignIn{
			ErrorCode: rapid.SampledFrom([]int{0, 50126, 50074, 50140, 53003, 50173, -1, 7, 1 << 60}).Draw(t, "code"), HasErrorCode: some(),
			App: s(), AppID: s(), ClientApp: s(), Protocol: s(), IPAddress: s(), City: s(), Country: s(), DeviceID: s(), DeviceName: s(),
			OperatingSystem: s(), Browser: s(), SessionID: s(), Methods: []string{s()}, Requirement: s(), UserAgent: s(),
		}
	}
	if some() {
		rec.Audit = &entra.Audit{Activity: s(), AuditCategory: s(), Result: s(), ResultReason: s(), ActorApp: s(), TargetNames: []string{s(), s()}, Changes: []entra.Change{{Target: s(), Name: s(), Old: s(), New: s()}}}
	}
	if some() {
		rec.Risk = &entra.Risk{Level: s(), State: s(), Detail: s(), EventType: s(), IPAddress: s(), LastUpdated: instant().Draw(t, "updated")}
	}
	if some() {
		rec.Activity = &entra.Activity{Method: s(), URI: s(), Operation: s(), ResourceID: s(), Status: s()}
	}
	return rec
}

// Whatever a record says: judging it does not panic, every event of an account comes under a rule,
// sentences stay short and clean, and the history stays within its bound.
func TestAnyRecordCanBeJudged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := setting()
		if rapid.Bool().Draw(t, "snapshot") {
			s.Lockout = evaluator(rapid.SampledFrom([]detect.Effect{detect.EffectNone, detect.EffectUnknown, detect.EffectBlocked, "novel"}).Draw(t, "effect"), time.Hour)
		}
		d, h := detect.NewDetector(s), detect.History{}
		for range rapid.IntRange(1, 8).Draw(t, "records") {
			rec := drawRecord(t)
			e := arrive(rec, reached)
			v, after := d.Judge(e, h)
			if e.Account != "" && rec.Kind != entra.KindCanary && rec.Kind != "novel" && len(v.Rules) == 0 {
				t.Fatalf("no rule for a %s that names %s", rec.Kind, e.Account)
			}
			if e.Account == "" && d.TenantWide(rec) && len(v.Rules) == 0 {
				t.Fatal("matters to the tenant, but to no rule")
			}
			texts := []string{v.Headline, v.Emphasis, v.Meaning}
			for _, f := range v.Facts {
				texts = append(texts, f.Name, f.Value)
			}
			for _, text := range texts {
				if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\n\u202e\ufffd") || utf8.RuneCountInString(text) > 800 {
					t.Fatalf("unfit for a card: %q", text)
				}
			}
			if v.Headline == "" || !strings.HasPrefix(v.Headline, v.Emphasis) {
				t.Fatalf("headline %q, emphasis %q", v.Headline, v.Emphasis)
			}
			for _, due := range v.Due {
				d.Again(e, due, after)
			}
			d.Again(e, detect.Due{}, after)
			checkBound(t, after)
			h = after
		}
	})
}

func checkBound(t *rapid.T, h detect.History) {
	stored, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	if len(stored) > detect.MaxHistory {
		t.Fatalf("history takes %d bytes, more than %d", len(stored), detect.MaxHistory)
	}
}

// Thousands of sign-ins, each with everything new and at whatever time, leave a bounded history.
func TestTheHistoryIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spread := rapid.IntRange(1, 1<<33).Draw(t, "spread")
		far := rapid.Bool().Draw(t, "far")
		d, h := detect.NewDetector(setting()), detect.History{}
		for i := range 600 {
			code := []int{0, 50126, 0, 50126}[i%4]
			rec := signIn(code, func(r *entra.Record) {
				id := strings.Repeat("x", 40) + time.Duration(i).String()
				r.SignIn.SessionID, r.SignIn.AppID, r.SignIn.IPAddress, r.SignIn.Country, r.SignIn.DeviceID = id, id, id, id, id
				if i%4 == 2 {
					nonInteractive(r)
				}
			})
			e := arrive(rec, reached)
			e.HappenedAt = time.Unix(int64(i*7919%600)*int64(spread), 0)
			if far {
				e.HappenedAt, e.ReachedAt = time.Unix(1<<62-int64(i)*3600, 0), time.Time{}
			}
			_, h = d.Judge(e, h)
		}
		checkBound(t, h)
	})
}

// A forged record from the future cannot make the rules forget what happened today.
func TestAForgedFutureDoesNotPushOutThePresent(t *testing.T) {
	d, h := detect.NewDetector(setting()), detect.History{}
	for i := range 3 {
		_, h = d.Judge(arrive(signIn(50126, func(r *entra.Record) { r.Happened = reached.Add(-time.Duration(i) * time.Minute) }), reached), h)
	}
	for i := range 2000 {
		_, h = d.Judge(arrive(signIn(50126, func(r *entra.Record) { r.Happened = reached.Add(time.Duration(i) * time.Hour) }), reached), h)
	}
	v, _ := d.Judge(arrive(signIn(0, func(r *entra.Record) { r.Happened = reached.Add(time.Second) }), reached.Add(time.Minute)), h)
	if v.HeadlineRule != "signin-success-after-failures" || !strings.Contains(v.Headline, "after 2003 failures") {
		t.Errorf("%s: %s", v.HeadlineRule, v.Headline)
	}
}

func TestFactsSayWhatIsDoubtful(t *testing.T) {
	rec := signIn(0, func(r *entra.Record) {
		r.TenantID, r.Happened, r.Parties[0].ObjectID = "elsewhere", reached.Add(time.Hour), adminID
	})
	e, ok := setting().Accounts.Event(rec, breakglass.Arrival{ReachedAt: reached})
	if !ok {
		t.Fatal("no event")
	}
	v, _ := detect.NewDetector(setting()).Judge(e, detect.History{})
	all := v.Meaning
	for _, f := range v.Facts {
		all += "\n" + f.Name + ": " + f.Value
	}
	for _, want := range []string{"may have been deleted and made anew", "Object id: " + adminID, "Tenant: elsewhere, which is not yours", "clock is ahead", "Account: bg-alpha@contoso.com", "Record id: sign-in-1"} {
		if !strings.Contains(all, want) {
			t.Errorf("does not say %q:\n%s", want, all)
		}
	}
}
