package funchost

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
)

const (
	ownerLevel = 0                    // the level at which the host's event processor reads
	topUp      = 3 * time.Millisecond // what else has arrived by now joins the batch
	closeLimit = 2 * time.Second
)

// listen reads every partition of the function's hub until the life of the instance ends.
func (in *instance) listen(ctx context.Context, fn *function) {
	for ctx.Err() == nil {
		if err := in.listenOnce(ctx, fn); err != nil && ctx.Err() == nil {
			in.out.say("host", "%s: %v", fn.name, err)
			in.pause(ctx, reopenPause)
		}
	}
}

func (in *instance) listenOnce(ctx context.Context, fn *function) error {
	client, err := fn.eventHub.consumer()
	if err != nil {
		return err
	}
	defer closeSoon(ctx, client.Close)
	asking, err := fn.eventHub.inquirer()
	if err != nil {
		return err
	}
	defer closeSoon(ctx, asking.Close)
	properties, err := asking.GetEventHubProperties(ctx, nil)
	if err != nil {
		return fmt.Errorf("ask hub %s for its partitions: %w", fn.eventHub.hub, err)
	}
	var readers sync.WaitGroup
	for _, id := range properties.PartitionIDs {
		p := &partition{
			in: in, fn: fn, id: id, hub: client, asking: asking,
			key: checkpointKey(fn.eventHub.hub, fn.eventHub.consumerGroup, id),
		}
		readers.Go(func() { p.run(ctx) })
	}
	readers.Wait()
	return nil
}

func (t *eventHubTrigger) consumer() (*azeventhubs.ConsumerClient, error) {
	client, err := azeventhubs.NewConsumerClientFromConnectionString(t.connection, t.hub, t.consumerGroup, &azeventhubs.ConsumerClientOptions{RetryOptions: briskly()})
	if err != nil {
		return nil, fmt.Errorf("connect to hub %s: %w", t.hub, err)
	}
	return client, nil
}

// inquirer asks for properties. It is a producer that sends nothing: closing a consumer client leaves
// its management link's claim renewal running (azeventhubs v2.0.2), closing a producer does not.
func (t *eventHubTrigger) inquirer() (*azeventhubs.ProducerClient, error) {
	client, err := azeventhubs.NewProducerClientFromConnectionString(t.connection, t.hub, &azeventhubs.ProducerClientOptions{RetryOptions: briskly()})
	if err != nil {
		return nil, fmt.Errorf("connect to hub %s: %w", t.hub, err)
	}
	return client, nil
}

func briskly() azeventhubs.RetryOptions {
	return azeventhubs.RetryOptions{RetryDelay: 100 * time.Millisecond, MaxRetryDelay: time.Second}
}

func closeSoon(ctx context.Context, closing func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer cancel()
	_ = closing(ctx) // the hub may be gone; nothing is left to do for it
}

// partition reads one partition for one function and delivers it batch by batch.
type partition struct {
	in     *instance
	fn     *function
	id     string
	key    string
	hub    *azeventhubs.ConsumerClient
	asking *azeventhubs.ProducerClient
	reader *azeventhubs.PartitionClient
	buffer []*azeventhubs.ReceivedEventData
	owned  bool
}

func (p *partition) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := p.read(ctx); err != nil && ctx.Err() == nil {
			p.in.out.say("host", "%s: partition %s: %v", p.fn.name, p.id, err)
			p.in.pause(ctx, reopenPause)
		}
	}
}

