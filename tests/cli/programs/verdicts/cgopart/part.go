//go:build cgo

// Package cgopart goes through cgo's generated files.
package cgopart

// static int twice(int n) { return 2 * n; }
// struct pair { int a, b; };
import "C"

type Pair struct{ p *C.struct_pair }

func New(n int) *Pair {
	return &Pair{&C.struct_pair{C.twice(C.int(n)), 1}}
}
