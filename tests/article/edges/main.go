// What decides between stack and heap at the edges of the article's claims: a row each, "name | objects a call | ns a
// call", the latter the best of five runs.
package main

import (
	"fmt"
	"os"
	"runtime"
	"time"
)

const calls = 100_000

var total int

type small struct{ x, y, z int } // 24 bytes

type large struct{ numbers [64]int } // 512 bytes

//go:noinline
func smallByValue(s small) int { return s.x + s.y + s.z }

//go:noinline
func smallByPointer(s *small) int { return s.x + s.y + s.z }

//go:noinline
func largeByValue(l large) int { return l.numbers[0] + l.numbers[63] }

//go:noinline
func largeByPointer(l *large) int { return l.numbers[0] + l.numbers[63] }

type adder interface{ add(*small) int }

type plain struct{}

func (plain) add(s *small) int { return s.x + s.y + s.z }

//go:noinline
func throughInterface(a adder, n int) int { return a.add(&small{n, n, n}) }

//go:noinline
func passLarge(n int, byPointer bool) int {
	var l large
	l.numbers[n%64] = n
	if byPointer {
		return largeByPointer(&l)
	}
	return largeByValue(l)
}

//go:noinline
func countEntries(m map[string]interface{}) int { return len(m) }

//go:noinline
func eightEntries() int {
	return countEntries(map[string]interface{}{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1, "h": 1})
}

//go:noinline
func nineEntries() int {
	return countEntries(map[string]interface{}{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1, "h": 1, "i": 1})
}

//go:noinline
func makeOf(n int) int {
	s := make([]int, n)
	s[0] = n
	return s[n-1]
}

//go:noinline
func make8192(n int) int {
	s := make([]int, 8192)
	s[n%8192] = n
	return s[8191]
}

//go:noinline
func make8193(n int) int {
	s := make([]int, 8193)
	s[n%8193] = n
	return s[8192]
}

//go:noinline
func array8193(n int) int {
	var array [8193]int
	s := array[:]
	s[n%8193] = n
	return s[8192]
}

//go:noinline
func array16385(n int) int {
	var array [16385]int
	s := array[:]
	s[n%16385] = n
	return s[16384]
}

//go:noinline
func captured(n int) int {
	count := n
	increase := func() { count++ }
	increase()
	return count
}

func row(name string, call func(n int) int) {
	var before, after runtime.MemStats
	best := time.Duration(1 << 62)
	total += call(1)
	runtime.ReadMemStats(&before)
	for run := 0; run < 5; run++ {
		start := time.Now()
		for n := 0; n < calls; n++ {
			total += call(n)
		}
		if took := time.Since(start); took < best {
			best = took
		}
	}
	runtime.ReadMemStats(&after)
	fmt.Printf("%s | %.1f | %.1f\n", name, float64(after.Mallocs-before.Mallocs)/(5*calls), float64(best.Nanoseconds())/calls)
}

func main() {
	four := 3 + len(os.Args)
	row("map of 8 entries to a callee that keeps nothing", func(int) int { return eightEntries() })
	row("map of 9 entries to a callee that keeps nothing", func(int) int { return nineEntries() })
	row("make([]int, 8192)", make8192)
	row("make([]int, 8193)", make8193)
	row("var [8193]int", array8193)
	row("var [16385]int", array16385)
	row("make([]int, n), n = 4", func(int) int { return makeOf(four) })
	row("make([]int, n), n = 5", func(int) int { return makeOf(four + 1) })
	row("captured by a closure that does not leave the function", captured)
	row("24 bytes passed by value", func(n int) int { return smallByValue(small{n, n, n}) })
	row("24 bytes passed by pointer", func(n int) int { return smallByPointer(&small{n, n, n}) })
	row("24 bytes passed by pointer through an interface", func(n int) int { return throughInterface(plain{}, n) })
	row("512 bytes passed by value", func(n int) int { return passLarge(n, false) })
	row("512 bytes passed by pointer", func(n int) int { return passLarge(n, true) })
}
