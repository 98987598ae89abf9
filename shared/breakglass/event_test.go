package breakglass_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/breakglass"
	"glasswatch/shared/entra"
)

// swapped is the text in each of the cases that strings.EqualFold takes for equal.
func swapped(s string) []string {
	fold := func(r rune) rune { return unicode.SimpleFold(r) }
	return []string{strings.Map(fold, s), strings.Map(fold, strings.Map(fold, s)), "\u00a0" + s + " "}
}

func signIn(id, properties string, code int) entra.Record {
	return entra.Record{
		Kind: entra.KindSignIn, ID: id, TenantID: "Tenant-1", Category: "SignInLogs",
		Happened:   time.Date(2026, 3, 1, 3, 12, 41, 0, time.UTC),
		Logged:     time.Date(2026, 3, 1, 3, 13, 50, 0, time.UTC),
		SignIn:     &entra.SignIn{HasErrorCode: true, ErrorCode: code},
		Parties:    []entra.Party{{Role: entra.RoleSubject, ObjectID: alphaID}},
		Properties: []byte(properties),
	}
}

func event(t *testing.T, rec entra.Record) breakglass.Event {
	t.Helper()
	e := breakglass.NewEvent(rec, arrival)
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(e.ID) || !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(e.ContentHash) {
		t.Fatalf("id %q, content hash %q", e.ID, e.ContentHash)
	}
	return e
}

func TestIdentity(t *testing.T) {
	base := signIn("id-1", `{"id":"id-1","a":1,"b":2}`, 0)
	change := func(f func(*entra.Record)) entra.Record {
		rec := base
		rec.SignIn = new(*base.SignIn)
		f(&rec)
		return rec
	}
	const same, revision, other = "same", "revision", "another record"
	for _, tt := range []struct {
		name string
		rec  entra.Record
		want string
	}{
		{"through another setting", change(func(r *entra.Record) {
			r.Logged = r.Logged.Add(time.Minute)
			r.Properties = []byte(`{"b":2, "a":1, "id":"id-1", "time":"2026-03-01T03:14:00Z", "__UDI_RequiredFields_EventTime":638949921850717730}`)
			r.Raw = []byte("other bytes")
		}), same},
		{"filed as non-interactive", change(func(r *entra.Record) { r.Kind = entra.KindNonInteractiveSignIn }), same},
		{"tenant in other case", change(func(r *entra.Record) { r.TenantID = " tenant-1" }), same},
		{"richer", change(func(r *entra.Record) { r.Properties = []byte(`{"id":"id-1","a":1,"b":2,"c":3}`) }), revision},
		{"another result, which stands outside the properties", change(func(r *entra.Record) { r.SignIn.ErrorCode = 50126 }), revision},
		{"another id", change(func(r *entra.Record) { r.ID = "id-2" }), other},
		{"another tenant", change(func(r *entra.Record) { r.TenantID = "tenant-2" }), other},
		{"another log", change(func(r *entra.Record) { r.Kind = entra.KindAudit }), other},
		{"no id, other content", change(func(r *entra.Record) { r.ID = "" }), other},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := event(t, base), event(t, tt.rec)
			got := other
			switch {
			case a.ID == b.ID && a.ContentHash == b.ContentHash:
				got = same
			case a.ID == b.ID:
				got = revision
			}
			if got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestIdentityWithoutAnID(t *testing.T) {
	bare := func(properties, raw string) entra.Record {
		return entra.Record{Kind: entra.KindAudit, TenantID: "t", Properties: []byte(properties), Raw: []byte(raw)}
	}
	for _, tt := range []struct {
		name string
		a, b entra.Record
		same bool
	}{
		{"same properties in another order", bare(`{"a":1,"b":2}`, `x`), bare(`{"b":2,"a":1}`, `y`), true},
		{"other properties", bare(`{"a":1}`, `x`), bare(`{"a":2}`, `x`), false},
		{"no properties, other records", bare(`{}`, `{"x":1}`), bare(`{}`, `{"x":2}`), false},
		{"no properties, same record", bare(``, `{"x":1}`), bare(``, `{"x":1}`), true},
		{"broken properties", bare(`{"a":`, `x`), bare(`{"b":`, `x`), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := event(t, tt.a), event(t, tt.b)
			if (a.ID == b.ID) != tt.same {
				t.Errorf("same id: %t, want %t", a.ID == b.ID, tt.same)
			}
		})
	}
}

func TestEachStateOfARiskIsARecordOfItsOwn(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	risk := func(state string, updated time.Time) string {
		return event(t, entra.Record{Kind: entra.KindRiskyUser, ID: alphaID, Risk: &entra.Risk{State: state, LastUpdated: updated}}).ID
	}
	ids := []string{risk("atRisk", at), risk("dismissed", at), risk("atRisk", at.Add(time.Second))}
	slices.Sort(ids)
	if len(slices.Compact(ids)) != 3 {
		t.Error("states of one risk fall together")
	}
	if risk("atRisk", at) != risk("atRisk", at.In(time.FixedZone("", 3600))) {
		t.Error("the same moment in another zone is another record")
	}
}

func TestStartAndEndOfAnAzureOperationAreTwo(t *testing.T) {
	op := func(status string) string {
		return event(t, entra.Record{Kind: entra.KindAzureActivity, ID: "c", CorrelationID: "c", Activity: &entra.Activity{Operation: "X/DELETE", Status: status}}).ID
	}
	if op("Start") == op("Success") {
		t.Error("the end of an operation would be a revision of its start")
	}
}

func TestOutcome(t *testing.T) {
	for _, tt := range []struct {
		name    string
		signIn  *entra.SignIn
		outcome breakglass.Outcome
		code    int
	}{
		{"success", &entra.SignIn{HasErrorCode: true}, breakglass.OutcomeSuccess, 0},
		{"zero that is only the zero value", &entra.SignIn{}, breakglass.OutcomeFailure, -1},
		{"wrong password", &entra.SignIn{HasErrorCode: true, ErrorCode: 50126}, breakglass.OutcomeFailure, 50126},
		{"locked out", &entra.SignIn{HasErrorCode: true, ErrorCode: 50053}, breakglass.OutcomeFailure, 50053},
		{"second factor wanted", &entra.SignIn{HasErrorCode: true, ErrorCode: 50074}, breakglass.OutcomeInterrupted, 50074},
		{"blocked", &entra.SignIn{HasErrorCode: true, ErrorCode: 53003}, breakglass.OutcomeBlocked, 53003},
		{"disabled", &entra.SignIn{HasErrorCode: true, ErrorCode: 50057}, breakglass.OutcomeBlocked, 50057},
		{"a code of next year", &entra.SignIn{HasErrorCode: true, ErrorCode: 99999999}, breakglass.OutcomeFailure, 99999999},
		{"negative", &entra.SignIn{HasErrorCode: true, ErrorCode: -7}, breakglass.OutcomeFailure, -7},
		{"not a sign-in", nil, breakglass.OutcomeNone, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := event(t, entra.Record{Kind: entra.KindSignIn, ID: "x", SignIn: tt.signIn})
			if e.Outcome != tt.outcome || e.ErrorCode != tt.code {
				t.Errorf("%s %d, want %s %d", e.Outcome, e.ErrorCode, tt.outcome, tt.code)
			}
		})
	}
}

