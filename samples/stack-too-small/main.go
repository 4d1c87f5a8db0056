// Command stack-too-small adds up numbers in scratch slices: one int too large for the stack, and of unknown size.
package main

import "escprof/samples/internal/measure"

// 64 KiB is the most that make may put on the stack: 8192 ints of 8 bytes, and not one more.
const (
	tooMany = 8193
	atMost  = 8192
)

// batchLimit is what the callers of sumOf ever ask for.
const batchLimit = 64

// sumTooLarge's scratch slice is known to be used here only, but it is 65,544 bytes.
func sumTooLarge() int {
	scratch := make([]int, tooMany)
	return fillAndSum(scratch)
}

// sumFits needs no more than 8192 places.
func sumFits() int {
	scratch := make([]int, atMost)
	return fillAndSum(scratch)
}

// sumOf's frame would have to be of n's size: unknown when it is compiled.
func sumOf(n int) int {
	scratch := make([]int, n)
	return fillAndSum(scratch)
}

// sumOfBounded takes the limit's size from the stack, and only what passes it from the heap.
func sumOfBounded(n int) int {
	scratch := make([]int, batchLimit)
	if n > batchLimit {
		scratch = make([]int, n)
	}
	return fillAndSum(scratch[:n])
}

func fillAndSum(numbers []int) int {
	total := 0
	for i := range numbers {
		numbers[i] = i
	}
	for _, number := range numbers {
		total += number
	}
	return total
}

var total, batch = 0, batchLimit

func main() {
	measure.Main("stack-too-small", measure.Variants{
		Slow:  func() { total += sumTooLarge() + sumOf(batch) },
		Fixed: func() { total += sumFits() + sumOfBounded(batch) },
	})
}
