//go:build unix && !linux

package process

import "os/exec"

// reap waits for the child, and kills what it left behind in its group.
func reap(child *exec.Cmd) {
	// The error is the exit code, which is looked at in the process's state.
	_ = child.Wait()
	killGroup(child.Process.Pid)
}
