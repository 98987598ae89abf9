// Command local runs all of Glasswatch on this machine, on real parts or faithful stand-ins, and plays a story through it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		fmt.Fprintln(os.Stderr, "\nstopping; Ctrl-C again stops without tidying up")
		cancel()
		<-signals
		os.Exit(130) // every child ends with this process
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// choices are what the command line says.
type choices struct {
	once      bool
	seed      uint64
	teamsPort int
	hostPort  int
	hubPort   int
	tablePort int
}

func parseChoices(args []string, stdout io.Writer) (choices, error) {
	var c choices
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run reports errors, and only once
	flags.BoolVar(&c.once, "once", false, "play the story without waiting, check what came of it, and exit")
	flags.Uint64Var(&c.seed, "seed", 1, "what the sample tenant is invented from")
	flags.IntVar(&c.teamsPort, "teams-port", 0, "port of the Teams channel page; 0 takes a free one")
	flags.IntVar(&c.hostPort, "host-port", 0, "port of the Functions host; 0 takes a free one")
	flags.IntVar(&c.hubPort, "hub-port", 0, "port of the event hub; 0 takes a free one")
	flags.IntVar(&c.tablePort, "table-port", 0, "port of the tables; 0 takes a free one")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		_, _ = fmt.Fprintln(stdout, `usage: make run [ARGS="OPTIONS"]`)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
	}
	if err != nil {
		return c, err
	}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("%q is no option; all options begin with --", flags.Arg(0))
	}
	return c, nil
}

// run is the program, apart from the process that it runs in. It returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c, err := parseChoices(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if c.once {
		return runOnce(ctx, c, err, stdout)
	}
	if err == nil {
		err = runUntilStopped(ctx, c, stdin, stdout)
	}
	stopped := ctx.Err() != nil && errors.Is(err, context.Canceled)
	if err != nil && !stopped {
		_, _ = fmt.Fprintf(stderr, "glasswatch local stack: %v\n", err)
		return 1
	}
	return 0
}

// runOnce ends with the line that other programs read.
func runOnce(ctx context.Context, c choices, err error, stdout io.Writer) int {
	var result verdict
	say := &speaker{out: stdout}
	if err == nil {
		result, err = playOnce(ctx, c, say)
	}
	if err != nil {
		if ctx.Err() != nil {
			err = errors.New("stopped before the end")
		}
		say.linef("once: failed: %s", oneLine(err.Error()))
		return 1
	}
	say.linef("once: ok records=%d events=%d cards=%d owed=%d latency_p50_ms=%d latency_p99_ms=%d",
		result.records, result.events, result.cards, result.owed, result.p50.Milliseconds(), result.p99.Milliseconds())
	return 0
}

func playOnce(ctx context.Context, c choices, say *speaker) (verdict, error) {
	s, err := start(ctx, c, say)
	if err != nil {
		return verdict{}, err
	}
	defer s.stop()
	acts, err := s.play(ctx, say)
	if err != nil {
		return verdict{}, err
	}
	result, err := s.judge(ctx, acts, say)
	if err != nil {
		return verdict{}, err
	}
	s.report(say, result)
	return result, result.err()
}

// runUntilStopped shows the stack to a person.
func runUntilStopped(ctx context.Context, c choices, stdin io.Reader, stdout io.Writer) error {
	say := &speaker{out: stdout}
	s, err := start(ctx, c, say)
	if err != nil {
		return err
	}
	defer s.stop()
	s.invite(say)
	acts, err := s.play(ctx, say)
	if err != nil {
		return err
	}
	result, err := s.judge(ctx, acts, say)
	if err != nil {
		return err
	}
	s.report(say, result)
	say.linef("")
	say.linef("Everything stays up until Ctrl-C.")
	return s.replayOnDemand(ctx, stdin, say)
}
