package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"time"

	"glasswatch/shared/config"
	"glasswatch/shared/detect"
	"glasswatch/shared/ledger"
	"glasswatch/shared/listing"
	"glasswatch/shared/posture"
)

// readable builds the parts for a verb that reads the ledger. What is wrong with other settings
// is none of its business.
func (c command) readable() (*parts, error) {
	p := build(c.lookupEnv, discard())
	for _, problem := range p.problems {
		_, given := c.lookupEnv(problem.Setting)
		if given && strings.HasPrefix(problem.Setting, "EVIDENCE_TABLES") {
			return nil, errors.New(problem.String())
		}
	}
	if !p.config.Tables.Set() {
		return nil, errNoStore
	}
	return p, nil
}

// discard is the log of a verb: what an operator must know goes to stderr in words.
func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// options are those that several verbs share.
func (c command) options(name string, more func(*flag.FlagSet)) (json bool, words []string, err error) {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.BoolVar(&json, "json", false, "one JSON object a line")
	if more != nil {
		more(flags)
	}
	words, err = c.parse(flags)
	return json, words, err
}

func listEvents(ctx context.Context, c command) (int, error) {
	var o listing.EventOptions
	var since, until string
	asJSON, words, err := c.options("events", func(f *flag.FlagSet) {
		f.StringVar(&o.Account, "account", "", "object id, name or label of an account")
		f.StringVar(&since, "since", "", "from this time on")
		f.StringVar(&until, "until", "", "before this time")
		f.BoolVar(&o.Raw, "raw", false, "with the record as it came")
	})
	if err == nil && len(words) > 0 {
		err = fmt.Errorf("%.40q is no option of events", words[0])
	}
	if err == nil {
		o.Since, o.Until, err = span(since, until, time.Now())
	}
	if err != nil {
		return exitFailed, err
	}
	p, err := c.readable()
	if err != nil {
		return exitFailed, err
	}
	o.JSON, o.Accounts = asJSON, p.accounts
	if err := listing.Events(ctx, c.stdout, p.journal, o); err != nil {
		return exitFailed, err
	}
	return exitGood, nil
}

// span reads the two times of --since and --until.
func span(since, until string, now time.Time) (from, to time.Time, err error) {
	if from, err = moment("--since", since, now); err != nil {
		return from, to, err
	}
	if to, err = moment("--until", until, now); err != nil {
		return from, to, err
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return from, to, errors.New("--since is not before --until")
	}
	return from, to, nil
}

func moment(option, value string, now time.Time) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339Nano, value); err == nil {
		return at, nil
	}
	if back, err := config.ParseDuration(value); err == nil {
		return now.Add(-back), nil
	}
	return time.Time{}, fmt.Errorf("%s %.40q: give a time like 2026-05-01T12:00:00Z or a duration back from now like 24h or 7d", option, value)
}

func listAlerts(ctx context.Context, c command) (int, error) {
	owed := false
	asJSON, words, err := c.options("alerts", func(f *flag.FlagSet) { f.BoolVar(&owed, "owed", false, "only what is still owed") })
	if err == nil && len(words) > 0 {
		err = fmt.Errorf("%.40q is no option of alerts", words[0])
	}
	if err != nil {
		return exitFailed, err
	}
	p, err := c.readable()
	if err != nil {
		return exitFailed, err
	}
	if err := listing.Alerts(ctx, c.stdout, p.journal, owed, asJSON); err != nil {
		return exitFailed, err
	}
	return exitGood, nil
}

func verify(ctx context.Context, c command) (int, error) {
	o := ledger.VerifyOptions{Now: time.Now()}
	var witness string
	asJSON, words, err := c.options("verify", func(f *flag.FlagSet) {
		f.BoolVar(&o.Deep, "deep", false, "also unpack every record")
		f.StringVar(&o.Checkpoint, "checkpoint", "", "hash of a checkpoint kept elsewhere")
		f.StringVar(&witness, "witness", "", "file with messages pasted from a channel")
	})
	if err == nil && len(words) > 0 {
		err = fmt.Errorf("%.40q is no option of verify", words[0])
	}
	if err != nil {
		return exitFailed, err
	}
	if witness != "" {
		pasted, err := os.ReadFile(witness)
		if err != nil {
			return exitFailed, err
		}
		if o.Witnesses = ledger.FindWitnesses(string(bytes.ToValidUTF8(pasted, nil))); len(o.Witnesses) == 0 {
			return exitFailed, fmt.Errorf("%s holds no witness line of the form account-…#12 0123456789ab", witness)
		}
	}
	p, err := c.readable()
	if err != nil {
		return exitFailed, err
	}
	good, err := listing.Verify(ctx, c.stdout, p.store, o, asJSON)
	switch {
	case err != nil:
		return exitFailed, err
	case !good:
		return exitFindings, nil
	default:
		return exitGood, nil
	}
}

func list(_ context.Context, c command) (int, error) {
	asJSON, words, err := c.options("list", nil)
	if err != nil {
		return exitFailed, err
	}
	what := strings.Join(words, " ")
	switch what {
	case "rules":
		err = listing.Rows(c.stdout, listing.Rules(detect.Rules), asJSON)
	case "checks":
		err = listing.Rows(c.stdout, listing.Checks(posture.Suite), asJSON)
	case "permissions":
		err = listing.Rows(c.stdout, listing.Permissions(posture.Permissions, posture.Suite), asJSON)
	case "settings":
		err = listing.Rows(c.stdout, settingRows(), asJSON)
	case "functions":
		rows, failed := functionRows(functions(build(c.lookupEnv, discard())))
		if failed != nil {
			return exitFailed, failed
		}
		err = listing.Rows(c.stdout, rows, asJSON)
	default:
		return exitFailed, fmt.Errorf("say what to list: rules, checks, settings, permissions or functions (not %.40q)", what)
	}
	if err != nil {
		return exitFailed, err
	}
	return exitGood, nil
}

// release is the version that the build was given: a tag, or the commit it was packed from.
var release = "development"

func version(_ context.Context, c command) (int, error) {
	asJSON, _, err := c.options("version", nil)
	if err != nil {
		return exitFailed, err
	}
	if asJSON {
		err = listing.Line(c.stdout, struct {
			V       int    `json:"v"`
			Version string `json:"version"`
			Go      string `json:"go"`
			Ledger  int    `json:"ledgerFormat"`
		}{listing.Version, release, runtime.Version(), 1})
	} else {
		_, err = fmt.Fprintf(c.stdout, "glasswatch %s (%s, ledger format 1)\n", release, runtime.Version())
	}
	if err != nil {
		return exitFailed, err
	}
	return exitGood, nil
}
