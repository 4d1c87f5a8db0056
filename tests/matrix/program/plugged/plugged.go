// The plugin of a program that has one.
package main

type record struct {
	next *record
	pad  [5]int
}

var records [2]*record

//go:noinline
func newPlugged(g int) { records[g] = &record{} }

func Allocate(g, i int) {
	newPlugged(g)
	records[g] = nil
}

func main() {}
