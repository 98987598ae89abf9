package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

const (
	// The account of the storage emulator and its key are public: Microsoft documents both.
	emulatorAccount = "devstoreaccount1"
	emulatorKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
	emulatorLimit   = 30 * time.Second
	// endWithParent makes the emulator end when this process does, however that ends.
	endWithParent = `data:text/javascript,process.stdin.on("end",()=>process.exit(0));process.stdin.resume();`
)

// emulator is a running Azurite that serves tables from memory.
type emulator struct {
	process *exec.Cmd
	stdin   io.Closer
	exited  chan struct{}
	port    int
	once    sync.Once
}

// startEmulator starts Azurite's table service and returns once it listens. ctx bounds the start
// only.
func startEmulator(ctx context.Context, local string, port int) (*emulator, error) {
	if port == 0 {
		var err error
		if port, err = freePort(ctx); err != nil {
			return nil, err
		}
	} else if !portFree(ctx, port) {
		return nil, errors.New("start the tables: the port is not free")
	}
	script := filepath.Join(local, "node_modules", "azurite", "dist", "src", "table", "main.js")
	e := &emulator{port: port, exited: make(chan struct{}), process: exec.CommandContext(
		context.WithoutCancel(ctx), "node", "--import", endWithParent, script, "--silent", "--disableTelemetry", "--inMemoryPersistence",
		"--tableHost", "127.0.0.1", "--tablePort", strconv.Itoa(port),
	)}
	e.process.Dir = local
	var said bytes.Buffer
	e.process.Stdout, e.process.Stderr = &said, &said
	ownGroup(e.process)
	var err error
	if e.stdin, err = e.process.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start the tables: %w", err)
	}
	if err := e.process.Start(); err != nil {
		return nil, fmt.Errorf("start the tables (is node installed?): %w", err)
	}
	go func() {
		_ = e.process.Wait()
		close(e.exited)
	}()
	limit := time.Now().Add(emulatorLimit)
	for !listens(ctx, port) {
		select {
		case <-e.exited:
			return nil, fmt.Errorf("start the tables: Azurite ended at once: %s", lastLines(said.String(), 5))
		case <-ctx.Done():
			e.stop()
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(limit) {
			e.stop()
			return nil, fmt.Errorf("start the tables: Azurite does not listen after %s", emulatorLimit)
		}
	}
	return e, nil
}

func listens(ctx context.Context, port int) bool {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// connectionString is the value for EVIDENCE_TABLES.
func (e *emulator) connectionString() string {
	return fmt.Sprintf("DefaultEndpointsProtocol=http;AccountName=%s;AccountKey=%s;TableEndpoint=http://127.0.0.1:%d/%s;",
		emulatorAccount, emulatorKey, e.port, emulatorAccount)
}

// stop ends the emulator and waits for it. What it held is gone.
func (e *emulator) stop() {
	e.once.Do(func() {
		_ = e.stdin.Close()
		select {
		case <-e.exited:
		case <-time.After(2 * time.Second):
			_ = e.process.Process.Kill()
			<-e.exited
		}
	})
}
