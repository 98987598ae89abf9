package breakglass

import (
	"glasswatch/shared/entra"
)

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

// NewEvent makes the event of a record that names no watched account but matters to the tenant:
// its identity, times and outcome.
func NewEvent(rec entra.Record, at Arrival) Event {
	return Event{Kind: rec.Kind, Record: rec, ReachedAt: at.ReachedAt, Source: at.Source}
}

// UnparsedEvent makes the event of a hub message, or a part of one, that could not be read.
func UnparsedEvent(raw []byte, damage entra.Damage, at Arrival) Event {
	return Event{Kind: entra.KindUnparsed, Record: entra.Record{Kind: entra.KindUnparsed, Raw: raw}}
}
