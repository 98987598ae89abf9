package funchost

import (
	"os/exec"
	"syscall"
)

// dieWithParent lets the kernel kill the handler if this process is killed before it could stop it,
// and keeps Ctrl-C away from it: the host decides when it ends.
func dieWithParent(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
