// The program that the GC cost model was made on: one site of each kind that the model tells apart, all of about the
// same weight, short-lived and long-lived. -without switches sites off; the work stays.
package main

import (
	"flag"
	"fmt"
	"runtime"
	"strings"
	"sync"
)

var (
	withoutFlag = flag.String("without", "", "sites to switch off, separated by commas")
	scale       = flag.Float64("scale", 1, "how much work")
	live        = flag.Int("live", 40, "MB that live long")
	workers     = flag.Int("workers", 2, "goroutines that work")
	parked      = flag.Int("goroutines", 100, "goroutines that wait")
)

// park holds a stack of DEPTH frames with pointers in them until the end.
func park(depth int, object *tiny, end chan struct{}) int64 {
	var locals [4]*tiny
	for i := range locals {
		locals[i] = object
	}
	if depth == 0 {
		<-end
	} else {
		locals[0].value += park(depth-1, locals[1], end) & 0
	}
	return locals[2].value
}

func main() {
	flag.Parse()
	without := map[string]bool{}
	for _, name := range strings.Split(*withoutFlag, ",") {
		without[name] = true
	}
	end := make(chan struct{})
	for i := 0; i < *parked; i++ {
		go park(12, &tiny{}, end)
	}
	rounds := int(*scale * 130000 / float64(*workers))
	sums := make([]uint64, *workers)
	var wait sync.WaitGroup
	for i := range sums {
		wait.Add(1)
		go func() {
			defer wait.Done()
			w := newWorker(newSites(without), uint64(i+1), (*live<<20) / *workers)
			sums[i] = w.work(rounds)
		}()
	}
	wait.Wait()
	sum := uint64(0)
	for _, s := range sums {
		sum = sum*31 + s
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	fmt.Printf("result checksum=%x alloc_bytes=%d alloc_objects=%d\n", sum, stats.TotalAlloc, stats.Mallocs)
}
