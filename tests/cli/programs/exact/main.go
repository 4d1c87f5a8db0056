// Known numbers of allocations at known lines, for counts at rate 1. The test finds the lines by their marks.
package main

import "sync"

type pair struct{ a, b *int }

var (
	pointers [8]*pair
	slices   [8][]byte
	maps     [8]map[int]int
	boxes    [8]any
	strings  [8]string
	closures [8]func() int
)

//go:noinline
func inner(i int) *pair { return &pair{} } // mark: pair 30000

//go:noinline
func outer(i int) *pair { return inner(i) }

func inlined(n int) []byte { return make([]byte, n) } // mark: slice 20000

//go:noinline
func capture(i int) func() int {
	big := [4]int{i}                              // mark: moved 7000
	return func() int { big[0]++; return big[0] } // mark: closure 7000
}

//go:noinline
func concat(a, b string) string { return a + b } // mark: concat 5000

//go:noinline
func box(p pair) any { return p } // mark: box 9000

//go:noinline
func large(i int) []byte { return make([]byte, 100_000) } // mark: large 300

func main() {
	var wait sync.WaitGroup
	for g := 0; g < 2; g++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for i := 0; i < 15000; i++ {
				pointers[g] = outer(i)
			}
			for i := 0; i < 10000; i++ {
				slices[g] = inlined(200 + g)
			}
			for i := 0; i < 3500; i++ {
				closures[g] = capture(i)
			}
			for i := 0; i < 2500; i++ {
				strings[g] = concat("a string that is long enough ", "for the heap of this program")
			}
			for i := 0; i < 4500; i++ {
				boxes[g] = box(pair{})
			}
			for i := 0; i < 150; i++ {
				slices[g] = large(i)
			}
		}()
	}
	wait.Wait()
}
