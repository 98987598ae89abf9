package breakglass

import (
	"time"

	"glasswatch/shared/entra"
)

// tolerance is how far a record's clock may be ahead of ours before it is doubted.
const tolerance = 10 * time.Minute

// Event says what the record means if it names a watched account in a place where an identity
// belongs; false if it names none, and the caller then asks whether it matters to the tenant.
func (a Accounts) Event(rec entra.Record, at Arrival) (Event, bool) {
	named := a.named(rec.Parties)
	if len(named) == 0 {
		return Event{}, false
	}
	e := NewEvent(rec, at)
	for _, n := range named {
		e.Accounts = append(e.Accounts, a.list[n.account].ObjectID)
		if e.Recreated == "" {
			e.Recreated = n.recreated
		}
	}
	e.Account, e.Role, e.MatchedBy = e.Accounts[0], named[0].role, named[0].by
	return e, true
}

// NewEvent makes the event of a record without regard to whom it names: its identity, times and
// outcome. It is what a record comes to that names no watched account but matters to the tenant.
func NewEvent(rec entra.Record, at Arrival) Event {
	e := Event{
		ID:        identity(rec),
		RecordID:  rec.ID,
		Kind:      rec.Kind,
		Accounts:  []string{},
		Role:      entra.RoleNone,
		MatchedBy: ByNothing,
		LoggedAt:  rec.Logged.UTC(),
		Source:    at.Source,
		Outcome:   OutcomeNone,
		Record:    rec,
	}
	e.setTimes(rec.Happened, at)
	if rec.SignIn != nil {
		e.ErrorCode = unreadableCode
		if rec.SignIn.HasErrorCode {
			e.ErrorCode = rec.SignIn.ErrorCode
		}
		e.Outcome = LookUp(e.ErrorCode).Class.Outcome()
	}
	e.ContentHash = contentHash(rec)
	return e
}

// UnparsedEvent makes the event of a hub message that could not be read, or not wholly. The same
// bytes always make the same event.
func UnparsedEvent(raw []byte, damage entra.Damage, at Arrival) Event {
	rec := entra.Record{Kind: entra.KindUnparsed, Raw: raw}
	e := NewEvent(rec, at)
	e.DamageReason, e.DamageShape = damage.Reason, damage.Shape
	return e
}

// setTimes fills the times of an event of which its record says that it happened at that time.
func (e *Event) setTimes(happened time.Time, at Arrival) {
	e.ReachedAt = at.ReachedAt.UTC()
	e.HappenedAt = at.ReachedAt.UTC()
	// Outside these years a time is a reading error, and neither JSON nor the table can hold it.
	for _, t := range []time.Time{happened, at.EnqueuedAt} {
		if t = t.UTC(); t.Year() >= 1970 && t.Year() <= 9999 {
			e.HappenedAt = t
			break
		}
	}
	if e.LoggedAt.Year() < 1970 || e.LoggedAt.Year() > 9999 {
		e.LoggedAt = time.Time{}
	}
	e.ClockDoubtful = e.HappenedAt.Sub(e.ReachedAt) > tolerance
}
