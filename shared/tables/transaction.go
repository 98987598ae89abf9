package tables

import (
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"glasswatch/shared/ledger"
)

// Bounds of one transaction, which Azure documents for entity group transactions and the emulator
// does not enforce.
const (
	maxRows  = 100
	maxBytes = 4 << 20
	// perAction is what the frame of one action in the multipart body takes at most.
	perAction = 1 << 10
)

// transaction makes the actions, and holds them to the service's bounds.
func transaction(partition string, ops []ledger.Op) ([]aztables.TransactionAction, error) {
	if len(ops) == 0 || len(ops) > maxRows {
		return nil, fmt.Errorf("a transaction of %d rows: one takes 1 to %d", len(ops), maxRows)
	}
	list := make([]aztables.TransactionAction, 0, len(ops))
	seen := make(map[string]bool, len(ops))
	size := 0
	for n, op := range ops {
		key := op.Row.Key
		if err := checkKeys(partition, key); err != nil {
			return nil, err
		}
		if seen[key] {
			return nil, fmt.Errorf("row %s is twice in one transaction", key)
		}
		seen[key] = true
		row := op.Row
		if op.Kind == ledger.Delete {
			row.Columns = nil
		}
		entity, err := encode(partition, row)
		if err != nil {
			return nil, err
		}
		if size += len(entity) + perAction; size > maxBytes {
			return nil, &ledger.RefusedError{Op: n, Code: "RequestBodyTooLarge", Key: key}
		}
		next := aztables.TransactionAction{Entity: entity}
		switch op.Kind {
		case ledger.Insert:
			next.ActionType = aztables.TransactionTypeAdd
		case ledger.Upsert:
			next.ActionType = aztables.TransactionTypeInsertReplace
		case ledger.Replace:
			next.ActionType, next.IfMatch = aztables.TransactionTypeUpdateReplace, new(azcore.ETag(row.ETag))
		case ledger.Delete:
			next.ActionType, next.IfMatch = aztables.TransactionTypeDelete, new(azcore.ETag(row.ETag))
		default:
			return nil, fmt.Errorf("row %s: no such operation", key)
		}
		// Without an ETag the service would write whatever was there.
		if next.IfMatch != nil && *next.IfMatch == "" {
			return nil, fmt.Errorf("row %s is to be changed without saying what it was", key)
		}
		list = append(list, next)
	}
	return list, nil
}