// read delivers from the last checkpoint on until ownership, the connection or the life is lost.
func (p *partition) read(ctx context.Context) error {
	start, err := p.start(ctx)
	if err != nil {
		return err
	}
	p.reader, err = p.hub.NewPartitionClient(p.id, &azeventhubs.PartitionClientOptions{
		StartPosition: start,
		OwnerLevel:    new(int64(ownerLevel)),
		Prefetch:      int32(min(p.in.app.hubs.prefetch, 5000)), // the client's own limit
	})
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer closeSoon(ctx, p.reader.Close)
	p.buffer, p.owned = nil, true
	for unsaved := 1; ; unsaved++ {
		events, err := p.next(ctx)
		if err != nil {
			return err
		}
		ended, failure := p.in.invoke(ctx, p.fn, batch{p.fn, p.id, events}.encode, func() bool { return p.stillOwned(ctx) })
		if !ended {
			return errors.New("abandoned a batch without checkpoint: it will be delivered again")
		}
		if failure != nil {
			p.in.out.say("host", "%s: partition %s: %d events are checkpointed although they failed", p.fn.name, p.id, len(events))
			p.in.counters.function(p.fn.name, func(s *FunctionStats) { s.Lost++ })
		}
		if unsaved < p.in.app.hubs.checkpointEvery {
			continue
		}
		unsaved = 0
		if err := p.in.checkpoints.save(p.key, events[len(events)-1].SequenceNumber); err != nil {
			return err
		}
	}
}

// start is the position after the checkpoint, else what host.json says.
func (p *partition) start(ctx context.Context) (azeventhubs.StartPosition, error) {
	properties, err := p.asking.GetPartitionProperties(ctx, p.id, nil)
	if err != nil {
		return azeventhubs.StartPosition{}, fmt.Errorf("ask for its position: %w", err)
	}
	last := properties.LastEnqueuedSequenceNumber
	if saved, ok := p.in.checkpoints.sequence(p.key); ok {
		if saved <= last {
			return azeventhubs.StartPosition{SequenceNumber: &saved}, nil
		}
		p.in.out.say("host", "%s: partition %s: the checkpoint %d lies beyond the hub's last event %d: the hub is a new one, reading it from the start", p.fn.name, p.id, saved, last)
		if err := p.in.checkpoints.drop(p.key); err != nil {
			return azeventhubs.StartPosition{}, err
		}
	}
	switch p.in.app.hubs.start {
	case "fromEnd":
		return azeventhubs.StartPosition{SequenceNumber: &last}, p.in.checkpoints.skip(p.key, last)
	case "fromEnqueuedTime":
		return azeventhubs.StartPosition{EnqueuedTime: &p.in.app.hubs.startAt, Inclusive: true}, nil
	default:
		return azeventhubs.StartPosition{Earliest: new(true)}, nil
	}
}

// next waits for an event and takes what else is there, up to a full batch.
func (p *partition) next(ctx context.Context) ([]*azeventhubs.ReceivedEventData, error) {
	if len(p.buffer) == 0 {
		if err := p.receive(ctx, 1); err != nil {
			return nil, err
		}
	}
	limit := p.in.app.hubs.batchSize
	if len(p.buffer) < limit {
		p.glance(ctx, limit-len(p.buffer))
	}
	if !p.owned {
		return nil, errors.New("ownership was lost")
	}
	size := min(limit, len(p.buffer))
	events := p.buffer[:size:size]
	p.buffer = p.buffer[size:]
	return events, nil
}

func (p *partition) receive(ctx context.Context, count int) error {
	events, err := p.reader.ReceiveEvents(ctx, count, nil)
	if lost, ok := errors.AsType[*azeventhubs.Error](err); ok && lost.Code == azeventhubs.ErrorCodeOwnershipLost {
		p.owned = false
		return errors.New("ownership was lost")
	}
	if err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	p.buffer = append(p.buffer, events...)
	return nil
}

// glance takes what has already arrived. Trouble shows again at the next receive; only a lost
// ownership is kept in mind.
func (p *partition) glance(ctx context.Context, count int) {
	ctx, cancel := context.WithTimeout(ctx, topUp)
	defer cancel()
	_ = p.receive(ctx, count)
}

// stillOwned finds out whether another reader has taken the partition while the handler worked: the
// client learns it only by receiving. What it receives is kept for the next batch, to a bound.
func (p *partition) stillOwned(ctx context.Context) bool {
	enough := p.in.app.hubs.prefetch + 1
	if p.owned && len(p.buffer) < 2*enough {
		p.glance(ctx, enough)
	}
	return p.owned
}
