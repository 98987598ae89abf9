package funchost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Checkpoints is what the real host keeps in its storage account: how far each partition was handled
// and when each timer ran. A host that is given the Checkpoints of an earlier one goes on where that
// one stopped. Safe for concurrent use.
type Checkpoints struct {
	file string

	mu      sync.Mutex
	saved   checkpointFile
	skipped map[string]int64 // where a reader without checkpoint began, beyond what it will ever see
	changed chan struct{}
}

type checkpointFile struct {
	Partitions map[string]int64      `json:"partitions"` // last sequence number handled
	Timers     map[string]timerState `json:"timers"`
}

// NewCheckpoints reads the file, which need not exist yet, and writes it at every change. With an
// empty name everything stays in memory.
func NewCheckpoints(file string) (*Checkpoints, error) {
	c := &Checkpoints{file: file, skipped: map[string]int64{}, changed: make(chan struct{})}
	if file != "" {
		content, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(content, &c.saved)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read checkpoints (delete %s to begin anew): %w", file, err)
		}
	}
	if c.saved.Partitions == nil {
		c.saved.Partitions = map[string]int64{}
	}
	if c.saved.Timers == nil {
		c.saved.Timers = map[string]timerState{}
	}
	return c, nil
}

// Sequence is the last sequence number of a partition that a consumer group has handled; false
// before the first checkpoint.
func (c *Checkpoints) Sequence(hub, consumerGroup, partition string) (int64, bool) {
	return c.sequence(checkpointKey(hub, consumerGroup, partition))
}

func checkpointKey(hub, consumerGroup, partition string) string {
	return strings.ToLower(hub + "/" + consumerGroup + "/" + partition)
}

func (c *Checkpoints) sequence(key string) (int64, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	sequence, ok := c.saved.Partitions[key]
	return sequence, ok
}

func (c *Checkpoints) save(key string, sequence int64) error {
	return c.change(func() { c.saved.Partitions[key] = sequence })
}

func (c *Checkpoints) timer(name string) timerState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.saved.Timers[name]
}

func (c *Checkpoints) saveTimer(name string, state timerState) error {
	return c.change(func() { c.saved.Timers[name] = state })
}

// drop forgets the checkpoint of a partition whose hub begins anew.
func (c *Checkpoints) drop(key string) error {
	return c.change(func() { delete(c.saved.Partitions, key) })
}

// skip notes that nothing up to a sequence number will be handled, so that nobody waits for it.
func (c *Checkpoints) skip(key string, sequence int64) error {
	return c.change(func() { c.skipped[key] = sequence })
}

func (c *Checkpoints) change(apply func()) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	apply()
	close(c.changed)
	c.changed = make(chan struct{})
	if c.file == "" {
		return nil
	}
	content, err := json.MarshalIndent(c.saved, "", "  ")
	if err != nil {
		return fmt.Errorf("encode checkpoints: %w", err)
	}
	temporary := c.file + ".new"
	if err := os.MkdirAll(filepath.Dir(c.file), 0o755); err != nil {
		return fmt.Errorf("write checkpoints: %w", err)
	}
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return fmt.Errorf("write checkpoints: %w", err)
	}
	if err := os.Rename(temporary, c.file); err != nil {
		return fmt.Errorf("write checkpoints: %w", err)
	}
	return nil
}

// wait returns once every partition has been handled up to the sequence number asked for.
func (c *Checkpoints) wait(ctx context.Context, wanted map[string]int64) error {
	for {
		c.mu.Lock()
		behind := maps.Clone(wanted)
		maps.DeleteFunc(behind, func(key string, sequence int64) bool {
			handled, ok := c.saved.Partitions[key]
			skipped, began := c.skipped[key]
			return (ok && handled >= sequence) || (began && skipped >= sequence)
		})
		changed := c.changed
		c.mu.Unlock()
		if len(behind) == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait until the partitions are handled (still behind: %v): %w", behind, ctx.Err())
		}
	}
}
