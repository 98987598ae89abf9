package ledger_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/ledger"
	"glasswatch/shared/ledger/ledgertest"
)

// The forgeries that rows alone cannot show, each with the copy that shows it.

func hashOf(t *testing.T, store *ledgertest.Store, stream string, sequence int) string {
	t.Helper()
	row, err := store.Get(t.Context(), stream, entryKey(sequence))
	if err != nil {
		t.Fatal(err)
	}
	return row.Columns["Hash"].(string)
}

// forge rewrites an entry of tenant and the chain behind it.
func forge(t *testing.T, store *ledgertest.Store, sequence int) {
	t.Helper()
	store.Tamper("tenant", func(rows map[string]ledger.Row) {
		setPayload(rows[entryKey(sequence)], []byte("forged"))
		chainFrom(t, "tenant", rows, sequence)
	})
}

// without makes a sample that has no checkpoints, so that nothing in the rows names a hash.
func without(t *testing.T) *ledgertest.Store {
	t.Helper()
	rows := sample(t).Dump()
	delete(rows, "checkpoint")
	store := ledgertest.Load(t, rows)
	store.Tamper("register", func(rows map[string]ledger.Row) { delete(rows, "stream|checkpoint") })
	return store
}

func TestLimitsAreWhatTheRowsCannotShow(t *testing.T) {
	for _, c := range []struct {
		name, says string
		forge      func(t *testing.T, store *ledgertest.Store)
	}{
		{"a tail cut off with the head set back", "last entries cut off together with its head set back", func(_ *testing.T, store *ledgertest.Store) {
			store.Tamper("tenant", func(rows map[string]ledger.Row) {
				delete(rows, entryKey(5))
				setHead(rows, 4)
			})
		}},
		{"a chain computed anew", "a chain computed anew", func(t *testing.T, store *ledgertest.Store) { forge(t, store, 3) }},
		{"a stream deleted with its registration", "taken out of the register, deleted or not", func(_ *testing.T, store *ledgertest.Store) {
			store.Tamper("tenant", func(rows map[string]ledger.Row) { clear(rows) })
			store.Tamper("register", func(rows map[string]ledger.Row) { delete(rows, "stream|tenant") })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(ledger.Limits, c.says) {
				t.Errorf("Limits does not say %q", c.says)
			}
			store := without(t)
			witness := ledger.Witness{Stream: "tenant", Sequence: 5, Hash: hashOf(t, store, "tenant", 5)[:12]}
			c.forge(t, store)
			if found, verdict := verify(t, store, afterwards()); !verdict.OK {
				t.Errorf("the rows alone show %v: say so in Limits", found)
			}
			o := afterwards()
			o.Witnesses = []ledger.Witness{witness}
			found, verdict := verify(t, store, o)
			if diff := cmp.Diff([]string{"tenant#5 witnessMismatch"}, found); diff != "" || verdict.OK {
				t.Errorf("with a witness (-want +found):\n%s", diff)
			}
			// The checkpoints in the ledger show it too, while they stand.
			store = sample(t)
			c.forge(t, store)
			found, _ = verify(t, store, afterwards())
			if len(found) != 1 || !strings.HasPrefix(found[0], "tenant#") || !strings.HasSuffix(found[0], " checkpointMismatch") {
				t.Errorf("with checkpoints in the ledger: %v", found)
			}
		})
	}
}

