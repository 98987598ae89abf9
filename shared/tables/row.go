package tables

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"glasswatch/shared/ledger"
)

// properties says to the library which types the columns have.
func properties(columns map[string]any) map[string]any {
	typed := make(map[string]any, len(columns))
	for name, value := range columns {
		switch v := value.(type) {
		case []byte:
			typed[name] = aztables.EDMBinary(v)
		case int64:
			typed[name] = aztables.EDMInt64(v)
		case time.Time:
			typed[name] = aztables.EDMDateTime(v.UTC())
		default:
			typed[name] = v
		}
	}
	return typed
}

// decode reads a row as the service sends it.
func decode(entity []byte) (ledger.Row, error) {
	var e aztables.EDMEntity
	if err := json.Unmarshal(entity, &e); err != nil {
		return ledger.Row{}, fmt.Errorf("read a row: %w", err)
	}
	row := ledger.Row{Key: e.RowKey, ETag: e.ETag, Columns: make(map[string]any, len(e.Properties))}
	for name, value := range e.Properties {
		switch v := value.(type) {
		case aztables.EDMBinary:
			row.Columns[name] = []byte(v)
		case aztables.EDMInt64:
			row.Columns[name] = int64(v)
		case aztables.EDMDateTime:
			row.Columns[name] = time.Time(v).UTC()
		case int32:
			row.Columns[name] = int64(v)
		default:
			row.Columns[name] = v
		}
	}
	return row, nil
}

// checkKeys refuses keys that the service would refuse, or that would need escaping in a query.
func checkKeys(partition, key string) error {
	if partition == "" || key == "" || !plainKey(partition) || !plainKey(key) {
		return fmt.Errorf("key %.60q in partition %.60q: only letters, digits, '-' and '|' are taken", key, partition)
	}
	return nil
}

func checkRange(partition, from, to string) error {
	if partition == "" || !plainKey(partition) || !plainKey(from) || !plainBound(to) {
		return fmt.Errorf("range from %.60q to %.60q in partition %.60q: only letters, digits, '-' and '|' are taken", from, to, partition)
	}
	return nil
}

func plainKey(s string) bool {
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '|' {
			return false
		}
	}
	return len(s) <= 512
}

// plainBound is plainKey for the end of a range, which may be a character behind all keys.
func plainBound(s string) bool {
	for n := len(s); n > 0; n-- {
		if s[n-1] != '~' {
			return plainKey(s[:n])
		}
	}
	return true
}
