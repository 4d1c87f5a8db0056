package b

type B struct {
	Name []byte
	list []int
}

func New(n int) *B { return &B{Name: make([]byte, n)} }

func (b *B) Add(v int) *B {
	b.list = append(b.list, v)
	return b
}
