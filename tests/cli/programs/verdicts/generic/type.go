// Package generic allocates in generic functions and methods, of several shapes.
package generic

type List[T any] struct {
	value T
	next  *List[T]
}

func (l *List[T]) Push(v T) *List[T] { return &List[T]{v, l} }

//go:noinline
func Copy[T any](from []T) []T {
	to := make([]T, len(from))
	copy(to, from)
	return to
}

func Map[T, U any](from []T, f func(T) U) []U {
	var to []U
	for _, v := range from {
		to = append(to, f(v))
	}
	return to
}
