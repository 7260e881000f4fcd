package process

import (
	"os/exec"

	"golang.org/x/sys/unix"
)

// reap waits for the child, and kills what it left behind in its group. The child stays a zombie until the group is
// killed, so that the group's number cannot be another's yet.
func reap(child *exec.Cmd) {
	for unix.Waitid(unix.P_PID, child.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	killGroup(child.Process.Pid)
	// The error is the exit code, which is looked at in the process's state.
	_ = child.Wait()
}
