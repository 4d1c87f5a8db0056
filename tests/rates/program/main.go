// A program that makes known numbers of objects at six places, and knows what its own heap profile says of them. For
// each it prints its function, the objects and their size, and the objects that the profile has seen of them.
package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

const own = 16384 // bytes: the mean of the program's own profile

var (
	kept  [2][64]any
	sizes = map[string]int{"main.small": 48, "main.words": 128, "main.block": 1024, "main.page": 8192, "main.list": 32,
		"main.table": 416}
	made = map[string]int{"main.small": 400_000, "main.words": 300_000, "main.block": 60_000, "main.page": 9_000,
		"main.list": 500_000, "main.table": 80_000}
)

type node struct {
	next  *node
	value [3]int
}

//go:noinline
func small(g, i int) { kept[g][i%64] = &[6]int{i} }

//go:noinline
func words(g, i int) { kept[g][i%64] = &[16]int{i} }

//go:noinline
func block(g, i int) { kept[g][i%64] = &[1024]byte{byte(i)} }

//go:noinline
func page(g, i int) { kept[g][i%64] = &[8192]byte{byte(i)} }

//go:noinline
func list(g, i int) { kept[g][i%64] = &node{value: [3]int{i}} }

//go:noinline
func table(g, i int) { kept[g][i%64] = &[52]*int{} }

var makers = map[string]func(g, i int){"main.small": small, "main.words": words, "main.block": block,
	"main.page": page, "main.list": list, "main.table": table}

const steps = 40

// run does half of the work: in steps with pauses, so that it goes on while the rate is moved many times.
func run(g int) {
	for step := 0; step < steps; step++ {
		for name, make := range makers {
			for i := 0; i < made[name]/2/steps; i++ {
				make(g, i)
			}
		}
		time.Sleep(8 * time.Millisecond)
	}
}

// profiled is how many objects of each function the program's own profile has seen.
func profiled() map[string]int64 {
	runtime.GC()
	runtime.GC() // what was sampled is published after the second
	records := make([]runtime.MemProfileRecord, 10_000)
	n, _ := runtime.MemProfile(records, true)
	seen := map[string]int64{}
	for _, record := range records[:n] {
		frames := runtime.CallersFrames(record.Stack())
		for {
			frame, more := frames.Next()
			if sizes[frame.Function] != 0 {
				seen[frame.Function] += record.AllocObjects
				break
			}
			if !more {
				break
			}
		}
	}
	return seen
}

func main() {
	runtime.MemProfileRate = own
	var wait sync.WaitGroup
	for g := 0; g < 2; g++ {
		wait.Add(1)
		go func(g int) {
			defer wait.Done()
			run(g)
		}(g)
	}
	wait.Wait()
	seen := profiled()
	for name := range makers {
		fmt.Println("site", name, made[name]/2/steps*steps*2, sizes[name], seen[name], own)
	}
}
