// Command value-or-pointer walks a path of small points that nobody changes, held by pointer and by value.
package main

import "escprof/samples/internal/measure"

// point is 24 bytes, read and never written again: a copy costs three moves.
type point struct {
	x, y, z float64
}

const pathLength = 128

// pathSlow makes a heap object for each point, and gives the marker 128 pointers to follow.
func pathSlow() []*point {
	path := make([]*point, 0, pathLength)
	for i := 0; i < pathLength; i++ {
		step := float64(i)
		path = append(path, &point{x: step, y: step / 2, z: 1})
	}
	return path
}

// pathFixed makes one object without pointers: the marker doesn't even look inside.
func pathFixed() []point {
	path := make([]point, 0, pathLength)
	for i := 0; i < pathLength; i++ {
		step := float64(i)
		path = append(path, point{x: step, y: step / 2, z: 1})
	}
	return path
}

// keptSlow and keptFixed hold the last paths made, as a cache would: what lives is marked in every cycle.
var (
	keptSlow  [256][]*point
	keptFixed [256][]point
	turn      int
)

func keepSlow() {
	turn = (turn + 1) % len(keptSlow)
	keptSlow[turn] = pathSlow()
}

func keepFixed() {
	turn = (turn + 1) % len(keptFixed)
	keptFixed[turn] = pathFixed()
}

func main() {
	measure.Main("value-or-pointer", measure.Variants{Slow: keepSlow, Fixed: keepFixed})
}
