package pulse

import "time"

// Partition says how far a partition of the hub is filled.
type Partition struct {
	ID             string
	Last           int64 // sequence of its newest message
	LastEnqueuedAt time.Time
	Empty          bool
}

// Waiting is a message in the hub.
type Waiting struct {
	Sequence   int64
	EnqueuedAt time.Time
	Body       []byte
}

// How long a message may wait before somebody looks ahead.
const (
	HeldUp = time.Minute
	// NoteLag is by how much progress may lag behind the truth: it is noted once a minute at most.
	NoteLag = time.Minute
	// LookBack is where reading starts when nothing is known of a partition's progress.
	LookBack = 15 * time.Minute
)

// ReadAhead says whether the partition may be held up, and from where to read. known is the last
// progress that was read, if any ever was. The first batch notes progress at once: a partition with
// messages and without progress has never been handled, or storage does not say.
func ReadAhead(p Partition, known Progress, have bool, now time.Time) (after int64, since time.Time, look bool) {
	if p.Empty {
		return 0, time.Time{}, false
	}
	if !have {
		return -1, now.Add(-LookBack), now.Sub(p.LastEnqueuedAt) < LookBack
	}
	if p.Last <= known.Sequence {
		return 0, time.Time{}, false
	}
	return known.Sequence, time.Time{}, true
}

// IsHeldUp says whether a message that was enqueued then and is not known to be handled has waited
// so long that its partition must be held up.
func IsHeldUp(enqueued, now time.Time, fresh bool) bool {
	limit := HeldUp
	if fresh {
		limit += NoteLag
	}
	return now.Sub(enqueued) > limit
}
