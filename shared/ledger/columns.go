package ledger

import (
	"errors"
	"fmt"
)

// columns are the columns of an entry row, typed but not yet believed.
type columns struct {
	sequence                    uint64 // from the key
	kind, time, refs            string
	alertable, length, parts    int64
	previous, hash, payloadHash string
	appendID, check             string
	payload                     []byte // nil: purged
	strange                     bool   // there are columns that do not belong there
	version                     int64
}

// entryColumns counts the columns that every entry row has besides its payload.
const entryColumns = 12

// headColumns counts the columns that every head row has besides its state.
const headColumns = 7

// readColumns reads an entry row as far as its types go.
func readColumns(row Row) (columns, error) {
	var c columns
	var ok bool
	if c.sequence, ok = sequenceOfKey(row.Key); !ok {
		return c, errors.New("the key is none that the ledger writes")
	}
	var missing string
	text := func(name string) string {
		v, ok := row.Columns[name].(string)
		if !ok {
			missing = name
		}
		return v
	}
	number := func(name string) int64 {
		v, ok := row.Columns[name].(int64)
		if !ok {
			missing = name
		}
		return v
	}
	c.version = number("FormatVersion")
	c.kind, c.time, c.refs = text("Kind"), text("Time"), text("Refs")
	c.alertable, c.length, c.parts = number("Alertable"), number("PayloadLength"), number("Parts")
	c.previous, c.hash, c.payloadHash = text("PreviousHash"), text("Hash"), text("PayloadHash")
	c.appendID, c.check = text("AppendId"), text("Check")
	if missing != "" {
		return c, fmt.Errorf("column %s is absent or of another type", missing)
	}
	if c.version != formatVersion {
		return c, fmt.Errorf("format version %d is not known to this program", c.version)
	}
	var properties int
	c.payload, properties = takeBinary(row.Columns, "Payload")
	c.strange = len(row.Columns) != entryColumns+properties
	return c, nil
}
