package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// speaker writes for people, from several goroutines, one whole line at a time.
type speaker struct {
	mu  sync.Mutex
	out io.Writer
}

func (s *speaker) linef(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = fmt.Fprintf(s.out, format+"\n", args...)
}

// patience says every ten seconds that something still goes on, until the returned function is
// called.
func (s *speaker) patience(ctx context.Context, what string) (enough func()) {
	ctx, cancel := context.WithCancel(ctx)
	began := time.Now()
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(10 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				s.linef("  … still %s (%s)", what, time.Since(began).Round(time.Second))
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// oneLine keeps a message to one line of bearable length.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > 600 {
		s = string(runes[:600]) + " …"
	}
	return s
}
