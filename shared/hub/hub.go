// Package hub looks into the event hub beside the host: how far it is filled, and what waits in it.
package hub

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"

	"glasswatch/shared/pulse"
)

// Options say where the hub is: by connection string if there is one, else by namespace and the
// app's identity.
type Options struct {
	ConnectionString string
	Namespace        string // host name
	Credential       azcore.TokenCredential
	Name             string
	ConsumerGroup    string // never the trigger's: a second reader would take its partitions away
}

// Hub reads from one hub. It is safe for concurrent use, connects when first asked, and connects
// again by itself after a failure.
type Hub struct {
	options Options

	lock   sync.Mutex
	client *azeventhubs.ConsumerClient
}

// New makes a Hub. It asks nothing of the network.
func New(o Options) *Hub { return &Hub{options: o} }

// retry keeps the library from trying for minutes: whoever asks has a deadline and asks again.
var retry = azeventhubs.RetryOptions{MaxRetries: 1, RetryDelay: 200 * time.Millisecond, MaxRetryDelay: time.Second}

func (h *Hub) connect() (*azeventhubs.ConsumerClient, error) {
	h.lock.Lock()
	defer h.lock.Unlock()
	if h.client != nil {
		return h.client, nil
	}
	client, err := h.dial()
	if err != nil {
		// The library's text may quote the connection string.
		return nil, errors.New("the settings of the event hub cannot be used: check ENTRA_EVENTHUB and ENTRA_EVENTHUB_NAME")
	}
	h.client = client
	return client, nil
}

func (h *Hub) dial() (*azeventhubs.ConsumerClient, error) {
	o := &azeventhubs.ConsumerClientOptions{ApplicationID: "glasswatch", RetryOptions: retry}
	if h.options.ConnectionString == "" {
		return azeventhubs.NewConsumerClient(h.options.Namespace, h.options.Name, h.options.ConsumerGroup, h.options.Credential, o)
	}
	parsed, err := azeventhubs.ParseConnectionString(h.options.ConnectionString)
	if err != nil {
		return nil, err
	}
	name := h.options.Name
	if parsed.EntityPath != nil {
		name = "" // the library wants it in one place only
	}
	return azeventhubs.NewConsumerClientFromConnectionString(h.options.ConnectionString, name, h.options.ConsumerGroup, o)
}

// Partitions says how far every partition is filled.
func (h *Hub) Partitions(ctx context.Context) ([]pulse.Partition, error) {
	client, err := h.connect()
	if err != nil {
		return nil, err
	}
	hub, err := client.GetEventHubProperties(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("ask the event hub for its partitions: %w", err)
	}
	var list []pulse.Partition
	for _, id := range hub.PartitionIDs {
		p, err := client.GetPartitionProperties(ctx, id, nil)
		if err != nil {
			return nil, fmt.Errorf("ask the event hub for partition %s: %w", id, err)
		}
		list = append(list, pulse.Partition{ID: id, Last: p.LastEnqueuedSequenceNumber, LastEnqueuedAt: p.LastEnqueuedOn, Empty: p.IsEmpty})
	}
	return list, nil
}

// Read reads messages of a partition: those after the sequence number, or, if that is negative,
// those that the hub took since the time. It returns when it has read to last, has the given
// number, or ctx ends; what it has by then is no error.
func (h *Hub) Read(ctx context.Context, partition string, after int64, since time.Time, last int64, most int) ([]pulse.Waiting, error) {
	client, err := h.connect()
	if err != nil {
		return nil, err
	}
	start := azeventhubs.StartPosition{SequenceNumber: &after}
	if after < 0 {
		start = azeventhubs.StartPosition{EnqueuedTime: &since, Inclusive: true}
	}
	reader, err := client.NewPartitionClient(partition, &azeventhubs.PartitionClientOptions{StartPosition: start, Prefetch: -1})
	if err != nil {
		return nil, fmt.Errorf("read partition %s: %w", partition, err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = reader.Close(closing)
	}()
	var read []pulse.Waiting
	for len(read) < most && (len(read) == 0 || read[len(read)-1].Sequence < last) {
		// A short wait per round: the library waits for the whole number or the deadline.
		round, cancel := context.WithTimeout(ctx, readRound)
		events, err := reader.ReceiveEvents(round, min(most-len(read), readSome), nil)
		cancel()
		for _, e := range events {
			w := pulse.Waiting{Sequence: e.SequenceNumber, Body: e.Body}
			if e.EnqueuedTime != nil {
				w.EnqueuedAt = *e.EnqueuedTime
			}
			read = append(read, w)
		}
		if errors.Is(err, context.DeadlineExceeded) && len(events) > 0 {
			continue
		}
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			return read, nil
		}
		if err != nil {
			return read, fmt.Errorf("read partition %s: %w", partition, err)
		}
	}
	return read, nil
}

// Rounds of reading.
const (
	readRound = 2 * time.Second
	readSome  = 64
)
