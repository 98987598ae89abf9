// Package tables keeps the ledger's rows in Azure Table Storage.
package tables

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"glasswatch/shared/ledger"
)

// Options say which table to use: by connection string if there is one, else at ServiceURI with
// the credential.
type Options struct {
	ConnectionString string
	ServiceURI       string
	Credential       azcore.TokenCredential
	Table            string
	Transport        *http.Client // nil: one of the store's own
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
		PerRetryPolicies: []policy.Policy{counter{&s.calls}},
		Transport:        o.Transport,
	}}
	if o.Transport == nil {
		options.Transport = newTransport()
	}
	service, err := connect(o, options)
	if err != nil {
		return nil, err
	}
	s.client = service.NewClient(o.Table)
	return s, nil
}

const (
	// shortTry is ample within Azure, and soon over when a connection hangs.
	shortTry = 2500 * time.Millisecond
	// longTry lets an operator verify the ledger over a slow line.
	longTry = 30 * time.Second
)

// patient says how long one try of a request may take. Who has a deadline must have time for another
// try when the first one hangs. A Retry-After of more than a second is the caller's to wait for.
func patient(ctx context.Context) context.Context {
	try := longTry
	if deadline, ok := ctx.Deadline(); ok {
		try = min(shortTry, max(time.Until(deadline)/2, time.Millisecond))
	}
	return policy.WithRetryOptions(ctx, policy.RetryOptions{
		MaxRetries: 2, RetryDelay: 100 * time.Millisecond, MaxRetryDelay: time.Second, TryTimeout: try,
	})
}

// newTransport knows a dead service sooner than the library's own.
func newTransport() *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 2 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:   true,
		TLSHandshakeTimeout: 2 * time.Second,
		MaxIdleConnsPerHost: 32,
		IdleConnTimeout:     90 * time.Second,
	}}
}

func connect(o Options, options *aztables.ClientOptions) (*aztables.ServiceClient, error) {
	if o.ConnectionString == "" {
		if o.ServiceURI == "" || o.Credential == nil {
			return nil, errors.New("the tables need a connection string, or an endpoint and an identity")
		}
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

// Get reads one row, or returns ledger.ErrNotFound, also when there is no table yet.
func (s *Store) Get(ctx context.Context, partition, key string) (ledger.Row, error) {
	if err := checkKeys(partition, key); err != nil {
		return ledger.Row{}, err
	}
	answer, err := s.client.GetEntity(patient(ctx), partition, key, &aztables.GetEntityOptions{Format: new(aztables.MetadataFormatFull)})
	if err != nil {
		switch failureOf(err).code {
		case "ResourceNotFound", "EntityNotFound", "TableNotFound":
			return ledger.Row{}, ledger.ErrNotFound
		}
		return ledger.Row{}, fmt.Errorf("read row %s of %s: %w", key, partition, plain(err))
	}
	row, err := decode(answer.Value)
	if err == nil && row.Key != key {
		err = fmt.Errorf("read row %s of %s: storage sent another row", key, partition)
	}
	if row.ETag == "" {
		row.ETag = string(answer.ETag)
	}
	return row, err
}

// List yields the rows of a partition with from <= key < to, in order of key, page by page; none
// when there is no table yet.
func (s *Store) List(ctx context.Context, partition, from, to string) iter.Seq2[ledger.Row, error] {
	return func(yield func(ledger.Row, error) bool) {
		if err := checkRange(partition, from, to); err != nil {
			yield(ledger.Row{}, err)
			return
		}
		// Only for full metadata is the ETag of each row documented. This overrides the Accept header:
		// https://learn.microsoft.com/rest/api/storageservices/payload-format-for-table-service-operations
		pager := s.client.NewListEntitiesPager(&aztables.ListEntitiesOptions{
			Filter: new(fmt.Sprintf("PartitionKey eq '%s' and RowKey ge '%s' and RowKey lt '%s'", partition, from, to)),
			Format: new(aztables.MetadataFormatFull),
		})
		for pager.More() {
			page, err := pager.NextPage(patient(ctx))
			if err != nil {
				if failureOf(err).code != "TableNotFound" {
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
	actions, err := transaction(partition, ops)
	if err != nil {
		return err
	}
	err = s.submit(ctx, actions)
	if err != nil && failureOf(err).code == "TableNotFound" {
		if err := s.create(ctx); err != nil {
			return err
		}
		err = s.submit(ctx, actions)
	}
	if err != nil {
		return commitError(partition, ops, err)
	}
	return nil
}

// submit sends a transaction and reads the answer itself: the library takes an answer that was cut
// short for a success, and reports a failed action as status 202 without a code.
func (s *Store) submit(ctx context.Context, list []aztables.TransactionAction) error {
	var answer *http.Response
	err := s.send(policy.WithCaptureResponse(ctx, &answer), list)
	if answer == nil || answer.StatusCode != http.StatusAccepted {
		if err == nil {
			return errGarbled
		}
		return err
	}
	done, err := actions(answer)
	if err == nil && done != len(list) {
		return errGarbled
	}
	return err
}

// send survives the library's panics on answers that have no first line or no body.
func (s *Store) send(ctx context.Context, list []aztables.TransactionAction) (err error) {
	defer func() {
		if recover() != nil {
			err = errGarbled
		}
	}()
	_, err = s.client.SubmitTransaction(patient(ctx), list, nil)
	return err
}

// create makes the table; somebody else may be faster.
func (s *Store) create(ctx context.Context) error {
	if _, err := s.client.CreateTable(patient(ctx), nil); err != nil && failureOf(err).code != "TableAlreadyExists" {
		return fmt.Errorf("create the table of the ledger: %w", plain(err))
	}
	return nil
}
