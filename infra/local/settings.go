package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

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
