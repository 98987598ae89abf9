package funchost

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	crashLimit     = 3
	crashWindow    = 30 * time.Minute // counted from one crash to the next
	recyclePause   = 5 * time.Second  // what the platform takes to bring a host back
	reopenPause    = 10 * time.Second // about what a processor takes to claim a partition again
	httpInstance   = "http"
	awaitInitTimes = 4 // an invocation waits for (3 restarts + 1) initialisation timeouts
)

var errGone = errors.New("connection refused: the handler exited with code 0 and is not restarted")

// instance is one machine of Flex Consumption: a host of its own, one handler process, and the
// functions that scale together.
type instance struct {
	name        string
	app         *app
	settings    map[string]string
	basics      []string // what every process needs of this machine's environment
	functions   []function
	divisor     int
	every       map[string]time.Duration
	checkpoints *Checkpoints
	counters    *counters
	out         *output
	timers      map[string]chan struct{} // one token each: a timer is a singleton

	mu      sync.Mutex
	running *process // started, not yet exited
	ready   bool     // running answers
	gone    bool     // exited with 0
	changed chan struct{}
	giveUp  context.CancelFunc // ends the present life
}

func (in *instance) update(change func()) {
	in.mu.Lock()
	defer in.mu.Unlock()
	change()
	close(in.changed)
	in.changed = make(chan struct{})
}

// supervise lives one life after another until the context ends.
func (in *instance) supervise(ctx context.Context) {
	for {
		in.live(ctx)
		if ctx.Err() != nil {
			return
		}
		in.counters.instance(in.name, func(s *InstanceStats) { s.Recycles++ })
		in.out.say("host", "%s: the host stopped; everything on this instance starts anew", in.name)
		in.pause(ctx, recyclePause)
	}
}

// live is the life of one host on the instance: the process with its restarts, and the listeners.
func (in *instance) live(parent context.Context) {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	port, err := freePort(ctx)
	if err != nil {
		in.out.say("host", "%s: %v", in.name, err)
		return
	}
	in.update(func() { in.giveUp, in.gone = cancel, false })
	var work sync.WaitGroup
	work.Go(func() {
		defer cancel()
		in.keepRunning(ctx, port)
	})
	for i := range in.functions {
		fn := &in.functions[i]
		switch {
		case fn.eventHub != nil:
			work.Go(func() { in.listen(ctx, fn) })
		case fn.timer != nil:
			work.Go(func() { in.keepTime(ctx, fn) })
		}
	}
	work.Wait()
}

// keepRunning starts the process again and again until it exits with 0, has crashed too often, or
// the life ends.
func (in *instance) keepRunning(ctx context.Context, port int) {
	var crashes int
	var previous time.Time
	for ctx.Err() == nil {
		code, deliberate, err := in.runOnce(ctx, port)
		switch {
		case ctx.Err() != nil:
			return
		case deliberate:
			continue
		case err == nil && code == exitClean:
			in.out.say("host", "%s: the handler exited with code 0; the host does not restart it and goes on sending it work", in.name)
			in.update(func() { in.gone = true })
			<-ctx.Done()
			return
		case err == nil && code == exitFree:
			in.out.say("host", "%s: the handler asked for a restart (code 200)", in.name)
			continue
		}
		in.counters.instance(in.name, func(s *InstanceStats) { s.Crashes++ })
		if now := time.Now(); now.Sub(previous) > crashWindow/time.Duration(in.divisor) {
			crashes, previous = 1, now
		} else {
			crashes, previous = crashes+1, now
		}
		in.out.say("host", "%s: the handler crashed (%s), %d of %d", in.name, describeExit(code, err), crashes, crashLimit)
		if crashes == crashLimit {
			in.out.say("host", "%s: exceeded the handler's restart count", in.name)
			return
		}
	}
}

func describeExit(code int, err error) string {
	if err != nil {
		return err.Error()
	}
	if code < 0 {
		return "killed by a signal"
	}
	return fmt.Sprintf("exit code %d", code)
}

// runOnce runs one process to its end. The error says that it could not be started or did not
// become ready.
func (in *instance) runOnce(ctx context.Context, port int) (code int, deliberate bool, err error) {
	stdout := &lines{out: in.out, who: in.name, perLine: func() {}}
	stderr := &lines{out: in.out, who: in.name + " stderr", perLine: func() {
		in.counters.instance(in.name, func(s *InstanceStats) { s.StderrLines++ })
	}}
	p, err := startProcess(ctx, in.app, port, in.settings, in.basics, stdout, stderr)
	if err != nil {
		in.pause(ctx, time.Second)
		return 0, false, err
	}
	in.counters.instance(in.name, func(s *InstanceStats) { s.PID, s.Starts = p.pid(), s.Starts+1 })
	in.update(func() { in.running, in.ready = p, false })
	defer func() {
		in.update(func() { in.running, in.ready = nil, false })
		in.counters.instance(in.name, func(s *InstanceStats) { s.PID = 0 })
	}()
	if err := p.waitReady(ctx, in.app.initialization); err != nil {
		select {
		case <-p.exited: // its code says more
		default:
			p.kill()
			return 0, false, err
		}
	} else {
		in.update(func() { in.ready = true })
	}
	select {
	case <-p.exited:
	case <-ctx.Done():
		p.kill()
	}
	return p.command.ProcessState.ExitCode(), p.deliberate.Load(), nil
}

// await returns the process once it is ready. Like the host it waits through restarts, and if that
// takes too long the host stops itself.
func (in *instance) await(ctx context.Context) (*process, error) {
	budget := time.NewTimer(awaitInitTimes * in.app.initialization)
	defer budget.Stop()
	for {
		in.mu.Lock()
		p, ready, gone, changed := in.running, in.ready, in.gone, in.changed
		in.mu.Unlock()
		switch {
		case gone:
			return nil, errGone
		case p != nil && ready:
			return p, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the handler of %s: %w", in.name, ctx.Err())
		case <-budget.C:
			in.stopLife()
			return nil, fmt.Errorf("wait for the handler of %s: it was not ready in %s", in.name, awaitInitTimes*in.app.initialization)
		}
	}
}

// stopLife makes the host of this instance stop itself, so that everything starts anew.
func (in *instance) stopLife() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.giveUp != nil {
		in.giveUp()
	}
}

// killForTimeout kills whatever process runs now, as the host does when functionTimeout has passed.
func (in *instance) killForTimeout() {
	in.mu.Lock()
	p := in.running
	in.mu.Unlock()
	if p == nil {
		return
	}
	in.counters.instance(in.name, func(s *InstanceStats) { s.Killed++ })
	p.kill()
}

// pause waits for a divided time; it reports false if the context ended first.
func (in *instance) pause(ctx context.Context, whole time.Duration) bool {
	timer := time.NewTimer(whole / time.Duration(in.divisor))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
