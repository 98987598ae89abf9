//go:build !unix

package teamspage

import "os/exec"

func separateFromTerminal(*exec.Cmd) {}
