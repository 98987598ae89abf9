package journal

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"glasswatch/shared/breakglass"
	"glasswatch/shared/detect"
	"glasswatch/shared/entra"
)

// Event is an event as it stands in the ledger. The JSON names are a stored format: fields are
// added, never renamed.
type Event struct {
	breakglass.Event
	Account      string          `json:"account,omitempty"` // of the stream it stands in
	Revision     int             `json:"revision"`          // 1 for the first content seen under its id
	RecordedAt   time.Time       `json:"recordedAt"`
	Rules        []string        `json:"rules"`
	HeadlineRule string          `json:"headlineRule"`
	Severity     detect.Severity `json:"severity"`
	Headline     string          `json:"headline"`
	Incident     string          `json:"incident,omitempty"`
	Alert        string          `json:"alert,omitempty"` // the alert that it owes, or by which it was told
	Drill        string          `json:"drill,omitempty"`
	Reason       string          `json:"reason,omitempty"` // why it was alerted, collected or only recorded
	Raw          string          `json:"raw"`              // the record, byte for byte as it came
	RawEncoding  string          `json:"rawEncoding,omitempty"`
	// Truncated is set when the record was too large to be stored whole: Raw then holds its
	// beginning, and these say what the whole was.
	Truncated *Truncated `json:"truncated,omitempty"`
}

// Truncated says what a record was that storage could not take whole.
type Truncated struct {
	Length int    `json:"length"`
	SHA256 string `json:"sha256"`
}

func (e *Event) setRaw(raw []byte) {
	if utf8.Valid(raw) {
		e.Raw = string(raw)
		return
	}
	e.Raw, e.RawEncoding = base64.StdEncoding.EncodeToString(raw), "base64"
}

// RawBytes is the record as it came.
func (e *Event) RawBytes() ([]byte, error) {
	if e.RawEncoding == "" {
		return []byte(e.Raw), nil
	}
	if e.RawEncoding != "base64" {
		return nil, fmt.Errorf("raw record in unknown encoding %q", e.RawEncoding)
	}
	return base64.StdEncoding.DecodeString(e.Raw)
}

// ParseEvent reads the payload of an entry of kind event, with its record.
func ParseEvent(payload []byte) (Event, error) {
	var e Event
	if err := json.Unmarshal(payload, &e); err != nil {
		return e, fmt.Errorf("read a stored event: %w", err)
	}
	e.Event.Account = e.Account
	raw, err := e.RawBytes()
	if err != nil {
		return e, err
	}
	if e.Kind != entra.KindUnparsed && e.Truncated == nil {
		if records, _ := entra.Parse(raw); len(records) == 1 {
			e.Record = records[0]
		}
	}
	return e, nil
}
