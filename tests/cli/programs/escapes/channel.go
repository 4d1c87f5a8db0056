package main

//go:noinline
func ask(n int) int {
	answer := make(chan int, 1)
	answer <- n
	return <-answer
}

var answers = make(chan int, 1)

//go:noinline
func askFixed(n int) int {
	answers <- n
	return <-answers
}
