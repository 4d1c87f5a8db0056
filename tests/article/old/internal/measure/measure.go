// Package measure takes the place of the samples' own where Go is older than their module allows: it runs a variant,
// prints what an operation allocates, and writes Go's own heap profile to the file that -profile names.
package measure

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
)

// Variants are the two ways a sample does the same work.
type Variants struct {
	Slow  func()
	Fixed func()
}

// Main runs the -variant n times.
func Main(name string, variants Variants) {
	runtime.MemProfileRate = 1 // GODEBUG=memprofilerate=1 has no effect in Go 1.19
	variant := flag.String("variant", "slow", "which code to run: slow or fixed")
	n := flag.Int("n", 100_000, "how many operations")
	profile := flag.String("profile", "", "where the heap profile goes")
	flag.Parse()
	operation := variants.Slow
	if *variant == "fixed" {
		operation = variants.Fixed
	}
	operation()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := 0; i < *n; i++ {
		operation()
	}
	runtime.ReadMemStats(&after)
	fmt.Printf("%s %s: %d operations, %.1f allocations and %.1f bytes each\n", name, *variant, *n,
		float64(after.Mallocs-before.Mallocs)/float64(*n), float64(after.TotalAlloc-before.TotalAlloc)/float64(*n))
	if err := write(*profile); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// write makes the profile whole first: it holds what was allocated before the last cycle but one.
func write(path string) error {
	if path == "" {
		return nil
	}
	runtime.GC()
	runtime.GC()
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return pprof.Lookup("allocs").WriteTo(file, 0)
}
