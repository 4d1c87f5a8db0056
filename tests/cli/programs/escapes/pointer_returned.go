package main

type point struct{ x, y int }

//go:noinline
func newPoint(x, y int) *point {
	return &point{x, y}
}

//go:noinline
func newPointFixed(x, y int) point {
	return point{x, y}
}
