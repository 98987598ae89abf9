//go:build !linux

package funchost

import "os/exec"

// dieWithParent can do nothing outside Linux: a host that is killed leaves its handlers running.
func dieWithParent(*exec.Cmd) {}