func TestTimes(t *testing.T) {
	reached, enqueued := arrival.ReachedAt, arrival.EnqueuedAt
	for _, tt := range []struct {
		name     string
		happened time.Time
		arrival  breakglass.Arrival
		want     time.Time
		doubtful bool
	}{
		{"the record's own", reached.Add(-time.Hour), arrival, reached.Add(-time.Hour), false},
		{"when the hub took it", time.Time{}, arrival, enqueued, false},
		{"when it reached us", time.Time{}, breakglass.Arrival{ReachedAt: reached}, reached, false},
		{"a year that JSON cannot hold", time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC), arrival, enqueued, false},
		{"before there were such logs", time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC), arrival, enqueued, false},
		{"ten minutes ahead", reached.Add(10 * time.Minute), arrival, reached.Add(10 * time.Minute), false},
		{"more than ten minutes ahead", reached.Add(10*time.Minute + time.Second), arrival, reached.Add(10*time.Minute + time.Second), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := breakglass.NewEvent(entra.Record{Kind: entra.KindAudit, Happened: tt.happened}, tt.arrival)
			if !e.HappenedAt.Equal(tt.want) || e.ClockDoubtful != tt.doubtful || e.HappenedAt.Location() != time.UTC {
				t.Errorf("%s, doubtful %t, want %s, %t", e.HappenedAt, e.ClockDoubtful, tt.want, tt.doubtful)
			}
		})
	}
}

func TestUnparsedEvent(t *testing.T) {
	damage := entra.Damage{Reason: "not JSON at byte 7", Shape: "syntax"}
	raw := []byte("\xff{not json")
	a, again := breakglass.UnparsedEvent(raw, damage, arrival), breakglass.UnparsedEvent(raw, damage, breakglass.Arrival{ReachedAt: arrival.ReachedAt.Add(time.Hour)})
	if a.ID != again.ID || a.ContentHash != again.ContentHash {
		t.Error("the same bytes come to another event")
	}
	if b := breakglass.UnparsedEvent([]byte("other"), damage, arrival); b.ID == a.ID {
		t.Error("other bytes come to the same event")
	}
	got := []any{a.Kind, a.Account, a.Accounts, a.Role, a.MatchedBy, a.DamageReason, a.DamageShape, string(a.Record.Raw), a.HappenedAt}
	want := []any{entra.KindUnparsed, "", []string{}, entra.RoleNone, breakglass.ByNothing, damage.Reason, damage.Shape, string(raw), arrival.EnqueuedAt}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheTableOfCodes(t *testing.T) {
	sorted := slices.IsSortedFunc(breakglass.Codes, func(a, b breakglass.Code) int { return a.Number - b.Number })
	if !sorted {
		t.Error("codes are not in ascending order")
	}
	for i, code := range breakglass.Codes {
		if code.Meaning == "" || code.Class == "" || i > 0 && code.Number == breakglass.Codes[i-1].Number {
			t.Errorf("code %d has no meaning or class, or stands twice", code.Number)
		}
		if breakglass.LookUp(code.Number) != code {
			t.Errorf("code %d is not found", code.Number)
		}
		if (code.Class.Outcome() == breakglass.OutcomeSuccess) != (code.Number == 0) {
			t.Errorf("code %d: only 0 is a success", code.Number)
		}
	}
	for class, codes := range map[breakglass.Class][]int{
		breakglass.ClassFirstFactor:  {50055, 50072, 50074, 50076, 50079, 500121, 50158},
		breakglass.ClassBlocked:      {53000, 53001, 53002, 53003, 53004, 53011, 50131, 530032, 530034, 530035, 50057, 50105, 50034},
		breakglass.ClassInterrupted:  {50058, 50097, 50140, 65001},
		breakglass.ClassTokenExpired: {50173, 70008, 700082, 700084, 50132, 50133},
		breakglass.ClassFailure:      {50126, 50053, 50056, 123456},
	} {
		for _, n := range codes {
			if got := breakglass.LookUp(n).Class; got != class {
				t.Errorf("%d is %s, want %s", n, got, class)
			}
		}
	}
}
