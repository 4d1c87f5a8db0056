package main

import (
	"syscall"
	"unsafe"
)

// A place gives out objects of one kind: from the Go heap, or, when the site is switched off, from memory of its own
// that the GC never sees. What the program does with the objects is the same either way, so that the difference
// between two runs is the site's allocations and nothing else. Objects outside the heap must hold no pointers to it.
type place[T any] struct {
	off  bool
	free []*T // given back, or never used
}

const chunkObjects = 4096

func (p *place[T]) fill() {
	var zero T
	size := int(unsafe.Sizeof(zero))
	memory, err := syscall.Mmap(-1, 0, size*chunkObjects, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	for at := 0; at < len(memory); at += size {
		p.free = append(p.free, (*T)(unsafe.Pointer(&memory[at])))
	}
}

// take returns a zeroed object that is not in the Go heap.
func (p *place[T]) take() *T {
	var zero T
	if len(p.free) == 0 {
		p.fill()
	}
	object := p.free[len(p.free)-1]
	p.free = p.free[:len(p.free)-1]
	*object = zero
	return object
}

// give takes back what is used no more; the GC does that for objects of the heap.
func (p *place[T]) give(object *T) {
	if p.off && object != nil {
		p.free = append(p.free, object)
	}
}
