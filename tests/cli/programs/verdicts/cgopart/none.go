//go:build !cgo

package cgopart

type Pair struct{ p *[2]int32 }

func New(n int) *Pair { return &Pair{&[2]int32{int32(n), 1}} }
