// A target for what a report says of concurrency: three parts of equal length, one with many goroutines, each
// allocating in a function of its own, and under a profiler label of its own.
package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

const (
	crowd   = 1500
	part    = 700 * time.Millisecond
	objects = 400 // a step
)

type node struct {
	next *node
	pad  [14]int
}

var sink [256]*node

//go:noinline
func alone(i int) { sink[i%len(sink)] = &node{} }

//go:noinline
func crowded(i int) { sink[i%len(sink)] = &node{} }

//go:noinline
func after(i int) { sink[i%len(sink)] = &node{} }

// spend allocates for as long as a part lasts, and says how many goroutines there were.
func spend(name, tenant string, allocate func(int)) {
	pprof.Do(context.Background(), pprof.Labels("phase", name, "tenant", tenant), func(context.Context) {
		for end := time.Now().Add(part); time.Now().Before(end); time.Sleep(time.Millisecond) {
			for i := 0; i < objects; i++ {
				allocate(i)
			}
		}
	})
	fmt.Println(name, runtime.NumGoroutine())
}

func main() {
	var waiting sync.WaitGroup
	leave := make(chan struct{})

	spend("alone", "blue", alone)
	waiting.Add(crowd)
	for i := 0; i < crowd; i++ {
		go func() {
			defer waiting.Done()
			<-leave
		}()
	}
	spend("crowded", "blue", crowded)
	close(leave)
	waiting.Wait()
	spend("after", "green", after)
}
