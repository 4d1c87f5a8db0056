// Allocation-heavy: two goroutines build and drop small trees under some ten frames of calls.
// BENCH_PROFILE_RATE, when set, is Go's own heap profile at that rate.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
)

type node struct {
	left, right *node
	name        []byte
}

//go:noinline
func build(depth, size int) *node {
	if depth == 0 {
		return &node{name: make([]byte, size)}
	}
	return &node{left: build(depth-1, size+8), right: build(depth-1, size+16)}
}

//go:noinline
func count(n *node) int {
	if n == nil {
		return 0
	}
	return 1 + len(n.name) + count(n.left) + count(n.right)
}

func main() {
	if rate, err := strconv.Atoi(os.Getenv("BENCH_PROFILE_RATE")); err == nil {
		runtime.MemProfileRate = rate
	}
	rounds, _ := strconv.Atoi(os.Args[1])
	var wait sync.WaitGroup
	sums := make([]int, 2)
	for worker := range sums {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for i := 0; i < rounds; i++ {
				sums[worker] += count(build(9, 16))
			}
		}()
	}
	wait.Wait()
	fmt.Println(sums)
	if os.Getenv("BENCH_PROFILE_RATE") != "" {
		var records []runtime.MemProfileRecord
		n, _ := runtime.MemProfile(records, true) // keeps the profile linked in
		fmt.Fprintln(os.Stderr, n)
	}
}
