// Package a has a file of the same base name as packages b, other and main, whose bodies are inlined into each other.
package a

import "escprof.test/verdicts/b"

type A struct{ Next *b.B }

func New() *A { return &A{b.New(1)} }

var Sink = New()

func init() {
	for _, name := range []string{"x", "y"} {
		names[name] = &A{}
	}
}

var names = map[string]*A{}

func Count() func() int {
	n := len(names)
	return func() int { n++; return n }
}
