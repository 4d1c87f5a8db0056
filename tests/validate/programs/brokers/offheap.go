package main

import (
	"syscall"
	"unsafe"
)

// mapped is memory beside Go's heap, all zero; what is in it holds no pointers.
func mapped[T any](count int) []T {
	var zero T
	memory, err := syscall.Mmap(-1, 0, int(unsafe.Sizeof(zero))*count, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&memory[0])), count)
}
