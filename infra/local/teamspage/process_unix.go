//go:build unix

package teamspage

import (
	"os/exec"
	"syscall"
)

// separateFromTerminal keeps Ctrl-C from reaching the script before its owner has decided to stop it.
func separateFromTerminal(process *exec.Cmd) {
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
