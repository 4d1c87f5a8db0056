package main

var last any

//go:noinline
func record(name string) {
	last = name
}

var lastName string

//go:noinline
func recordFixed(name string) {
	lastName = name
}
