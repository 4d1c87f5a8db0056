// Package outside gives memory that is not in Go's heap, and that the GC never sees: a program keeps there what a site
// that is switched off would have made. It must hold no pointers to the heap.
package outside

import (
	"syscall"
	"unsafe"
)

// Slice is COUNT zero values that are never given back.
func Slice[T any](count int) []T {
	size := int(unsafe.Sizeof(*new(T)))
	memory, err := syscall.Mmap(-1, 0, count*size, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&memory[0])), count)
}

// A Store has room for a number of objects, which are taken and given back one by one.
type Store[T any] struct{ free []*T }

// NewStore has room for COUNT objects.
func NewStore[T any](count int) Store[T] {
	objects, free := Slice[T](count), Slice[*T](count)
	for i := range objects {
		free[count-1-i] = &objects[i]
	}
	return Store[T]{free}
}

// Take is a zero value; it panics when there is no room.
func (s *Store[T]) Take() *T {
	var zero T
	object := s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	*object = zero
	return object
}

// Give takes an object back.
func (s *Store[T]) Give(object *T) { s.free = append(s.free, object) }

// A Ring has parts of different lengths, which end in the order that they began in.
type Ring[T any] struct {
	memory []T
	at     int
}

// NewRing has room for COUNT parts of at most LONGEST values each, and for one more.
func NewRing[T any](count, longest int) Ring[T] {
	return Ring[T]{memory: Slice[T]((count + 2) * longest)}
}

// Next is a part with what was there before; the part that came COUNT before it has ended.
func (r *Ring[T]) Next(length int) []T {
	if r.at+length > len(r.memory) {
		r.at = 0
	}
	part := r.memory[r.at : r.at+length : r.at+length]
	r.at += length
	return part
}

// An Arena gives out objects as a Store does, and can take all back at once. Room that is never used is never touched.
type Arena[T any] struct {
	objects     []T
	free        []*T
	used, freed int
}

// NewArena has room for COUNT objects.
func NewArena[T any](count int) *Arena[T] {
	return &Arena[T]{objects: Slice[T](count), free: Slice[*T](count)}
}

// Take is a zero value; it panics when there is no room.
func (a *Arena[T]) Take() *T {
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

// Give takes an object back.
func (a *Arena[T]) Give(object *T) {
	a.free[a.freed] = object
	a.freed++
}

// Empty takes all of them back.
func (a *Arena[T]) Empty() { a.used, a.freed = 0, 0 }
