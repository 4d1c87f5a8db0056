// Package measure runs one variant of a sample and prints what an operation costs in heap allocations.
package measure

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"
)

// Variants are the two ways a sample does the same work.
type Variants struct {
	Slow  func() // as the article finds it: the value escapes
	Fixed func() // the same result without the escape
}

// Main reads -variant and -n, runs that variant n times and prints its allocations.
func Main(name string, variants Variants) {
	variant := flag.String("variant", "slow", "which code to run: slow or fixed")
	n := flag.Int("n", 100_000, "how many operations")
	flag.Parse()
	operation := variants.Slow
	switch *variant {
	case "slow":
	case "fixed":
		operation = variants.Fixed
	default:
		fmt.Fprintf(os.Stderr, "%s: no variant %q: choose slow or fixed\n", name, *variant)
		os.Exit(2)
	}
	run(name+" "+*variant, *n, operation)
}

func run(title string, n int, operation func()) {
	operation() // what is made once only, on first use, is not the operation's cost
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	for i := 0; i < n; i++ {
		operation()
	}
	elapsed := time.Since(start)
	runtime.ReadMemStats(&after)
	count := float64(max(n, 1))
	fmt.Printf("%s: %d operations in %s, %.1f allocations and %.1f bytes each, %d GC cycles\n",
		title, n, elapsed.Round(time.Millisecond), float64(after.Mallocs-before.Mallocs)/count,
		float64(after.TotalAlloc-before.TotalAlloc)/count, after.NumGC-before.NumGC)
}
