package hub_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
	"github.com/google/go-cmp/cmp"

	"glasswatch/infra/local/hub"
)

// The rules are the service's: docs.microsoft.com, "Event Hubs receiver epoch"; an equal epoch displaces.
func TestOwnersDisplaceAndRefuse(t *testing.T) {
	h := start(t, hub.Options{ConsumerGroups: []string{"replay"}})
	send(t, producer(t, h), azeventhubs.EventDataBatchOptions{PartitionID: new("0")}, numbered(2)...)
	open := func(group, name string, epoch *int64) *azeventhubs.PartitionClient {
		return reader(t, consumer(t, h, group, name), azeventhubs.PartitionClientOptions{StartPosition: earliest(), OwnerLevel: epoch})
	}
	first := open(azeventhubs.DefaultConsumerGroup, "first", new(int64(1)))
	receive(t, first, 1)

	for _, test := range []struct {
		name   string
		epoch  *int64
		reason string
	}{
		{"a lower epoch is refused", new(int64(0)), "Receiver 'first' with a higher epoch '1' already exists"},
		{"no epoch is refused", nil, "non-epoch receiver is not allowed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := open(azeventhubs.DefaultConsumerGroup, "other", test.epoch).ReceiveEvents(t.Context(), 1, nil)
			if err == nil || !strings.Contains(err.Error(), "amqp:link:stolen") || !strings.Contains(err.Error(), test.reason) {
				t.Errorf("receiving ended with %v, want amqp:link:stolen: %s", err, test.reason)
			}
		})
	}
	receive(t, first, 1) // and the owner is undisturbed
	receive(t, open("replay", "other", nil), 2)

	second := open(azeventhubs.DefaultConsumerGroup, "second", new(int64(1)))
	receive(t, second, 2)
	_, err := first.ReceiveEvents(t.Context(), 1, nil)
	if lost, ok := errors.AsType[*azeventhubs.Error](err); !ok || lost.Code != azeventhubs.ErrorCodeOwnershipLost {
		t.Errorf("the displaced owner got %v, want ownership lost", err)
	}
	state, err := h.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, attached := range state.Readers {
		names[attached.Group] += attached.Name
	}
	if diff := cmp.Diff(map[string]string{"$default": "second", "replay": "other"}, names); diff != "" {
		t.Errorf("readers by group (-want +got):\n%s", diff)
	}
}

func TestFaultsToOrder(t *testing.T) {
	h := start(t, hub.Options{})
	client := producer(t, h)
	partition := reader(t, consumer(t, h, azeventhubs.DefaultConsumerGroup, "one"), azeventhubs.PartitionClientOptions{StartPosition: earliest()})
	set := func(faults hub.Faults) {
		t.Helper()
		if err := h.SetFaults(t.Context(), faults); err != nil {
			t.Fatal(err)
		}
	}
	set(hub.Faults{Swallow: true})
	send(t, client, azeventhubs.EventDataBatchOptions{PartitionID: new("0")}, numbered(1)...)
	set(hub.Faults{Withhold: true})
	send(t, client, azeventhubs.EventDataBatchOptions{PartitionID: new("0")}, &azeventhubs.EventData{Body: []byte("kept")})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if events, err := partition.ReceiveEvents(ctx, 1, nil); err == nil {
		t.Errorf("received %q while delivery was withheld", bodies(events))
	}
	set(hub.Faults{})
	if got := bodies(receive(t, partition, 1)); got[0] != "kept" {
		t.Errorf("received %q, want only what was not swallowed", got)
	}
	set(hub.Faults{Unauthorized: true})
	refused := reader(t, consumer(t, h, azeventhubs.DefaultConsumerGroup, "two"), azeventhubs.PartitionClientOptions{StartPosition: earliest()})
	_, err := refused.ReceiveEvents(t.Context(), 1, nil)
	if denied, ok := errors.AsType[*azeventhubs.Error](err); !ok || denied.Code != azeventhubs.ErrorCodeUnauthorizedAccess {
		t.Errorf("receiving with a refused claim ended with %v, want unauthorized", err)
	}
}

func TestClientsSurviveACutConnection(t *testing.T) {
	h := start(t, hub.Options{})
	client := producer(t, h)
	options := azeventhubs.EventDataBatchOptions{PartitionID: new("0")}
	send(t, client, options, numbered(1)...)
	consuming, err := azeventhubs.NewConsumerClientFromConnectionString(h.ConnectionString(), entity, azeventhubs.DefaultConsumerGroup,
		&azeventhubs.ConsumerClientOptions{RetryOptions: azeventhubs.RetryOptions{RetryDelay: 10 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = consuming.Close(context.WithoutCancel(t.Context())) }()
	partition := reader(t, consuming, azeventhubs.PartitionClientOptions{StartPosition: earliest(), OwnerLevel: new(int64(0))})
	receive(t, partition, 1)
	if err := h.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := h.Append(t.Context(), entity, "0", time.Time{}, []byte("after")); err != nil {
		t.Fatal(err)
	}
	if got := bodies(receive(t, partition, 1)); got[0] != "after" {
		t.Errorf("received %q after the cut, want the event that followed", got)
	}
}

func TestRefusedAndExpired(t *testing.T) {
	h := start(t, hub.Options{Retention: 300 * time.Millisecond})
	client, err := azeventhubs.NewProducerClientFromConnectionString(h.ConnectionString(), entity, &azeventhubs.ProducerClientOptions{RetryOptions: azeventhubs.RetryOptions{MaxRetries: -1}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close(context.WithoutCancel(t.Context())) }()
	send(t, client, azeventhubs.EventDataBatchOptions{PartitionID: new("0")}, numbered(2)...)
	if err := h.SetFaults(t.Context(), hub.Faults{Refuse: true}); err != nil {
		t.Fatal(err)
	}
	batch, err := client.NewEventDataBatch(t.Context(), &azeventhubs.EventDataBatchOptions{PartitionID: new("0")})
	if err != nil {
		t.Fatal(err)
	}
	if err := batch.AddEventData(numbered(1)[0], nil); err != nil {
		t.Fatal(err)
	}
	if err := client.SendEventDataBatch(t.Context(), batch, nil); err == nil || !strings.Contains(err.Error(), "server-busy") {
		t.Errorf("sending ended with %v, want server-busy", err)
	}
	time.Sleep(400 * time.Millisecond)
	properties, err := client.GetPartitionProperties(t.Context(), "0", nil)
	if err != nil || !properties.IsEmpty || properties.LastEnqueuedSequenceNumber != 1 {
		t.Errorf("after the retention time: %+v, %v; want it empty and the numbering kept", properties, err)
	}
}
