package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"runtime/pprof"
	"runtime/trace"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// cpuProfile samples at 10 kHz, for as long as it takes to have the workers' threads interrupted so many times: by the
// kernel's timers, which expire at its ticks, it would be a few hundred times a second. What another process sends the
// runtime takes for the profile too. StartCPUProfile says that it cannot set its own 100, and goes on.
func cpuProfile(path string, signals, workers int) {
	file, err := os.Create(path)
	fail(err)
	said, err := os.Create(path + ".signals")
	fail(err)
	runtime.SetCPUProfileRate(signalRate)
	fail(pprof.StartCPUProfile(file))
	profiling.Store(true)
	arguments := []string{"-workers", "0", "signals", strconv.Itoa(os.Getpid()), strconv.Itoa(signals)}
	for i := 0; i < workers; i++ {
		arguments = append(arguments, strconv.Itoa(<-threads))
	}
	sender := exec.Command(os.Args[0], arguments...)
	sender.Stdout, sender.Stderr = said, said
	fail(sender.Run())
	pprof.StopCPUProfile()
	fail(file.Close())
	fail(said.Close())
}

// executionTrace has 50 tasks of a region each in the trace, and what the goroutines that work do.
func executionTrace(path string, milliseconds int) {
	file, err := os.Create(path)
	fail(err)
	fail(trace.Start(file))
	for i := 0; i < 50; i++ {
		within, task := trace.NewTask(context.Background(), "job")
		trace.WithRegion(within, "list", func() {
			if sumList(makeList(1)) != 2080 {
				wrong.Add(1)
			}
			time.Sleep(time.Duration(milliseconds) * time.Millisecond / 50)
		})
		task.End()
	}
	trace.Stop()
	fail(file.Close())
}

//go:noinline
func receive(from chan bool) { <-from }

//go:noinline
func lock(mutex *sync.Mutex) {
	mutex.Lock()
	mutex.Unlock()
}

// holds says how often stacks were counted that FUNCTION is in. From Go 1.22 on the runtime's own locks are among them.
func holds(records []runtime.BlockProfileRecord, function string, isLock func(string) bool) (count int64) {
	for _, record := range records {
		frames := runtime.CallersFrames(record.Stack())
		frame, more := frames.Next()
		if !isLock(frame.Function) {
			continue
		}
		for frame.Function != function && more {
			frame, more = frames.Next()
		}
		if frame.Function == function {
			count += record.Count
		}
	}
	return
}

// contention makes 30 waits for a channel and 30 for a mutex, and prints what the profiles of both make of it.
func contention() {
	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(1)
	for i := 0; i < 30; i++ {
		var mutex sync.Mutex
		signals, ended := make(chan bool), make(chan bool)
		mutex.Lock()
		go func() { lock(&mutex); ended <- true }()
		go func() { receive(signals); ended <- true }()
		time.Sleep(10 * time.Millisecond) // both wait by then
		mutex.Unlock()
		signals <- true
		<-ended
		<-ended
	}
	records := make([]runtime.BlockProfileRecord, 1000)
	n, _ := runtime.BlockProfile(records)
	isSync := func(function string) bool { return strings.Contains(function, "sync.(*Mutex)") }
	isChannel := func(function string) bool { return function == "runtime.chanrecv1" }
	fmt.Println("receive", holds(records[:n], "main.receive", isChannel), "lock", holds(records[:n], "main.lock", isSync))
	n, _ = runtime.MutexProfile(records)
	fmt.Println("unlock", holds(records[:n], "main.contention", isSync))
}

// metricsAgree prints every metric's name, and what some of them make of 500 objects, rounded.
func metricsAgree() {
	var samples []metrics.Sample
	for _, description := range metrics.All() {
		samples = append(samples, metrics.Sample{Name: description.Name})
	}
	debug.SetGCPercent(-1)
	ended.Store(true) // of the workers each has one list to go
	time.Sleep(50 * time.Millisecond)
	find := func(name string) uint64 {
		at := sort.Search(len(samples), func(i int) bool { return samples[i].Name >= name })
		return samples[at].Value.Uint64()
	}
	read := func() [3]uint64 {
		metrics.Read(samples)
		return [3]uint64{find("/gc/heap/allocs:objects"), find("/gc/heap/allocs:bytes"), find("/gc/heap/live:bytes")}
	}
	read() // allocates its own histograms
	before := read()
	kept := make([]*[40960]byte, 500) // large ones, which are counted at once
	for i := range kept {
		kept[i] = new([40960]byte)
	}
	after := read()
	runtime.GC()
	marked := read()
	for _, sample := range samples {
		fmt.Println(sample.Name, sample.Value.Kind())
	}
	fmt.Println("objects", (after[0]-before[0])/20, "bytes", (after[1]-before[1])/1024000)
	fmt.Println("live", marked[2] > 40960*500 && marked[2] < 50000*500)
	runtime.KeepAlive(kept)
	debug.SetGCPercent(100)
}

// allocsPerRun prints the counts that tests of allocations rely on.
func allocsPerRun() {
	ended.Store(true)
	time.Sleep(50 * time.Millisecond)
	var kept []*node
	fmt.Println("list", testing.AllocsPerRun(100, func() { makeList(3) }))
	fmt.Println("none", testing.AllocsPerRun(100, func() { sumList(nil) }))
	fmt.Println("string", testing.AllocsPerRun(100, func() { _ = strings.Repeat("ab", 100+len(kept)) }))
}
