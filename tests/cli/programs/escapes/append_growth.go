package main

var queue []int

//go:noinline
func fill(n int) {
	queue = nil
	for i := 0; i < n; i++ {
		queue = append(queue, i)
	}
}

var reused = make([]int, 0, 100)

//go:noinline
func fillFixed(n int) {
	reused = reused[:0]
	for i := 0; i < n; i++ {
		reused = append(reused, i)
	}
}
