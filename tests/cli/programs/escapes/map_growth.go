package main

//go:noinline
func distinct(numbers []int) int {
	seen := map[int]bool{}
	for _, n := range numbers {
		seen[n] = true
	}
	return len(seen)
}

var cleared = make(map[int]bool, 1000)

//go:noinline
func distinctFixed(numbers []int) int {
	for n := range cleared {
		delete(cleared, n)
	}
	for _, n := range numbers {
		cleared[n] = true
	}
	return len(cleared)
}
