package hub_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	standin "glasswatch/infra/local/hub"
	"glasswatch/shared/hub"
)

const (
	entity = "entra-logs"
	replay = "replay"
)

func start(t *testing.T) *standin.Hub {
	t.Helper()
	h, err := standin.Start(context.WithoutCancel(t.Context()), standin.Options{Partitions: map[string]int{entity: 2}, ConsumerGroups: []string{replay}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Stop)
	return h
}

func fill(t *testing.T, h *standin.Hub, at time.Time, count int) {
	t.Helper()
	var bodies [][]byte
	for n := range count {
		bodies = append(bodies, fmt.Appendf(nil, "message %d of %s", n, at.Format(time.TimeOnly)))
	}
	if err := h.Append(t.Context(), entity, "0", at, bodies...); err != nil {
		t.Fatal(err)
	}
}

func TestPartitionsAndWhatWaitsInThem(t *testing.T) {
	h := start(t)
	earlier := time.Now().Add(-time.Hour)
	fill(t, h, earlier, 3)
	fill(t, h, time.Now(), 150)
	reader := hub.New(hub.Options{ConnectionString: h.ConnectionString(), Name: entity, ConsumerGroup: replay})

	partitions, err := reader.Partitions(t.Context())
	if err != nil || len(partitions) != 2 {
		t.Fatalf("%d partitions, %v", len(partitions), err)
	}
	if p := partitions[0]; p.ID != "0" || p.Last != 152 || p.Empty || time.Since(p.LastEnqueuedAt) > time.Minute {
		t.Errorf("partition 0 is %+v", p)
	}
	if !partitions[1].Empty {
		t.Error("partition 1 is not empty")
	}
	for _, test := range []struct {
		name  string
		after int64
		since time.Time
		most  int
		want  int
		first int64
	}{
		{"after a message", 149, time.Time{}, 100, 3, 150},
		{"no more than asked for", 0, time.Time{}, 70, 70, 1},
		{"since a time", -1, time.Now().Add(-time.Minute), 500, 150, 3},
		{"after the last", 152, time.Time{}, 10, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			waiting, err := reader.Read(ctx, "0", test.after, test.since, 152, test.most)
			if err != nil || len(waiting) != test.want {
				t.Fatalf("%d messages, want %d: %v", len(waiting), test.want, err)
			}
			for n, w := range waiting {
				if w.Sequence != test.first+int64(n) || w.EnqueuedAt.IsZero() || !strings.HasPrefix(string(w.Body), "message ") {
					t.Fatalf("message %d is %d, enqueued %s: %s", n, w.Sequence, w.EnqueuedAt, w.Body)
				}
			}
		})
	}
}

func TestItConnectsAgain(t *testing.T) {
	h := start(t)
	fill(t, h, time.Now(), 1)
	reader := hub.New(hub.Options{ConnectionString: h.ConnectionString(), Name: entity, ConsumerGroup: replay})
	if _, err := reader.Partitions(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := h.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	var err error
	for range 3 { // the first call after it may still find the old connection
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		_, err = reader.Partitions(ctx)
		cancel()
		if err == nil {
			return
		}
	}
	t.Errorf("three calls after the connection was lost: %v", err)
}

func TestTroubleIsSaidWithoutTheSecret(t *testing.T) {
	const secret = "bm90LWEtcmVhbC1rZXk="
	for _, test := range []struct{ name, connection string }{
		{"nonsense", "nonsense " + secret},
		{"nobody there", "Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=k;SharedAccessKey=" + secret + ";UseDevelopmentEmulator=true"},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_, err := hub.New(hub.Options{ConnectionString: test.connection, Name: entity, ConsumerGroup: replay}).Partitions(ctx)
			if err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("error %v", err)
			}
		})
	}
}
