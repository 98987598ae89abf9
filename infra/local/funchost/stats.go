package funchost

import (
	"maps"
	"sync"
)

// Stats are counts since Start.
type Stats struct {
	// Functions has an entry for every function.
	Functions map[string]FunctionStats
	// Instances has an entry for every event hub and timer function, and "http" for the group of
	// HTTP functions: on Flex Consumption each runs on instances of its own.
	Instances map[string]InstanceStats
}

// FunctionStats counts what happened to one function.
type FunctionStats struct {
	// Invocations counts calls of the handler; each retry is another call.
	Invocations int
	// Failures counts the calls that failed.
	Failures int
	// Retries counts the calls that repeated a failed one.
	Retries int
	// Lost counts event hub batches that were checkpointed although they failed for good.
	Lost int
	// LastFailure is the newest failure in words, empty if there was none.
	LastFailure string
}

// InstanceStats counts what happened to one handler process and its successors.
type InstanceStats struct {
	// PID is the process id of the handler, 0 while none runs.
	PID int
	// Starts counts processes started.
	Starts int
	// Crashes counts exits that the host holds against the handler: neither 0 nor 200 nor by its
	// own hand.
	Crashes int
	// Killed counts processes that the host killed because functionTimeout had passed.
	Killed int
	// Recycles counts how often the host gave up and everything on the instance was started anew.
	Recycles int
	// StderrLines counts lines on standard error, each of which the real host logs as an error.
	StderrLines int
}

// counters is the shared, growing side of Stats.
type counters struct {
	mu    sync.Mutex
	stats Stats
}

func (c *counters) function(name string, change func(*FunctionStats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry := c.stats.Functions[name]
	change(&entry)
	c.stats.Functions[name] = entry
}

func (c *counters) instance(name string, change func(*InstanceStats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry := c.stats.Instances[name]
	change(&entry)
	c.stats.Instances[name] = entry
}

func (c *counters) copy() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{Functions: maps.Clone(c.stats.Functions), Instances: maps.Clone(c.stats.Instances)}
}
