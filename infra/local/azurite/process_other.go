//go:build !unix

package azurite

import (
	"errors"
	"os"
	"os/exec"
)

func ownGroup(*exec.Cmd) {}

func pause(*os.Process) error { return errors.New("pause azurite: this system cannot pause a process") }

func resume(*os.Process) error { return nil }

// waitForLock always succeeds: without locks, one installation at a time is the user's affair.
func waitForLock(*os.File) error { return nil }
