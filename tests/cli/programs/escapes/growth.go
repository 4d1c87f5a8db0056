package main

//go:noinline
func squares(n int) []int {
	var list []int
	for i := 0; i < n; i++ {
		list = append(list, i*i)
	}
	return list
}

//go:noinline
func squaresFixed(list []int, n int) []int {
	for i := 0; i < n; i++ {
		list = append(list, i*i)
	}
	return list
}
