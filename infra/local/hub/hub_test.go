package hub_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"glasswatch/infra/local/hub"
)

const entity = "entra-logs"

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func start(t *testing.T, options hub.Options) *hub.Hub {
	t.Helper()
	options.Stderr = os.Stderr
	h, err := hub.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Stop)
	return h
}

func producer(t *testing.T, h *hub.Hub) *azeventhubs.ProducerClient {
	t.Helper()
	client, err := azeventhubs.NewProducerClientFromConnectionString(h.ConnectionString(), entity, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close(context.WithoutCancel(t.Context())) })
	return client
}

func consumer(t *testing.T, h *hub.Hub, group, name string) *azeventhubs.ConsumerClient {
	t.Helper()
	client, err := azeventhubs.NewConsumerClientFromConnectionString(h.ConnectionString(), entity, group, &azeventhubs.ConsumerClientOptions{
		InstanceID:   name,
		RetryOptions: azeventhubs.RetryOptions{MaxRetries: -1},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close(context.WithoutCancel(t.Context())) })
	return client
}

func reader(t *testing.T, client *azeventhubs.ConsumerClient, options azeventhubs.PartitionClientOptions) *azeventhubs.PartitionClient {
	t.Helper()
	partition, err := client.NewPartitionClient("0", &options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = partition.Close(context.WithoutCancel(t.Context())) })
	return partition
}

func earliest() azeventhubs.StartPosition {
	return azeventhubs.StartPosition{Earliest: new(true)}
}

