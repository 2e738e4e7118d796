package main

import (
	"math"
	"syscall"
	"time"
)

// cpuTime returns the processor time that this process has taken, in the kernel too.
func cpuTime() time.Duration {
	process, err := syscall.GetCurrentProcess()
	if err != nil {
		panic(err)
	}
	var created, exited, kernel, user syscall.Filetime
	if err := syscall.GetProcessTimes(process, &created, &exited, &kernel, &user); err != nil {
		panic(err)
	}
	return inSteps(kernel) + inSteps(user)
}

// inSteps returns a duration that Windows counts in steps of 100 ns.
func inSteps(t syscall.Filetime) time.Duration {
	return time.Duration(int64(t.HighDateTime)<<32|int64(t.LowDateTime)) * 100
}

// openFiles returns how many files a process may have open: Windows sets no limit.
func openFiles() uint64 { return math.MaxUint64 }
