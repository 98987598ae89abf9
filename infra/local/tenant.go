package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"glasswatch/infra/local/graph"
	"glasswatch/infra/local/sample"
)

// charlie is not in the sample tenant of the Graph stand-in: it is made as bravo is.
const (
	charlieID   = "b3c80000-2222-4aaa-8bbb-000000000003"
	charlieName = "bg-charlie@harbourlight.onmicrosoft.com"
)

// soundTenant is the Graph stand-in's tenant, in which nothing is wrong, with the accounts, the
// exclusion group and the policies of the tenant whose logs are invented.
func soundTenant(of *sample.Tenant) (*graph.Tenant, error) {
	t := graph.Sound()
	if err := addCharlie(t); err != nil {
		return nil, err
	}
	renamed := [][2]string{{graph.ExclusionGroup, of.ExclusionGroup.ID}, {"harbourlight.onmicrosoft.com", of.InitialDomain}, {"harbourlight.example", of.Domain}}
	for i, id := range []string{graph.Alpha, graph.Bravo, charlieID} {
		renamed = append(renamed, [2]string{id, of.BreakGlass[i].ID})
	}
	for i, policy := range t.Policies {
		id, _ := policy["id"].(string)
		renamed = append(renamed, [2]string{id, of.Policies[i].ID})
	}
	for _, r := range renamed {
		if err := t.Rename(r[0], r[1]); err != nil {
			return nil, err
		}
	}
	for _, policy := range of.Policies[:len(t.Policies)] {
		t.Policy(policy.ID)["displayName"] = policy.Name
	}
	return t, nil
}

func addCharlie(t *graph.Tenant) error {
	var only graph.Tenant // what is bravo's alone
	only.Users = []graph.Object{t.User(graph.Bravo)}
	only.Methods = map[string][]graph.Object{graph.Bravo: t.Methods[graph.Bravo]}
	for _, role := range t.ActiveRoles {
		if role["principalId"] == graph.Bravo {
			only.ActiveRoles = append(only.ActiveRoles, role)
		}
	}
	for _, r := range [][2]string{{graph.Bravo, charlieID}, {graph.BravoName, charlieName}, {"access bravo", "access charlie"}, {"kb1-", "kc1-"}, {"kb2-", "kc2-"}, {"ra-002", "ra-006"}} {
		if err := only.Rename(r[0], r[1]); err != nil {
			return err
		}
	}
	t.Users = append(t.Users, only.Users...)
	t.Methods[charlieID] = only.Methods[charlieID]
	t.ActiveRoles = append(t.ActiveRoles, only.ActiveRoles...)
	t.PerUserMFA[charlieID] = t.PerUserMFA[graph.Bravo]
	for _, group := range slices.Concat(t.Groups, t.DirectoryRoles) {
		if members, _ := group["members"].([]any); slices.Contains(members, any(graph.Bravo)) {
			id, _ := group["id"].(string)
			t.Join(id, charlieID)
		}
	}
	return nil
}

// startGraph serves the tenant on loopback.
func (s *stack) startGraph(ctx context.Context) error {
	tenant, err := soundTenant(s.sample.Tenant)
	if err != nil {
		return fmt.Errorf("make the sample tenant: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for the Graph stand-in: %w", err)
	}
	s.graph = graph.New(tenant)
	s.graphURL = "http://" + listener.Addr().String()
	server := &http.Server{Handler: s.graph, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // until Close
	s.stops = append(s.stops, func() { _ = server.Close() })
	return nil
}

// lookAtTenant checks the posture as the timer does, approves the keys as an operator does, and
// checks again, so that the digest can say that all is well.
func (s *stack) lookAtTenant(ctx context.Context, say *speaker) error {
	say.linef("Checking the posture of the sample tenant, and approving the accounts' keys …")
	if err := s.host.Fire(ctx, "checkposture"); err != nil {
		return fmt.Errorf("check the posture (see %s): %w", s.log.Name(), err)
	}
	if _, _, err := s.verb(ctx, "posture", "approve", "--by", "Local operator", "--note", "the keys of the sample tenant"); err != nil {
		return err
	}
	if err := s.host.Fire(ctx, "checkposture"); err != nil {
		return fmt.Errorf("check the posture again (see %s): %w", s.log.Name(), err)
	}
	return nil
}

// postureRun is the last line of `glasswatch posture --json`.
type postureRun struct {
	Type       string         `json:"type"`
	Check      string         `json:"check"`
	State      string         `json:"state"`
	Observed   string         `json:"observed"`
	Counts     map[string]int `json:"counts"`
	GraphCalls int            `json:"graphCalls"`
}

// posture runs the suite as an operator does. Problems are what fails or is unknown: nothing is, in
// the sample tenant.
func (s *stack) posture(ctx context.Context) (said string, problems []string, err error) {
	out, _, err := s.verb(ctx, "posture", "--json")
	if err != nil {
		return "", nil, err
	}
	lines, err := jsonLines[postureRun]("posture", out)
	if err != nil {
		return "", nil, err
	}
	if len(lines) == 0 || lines[len(lines)-1].Type != "run" {
		return "", nil, errors.New("glasswatch posture --json did not end with the run")
	}
	for _, l := range lines[:len(lines)-1] {
		if l.State == "fail" || l.State == "unknown" || l.State == "warn" {
			problems = append(problems, fmt.Sprintf("posture: %s is %s in a sound tenant: %s", l.Check, l.State, l.Observed))
		}
	}
	run := lines[len(lines)-1]
	return fmt.Sprintf("%d passed, %d failed, %d warnings, %d unknown, with %d calls to Graph",
		run.Counts["pass"], run.Counts["fail"], run.Counts["warn"], run.Counts["unknown"], run.GraphCalls), problems, nil
}

// operate gives an operator the way into the app: its address and a function key.
func (s *stack) operate() error {
	s.settings["GLASSWATCH_URL"], s.settings["GLASSWATCH_KEY"] = s.host.URL(), s.host.Key("approvebaseline")
	return s.writeSettings()
}
