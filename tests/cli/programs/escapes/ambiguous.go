package main

var pair [2]any

//go:noinline
func both(a, b string) {
	pair = [2]any{a, b}
}

//go:noinline
func oneByOne(a, b string) {
	pair[0] = a
	pair[1] = b
}

var pairOfNames [2]string

//go:noinline
func bothFixed(a, b string) {
	pairOfNames = [2]string{a, b}
}
