// Allocates a known amount in objects of several sizes, then prints what its own heap profile makes of it, as a fraction of
// the truth: scaled as runtime/pprof does.
package main

import (
	"fmt"
	"math"
	"runtime"
)

var sink [256][]byte

//go:noinline
func allocate(size, count int) {
	for i := 0; i < count; i++ {
		sink[i%len(sink)] = make([]byte, size)
	}
}

func main() {
	sizes := []int{64, 512, 4096, 65536}
	const each = 100 << 20
	for _, size := range sizes {
		allocate(size, each/size)
	}
	runtime.GC()
	runtime.GC() // the profile is as of the last completed cycle
	records := make([]runtime.MemProfileRecord, 1000)
	n, ok := runtime.MemProfile(records, true)
	if !ok {
		panic("too many records")
	}
	total := 0.0
	for _, r := range records[:n] {
		if r.AllocObjects == 0 {
			continue
		}
		size := float64(r.AllocBytes) / float64(r.AllocObjects)
		total += float64(r.AllocBytes) / (1 - math.Exp(-size/float64(runtime.MemProfileRate)))
	}
	fmt.Println(total / float64(each*len(sizes)))
}
