package main

import (
	"os"
	"syscall"
	"time"
)

// quietly calls RUN while it holds the lock that other work on this machine waits for, if there is one; it lets others
// take their turn first.
func quietly(o *options, run func() error) error {
	if o.lock == "" {
		return run()
	}
	time.Sleep(200 * time.Millisecond)
	file, err := os.OpenFile(o.lock, os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return err
	}
	defer file.Close() // which unlocks it too
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return &os.PathError{Op: "flock", Path: o.lock, Err: err}
	}
	return run()
}
