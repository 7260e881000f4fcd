//go:build unix

package process

import (
	"os"
	"os/exec"
	"syscall"
)

func ownGroup(child *exec.Cmd) { child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// A group that is gone already is what these want to reach, so their errors say nothing.

func interruptGroup(group int) { _ = syscall.Kill(-group, syscall.SIGINT) }
func terminateGroup(group int) { _ = syscall.Kill(-group, syscall.SIGTERM) }
func killGroup(group int)      { _ = syscall.Kill(-group, syscall.SIGKILL) }

func exitCode(state *os.ProcessState) int {
	if state == nil {
		return -1
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}
