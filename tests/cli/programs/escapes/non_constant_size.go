package main

//go:noinline
func sumOf(n int) int {
	numbers := make([]int, n)
	return addUp(numbers)
}

//go:noinline
func sumOfFixed(n int) int {
	numbers := make([]int, 64)
	if n > 64 {
		numbers = make([]int, n)
	}
	return addUp(numbers[:n])
}
