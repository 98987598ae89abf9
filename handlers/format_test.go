package main

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"glasswatch/infra/local/azurite"
	"glasswatch/shared/ledger"
	"glasswatch/shared/tables"
)

// TestTheFirstFormatIsReadForEver puts the frozen ledger of format version 1 into storage, as an
// installation holds it after an upgrade, and lets today's program verify it.
func TestTheFirstFormatIsReadForEver(t *testing.T) {
	content, err := os.ReadFile("../shared/ledger/testdata/format1.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Partition, Key string
		Text           map[string]string
		Integer        map[string]int64
		Binary         map[string][]byte
	}
	if err := json.Unmarshal(content, &rows); err != nil {
		t.Fatal(err)
	}
	emulator, err := azurite.Start(context.WithoutCancel(t.Context()), azurite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(emulator.Kill)
	store, err := tables.New(tables.Options{ConnectionString: emulator.ConnectionString(), Table: ledger.Table})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		columns := map[string]any{}
		for name, value := range r.Text {
			columns[name] = value
		}
		for name, value := range r.Integer {
			columns[name] = value
		}
		for name, value := range r.Binary {
			columns[name] = value
		}
		if err := store.Commit(t.Context(), r.Partition, []ledger.Op{{Kind: ledger.Insert, Row: ledger.Row{Key: r.Key, Columns: columns}}}); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"EVIDENCE_TABLES": emulator.ConnectionString()}
	exit, stdout, stderr := call(t, env, "verify", "--deep", "--json")
	if exit != exitGood || !strings.Contains(stdout, `"ok":true,"streams":3,"entries":13,"expired":2`) {
		t.Errorf("exit %d: %s%s", exit, stdout, stderr)
	}
}
