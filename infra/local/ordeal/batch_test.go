package ordeal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"glasswatch/infra/local/sample"
	"glasswatch/infra/local/teamspage"
)

// TestSpray stores ten thousand attempts, of which one succeeds, and tells of them in a few cards.
func TestSpray(t *testing.T) {
	for _, test := range []struct {
		name                    string
		addresses, applications int
	}{
		{"from 3,000 addresses", 3000, 1},
		{"at 500 applications", 50, 500},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStand(t, seedOf(t))
			s.startHost(nil)
			var records []*sample.Object
			good := ""
			for _, a := range s.sample.Spray(sample.Spray{
				Who: s.sample.Tenant.BreakGlass[0], Failures: 10_000, Addresses: test.addresses, Applications: test.applications,
				From: time.Now().Add(-12 * time.Minute), Over: 10 * time.Minute, Success: true,
			}) {
				records = append(records, a.Record)
				if a.Success {
					good = a.Record.Text("properties.id")
				}
			}
			begun := time.Now()
			s.send("0", sample.Messages(0, records...)...)
			s.arrive(3*time.Minute, "the card of the success", func(cards []teamspage.Card, messages []teamspage.Message) bool {
				return cardsSaying(cards, "succeeded") > 0 && messagesSaying(messages, "succeeded") > 0
			})
			told := time.Since(begun)
			s.idle(5 * time.Minute)
			stored := time.Since(begun)
			s.sweep(2 * time.Minute)
			count := s.recorded()
			if len(count) != len(records) || count[good] != 1 {
				t.Errorf("%d of %d records in the ledger, the success %d times", len(count), len(records), count[good])
			}
			for id, n := range count {
				if n != 1 {
					t.Errorf("record %s is in the ledger %d times", id, n)
				}
			}
			if n := len(s.page.Cards()); n > 12 {
				t.Errorf("%d cards, want at most 12", n)
			}
			s.whole()
			t.Logf("%d records stored after %s (60 s are allowed on an idle machine), the success told after %s, %d cards",
				len(records), stored.Round(time.Second), told.Round(time.Second), len(s.page.Cards()))
		})
	}
}

// wire makes the body of a host call, encoded as the host encodes it.
func wire(t *testing.T, messages ...[]byte) []byte {
	t.Helper()
	texts := make([]string, len(messages))
	for n, m := range messages {
		texts[n] = string(m)
	}
	inner, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	outer, err := json.Marshal(map[string]any{"Data": map[string]string{"events": string(inner)}, "Metadata": map[string]any{}})
	if err != nil {
		t.Fatal(err)
	}
	return outer
}

// TestTheSameBatchAgain delivers batches five times and overlapping, one after the other.
func TestTheSameBatchAgain(t *testing.T) {
	s := newStand(t, seedOf(t))
	s.startHost(nil)
	a, idA := s.success(0)
	b, idB := s.success(0)
	c, idC := s.success(1)
	batches := [][]byte{wire(t, a, b), wire(t, a, b), wire(t, a, b), wire(t, a, b), wire(t, a, b), wire(t, b, c), wire(t, c, a), wire(t, a, a, b, b, c, c)}
	for _, body := range batches {
		answer, err := s.host.Invoke(t.Context(), "watchlogs", body)
		if err != nil || answer.Status != http.StatusOK {
			t.Fatalf("status %d, %v: %s", answer.Status, err, answer.Body)
		}
	}
	s.once(idA, idB, idC)
}

// once holds each record to one event and one card on Teams.
func (s *stand) once(ids ...string) {
	s.t.Helper()
	count := s.recorded()
	for _, id := range ids {
		if count[id] != 1 {
			s.t.Errorf("record %s is in the ledger %d times", id, count[id])
		}
	}
	cards := map[string]int{}
	for _, c := range s.page.Cards() {
		for _, w := range c.Witnesses {
			cards[fmt.Sprintf("%s#%d", w.Stream, w.Sequence)]++
		}
	}
	for _, e := range s.lines("events") {
		at := fmt.Sprintf("%v#%v", e["stream"], e["sequence"])
		if cards[at] != 1 {
			s.t.Errorf("%s has %d cards, want one", at, cards[at])
		}
	}
	s.whole()
}

// TestFourProcessesAtOnce lets four processes handle the same batches on the same tables.
func TestFourProcessesAtOnce(t *testing.T) {
	s := newStand(t, seedOf(t))
	var addresses []string
	for range 4 {
		addresses = append(addresses, s.serve())
	}
	var ids []string
	var batches [][]byte
	for n := range 6 {
		body, id := s.success(n % 2)
		ids = append(ids, id)
		batches = append(batches, wire(t, body))
	}
	var work sync.WaitGroup
	for _, address := range addresses {
		work.Go(func() {
			for _, body := range batches {
				s.call(address, body)
			}
		})
	}
	work.Wait()
	s.once(ids...)
}

// serve starts one process of the program without a host and returns its address.
func (s *stand) serve() string {
	s.t.Helper()
	port := freePort(s.t)
	process := exec.CommandContext(context.WithoutCancel(s.t.Context()), filepath.Join(app, "glasswatch"), "serve")
	process.Env = append(process.Env, "FUNCTIONS_CUSTOMHANDLER_PORT="+strconv.Itoa(port))
	for name, value := range s.settings {
		process.Env = append(process.Env, name+"="+value)
	}
	process.Stdout = s.said
	if err := process.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	})
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	for range 200 {
		if conn, err := (&net.Dialer{}).DialContext(s.t.Context(), "tcp4", address); err == nil {
			_ = conn.Close()
			return address
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.t.Fatal("the program does not listen")
	return ""
}

// call hands a batch over as the host does, again until it is acknowledged.
func (s *stand) call(address string, body []byte) {
	for range 20 {
		r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, "http://"+address+"/watchlogs", strings.NewReader(string(body)))
		if err != nil {
			s.t.Error(err)
			return
		}
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			s.t.Error(err)
			return
		}
		_ = answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			return
		}
	}
	s.t.Error("the batch was refused twenty times")
}
