//go:build !unix

package hub

import "os/exec"

func separateFromTerminal(*exec.Cmd) {}
