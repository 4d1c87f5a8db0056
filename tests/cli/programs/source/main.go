// A program whose source the test changes, a line at a time.
package main

import "fmt"

type pair struct{ a, b *int }

var (
	sink  any
	pairs []*pair
	one   = 1
)

// Inlined into two others.
func newPair(p *int) *pair { return &pair{a: p} }

//go:noinline
func first() { pairs[0] = newPair(&one) }

//go:noinline
func second() { pairs[1] = newPair(&one) }

//go:noinline
func third(n int) { sink = make([]pair, n) }

//go:noinline
func fourth(n int) { sink = fmt.Sprint(n) }

func main() {
	pairs = make([]*pair, 2+tagged)
	for i := 0; i < 1000; i++ {
		first()
		second()
		third(3)
		fourth(i)
	}
}
