// Package other is another module, which a replace directive, a workspace or a vendor folder brings in.
package other

type Box struct{ Value any }

func New(v any) *Box { return &Box{v} }

func Grow(list []*Box, n int) []*Box {
	for i := 0; i < n; i++ {
		list = append(list, New(i))
	}
	return list
}
