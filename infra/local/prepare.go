package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// findRoot is the folder with go.mod, from the working directory upwards.
func findRoot() (string, error) {
	directory, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the project: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(directory, "go.mod")); err == nil {
			return directory, nil
		}
		parent := filepath.Dir(directory)
		if parent == directory {
			return "", errors.New("find the project: no go.mod here or above; run `make run` in the project's folder")
		}
		directory = parent
	}
}

// needTools says what is missing before anything fails less clearly.
func needTools(look func(string) (string, error)) error {
	for _, tool := range []struct{ name, get string }{
		{"go", "install Go 1.26 or newer (https://go.dev/dl) and put it on PATH"},
		{"node", "install Node.js 20.19 or newer and put it on PATH"},
		{"npm", "it comes with Node.js; put it on PATH"},
	} {
		if _, err := look(tool.name); err != nil {
			return fmt.Errorf("%s is not installed: %s", tool.name, tool.get)
		}
	}
	return nil
}

// stampFile is what `make` keeps as well: node_modules is as the lock says if it is not older.
const stampFile = "node_modules/.glasswatch-stamp"

// npmNeeded says whether node_modules of a folder does not match its lock.
func npmNeeded(directory string) (bool, error) {
	lock, err := os.Stat(filepath.Join(directory, "package-lock.json"))
	if err != nil {
		return false, fmt.Errorf("look at the npm lock: %w", err)
	}
	stamp, err := os.Stat(filepath.Join(directory, stampFile))
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at node_modules: %w", err)
	}
	return stamp.ModTime().Before(lock.ModTime()), nil
}

func installNpm(ctx context.Context, directory string, say *speaker) error {
	needed, err := npmNeeded(directory)
	if err != nil || !needed {
		return err
	}
	say.linef("Installing the npm parts of the stack (once, about 20 s) …")
	enough := say.patience(ctx, "installing the npm parts")
	defer enough()
	if err := runTool(ctx, directory, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"); err != nil {
		return fmt.Errorf("install the npm parts in infra/local (is the npm registry reachable?): %w", err)
	}
	now := time.Now()
	stamp := filepath.Join(directory, stampFile)
	if err := os.WriteFile(stamp, nil, 0o644); err != nil {
		return fmt.Errorf("note that the npm parts are installed: %w", err)
	}
	if err := os.Chtimes(stamp, now, now); err != nil {
		return fmt.Errorf("note that the npm parts are installed: %w", err)
	}
	return nil
}

// layOut makes the app root as it is deployed: host.json, a folder with function.json for each
// function, and the program.
func layOut(ctx context.Context, root, app string, say *speaker) error {
	if err := os.RemoveAll(app); err != nil {
		return fmt.Errorf("clear %s: %w", app, err)
	}
	functions, err := filepath.Glob(filepath.Join(root, "handlers", "*", "function.json"))
	if err != nil || len(functions) == 0 {
		return fmt.Errorf("find the functions: no handlers/*/function.json in %s", root)
	}
	for _, from := range append(functions, filepath.Join(root, "host.json")) {
		to := filepath.Join(app, filepath.Base(from))
		if filepath.Base(from) == "function.json" {
			to = filepath.Join(app, filepath.Base(filepath.Dir(from)), "function.json")
		}
		if err := copyFile(from, to); err != nil {
			return err
		}
	}
	began := time.Now()
	say.linef("Building the program (the first time this takes some minutes: the Graph SDK is large) …")
	enough := say.patience(ctx, "building")
	defer enough()
	if err := runTool(ctx, root, "go", "build", "-trimpath", "-o", filepath.Join(app, "glasswatch"), "./handlers"); err != nil {
		return fmt.Errorf("build the program: %w", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		say.linef("  built in %s", took.Round(time.Second))
	}
	return nil
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("lay out the app: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("lay out the app: %w", err)
	}
	if err := os.WriteFile(to, content, 0o644); err != nil {
		return fmt.Errorf("lay out the app: %w", err)
	}
	return nil
}

// runTool runs a tool and keeps what it says for the error. When ctx ends, the tool and what it
// started end too.
func runTool(ctx context.Context, directory, name string, args ...string) error {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = directory
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	ownGroup(command)
	command.WaitDelay = 2 * time.Second
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%s %s: %w\n%s", name, args[0], err, lastLines(said.String(), 20))
	}
	return nil
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
