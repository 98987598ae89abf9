package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ownFolder chooses where this stack writes: .local, or if another stack is up, a folder of its own
// in it.
func (s *stack) ownFolder(local string) error {
	if err := os.MkdirAll(local, 0o755); err != nil {
		return fmt.Errorf("make the folder for the local stack: %w", err)
	}
	release, free, err := lockFile(filepath.Join(local, "lock"))
	if err != nil {
		return fmt.Errorf("see whether another local stack is up: %w", err)
	}
	s.folder = local
	if free {
		s.stops = append(s.stops, release)
	} else if s.folder, err = os.MkdirTemp(local, "run-"); err != nil {
		return fmt.Errorf("make the folder for the local stack: %w", err)
	}
	s.app = filepath.Join(s.folder, "app")
	if !free {
		s.stops = append(s.stops, func() {
			if s.good {
				_ = os.RemoveAll(s.folder)
			} else { // what the program said stays, for whoever wants to know why it failed
				_ = os.RemoveAll(s.app)
			}
		})
	}
	return nil
}

// settingsFile is what a person sources to use the verbs against the running stack.
const settingsFile = "settings.sh"

// writeSettings writes the settings for a shell. They hold secrets, though only of this machine and
// only while the stack is up.
func (s *stack) writeSettings() error {
	path := filepath.Join(s.folder, settingsFile)
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("write the settings of the local stack: %w", err)
	}
	if err := os.WriteFile(path, []byte(shellSettings(s.settings)), 0o600); err != nil {
		return fmt.Errorf("write the settings of the local stack: %w", err)
	}
	return nil
}

func shellSettings(settings map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&b, "export %s='%s'\n", name, strings.ReplaceAll(settings[name], "'", `'\''`))
	}
	return b.String()
}
