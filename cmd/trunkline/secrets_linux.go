package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// hideMemory keeps other processes of the same user from reading this one's memory, open files and environment, and
// the kernel from writing them into a core file. Root may still read them.
func hideMemory() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("hide the memory from other processes: %w", err)
	}
	return nil
}
