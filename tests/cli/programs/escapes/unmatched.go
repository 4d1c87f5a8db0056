package main

type node struct{ left, right *node }

//go:noinline
func newNode(left, right *node) *node {
	return &node{left, right}
}
