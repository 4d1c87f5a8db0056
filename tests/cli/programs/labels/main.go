// A target for profiler labels: goroutines whose labels are made anew for each small piece of work and at once garbage,
// at a GOGC that has the GC use their memory again and again. What is allocated in even and odd is so by label too.
package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"sync"
	"time"
)

type node struct {
	next *node
	pad  [6]int
}

var sink [64]*node

//go:noinline
func even(i int) { sink[i%len(sink)] = &node{} }

//go:noinline
func odd(i int) { sink[i%len(sink)] = &node{} }

//go:noinline
func plain(i int) { sink[i%len(sink)] = &node{} }

// many has more labels than a bucket of a map holds.
//
//go:noinline
func many(i int) { sink[i%len(sink)] = &node{} }

func work(worker int, seconds float64, done *sync.WaitGroup) {
	defer done.Done()
	ctx := context.Background()
	end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	for piece := worker; time.Now().Before(end); piece++ {
		allocate, kind := even, "even"
		if piece%2 != 0 {
			allocate, kind = odd, "odd"
		}
		pprof.Do(ctx, pprof.Labels("piece", strconv.Itoa(piece%40), "kind", kind), func(context.Context) {
			for i := 0; i < 300; i++ {
				allocate(worker)
			}
		})
		for i := 0; i < 100; i++ {
			plain(worker)
		}
		if piece%8 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	pprof.Do(ctx, pprof.Labels("a", "1", "b", "2", "c", "3", "d", "4", "e", "5", "f", "6", "g", "7", "h", "8", "i", "9"),
		func(context.Context) {
			for i := 0; i < 20000; i++ {
				many(worker)
			}
		})
}

func main() {
	var done sync.WaitGroup
	seconds, _ := strconv.ParseFloat(os.Args[1], 64)
	if len(os.Args) > 2 {
		percent, _ := strconv.Atoi(os.Args[2])
		debug.SetGCPercent(percent)
	}
	for worker := 0; worker < 4; worker++ {
		done.Add(1)
		go work(worker, seconds, &done)
	}
	done.Wait()
}
