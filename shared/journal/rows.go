package journal

import (
	"fmt"
	"strings"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/ledger"
)

// accountOf is the object id that a stream is named after, or nothing.
func accountOf(stream string) string {
	id, ok := strings.CutPrefix(stream, "account-")
	if !ok {
		return ""
	}
	return id
}

func incidentRow(i *alert.Incident) (ledger.Row, error) {
	packed, err := pack(i)
	if err != nil {
		return ledger.Row{}, fmt.Errorf("write incident %s: %w", i.ID, err)
	}
	return ledger.Row{Key: incidentKey(i.FirstSequence), Columns: map[string]any{
		"FormatVersion": int64(1),
		"Incident":      packed,
		"State":         string(i.State),
		"Severity":      string(i.Severity),
		"OpenedAt":      i.OpenedAt.UTC(),
	}}, nil
}

func readIncident(row ledger.Row) (*alert.Incident, error) {
	packed, ok := row.Columns["Incident"].([]byte)
	if !ok {
		return nil, fmt.Errorf("row %s does not hold what was written to it", row.Key)
	}
	i := new(alert.Incident)
	if err := unpack(packed, i); err != nil {
		return nil, fmt.Errorf("row %s: %w", row.Key, err)
	}
	return i, nil
}

// owedRow is the row of an alert that is still owed. claimed is the time until which it belongs
// to claimant; before it no sweep touches it.
func owedRow(a *alert.Alert, claimed time.Time, claimant string) (ledger.Row, error) {
	packed, err := pack(a)
	if err != nil {
		return ledger.Row{}, fmt.Errorf("owe alert %s: %w", a.ID, err)
	}
	return ledger.Row{Key: owedKey(a.Message.Sequence), Columns: map[string]any{
		"FormatVersion": int64(1),
		"Alert":         packed,
		"Severity":      string(a.Message.Severity),
		"OwedAt":        a.OwedAt.UTC(),
		"ClaimedUntil":  claimed.UTC(),
		"ClaimedBy":     claimant,
	}}, nil
}

func readOwed(row ledger.Row) (*alert.Alert, error) {
	packed, ok := row.Columns["Alert"].([]byte)
	if !ok {
		return nil, fmt.Errorf("row %s does not hold what was written to it", row.Key)
	}
	a := new(alert.Alert)
	if err := unpack(packed, a); err != nil {
		return nil, fmt.Errorf("row %s: %w", row.Key, err)
	}
	return a, nil
}
