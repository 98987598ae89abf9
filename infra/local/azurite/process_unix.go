//go:build unix

package azurite

import (
	"os"
	"os/exec"
	"syscall"
)

func ownGroup(process *exec.Cmd) { process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func pause(process *os.Process) error { return process.Signal(syscall.SIGSTOP) }

func resume(process *os.Process) error { return process.Signal(syscall.SIGCONT) }

func waitForLock(file *os.File) error { return syscall.Flock(int(file.Fd()), syscall.LOCK_EX) }
