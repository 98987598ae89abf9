package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"glasswatch/infra/local/story"
)

// play sends the whole story through the hub, each message when the host has done with the one before.
func (s *stack) play(ctx context.Context, say *speaker) ([]story.Act, error) {
	acts := story.Tell(s.sample, time.Now())
	say.linef("")
	say.linef("The story:")
	for _, a := range acts {
		say.linef("  %-10s %s", a.Name, a.Title)
		if err := s.send(ctx, a); err != nil {
			return nil, err
		}
	}
	return acts, nil
}

// send puts an act into the hub: everyday traffic over all partitions, everything else into one, so
// that its order is kept, and message by message as the log pipeline does, which sends some minutes'
// worth at a time: beyond ten alerts of one hand-over would be told in one card.
func (s *stack) send(ctx context.Context, a story.Act) error {
	for i, message := range a.Messages {
		partition := "0"
		if len(a.Expect) == 0 {
			partition = strconv.Itoa(i % partitions)
		}
		if err := s.hub.Append(ctx, hubName, partition, time.Time{}, message); err != nil {
			return fmt.Errorf("send the act %q to the hub: %w", a.Name, err)
		}
		if err := s.handled(ctx, a.Name); err != nil {
			return err
		}
	}
	return nil
}

func (s *stack) handled(ctx context.Context, act string) error {
	ctx, cancel := context.WithTimeout(ctx, waitIdle)
	defer cancel()
	if err := s.host.WaitIdle(ctx); err != nil {
		return fmt.Errorf("the act %q was not handled within %s (see %s): %w%s", act, waitIdle, s.log.Name(), err, s.lastFailure())
	}
	return nil
}

// lastFailure says what the host held against the program, if anything.
func (s *stack) lastFailure() string {
	for name, f := range s.host.Stats().Functions {
		if f.LastFailure != "" {
			return fmt.Sprintf("; %s failed %d times, last: %s", name, f.Failures, f.LastFailure)
		}
	}
	return ""
}

// replayOnDemand plays an act again whenever its name is typed, with new records each time.
func (s *stack) replayOnDemand(ctx context.Context, stdin io.Reader, say *speaker) error {
	names := make(chan string)
	go func() { // ends with the process: a read from a terminal cannot be interrupted
		lines := bufio.NewScanner(stdin)
		for lines.Scan() {
			select {
			case names <- strings.TrimSpace(lines.Text()):
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case name := <-names:
			if name == "" {
				continue
			}
			if err := s.replay(ctx, name, say); err != nil {
				return err
			}
		}
	}
}

func (s *stack) replay(ctx context.Context, name string, say *speaker) error {
	var known []string
	for _, a := range story.Tell(s.sample, time.Now()) {
		if a.Name == name {
			if err := s.send(ctx, a); err != nil {
				return err
			}
			say.linef("Sent %q again, as new records: %s", a.Name, a.Title)
			return nil
		}
		known = append(known, a.Name)
	}
	say.linef("There is no act %q. Type one of: %s", name, strings.Join(known, ", "))
	return nil
}
