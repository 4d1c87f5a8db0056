package main

var three [3]any

//go:noinline
func both(a, b string, c bool) {
	three = [3]any{a, c, b}
}

//go:noinline
func oneByOne(a, b string, c bool) {
	three[0] = a
	three[1] = c
	three[2] = b
}

var pairOfNames [2]string
var flag bool

//go:noinline
func bothFixed(a, b string, c bool) {
	pairOfNames, flag = [2]string{a, b}, c
}
