package main

//go:noinline
func sumLarge() int {
	numbers := make([]int, 8193)
	return addUp(numbers)
}

//go:noinline
func sumLargeFixed() int {
	numbers := make([]int, 8192)
	return addUp(numbers)
}

func addUp(numbers []int) int {
	sum := 0
	for i := range numbers {
		sum += numbers[i] + i
	}
	return sum
}
