package main

import (
	"context"
	"errors"
	"iter"

	"glasswatch/shared/ledger"
)

// errNoStore is what every use of the ledger ends in while it is not known where it is.
var errNoStore = errors.New("it is not known where the evidence is kept: set EVIDENCE_TABLES or EVIDENCE_TABLES__serviceUri")

// noStore stands where the store would be while it is not configured, so that the process stays up
// and says what is wrong.
type noStore struct{}

func (noStore) Get(context.Context, string, string) (ledger.Row, error) {
	return ledger.Row{}, errNoStore
}

func (noStore) List(context.Context, string, string, string) iter.Seq2[ledger.Row, error] {
	return func(yield func(ledger.Row, error) bool) { yield(ledger.Row{}, errNoStore) }
}

func (noStore) Commit(context.Context, string, []ledger.Op) error { return errNoStore }