func send(t *testing.T, client *azeventhubs.ProducerClient, options azeventhubs.EventDataBatchOptions, events ...*azeventhubs.EventData) {
	t.Helper()
	batch, err := client.NewEventDataBatch(t.Context(), &options)
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range events {
		if err := batch.AddEventData(event, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.SendEventDataBatch(t.Context(), batch, nil); err != nil {
		t.Fatal(err)
	}
}

func numbered(count int) []*azeventhubs.EventData {
	events := make([]*azeventhubs.EventData, count)
	for i := range events {
		events[i] = &azeventhubs.EventData{Body: fmt.Appendf(nil, "event %d", i)}
	}
	return events
}

func receive(t *testing.T, partition *azeventhubs.PartitionClient, count int) []*azeventhubs.ReceivedEventData {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	events, err := partition.ReceiveEvents(ctx, count, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(events) != count {
		t.Fatalf("received %d events, want %d", len(events), count)
	}
	return events
}

func bodies(events []*azeventhubs.ReceivedEventData) []string {
	texts := make([]string, len(events))
	for i, event := range events {
		texts[i] = string(event.Body)
	}
	return texts
}

func TestManagementTellsPartitionsAndPositions(t *testing.T) {
	h := start(t, hub.Options{Partitions: map[string]int{entity: 3}})
	client := producer(t, h)
	properties, err := client.GetEventHubProperties(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"0", "1", "2"}, properties.PartitionIDs); diff != "" || properties.Name != entity {
		t.Errorf("properties of %q: partitions (-want +got):\n%s", properties.Name, diff)
	}
	empty, err := client.GetPartitionProperties(t.Context(), "0", nil)
	if err != nil || !empty.IsEmpty || empty.LastEnqueuedSequenceNumber != -1 {
		t.Errorf("empty partition: %+v, %v", empty, err)
	}
	send(t, client, azeventhubs.EventDataBatchOptions{PartitionID: new("0")}, numbered(3)...)
	full, err := client.GetPartitionProperties(t.Context(), "0", nil)
	if err != nil || full.IsEmpty || full.LastEnqueuedSequenceNumber != 2 || full.BeginningSequenceNumber != 0 {
		t.Errorf("partition with three events: %+v, %v", full, err)
	}
	if time.Since(full.LastEnqueuedOn).Abs() > time.Minute {
		t.Errorf("last event enqueued on %v, want about now", full.LastEnqueuedOn)
	}
	if _, err := client.GetPartitionProperties(t.Context(), "9", nil); err == nil {
		t.Error("a partition that does not exist has properties")
	}
}

func TestEventsArriveAsTheyWereSent(t *testing.T) {
	h := start(t, hub.Options{})
	send(t, producer(t, h), azeventhubs.EventDataBatchOptions{PartitionKey: new("key")}, &azeventhubs.EventData{
		Body:          []byte("\x00\xff binary"),
		ContentType:   new("application/json"),
		MessageID:     new("m-1"),
		CorrelationID: "c-1",
		Properties:    map[string]any{"text": "x", "int64": int64(5), "int32": int32(-6), "flag": true, "float": 0.5},
	})
	state, err := h.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id := "0"
	for _, partition := range state.Partitions {
		if partition.Next > 0 {
			id = partition.ID
		}
	}
	client := consumer(t, h, azeventhubs.DefaultConsumerGroup, "one")
	partition, err := client.NewPartitionClient(id, &azeventhubs.PartitionClientOptions{StartPosition: earliest()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = partition.Close(context.WithoutCancel(t.Context())) }()
	got := receive(t, partition, 1)[0]
	want := azeventhubs.EventData{
		Body:          []byte("\x00\xff binary"),
		ContentType:   new("application/json"),
		MessageID:     new("m-1"),
		CorrelationID: "c-1",
		Properties:    map[string]any{"text": "x", "int64": int64(5), "int32": int32(-6), "flag": true, "float": 0.5},
	}
	if diff := cmp.Diff(want, got.EventData); diff != "" {
		t.Errorf("received event (-want +got):\n%s", diff)
	}
	if got.PartitionKey == nil || *got.PartitionKey != "key" || got.Offset != "0" || got.SequenceNumber != 0 {
		t.Errorf("broker's stamps: key %v, offset %q, sequence %d", got.PartitionKey, got.Offset, got.SequenceNumber)
	}
}

func TestReadersBeginWhereTheyAsk(t *testing.T) {
	h := start(t, hub.Options{})
	long := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for i := range 4 {
		if err := h.Append(t.Context(), entity, "0", long.Add(time.Duration(i)*time.Hour), fmt.Appendf(nil, "event %d", i)); err != nil {
			t.Fatal(err)
		}
	}
	client := consumer(t, h, azeventhubs.DefaultConsumerGroup, "one")
	all := receive(t, reader(t, client, azeventhubs.PartitionClientOptions{StartPosition: earliest()}), 4)
	if !all[2].EnqueuedTime.Equal(long.Add(2 * time.Hour)) {
		t.Errorf("third event enqueued at %v, want the time that was asked for", all[2].EnqueuedTime)
	}
	for _, test := range []struct {
		name  string
		from  azeventhubs.StartPosition
		first string
	}{
		{"after a sequence number", azeventhubs.StartPosition{SequenceNumber: new(int64(1))}, "event 2"},
		{"at a sequence number", azeventhubs.StartPosition{SequenceNumber: new(int64(1)), Inclusive: true}, "event 1"},
		{"after an offset", azeventhubs.StartPosition{Offset: &all[2].Offset}, "event 3"},
		{"at a time", azeventhubs.StartPosition{EnqueuedTime: new(long.Add(2 * time.Hour)), Inclusive: true}, "event 2"},
		{"after a time", azeventhubs.StartPosition{EnqueuedTime: new(long.Add(2 * time.Hour))}, "event 3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := receive(t, reader(t, client, azeventhubs.PartitionClientOptions{StartPosition: test.from}), 1)
			if bodies(got)[0] != test.first {
				t.Errorf("first event is %q, want %q", got[0].Body, test.first)
			}
		})
	}
	t.Run("at the oldest that retention left", func(t *testing.T) {
		if err := h.Forget(t.Context(), entity, "0", 2); err != nil {
			t.Fatal(err)
		}
		got := receive(t, reader(t, client, azeventhubs.PartitionClientOptions{StartPosition: earliest()}), 1)
		if got[0].SequenceNumber != 2 {
			t.Errorf("first event has sequence %d, want 2", got[0].SequenceNumber)
		}
	})
	t.Run("at the end", func(t *testing.T) {
		latest := reader(t, client, azeventhubs.PartitionClientOptions{StartPosition: azeventhubs.StartPosition{Latest: new(true)}})
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if _, err := latest.ReceiveEvents(ctx, 1, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("empty receive ended with %v, want the deadline", err)
		}
		send(t, producer(t, h), azeventhubs.EventDataBatchOptions{PartitionID: new("0")}, numbered(1)...)
		receive(t, latest, 1)
	})
}

func TestLargeBacklogIsReadWhole(t *testing.T) {
	h := start(t, hub.Options{})
	client := producer(t, h)
	body := []byte(strings.Repeat("x", 4096))
	const batches, perBatch = 20, 150
	for range batches {
		events := numbered(perBatch)
		for _, event := range events {
			event.Body = body
		}
		send(t, client, azeventhubs.EventDataBatchOptions{PartitionID: new("0")}, events...)
	}
	partition := reader(t, consumer(t, h, azeventhubs.DefaultConsumerGroup, "one"), azeventhubs.PartitionClientOptions{StartPosition: earliest(), Prefetch: 64})
	for i, event := range receive(t, partition, batches*perBatch) {
		if event.SequenceNumber != int64(i) || len(event.Body) != len(body) {
			t.Fatalf("event %d has sequence %d and %d bytes", i, event.SequenceNumber, len(event.Body))
		}
	}
}
