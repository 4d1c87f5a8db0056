// Command closure counts with a variable that a closure captures, and with a value of its own type.
package main

import "escprof/samples/internal/measure"

const ticksPerOperation = 4

// counterSlow returns a closure that outlives the call, so the variable it shares with it must too.
//
//go:noinline
func counterSlow() func() int {
	n := 0
	return func() int {
		n++
		return n
	}
}

// counter holds what the closure captured. Its user decides where it lives.
type counter struct {
	n int
}

func (c *counter) next() int {
	c.n++
	return c.n
}

// counterFixed returns the state itself, by value.
//
//go:noinline
func counterFixed() counter {
	return counter{}
}

var total int

func tickSlow() {
	next := counterSlow()
	for i := 0; i < ticksPerOperation; i++ {
		total += next()
	}
}

func tickFixed() {
	count := counterFixed()
	for i := 0; i < ticksPerOperation; i++ {
		total += count.next()
	}
}

func main() {
	measure.Main("closure", measure.Variants{Slow: tickSlow, Fixed: tickFixed})
}
