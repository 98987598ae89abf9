package azurite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// script finds Azurite's table service, and installs the npm parts of the local stack if they are
// missing.
func script(ctx context.Context) (string, error) {
	if _, err := exec.LookPath("node"); err != nil {
		return "", errors.New("start azurite: node is not on the PATH: install Node.js 20 or newer")
	}
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	local := filepath.Join(root, "infra", "local")
	path := filepath.Join(local, "node_modules", "azurite", "dist", "src", "table", "main.js")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := install(ctx, local, path); err != nil {
		return "", err
	}
	return path, nil
}

// moduleRoot is the folder above the working directory that holds go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("start azurite: run it inside the module, which says where infra/local is")
		}
		dir = parent
	}
}

// install runs npm once, while other processes that want the same wait.
func install(ctx context.Context, local, path string) error {
	lock, err := os.Open(filepath.Join(local, "package-lock.json"))
	if err != nil {
		return fmt.Errorf("install azurite: %w", err)
	}
	defer func() { _ = lock.Close() }()
	if err := waitForLock(lock); err != nil {
		return fmt.Errorf("install azurite: wait for another installation: %w", err)
	}
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	fmt.Fprintln(os.Stderr, "azurite is not installed: running npm ci in infra/local (once, about 20 s)")
	npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	npm.Dir = local
	if said, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("install azurite: npm ci in infra/local: %w: %s", err, said)
	}
	return nil
}
