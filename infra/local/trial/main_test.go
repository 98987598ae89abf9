//go:build unix

package trial_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"glasswatch/infra/local/azurite"
	"glasswatch/infra/local/hub"
)

const (
	root       = "../../.."
	maxStacks  = 40 // hubs and storage accounts of the shared parts, one for each stack of a test
	partitions = 4
	group      = "glasswatch"
	replay     = "glasswatch-replay"
)

// shared are the parts that all tests of this package use, each in a corner of its own: starting
// them anew for every test would take longer than the tests.
var shared struct {
	app      string // the app root as it is deployed
	program  string
	emulator *azurite.Server
	storeKey string
	hub      *hub.Hub
	stacks   atomic.Int64
	seed     uint64
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute) // the first build compiles the Graph SDK
	defer cancel()
	folder, err := os.MkdirTemp("", "glasswatch-trial-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if err := readEnvironment(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	shared.app, shared.program = folder, filepath.Join(folder, "glasswatch")
	if err := layOut(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := startParts(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer shared.emulator.Kill()
	defer shared.hub.Stop()
	return m.Run()
}

// readEnvironment takes the seed that a person may want to choose.
func readEnvironment() error {
	var err error
	if text := os.Getenv("GLASSWATCH_SEED"); text != "" {
		if shared.seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			return fmt.Errorf("GLASSWATCH_SEED is %q: set it to the number that a test printed", text)
		}
		return nil
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1<<31))
	if err != nil {
		return err
	}
	shared.seed = n.Uint64()
	return nil
}

// layOut makes the app root as it is deployed: host.json, function.json of each function, and the
// program.
func layOut(ctx context.Context) error {
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", shared.program, "./handlers")
	build.Dir = root
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the program: %w\n%s", err, said)
	}
	functions, err := filepath.Glob(filepath.Join(root, "handlers", "*", "function.json"))
	if err != nil || len(functions) == 0 {
		return fmt.Errorf("find the functions: no handlers/*/function.json")
	}
	for _, from := range append(functions, filepath.Join(root, "host.json")) {
		to := filepath.Join(shared.app, "host.json")
		if filepath.Base(from) == "function.json" {
			to = filepath.Join(shared.app, filepath.Base(filepath.Dir(from)), "function.json")
		}
		content, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// startParts starts one emulator with a storage account, and one hub server with a hub, for each
// stack: the table's name is fixed, and each stack needs one of its own.
func startParts(ctx context.Context) error {
	key := make([]byte, 64)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	shared.storeKey = base64.StdEncoding.EncodeToString(key)
	accounts := make([]string, maxStacks)
	hubs := make(map[string]int, maxStacks)
	for n := range maxStacks {
		accounts[n] = storageAccount(n) + ":" + shared.storeKey
		hubs[hubName(n)] = partitions
	}
	if err := os.Setenv("AZURITE_ACCOUNTS", strings.Join(accounts, ";")); err != nil {
		return err
	}
	var err error
	shared.emulator, err = azurite.Start(ctx, azurite.Options{})
	if unset := os.Unsetenv("AZURITE_ACCOUNTS"); err == nil {
		err = unset
	}
	if err != nil {
		return err
	}
	shared.hub, err = hub.Start(ctx, hub.Options{Partitions: hubs, ConsumerGroups: []string{group, replay}, Stderr: os.Stderr})
	if err != nil {
		shared.emulator.Kill()
	}
	return err
}

func storageAccount(n int) string { return fmt.Sprintf("trial%d", n) }

func hubName(n int) string { return fmt.Sprintf("trial-%d", n) }

// corner is the connection string of a storage account that no other test uses.
func corner(n int) string {
	return fmt.Sprintf("DefaultEndpointsProtocol=http;AccountName=%[1]s;AccountKey=%[2]s;TableEndpoint=http://127.0.0.1:%[3]d/%[1]s;",
		storageAccount(n), shared.storeKey, shared.emulator.Port())
}
