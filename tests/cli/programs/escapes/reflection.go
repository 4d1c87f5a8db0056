package main

import "reflect"

//go:noinline
func zeroOf(of reflect.Type) int {
	value := reflect.New(of)
	return int(value.Elem().Field(0).Int())
}

//go:noinline
func zeroOfFixed[T any]() T {
	var value T
	return value
}
