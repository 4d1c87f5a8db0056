package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"time"
)

const (
	ballast    = 4096 // blocks
	kept       = 500  // blocks that the known work adds
	cycles     = 4
	crowd      = 300 // goroutines that wait
	looks      = 30
	labelTimes = 20
)

// What is said of a GC cycle, each by its name in runtime/metrics; memstats has the others.
var figures = []metrics.Sample{
	{Name: "/gc/heap/live:bytes"},
	{Name: "/cpu/classes/gc/total:cpu-seconds"},
	{Name: "/gc/scan/stack:bytes"},
	{Name: "/gc/scan/globals:bytes"},
}

type cycle struct {
	memory  runtime.MemStats
	figures [4]string
}

var (
	collected [cycles]cycle
	seen      *block
)

// More work, in a plugin: main does without.
var plugged func() (site, error)

func openPlugin() error {
	if plugged == nil {
		return nil
	}
	s, err := plugged()
	sites = append(sites, s)
	return err
}

// number is a figure as text; "none" where this version of Go does not have it.
func number(sample metrics.Sample) string {
	switch sample.Value.Kind() {
	case metrics.KindUint64:
		return fmt.Sprint(sample.Value.Uint64())
	case metrics.KindFloat64:
		return fmt.Sprintf("%.0f", sample.Value.Float64()*1e9) // nanoseconds, as the others
	}
	return "none"
}

// collect has the GC run, and looks at its figures before anything can change them.
func collect(c *cycle) {
	runtime.GC()
	metrics.Read(figures)
	runtime.ReadMemStats(&c.memory)
	for i := range figures {
		c.figures[i] = number(figures[i])
	}
	seen = new(block) // what comes first after a cycle's end shows it to escprof
}

// labels takes its time: what labels a goroutine has is looked up in the running program.
func labels() {
	for i := 0; i < labelTimes; i++ {
		allocate, kind := even, "even"
		if i%2 != 0 {
			allocate, kind = odd, "odd"
		}
		pprof.Do(context.Background(), pprof.Labels("kind", kind), func(context.Context) {
			allocate()
			time.Sleep(5 * time.Millisecond)
			allocate()
		})
	}
}

// gather has a crowd wait for a while, and returns how many goroutines there are meanwhile.
func gather() int {
	leave, left := make(chan bool), make(chan bool)
	for i := 0; i < crowd; i++ {
		go func() {
			<-leave
			left <- true
		}()
	}
	count := 0
	for i := 0; i < looks; i++ {
		if n := runtime.NumGoroutine(); n > count {
			count = n
		}
		even()
		time.Sleep(5 * time.Millisecond)
	}
	close(leave)
	for i := 0; i < crowd; i++ {
		<-left
	}
	return count
}

// What the program's own heap profile has of a function, where it keeps one of all objects (own.go).
var own func(function string) (objects, freed int64)

// ownObjects are those of all sites.
func ownObjects() []int64 {
	var all []int64
	for i := 0; own != nil && i < len(sites); i++ {
		objects, freed := own(sites[i].name)
		all = append(all, objects, freed)
	}
	return all
}

// checkOwn holds the profile's growth against the known numbers.
func checkOwn(before []int64) error {
	after := ownObjects()
	for i := range before {
		want := int64(workers * sites[i/2].times)
		if got := after[i] - before[i]; got != want {
			return fmt.Errorf("the program's own profile: %d objects of %s (%d: freed ones), not %d", got, sites[i/2].name,
				i%2, want)
		}
	}
	return nil
}

// work returns what it has worked out.
func work(path string) (int, error) {
	file, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	allocated := totalAllocated()
	before := ownObjects()
	allocateAll()
	keep(kept)
	labels()
	goroutines := gather()
	result := sum()
	drop()
	for i := range collected {
		collect(&collected[i])
	}
	if err := checkOwn(before); err != nil {
		return 0, err
	}
	write(file, goroutines)
	allocateAll() // so that the sum is as before
	if again := sum(); again != result {
		return 0, fmt.Errorf("worked out %d, then %d", result, again)
	}
	drop()
	runtime.GC()
	total := totalAllocated()
	fmt.Fprintln(file, "allocated", total, total-allocated)
	return result, nil
}

func totalAllocated() uint64 {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return memory.TotalAlloc
}

// write says what is known, after two rounds of allocateAll, one of which is still to come.
func write(out io.Writer, goroutines int) {
	fmt.Fprintln(out, "version", runtime.Version())
	for _, s := range sites {
		fmt.Fprintln(out, "site", s.name, 2*workers*s.times, s.size, "dead")
	}
	fmt.Fprintln(out, "site keep", kept, 2048, "kept")
	fmt.Fprintln(out, "site even", labelTimes+looks, 16, "dead")
	fmt.Fprintln(out, "site odd", labelTimes, 16, "dead")
	fmt.Fprintln(out, "label odd kind odd")
	fmt.Fprintln(out, "goroutines", goroutines)
	for i := range collected {
		c := &collected[i]
		fmt.Fprintln(out, "gc", c.memory.NumGC, c.memory.NextGC, c.memory.PauseTotalNs, c.figures[0], c.figures[1],
			c.figures[2], c.figures[3], c.memory.NumForcedGC)
	}
}
