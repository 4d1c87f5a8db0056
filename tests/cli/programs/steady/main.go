// Allocates as fast as it can for a second and a half, on all CPUs, and prints how many bytes that were.
package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

type node struct {
	next *node
	pad  [6]int
}

//go:noinline
func allocate(list *node) *node { return &node{next: list} }

func work(end time.Time) {
	var list *node
	for time.Now().Before(end) {
		for i := 0; i < 5000; i++ {
			list = allocate(list)
			list.next = nil
		}
	}
	runtime.KeepAlive(list)
}

func main() {
	end := time.Now().Add(1500 * time.Millisecond)
	var workers sync.WaitGroup
	for i := 0; i < runtime.GOMAXPROCS(0); i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			work(end)
		}()
	}
	workers.Wait()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Println(m.TotalAlloc)
}
