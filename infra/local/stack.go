package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"glasswatch/infra/local/azurite"
	"glasswatch/infra/local/funchost"
	"glasswatch/infra/local/graph"
	"glasswatch/infra/local/hub"
	"glasswatch/infra/local/sample"
	"glasswatch/infra/local/teamspage"
)

const (
	hubName     = "entra-logs"
	group       = "glasswatch"
	replayGroup = "glasswatch-replay"
	partitions  = 4
)

// stack is everything that runs. What was started is stopped in the reverse order.
type stack struct {
	app, folder string // the app root, and what is written besides
	tables      *azurite.Server
	hub         *hub.Hub
	page        *teamspage.Page
	host        *funchost.Host
	graph       *graph.Server
	graphURL    string
	log         *os.File
	settings    map[string]string
	sample      *sample.Generator
	stops       []func()
	good        bool // everything came out as it should
}

// start brings everything up. What takes long runs at the same time, and a failure or the end of
// ctx leaves nothing behind.
func start(ctx context.Context, c choices, say *speaker) (*stack, error) {
	if err := needTools(exec.LookPath); err != nil {
		return nil, err
	}
	root, err := findRoot()
	if err != nil {
		return nil, err
	}
	s := &stack{sample: sample.New(c.seed)}
	if err := s.ownFolder(filepath.Join(root, ".local")); err != nil {
		return nil, err
	}
	if err := s.bringUp(ctx, c, root, say); err != nil {
		s.stop()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	return s, nil
}

func (s *stack) bringUp(ctx context.Context, c choices, root string, say *speaker) error {
	var work sync.WaitGroup
	var parts, build error
	both, cancel := context.WithCancel(ctx) // one that fails need not wait for the other
	defer cancel()
	work.Go(func() {
		if build = layOut(both, root, s.app, say); build != nil {
			cancel()
		}
	})
	work.Go(func() {
		if parts = s.startParts(both, c, filepath.Join(root, "infra", "local"), say); parts != nil {
			cancel()
		}
	})
	work.Wait()
	if err := firstCause(parts, build); err != nil {
		return err
	}
	return s.startHost(ctx, c, say)
}

// firstCause prefers the error that is not merely the echo of another's.
func firstCause(all ...error) error {
	var echo error
	for _, err := range all {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		if err != nil {
			echo = err
		}
	}
	return echo
}

func (s *stack) startParts(ctx context.Context, c choices, local string, say *speaker) error {
	if err := installNpm(ctx, local, say); err != nil {
		return err
	}
	var err error
	if s.tables, err = azurite.Start(ctx, azurite.Options{Port: c.tablePort}); err != nil {
		return taken(ctx, err, "table-port", c.tablePort)
	}
	s.stops = append(s.stops, s.tables.Kill)
	s.hub, err = hub.Start(ctx, hub.Options{
		Directory: local, Port: c.hubPort, Partitions: map[string]int{hubName: partitions}, ConsumerGroups: []string{group, replayGroup},
	})
	if err != nil {
		return taken(ctx, err, "hub-port", c.hubPort)
	}
	s.stops = append(s.stops, s.hub.Stop)
	s.page, err = teamspage.Start(ctx, teamspage.Options{
		Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(c.teamsPort)), Renderer: filepath.Join(local, "cards", "render.mjs"),
	})
	if err != nil {
		return taken(ctx, err, "teams-port", c.teamsPort)
	}
	s.stops = append(s.stops, s.page.Stop)
	return s.startGraph(ctx)
}

func (s *stack) startHost(ctx context.Context, c choices, say *speaker) error {
	var err error
	if s.log, err = os.Create(filepath.Join(s.folder, "host.log")); err != nil {
		return fmt.Errorf("open the log of the local stack: %w", err)
	}
	s.stops = append(s.stops, func() { _ = s.log.Close() })
	port := c.hostPort
	if port == 0 {
		if port, err = freePort(ctx); err != nil {
			return err
		}
	}
	s.settings = s.appSettings(port)
	if err := s.writeSettings(); err != nil {
		return err
	}
	s.host, err = funchost.Start(ctx, funchost.Options{Root: s.app, Settings: maps.Clone(s.settings), Port: port, Output: s.log})
	if err != nil {
		return fmt.Errorf("%w (what the program said is in %s)", taken(ctx, err, "host-port", c.hostPort), s.log.Name())
	}
	s.stops = append(s.stops, s.host.Stop)
	say.linef("Everything is up.")
	if err := s.operate(); err != nil {
		return err
	}
	return s.lookAtTenant(ctx, say)
}

// taken says it when a port that was asked for is in use.
func taken(ctx context.Context, err error, flagName string, port int) error {
	if port != 0 && (errors.Is(err, syscall.EADDRINUSE) || strings.Contains(err.Error(), "EADDRINUSE") || !portFree(ctx, port)) {
		return fmt.Errorf("port %d is taken by another program: choose another --%s, or leave it out: %w", port, flagName, err)
	}
	return err
}

func portFree(ctx context.Context, port int) bool {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return listener.Close() == nil
}

func freePort(ctx context.Context) (int, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("find a free port: %s is no TCP address", listener.Addr())
	}
	return address.Port, nil
}

// appSettings are the settings of the app, as they would stand in Azure.
func (s *stack) appSettings(hostPort int) map[string]string {
	tenant := s.sample.Tenant
	var accounts []string
	for _, b := range tenant.BreakGlass {
		accounts = append(accounts, b.ID+"="+b.UPN)
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return map[string]string{
		"FUNCTIONS_WORKER_RUNTIME": "custom",
		"BREAK_GLASS_ACCOUNTS":     strings.Join(accounts, ","),
		"EVIDENCE_TABLES":          s.tables.ConnectionString(),
		"ENTRA_EVENTHUB":           s.hub.ConnectionString(),
		"ENTRA_EVENTHUB_NAME":      hubName,
		"ENTRA_CONSUMER_GROUP":     group,
		"REPLAY_CONSUMER_GROUP":    replayGroup,
		"TEAMS_WEBHOOK_URL":        s.page.WebhookURL(),
		"FALLBACK_WEBHOOK_URL":     s.page.FallbackURL(),
		"FALLBACK_WEBHOOK_FORMAT":  "cloudevents",
		"FALLBACK_WEBHOOK_SECRET":  s.page.FallbackSecret(),
		"HEARTBEAT_URL":            s.page.HeartbeatURL(),
		"PUBLIC_URL":               "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(hostPort)),
		"LINK_SIGNING_KEYS":        base64.StdEncoding.EncodeToString(key),
		"EXCLUSION_GROUPS":         tenant.ExclusionGroup.ID,
		"TENANT_ID":                tenant.ID,
		"RESOURCE_IDS":             strings.Join(tenant.ResourceIDs(), ","),
		"WATCH_SCHEDULE":           "0 * * * * *",
		"POSTURE_SCHEDULE":         "0 0 6 * * *",
		"GRAPH_ENDPOINT":           s.graphURL,
		"INSTANCE_NAME":            "local",
	}
}

// stop ends everything that was started, the last first.
func (s *stack) stop() {
	for _, end := range slices.Backward(s.stops) {
		end()
	}
	s.stops = nil
}

// waitIdle bounds how long the host may take to handle what the hub holds.
const waitIdle = 2 * time.Minute
