package tables

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"glasswatch/shared/ledger"
)

const (
	typeSuffix = "@odata.type"
	// edmTime is how the service writes times: to 100 ns.
	edmTime = "2006-01-02T15:04:05.0000000Z"
)

// encode writes a row as the service wants it, each column with its type.
func encode(partition string, row ledger.Row) ([]byte, error) {
	fields := make(map[string]any, 2+2*len(row.Columns))
	for name, value := range row.Columns {
		kind := ""
		switch v := value.(type) {
		case string, bool:
			fields[name] = v
		case []byte:
			if v == nil {
				v = []byte{}
			}
			fields[name], kind = v, "Edm.Binary"
		case int64:
			fields[name], kind = strconv.FormatInt(v, 10), "Edm.Int64"
		case float64:
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("write row %s: column %s holds no number", row.Key, name)
			}
			fields[name], kind = v, "Edm.Double"
		case time.Time:
			fields[name], kind = v.UTC().Format(edmTime), "Edm.DateTime"
		default:
			return nil, fmt.Errorf("write row %s: column %s has a type that no column has", row.Key, name)
		}
		if kind != "" {
			fields[name+typeSuffix] = kind
		}
	}
	fields["PartitionKey"], fields["RowKey"] = partition, row.Key
	return json.Marshal(fields)
}

// decode reads a row as the service sends it.
func decode(entity []byte) (ledger.Row, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(entity, &fields); err != nil {
		return ledger.Row{}, fmt.Errorf("read a row: %w", err)
	}
	row := ledger.Row{Columns: make(map[string]any, len(fields)/2)}
	for name, raw := range fields {
		var err error
		switch {
		case name == "RowKey":
			err = json.Unmarshal(raw, &row.Key)
		case name == "odata.etag":
			err = json.Unmarshal(raw, &row.ETag)
		case name == "PartitionKey" || name == "Timestamp" || strings.HasPrefix(name, "odata.") || strings.HasSuffix(name, typeSuffix):
		default:
			kind := ""
			if typed, ok := fields[name+typeSuffix]; ok {
				if err := json.Unmarshal(typed, &kind); err != nil {
					return ledger.Row{}, fmt.Errorf("read the type of column %s: %w", name, err)
				}
			}
			row.Columns[name], err = column(kind, raw)
		}
		if err != nil {
			return ledger.Row{}, fmt.Errorf("read column %s of row %s: %w", name, row.Key, err)
		}
	}
	return row, nil
}

// column reads one value. Without a type it is what its JSON looks like.
func column(kind string, raw json.RawMessage) (any, error) {
	var text string
	if bytes.HasPrefix(raw, []byte(`"`)) {
		if err := json.Unmarshal(raw, &text); err != nil {
			return nil, err
		}
	} else {
		text = string(raw)
	}
	switch kind {
	case "Edm.Binary":
		b := []byte{}
		err := json.Unmarshal(raw, &b)
		return b, err
	case "Edm.Int64", "Edm.Int32":
		return strconv.ParseInt(text, 10, 64)
	case "Edm.Double":
		return strconv.ParseFloat(text, 64)
	case "Edm.DateTime":
		return time.Parse(time.RFC3339Nano, text)
	case "Edm.Boolean":
		return strconv.ParseBool(text)
	}
	switch {
	case bytes.HasPrefix(raw, []byte(`"`)):
		return text, nil
	case text == "true" || text == "false":
		return text == "true", nil
	case strings.ContainsAny(text, ".eE"):
		return strconv.ParseFloat(text, 64)
	}
	return strconv.ParseInt(text, 10, 64)
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
func plainBound(s string) bool { return plainKey(strings.TrimRight(s, "~")) }
