// Measures what marking takes on this machine, for escprof calibrate: heaps of known make-up are marked by forced cycles
// on one P, and the CPU that the process uses meanwhile is taken. Prints a line of JSON, in ns. Go 1.18 and later.
package main

import (
	"encoding/json"
	"math/rand"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sort"
	"syscall"
)

const (
	objects = 400_000
	apart   = 8 // of so many objects side by side one lives
	cycles  = 9
)

type small struct {
	next    *small
	payload [7]uintptr
}

// Every other word is a pointer, as of strings and interfaces; of slices it is one of three, of maps less.
type large [512]struct {
	pointer *small
	length  int
}

var (
	kept   []*small
	larges []*large
)

func cpu() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return float64(usage.Utime.Nano() + usage.Stime.Nano())
}

// cycle is the CPU of one forced cycle in ns: the median.
func cycle() float64 {
	runtime.GC()
	runtime.GC()
	times := make([]float64, cycles)
	for i := range times {
		before := cpu()
		runtime.GC()
		times[i] = cpu() - before
	}
	sort.Float64s(times)
	return times[cycles/2]
}

// fill keeps COUNT objects, of EACH side by side one, in an order that is not that of memory.
func fill(count, each int) {
	kept = make([]*small, 0, count)
	for i := 0; i < count*each; i++ {
		s := &small{}
		if i%each == 0 {
			kept = append(kept, s)
		}
	}
	rand.New(rand.NewSource(1)).Shuffle(count, func(i, k int) { kept[i], kept[k] = kept[k], kept[i] })
}

func deep(n int, wait, done chan struct{}) {
	var frame [64]*small
	if n > 0 {
		deep(n-1, wait, done)
	} else {
		done <- struct{}{}
		<-wait
	}
	runtime.KeepAlive(&frame)
}

// scannedStacks are the bytes of stacks that the last cycle scanned, which a program of Go 1.21 or later knows
// (gcController.lastStackScan); with an earlier one, all that stacks have.
func scannedStacks() float64 {
	scanned := []metrics.Sample{{Name: "/gc/scan/stack:bytes"}}
	metrics.Read(scanned)
	if scanned[0].Value.Kind() == metrics.KindUint64 {
		return float64(scanned[0].Value.Uint64())
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.StackInuse)
}

func main() {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(-1)
	empty := cycle()
	fill(objects, 1)
	dense := cycle() - empty
	kept = nil
	fill(objects, apart)
	sparse := cycle() - empty
	kept = make([]*small, 1)
	kept[0] = &small{}
	for i := 0; i < 6000; i++ {
		l := &large{}
		for k := range l {
			l[k].pointer = kept[0]
		}
		larges = append(larges, l)
	}
	scan := (cycle() - empty) / float64(6000*8*1024)
	larges, kept = nil, nil
	wait, done := make(chan struct{}), make(chan struct{})
	for i := 0; i < 2000; i++ {
		go deep(20, wait, done)
		<-done
	}
	stacks := cycle() - empty
	scanned := scannedStacks()
	close(wait)
	span := (sparse - dense) / (objects * (apart - 1) * 64)
	object := dense/objects - 64*span
	err := json.NewEncoder(os.Stdout).Encode(map[string]any{"go": runtime.Version(), "cycle": empty, "object": object,
		"scan_byte": scan, "span_byte": span, "root_byte": stacks / scanned})
	if err != nil {
		panic(err)
	}
}
