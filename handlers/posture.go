package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"glasswatch/handlers/checkposture"
	"glasswatch/shared/conditional"
	"glasswatch/shared/config"
	"glasswatch/shared/graph"
	"glasswatch/shared/listing"
	"glasswatch/shared/posture"
)

// checkPosture runs the suite now, with the operator's identity, or approves the baseline through
// the app.
func checkPosture(ctx context.Context, c command) (int, error) {
	var strict bool
	var by, note string
	asJSON, words, err := c.options("posture", func(f *flag.FlagSet) {
		f.BoolVar(&strict, "strict", false, "exit 1 if any check fails or is unknown")
		f.StringVar(&by, "by", "", "who approves")
		f.StringVar(&note, "note", "", "what is approved")
	})
	switch {
	case err != nil:
		return exitFailed, err
	case len(words) == 1 && words[0] == "approve":
		return c.approve(ctx, by, note)
	case len(words) > 0:
		return exitFailed, fmt.Errorf("%.40q is no option of posture; to approve the present keys: posture approve --by NAME --note TEXT", words[0])
	}
	p := build(c.lookupEnv, discard())
	if len(p.config.Accounts) == 0 {
		return exitFailed, errors.New("no account to check: set BREAK_GLASS_ACCOUNTS")
	}
	assessed, ledgerErr := checkposture.New(p.checking()).Assess(ctx)
	if ledgerErr != nil {
		fmt.Fprintf(c.stderr, "glasswatch posture: the ledger could not be read, so what rests on it is unknown: %v\n", ledgerErr)
	}
	if err := listing.Posture(c.stdout, assessed.Findings, assessed.Tally, p.accounts.Label, asJSON); err != nil {
		return exitFailed, err
	}
	if !posture.Sound(assessed.Findings, strict) {
		return exitFindings, nil
	}
	return exitGood, nil
}

func (c command) approve(ctx context.Context, by, note string) (int, error) {
	said, err := c.post(ctx, "/api/posture/approve", "approvebaseline", map[string]string{"by": by, "note": note})
	if err != nil {
		return exitFailed, err
	}
	_, err = fmt.Fprintf(c.stdout, "The keys and the identity as of %s are approved: baseline %s.\n", said["snapshot"], said["hash"])
	return exitGood, err
}

// posturePolicy is what the posture checks compare with, and what is wrong with its setting.
func posturePolicy(c config.Config) (posture.Policy, []string) {
	policy, problems := posture.ParsePolicy(c.PosturePolicy)
	policy.Mode = conditional.Mode(c.ConditionalAccessMode)
	policy.DedicatedPolicies, policy.ExclusionGroups = c.DedicatedPolicies, c.ExclusionGroups
	return policy, problems
}

// blind stands where Graph cannot be asked.
type blind struct {
	options graph.Options
	err     error
}

// Collect returns a snapshot in which nothing was read.
func (b blind) Collect(context.Context) posture.Snapshot {
	s := posture.Snapshot{At: b.options.Now(), TenantID: b.options.TenantID}
	for _, a := range b.options.Accounts {
		gap := posture.Gap{Reason: posture.Fault, Detail: b.err.Error()}
		s.Accounts = append(s.Accounts, posture.Account{ID: a.ID, Name: a.Name, User: posture.Missed[posture.User](gap)})
	}
	return s
}
