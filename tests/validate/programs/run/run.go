// Package run is what all programs of make validate share: which sites are switched off, how much work there is, and the
// line at the end that says that two runs did the same.
package run

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
)

// Start parses the command line; to be called first.
func Start() { flag.Parse() }

// Without says whether the site is switched off.
func Without(site string) bool {
	for _, name := range strings.Split(*withoutFlag, ",") {
		if name == site {
			return true
		}
	}
	return false
}

// Scaled is count, times how much work was asked for.
func Scaled(count int) int { return int(float64(count)**scale) + 1 }

// End prints what the work came to, and what it allocated.
func End(checksum uint64) {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	fmt.Printf("result checksum=%x alloc_bytes=%d alloc_objects=%d\n", checksum, stats.TotalAlloc, stats.Mallocs)
}

// Workers is how many goroutines Work has.
const Workers = 2

// Work has each worker do its part, and is what their parts come to.
func Work(part func(worker int) uint64) uint64 {
	var sums [Workers]uint64
	var wait sync.WaitGroup
	for worker := range sums {
		wait.Add(1)
		go func() {
			defer wait.Done()
			sums[worker] = part(worker)
		}()
	}
	wait.Wait()
	total := uint64(0)
	for _, sum := range sums {
		total = total*31 + sum
	}
	return total
}

// A Random is a small generator of numbers that are the same in every run.
type Random uint64

// Next is the next number.
func (r *Random) Next() uint64 {
	*r ^= *r << 13
	*r ^= *r >> 7
	*r ^= *r << 17
	return uint64(*r)
}

// Hash goes on with sum over the bytes of text.
func Hash[T string | []byte](sum uint64, text T) uint64 {
	for i := 0; i < len(text); i++ {
		sum = (sum ^ uint64(text[i])) * 0x100000001b3
	}
	return sum
}

// Hashed is a writer that remembers what was written by its hash.
type Hashed struct{ Sum uint64 }

func (h *Hashed) Write(text []byte) (int, error) {
	h.Sum = Hash(h.Sum, text)
	return len(text), nil
}
