// Command glasswatch guards an organisation's break-glass accounts: it is the Azure Functions app, and the tool of its operators.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr))
}

// The exit codes of the operators' verbs. `serve` has its own: see azfunc.ExitCode.
const (
	exitGood     = 0
	exitFindings = 1
	exitFailed   = 2
)

// command is one call of the program.
type command struct {
	args      []string // after the verb
	lookupEnv func(string) (string, bool)
	stdout    io.Writer
	stderr    io.Writer
}

// verb is one thing that the program can do.
type verb struct {
	name  string
	usage string // what may follow the name
	about string // one sentence
	run   func(ctx context.Context, c command) (exit int, err error)
}

// verbs lists all that the program can do, in the order of its help.
func verbs() []verb {
	return []verb{
		{"serve", "", "Run as the Azure Functions app; the host starts it.", serve},
		{"events", "[--account ID] [--since T] [--until T] [--raw] [--json]", "List what was seen of the accounts.", listEvents},
		{"incidents", "[close ID --as CLASS --note TEXT --by NAME] [--json]", "List the incidents, or close one through the app.", incidents},
		{"alerts", "[--owed] [--json]", "List the alerts and how far their delivery has come.", listAlerts},
		{"posture", "[approve --by NAME --note TEXT] [--strict] [--json]", "Check now whether the accounts would work, or approve their keys through the app.", checkPosture},
		{"verify", "[--deep] [--checkpoint HASH] [--witness FILE] [--json]", "Check that nobody has edited the ledger.", verify},
		{"list", "rules|checks|settings|permissions|functions [--json]", "Print the tables that the docs carry.", list},
		{"version", "[--json]", "Say which build this is.", version},
	}
}

// run is the program, apart from the process that it runs in.
func run(ctx context.Context, args []string, lookupEnv func(string) (string, bool), stdout, stderr io.Writer) int {
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	if slices.Contains([]string{"help", "-h", "--help"}, name) {
		help(stdout)
		return exitGood
	}
	for _, v := range verbs() {
		if v.name != name {
			continue
		}
		exit, err := v.run(ctx, command{args: args[1:], lookupEnv: lookupEnv, stdout: stdout, stderr: stderr})
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(stdout, "glasswatch %s %s\n%s\n", v.name, v.usage, v.about)
			return exitGood
		}
		if err != nil {
			fmt.Fprintf(stderr, "glasswatch %s: %v\n", v.name, err)
		}
		return exit
	}
	switch name {
	case "":
		fmt.Fprintln(stderr, "glasswatch: say what to do")
	default:
		fmt.Fprintf(stderr, "glasswatch: there is no verb %.40q%s\n", name, nearest(name))
	}
	help(stderr)
	return exitFailed
}

func help(w io.Writer) {
	fmt.Fprintln(w, "usage: glasswatch VERB [OPTIONS]")
	for _, v := range verbs() {
		fmt.Fprintf(w, "  %-10s %s\n", v.name, v.about)
		if v.usage != "" {
			fmt.Fprintf(w, "%13s%s %s\n", "", v.name, v.usage)
		}
	}
	fmt.Fprintln(w, "T is a time like 2026-05-01T12:00:00Z, or a duration back from now like 24h or 7d.")
	fmt.Fprintln(w, "Exit: 0 good, 1 findings, 2 could not run.")
}

// nearest suggests the verb that was probably meant.
func nearest(name string) string {
	for _, v := range verbs() {
		if name != "" && (strings.HasPrefix(v.name, name) || strings.HasPrefix(name, v.name)) {
			return fmt.Sprintf("; did you mean %q?", v.name)
		}
	}
	return ""
}

// parse reads a verb's options. Words that are not options are returned.
func (c command) parse(flags *flag.FlagSet) ([]string, error) {
	flags.SetOutput(io.Discard)
	args, words := c.args, []string(nil)
	for {
		if err := flags.Parse(args); err != nil {
			if unknown, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); ok {
				return nil, fmt.Errorf("there is no option --%.40s: `glasswatch %s --help` lists them", unknown, flags.Name())
			}
			return nil, err
		}
		if flags.NArg() == 0 {
			return words, nil
		}
		words = append(words, flags.Arg(0))
		args = flags.Args()[1:]
	}
}
