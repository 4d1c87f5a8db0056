// Allocations whose verdict and run differ: what does not escape but is made on the heap, and one block for two
// variables. Each function runs `rounds` times.
package main

import (
	"os"
	"strings"
)

const rounds = 2000

var (
	sink  []int
	total int
	keep  func() int
)

//go:noinline
func variableMake(n int) {
	b := make([]byte, n)
	b[0] = 1
	total += len(b)
}

//go:noinline
func localAppend(n int) {
	var s []int
	for i := 0; i < n; i++ {
		s = append(s, i)
	}
	total += s[n-1]
}

//go:noinline
func returnedAppend(n int) []int {
	var s []int
	for i := 0; i < n; i++ {
		s = append(s, i)
	}
	return s
}

//go:noinline
func concatenate(a, b string) {
	if a+b == "" {
		total++
	}
}

//go:noinline
func toString(b []byte) {
	s := string(b)
	total += strings.Index(s, "z")
}

//go:noinline
func fromString(s string) {
	b := []byte(s)
	b[0] = 'y'
	total += int(b[1])
}

//go:noinline
func twoVariables() {
	var first, second int32
	keep = func() int {
		first++
		second++
		return int(first + second)
	}
}

func main() {
	long := strings.Repeat("x", 40+len(os.Args))
	for i := 0; i < rounds; i++ {
		variableMake(99 + len(os.Args))
		localAppend(9 + len(os.Args))
		sink = returnedAppend(2 + len(os.Args))
		concatenate(long, long)
		toString([]byte(long))
		fromString(long)
		twoVariables()
	}
}
