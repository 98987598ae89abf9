// Package tables keeps the ledger's rows in Azure Table Storage.
package tables

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"glasswatch/shared/ledger"
)

// Bounds of one transaction, which Azure documents for entity group transactions and the emulator
// does not enforce.
const (
	maxRows  = 100
	maxBytes = 4 << 20
)

// Options say which table to use: by connection string if there is one, else at ServiceURI with
// the credential.
type Options struct {
	ConnectionString string
	ServiceURI       string
	Credential       azcore.TokenCredential
	Table            string
	Transport        *http.Client // nil: the library's own
}

// Store is one table. It is safe for concurrent use.
type Store struct {
	client *aztables.Client
	calls  atomic.Int64
}

// New makes a store. It asks nothing of the network; the table is created when it is first missing.
// Its error holds nothing of the connection string.
func New(o Options) (*Store, error) {
	s := &Store{}
	options := &aztables.ClientOptions{ClientOptions: azcore.ClientOptions{
		// Whoever calls has a deadline of seconds, and tries again himself.
		Retry: policy.RetryOptions{
			MaxRetries: 2, RetryDelay: 100 * time.Millisecond, MaxRetryDelay: time.Second, TryTimeout: 4 * time.Second,
		},
		PerRetryPolicies: []policy.Policy{counter{&s.calls}},
	}}
	if o.Transport != nil {
		options.Transport = o.Transport
	}
	service, err := connect(o, options)
	if err != nil {
		return nil, err
	}
	s.client = service.NewClient(o.Table)
	return s, nil
}

func connect(o Options, options *aztables.ClientOptions) (*aztables.ServiceClient, error) {
	if o.ConnectionString == "" {
		service, err := aztables.NewServiceClient(o.ServiceURI, o.Credential, options)
		if err != nil {
			return nil, errors.New("the table endpoint cannot be used: it must look like https://ACCOUNT.table.core.windows.net")
		}
		return service, nil
	}
	service, err := aztables.NewServiceClientFromConnectionString(o.ConnectionString, options)
	if err != nil {
		// The library's text may quote what it was given.
		return nil, errors.New("the connection string of the tables cannot be used: it must hold AccountName and AccountKey")
	}
	return service, nil
}

// counter counts requests as they go out, retries included.
type counter struct{ calls *atomic.Int64 }

func (c counter) Do(r *policy.Request) (*http.Response, error) {
	c.calls.Add(1)
	return r.Next()
}

// Calls is the number of requests made so far, retries included.
func (s *Store) Calls() int64 { return s.calls.Load() }

// Get reads one row, or returns ledger.ErrNotFound.
func (s *Store) Get(ctx context.Context, partition, key string) (ledger.Row, error) {
	if err := checkKeys(partition, key); err != nil {
		return ledger.Row{}, err
	}
	answer, err := s.client.GetEntity(ctx, partition, key, nil)
	if err != nil {
		if code := codeOf(err); code == "ResourceNotFound" || code == "TableNotFound" || code == "EntityNotFound" {
			return ledger.Row{}, ledger.ErrNotFound
		}
		return ledger.Row{}, fmt.Errorf("read row %s of %s: %w", key, partition, plain(err))
	}
	return decode(answer.Value)
}

// List yields the rows of a partition with from <= key < to, in order of key, page by page.
func (s *Store) List(ctx context.Context, partition, from, to string) iter.Seq2[ledger.Row, error] {
	return func(yield func(ledger.Row, error) bool) {
		if err := checkRange(partition, from, to); err != nil {
			yield(ledger.Row{}, err)
			return
		}
		filter := fmt.Sprintf("PartitionKey eq '%s' and RowKey ge '%s' and RowKey lt '%s'", partition, from, to)
		pager := s.client.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter})
		for pager.More() {
			page, err := pager.NextPage(ctx)
			if err != nil {
				if codeOf(err) != "TableNotFound" {
					yield(ledger.Row{}, fmt.Errorf("read rows of %s: %w", partition, plain(err)))
				}
				return
			}
			for _, entity := range page.Entities {
				row, err := decode(entity)
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
	}
}

// Commit applies all operations in one entity group transaction, or none.
func (s *Store) Commit(ctx context.Context, partition string, ops []ledger.Op) error {
	actions, err := encode(partition, ops)
	if err != nil {
		return err
	}
	_, err = s.client.SubmitTransaction(ctx, actions, nil)
	if err == nil {
		return nil
	}
	f := failureOf(err)
	if f.code == "TableNotFound" {
		if err := s.create(ctx); err != nil {
			return err
		}
		if _, err = s.client.SubmitTransaction(ctx, actions, nil); err == nil {
			return nil
		}
		f = failureOf(err)
	}
	return f.error(partition, ops)
}

// create makes the table; somebody else may be faster.
func (s *Store) create(ctx context.Context) error {
	if _, err := s.client.CreateTable(ctx, nil); err != nil && codeOf(err) != "TableAlreadyExists" {
		return fmt.Errorf("create the table of the ledger: %w", plain(err))
	}
	return nil
}

// encode makes the transaction, and holds it to the service's bounds.
func encode(partition string, ops []ledger.Op) ([]aztables.TransactionAction, error) {
	if len(ops) == 0 || len(ops) > maxRows {
		return nil, fmt.Errorf("a transaction of %d rows: one takes 1 to %d", len(ops), maxRows)
	}
	actions := make([]aztables.TransactionAction, 0, len(ops))
	size := 0
	seen := make(map[string]bool, len(ops))
	for n, op := range ops {
		if err := checkKeys(partition, op.Row.Key); err != nil {
			return nil, err
		}
		if seen[op.Row.Key] {
			return nil, fmt.Errorf("row %s is twice in one transaction", op.Row.Key)
		}
		seen[op.Row.Key] = true
		entity, err := json.Marshal(aztables.EDMEntity{
			Entity: aztables.Entity{PartitionKey: partition, RowKey: op.Row.Key}, Properties: properties(op.Row.Columns),
		})
		if err != nil {
			return nil, fmt.Errorf("write row %s: %w", op.Row.Key, err)
		}
		if size += len(entity) + perAction; size > maxBytes {
			return nil, &ledger.RefusedError{Op: n, Code: "RequestBodyTooLarge", Key: op.Row.Key}
		}
		action := aztables.TransactionAction{Entity: entity}
		switch op.Kind {
		case ledger.Insert:
			action.ActionType = aztables.TransactionTypeAdd
		case ledger.Upsert:
			action.ActionType = aztables.TransactionTypeInsertReplace
		case ledger.Replace:
			action.ActionType, action.IfMatch = aztables.TransactionTypeUpdateReplace, new(azcore.ETag(op.Row.ETag))
		case ledger.Delete:
			action.ActionType, action.IfMatch = aztables.TransactionTypeDelete, new(azcore.ETag(op.Row.ETag))
		default:
			return nil, fmt.Errorf("row %s: no such operation", op.Row.Key)
		}
		if action.IfMatch != nil && *action.IfMatch == "" {
			return nil, fmt.Errorf("row %s is to be changed without saying what it was", op.Row.Key)
		}
		actions = append(actions, action)
	}
	return actions, nil
}

// perAction is what the frame of one action in the multipart body takes at most.
const perAction = 1 << 10
