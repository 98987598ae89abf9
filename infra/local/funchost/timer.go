package funchost

import (
	"context"
	"fmt"
	"time"
)

const monitoredFrom = time.Minute // the host does not follow schedules that are shorter

// keepTime fires one timer until the life of the instance ends.
func (in *instance) keepTime(ctx context.Context, fn *function) {
	state := in.checkpoints.timer(fn.name)
	switch {
	case in.follows(fn) && !state.Next.IsZero() && state.Next.Before(time.Now()):
		in.out.say("host", "%s: an occurrence at %s was missed", fn.name, state.Next.UTC().Format(time.RFC3339))
		_ = in.fire(ctx, fn, true) // counted and told already
	case fn.timer.runOnStartup:
		_ = in.fire(ctx, fn, false)
	}
	for {
		next, ok := in.nextOccurrence(fn, time.Now())
		if !ok {
			in.out.say("host", "%s: has no further occurrence and runs only when fired by hand", fn.name)
			return
		}
		timer := time.NewTimer(time.Until(next))
		select {
		case <-timer.C:
			_ = in.fire(ctx, fn, false)
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

func (in *instance) nextOccurrence(fn *function, now time.Time) (time.Time, bool) {
	if every, ok := in.every[fn.name]; ok {
		return now.Add(every), every > 0
	}
	next := fn.timer.schedule.next(now)
	return next, !next.IsZero()
}

// follows tells whether the schedule monitor keeps the timer's state.
func (in *instance) follows(fn *function) bool {
	if _, replaced := in.every[fn.name]; replaced || !fn.timer.monitored {
		return false
	}
	first := fn.timer.schedule.next(time.Now())
	return fn.timer.schedule.next(first).Sub(first) >= monitoredFrom
}

// fire runs the timer's function now, after any run of it that is still going on.
func (in *instance) fire(ctx context.Context, fn *function, pastDue bool) error {
	token := in.timers[fn.name]
	select {
	case <-token:
	case <-ctx.Done():
		return fmt.Errorf("wait for the timer's present run: %w", ctx.Err())
	}
	defer func() { token <- struct{}{} }()

	began := time.Now()
	var status *timerState
	if in.follows(fn) {
		state := in.checkpoints.timer(fn.name)
		if !state.Next.IsZero() {
			state.Next = began // what the host's scheduler reports for the occurrence that fires
		}
		status = &state
	}
	ended, err := in.invoke(ctx, fn, func(try attempt) ([]byte, error) {
		return timerBody(fn, status, pastDue, try), nil
	}, func() bool { return true })
	if !ended {
		return fmt.Errorf("the run of %s was abandoned: %w", fn.name, context.Cause(ctx))
	}
	if status != nil {
		next, _ := in.nextOccurrence(fn, time.Now())
		if saved := in.checkpoints.saveTimer(fn.name, timerState{Last: began, LastUpdated: began, Next: next}); saved != nil {
			return saved
		}
	}
	return err
}
