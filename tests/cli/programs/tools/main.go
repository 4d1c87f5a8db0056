// A program that uses Go's own tools on itself, or ends badly, while goroutines of it allocate all the time and check
// what they work out. What it prints is the same in each run.
//
//	tools [-wait] [-workers N] MODE [ARGUMENTS]
//
// -wait: says "ready" and begins when a line comes. The modes are in the table below.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

type node struct {
	next *node
	pad  [6]int
}

var (
	wrong atomic.Int64
	ended atomic.Bool
	done  = make(chan bool)

	profiling atomic.Bool // the workers are to have threads of their own, and to say which
	threads   = make(chan int)
)

//go:noinline
func makeList(seed int) *node {
	var head *node
	for i := 0; i < 64; i++ {
		head = &node{next: head}
		head.pad[i%6] = seed + i
	}
	return head
}

//go:noinline
func sumList(head *node) (sum int) {
	for ; head != nil; head = head.next {
		for _, p := range head.pad {
			sum += p
		}
	}
	return
}

// worker allocates and checks until the end.
func worker() {
	want := [4]int{2016, 2080, 2144, 2208} // 64 times the seed, and 0 to 63
	said := false
	for i := 0; !ended.Load(); i++ {
		if profiling.Load() && !said {
			said = true
			runtime.LockOSThread()
			runtime.Gosched() // a thread is in the CPU profile from when it next takes up a goroutine
			threads <- syscall.Gettid()
		}
		if sumList(makeList(i%4)) != want[i%4] {
			wrong.Add(1)
		}
	}
	runtime.UnlockOSThread() // if it was locked: else the thread would end with us
	done <- true
}

//go:noinline
func parked() {
	select {}
}

// fill has every stack that a goroutine grows to hold frames of ours, and allocates at each depth.
//
//go:noinline
func fill(depth int) int {
	var room [5]int
	kept := &node{pad: [6]int{depth}}
	room[depth%5] = depth
	if depth > 0 {
		room[(depth+1)%5] = fill(depth - 1)
	}
	return room[depth%5] + room[(depth+1)%5] + kept.pad[0]
}

// deep lets the agent run on stacks of all sizes: fill(n) is the sum of twice 0 to n.
func deep() {
	for n := 0; n < 2000; n += 7 {
		n := n
		go func() {
			if fill(n) != n*(n+1) {
				wrong.Add(1)
			}
			done <- true
		}()
		<-done
	}
}

// serve does something every millisecond, until SIGTERM.
func serve() {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	fmt.Println("serving")
	for number := 0; len(end) == 0; number++ {
		tick(number)
		time.Sleep(time.Millisecond)
	}
}

var ticks int

//go:noinline
func tick(number int) {
	ticks += sumList(makeList(number)) & 1
}

// finish waits for the workers, and says whether all was well.
func finish(workers int) {
	ended.Store(true)
	for i := 0; i < workers; i++ {
		<-done
	}
	if wrong.Load() != 0 {
		fmt.Println("wrong", wrong.Load())
		os.Exit(9)
	}
	fmt.Println("fine")
}

func fail(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(8)
	}
}

func main() {
	wait := flag.Bool("wait", false, "begin at a line of input")
	workers := flag.Int("workers", 2, "goroutines that allocate")
	flag.Parse()
	if *wait {
		fmt.Println("ready")
		bufio.NewReader(os.Stdin).ReadString('\n')
	}
	for i := 0; i < *workers; i++ {
		go worker()
	}
	argument := func(i int) string { return flag.Arg(i) }
	number := func(i int) int { n, _ := strconv.Atoi(flag.Arg(i)); return n }
	time.Sleep(20 * time.Millisecond) // so that all are at it
	switch mode := argument(0); mode {
	case "cpu": // FILE SIGNALS
		cpuProfile(argument(1), number(2), *workers)
	case "signals": // PROCESS COUNT THREAD…, with -workers 0
		sendSignals(number(1), number(2), flag.Args()[3:])
		return
	case "trace": // FILE MILLISECONDS
		executionTrace(argument(1), number(2))
	case "contention":
		contention()
	case "metrics":
		metricsAgree()
	case "heapdump": // FILE
		heapDump(argument(1))
	case "read-heapdump": // FILE
		readHeapDump(argument(1))
	case "parked": // until a signal
		for i := 0; i < 20; i++ {
			go parked()
		}
		fmt.Println("waiting")
		parked()
	case "deep":
		deep()
	case "serve":
		serve()
	case "exit": // STATUS
		os.Exit(number(1))
	case "allocs-per-run":
		allocsPerRun()
	default:
		crash(mode)
	}
	runtime.GC()
	finish(*workers)
}