func TestVerifyComparesWithACheckpointKeptElsewhere(t *testing.T) {
	store := sample(t)
	older, newest := hashOf(t, store, "checkpoint", 1), hashOf(t, store, "checkpoint", 2)
	for _, c := range []struct {
		name, hash string
		want       []string
		names      string
	}{
		{"the newest", newest, []string{}, newest},
		{"an older one", older, []string{}, older},
		{"as a digest shows it", newest[:12], []string{}, newest},
		{"too short to say anything", newest[:11], []string{"checkpoint#0 checkpointMismatch"}, newest},
		{"another", strings.Repeat("ab", 32), []string{"checkpoint#0 checkpointMismatch"}, newest},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := afterwards()
			o.Checkpoint = c.hash
			found, verdict := verify(t, store, o)
			if diff := cmp.Diff(c.want, found); diff != "" {
				t.Errorf("verify (-want +found):\n%s", diff)
			}
			if verdict.Checkpoint != c.names {
				t.Errorf("the verdict names checkpoint %.12s, want %.12s", verdict.Checkpoint, c.names)
			}
		})
	}
	t.Run("all checkpoints computed anew", func(t *testing.T) {
		store := sample(t)
		store.Tamper("checkpoint", func(rows map[string]ledger.Row) {
			rows[entryKey(1)].Columns["Time"] = "2026-03-01T12:00:00Z"
			chainFrom(t, "checkpoint", rows, 1)
		})
		if found, verdict := verify(t, store, afterwards()); !verdict.OK {
			t.Errorf("the rows alone show %v", found)
		}
		o := afterwards()
		o.Checkpoint = newest
		found, _ := verify(t, store, o)
		if diff := cmp.Diff([]string{"checkpoint#0 checkpointMismatch"}, found); diff != "" {
			t.Errorf("verify (-want +found):\n%s", diff)
		}
	})
}

func TestVerifyComparesWithWitnesses(t *testing.T) {
	store := sample(t)
	hash := hashOf(t, store, "tenant", 3)
	for _, c := range []struct {
		name string
		text string
		want []string
	}{
		{"as a message says it", "tenant#3 " + hash[:12], []string{}},
		{"a whole hash", "tenant#3 " + hash, []string{}},
		{"in the midst of a pasted message", "Break-glass sign-in\n> … tenant#3 " + hash[:12] + " · Glasswatch\n", []string{}},
		{"another hash", "tenant#3 " + strings.Repeat("ab", 6), []string{"tenant#3 witnessMismatch"}},
		{"a whole hash that ends otherwise", "tenant#3 " + hash[:60] + "0000", []string{"tenant#3 witnessMismatch"}},
		{"an entry that is not there", "tenant#99 " + hash[:12], []string{"tenant#99 witnessMismatch"}},
		{"a stream that is not there", "account-0#1 " + hash[:12], []string{"account-0#1 witnessMismatch"}},
		{"the register, which is no stream", "register#1 " + hash[:12], []string{"register#1 witnessMismatch"}},
		{"two, one bad", "tenant#3 " + hash[:12] + "\ntenant#2 " + hash[:12], []string{"tenant#2 witnessMismatch"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := afterwards()
			if o.Witnesses = ledger.FindWitnesses(c.text); len(o.Witnesses) == 0 {
				t.Fatal("no witness found in the text")
			}
			found, verdict := verify(t, store, o)
			if diff := cmp.Diff(c.want, found); diff != "" || verdict.Streams != 3 {
				t.Errorf("%d streams, verify (-want +found):\n%s", verdict.Streams, diff)
			}
		})
	}
}

func TestWitnessesAreFoundInTexts(t *testing.T) {
	w := ledger.WitnessOf(ledger.Sealed{Stream: account, Sequence: 7, Hash: strings.Repeat("0f", 32)})
	if diff := cmp.Diff([]ledger.Witness{w}, ledger.FindWitnesses("> "+w.String()+".")); diff != "" {
		t.Errorf("(-written +found):\n%s", diff)
	}
	for _, text := range []string{"", "tenant#0 0123456789ab", "tenant#3 0123456789a", "tenant#3 0123456789AB", "tenant#99999999999999999999 0123456789ab", "tenant#3: 0123456789ab"} {
		if found := ledger.FindWitnesses(text); len(found) > 0 {
			t.Errorf("%q holds %v", text, found)
		}
	}
}

func TestACheckpointNamesEveryStreamButItsOwn(t *testing.T) {
	store := sample(t)
	l := ledger.New(store, at)
	if _, err := l.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	for stream, change := range map[string]string{account: "Kind", "tenant": "Kind"} {
		store := ledgertest.Load(t, store.Dump())
		store.Tamper(stream, func(rows map[string]ledger.Row) {
			rows[entryKey(1)].Columns[change] = "forged"
			chainFrom(t, stream, rows, 1)
		})
		found, _ := verify(t, store, afterwards())
		if len(found) != 1 || !strings.HasPrefix(found[0], stream+"#") || !strings.HasSuffix(found[0], " checkpointMismatch") {
			t.Errorf("%s computed anew: %v", stream, found)
		}
	}
}
