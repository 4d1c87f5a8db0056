package main

import "sync"

var (
	ready   = make(chan bool)
	running sync.WaitGroup
)

func serve(n int) {
	<-ready
	running.Done()
}

//go:noinline
func start(n int) {
	running.Add(n)
	for i := 0; i < n; i++ {
		go serve(i)
	}
}

var jobs = make(chan int)

func worker() {
	for n := range jobs {
		serve(n)
	}
}

//go:noinline
func startFixed(n int) {
	running.Add(n)
	for i := 0; i < n; i++ {
		jobs <- i
	}
}
