package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
)

var (
	nothing *node
	zero    int
	table   map[int]*node
	numbers = []int{1, 2, 3}
)

//go:noinline
func recurse(n int) int {
	kept := &node{pad: [6]int{n}}
	table[n&15] = kept
	return recurse(n+1) + kept.pad[0]
}

// writeMaps writes a map from two goroutines, of which the runtime takes notice sooner or later.
func writeMaps() {
	shared := map[int]*node{}
	for g := 0; g < 2; g++ {
		go func() {
			for i := 0; ; i++ {
				shared[i&1023] = &node{}
			}
		}()
	}
	parked()
}

// crash ends the program in the way that MODE names.
//
//go:noinline
func crash(mode string) {
	switch mode {
	case "panic":
		panic(fmt.Sprint("as asked, ", sumList(makeList(1))))
	case "nested-panic":
		defer func() { panic("the second") }()
		panic("the first")
	case "nil":
		nothing.pad[1] = 1
	case "divide":
		zero = 1 / zero
	case "index":
		numbers[3+zero] = 1
	case "nil-map":
		table[1] = nothing
	case "unlock":
		new(sync.Mutex).Unlock()
	case "map-writes":
		writeMaps()
	case "overflow":
		table = map[int]*node{}
		debug.SetMaxStack(1 << 20)
		recurse(0)
	case "deadlock": // with -workers 0
		<-make(chan bool)
	case "goexit": // with -workers 0
		runtime.Goexit()
	case "abort":
		syscall.Kill(os.Getpid(), syscall.SIGABRT)
		parked()
	case "segv-outside":
		syscall.Kill(os.Getpid(), syscall.SIGSEGV)
		parked()
	default:
		fmt.Println("no such mode:", mode)
		os.Exit(2)
	}
}
