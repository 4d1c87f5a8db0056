package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

const (
	signalRate = 10000            // a second
	patience   = 30 * time.Second // with threads that take no signal
)

// profiled is a thread that is sent SIGPROF, and what /proc says of it.
type profiled struct {
	id     int
	status *os.File
}

// look returns whether the thread runs, or would on a free CPU, and whether a SIGPROF that it was sent has yet to be handled.
func (thread profiled) look(room []byte) (runs, isPending bool) {
	n, err := thread.status.ReadAt(room, 0)
	if n == 0 {
		fail(err)
	}
	value := func(name string) string {
		_, after, _ := bytes.Cut(room[:n], []byte("\n"+name+":\t"))
		line, _, _ := bytes.Cut(after, []byte("\n"))
		return string(line)
	}
	pending, err := strconv.ParseUint(value("SigPnd"), 16, 64)
	fail(err)
	return value("State")[0] == 'R', pending&(1<<(syscall.SIGPROF-1)) != 0
}

// pause is short where the runtime's own sleep is a millisecond.
func pause(duration time.Duration) {
	if duration > 0 {
		timespec := syscall.NsecToTimespec(duration.Nanoseconds())
		syscall.Nanosleep(&timespec, nil)
	}
}

// sendSignals sends the threads of PROCESS SIGPROF, in turns, COUNT times in all and 10,000 times a second where the
// machine is as fast. The kernel has at most one pending in a thread, so one is only sent where none is: each is handled.
// None wakes a thread: a profile of CPU is of those that run.
func sendSignals(process, count int, ids []string) {
	var threads []profiled
	for _, id := range ids {
		number, err := strconv.Atoi(id)
		fail(err)
		status, err := os.Open(fmt.Sprintf("/proc/%d/task/%d/status", process, number))
		fail(err)
		threads = append(threads, profiled{number, status})
	}
	room := make([]byte, 4096)
	start, last := time.Now(), time.Now()
	for sent, at, waiting := 0, 0, 0; sent < count; at++ {
		thread := threads[at%len(threads)]
		pause(start.Add(time.Duration(sent) * time.Second / signalRate).Sub(time.Now()))
		if runs, isPending := thread.look(room); !runs || isPending {
			if waiting++; waiting%len(threads) == 0 {
				pause(20 * time.Microsecond)
			}
			if time.Since(last) > patience {
				fail(fmt.Errorf("after %d signals none is taken", sent))
			}
			continue
		}
		if _, _, e := syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(process), uintptr(thread.id), uintptr(syscall.SIGPROF)); e != 0 {
			fail(e)
		}
		sent++
		waiting = 0
		last = time.Now()
	}
	took := time.Since(start)
	for _, thread := range threads {
		for _, isPending := thread.look(room); isPending && time.Since(last) < patience; _, isPending = thread.look(room) {
			time.Sleep(time.Millisecond)
		}
	}
	fmt.Printf("%d signals in %.1f s, %.0f a second\n", count, took.Seconds(), float64(count)/took.Seconds())
}
