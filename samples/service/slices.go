package main

import "net/http"

const (
	bucketsTooMany = 8193 // one int more than make may put on the stack
	bucketsAtMost  = 8192
	readings       = 512
	windowLimit    = 256
)

// histogramSlow counts readings in 65,544 bytes of buckets: too large for the stack.
func histogramSlow(w http.ResponseWriter, r *http.Request) {
	buckets := make([]int, bucketsTooMany)
	reply(w, countReadings(buckets))
}

// histogramFixed needs no more than 8192 buckets, which the stack can hold.
func histogramFixed(w http.ResponseWriter, r *http.Request) {
	buckets := make([]int, bucketsAtMost)
	reply(w, countReadings(buckets))
}

// countReadings sorts made-up readings into buckets, and returns the fullest one's count.
func countReadings(buckets []int) int {
	fullest := 0
	for i := 0; i < readings; i++ {
		at := i * 7919 % len(buckets)
		buckets[at]++
		fullest = max(fullest, buckets[at])
	}
	return fullest
}

// quantilesSlow makes windows of a size that only the request knows.
func quantilesSlow(w http.ResponseWriter, r *http.Request) {
	n := queryInt(r, "n", windowLimit, windowLimit)
	median := 0
	for product := range products {
		window := make([]int, n)
		median += fillWindow(window, product)
	}
	reply(w, median)
}

// quantilesFixed makes the largest window there may be, once, on the stack.
func quantilesFixed(w http.ResponseWriter, r *http.Request) {
	n := queryInt(r, "n", windowLimit, windowLimit)
	window := make([]int, windowLimit)
	median := 0
	for product := range products {
		median += fillWindow(window[:n], product)
	}
	reply(w, median)
}

// fillWindow puts a product's made-up sales, which rise, into the window, and returns their median.
func fillWindow(window []int, product int) int {
	for i := range window {
		window[i] = i * (product + 1)
	}
	return window[len(window)/2]
}
