package main

import (
	"syscall"
	"unsafe"
)

// mapped is room for count values in memory of its own, that the GC never sees. They must hold no pointers to the Go
// heap. What is never written costs nothing.
func mapped[T any](count int) []T {
	var zero T
	memory, err := syscall.Mmap(-1, 0, int(unsafe.Sizeof(zero))*count, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
	if err != nil {
		panic(err)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(memory))), count)
}

// An arena gives out objects from mapped memory, and takes them back.
type arena[T any] struct {
	objects     []T
	free        []*T
	used, freed int
}

func newArena[T any](count int) *arena[T] {
	return &arena[T]{objects: mapped[T](count), free: mapped[*T](count)}
}

// take returns a zeroed object.
func (a *arena[T]) take() *T {
	var object *T
	if a.freed > 0 {
		a.freed--
		object = a.free[a.freed]
	} else {
		object = &a.objects[a.used]
		a.used++
	}
	var zero T
	*object = zero
	return object
}

func (a *arena[T]) give(object *T) {
	a.free[a.freed] = object
	a.freed++
}

// empty takes back all objects.
func (a *arena[T]) empty() { a.used, a.freed = 0, 0 }
