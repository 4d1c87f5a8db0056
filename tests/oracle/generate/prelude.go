package main

// prelude has what the expressions name. What is said on one line here is allocated on one line of an inline chain.
const prelude = `package main

type P1 struct {
	n int
	s string
}
type P2 struct{ a, b int }
type P3 struct{ a int32 }
type P4 struct {
	s, t string
	n    int
}
type P5 struct{ a [5]int }
type P6 struct{ a, b, c byte }
type G[T any] struct {
	v T
	p *T
}
type List[T any] struct {
	v    T
	next *List[T]
}
type Text []byte
type named string
type failure struct{ s string }
type failed string

func (p *P1) get() int           { return p.n }
func (p *P1) copy() *P1          { q := *p; return &q }
func (p P2) sum() int            { return p.a + p.b }
func (g G[T]) size() int         { return 1 }
func (n named) again() string    { return string(n) + string(n) }
func (f failure) Error() string  { return "failure " + f.s }
func (f failed) Error() string   { return "failed " + string(f) }
func (l List[T]) with(v T) *List[T] { return &List[T]{v, &l} }

func Box[T any](v T) *T             { return &v }
func Any[T any](v T) any            { return v }
func Make[T any](v T, n int) []T    { return append(make([]T, n), v) }
func Pick[T any](a, b T) T          { x, y := &a, &b; keepAll(x, y); return *y }
func Two[A, B any](a A, b B) (*A, *B) { return &a, &b }

func join(a, b string) string          { return a + b + a }
func twice(a string) string            { return a + a }
func bytesOf(s string) []byte          { return []byte(s) }
func several(s ...string) []string     { return s }
func anys(v ...any) []any              { return v }
func adder(n int) func() int           { return func() int { n++; return n } }
func make1(n int, s string) *P1        { return &P1{n, s} }
func make2(n int) *P1                  { return make1(n, kString[0] + "x") }
func make3(n int, s string) *P1        { p, q := make1(n, s), make1(n + 1, s + "y"); kP1[0] = q; return p }
func pick(p, q *P1) *P1                { kP1[1] = q; return p }
func text1(s string, n int) string     { x, y := s + string(make([]byte, n&31+33)), []byte(s); kBytes[0] = y; return x }
func text2(s, t string) string         { return s + t + string([]byte(s)) }
func value(n int) P4                   { return P4{string(make([]byte, 40)), kString[0] + kString[1], n} }
func fail(n int, s string) error       { if n > 0 { return &failure{s + "!"} }; return failed(s) }

//go:noinline
func valueOf(n int, s string) P4 { x, y := s + s, P4{s: s + "z", n: n}; y.t = x; return y }

//go:noinline
func bigArray(n int) *[9000]int64 {
	var a [9000]int64
	var b [9000]int64
	a[0], b[0], kBig[0] = int64(n), 1, &b
	return &a
}

//go:noinline
func keep(v ...any) { kKept[len(v)&3] = v }

//go:noinline
func keepAll(v ...any) { for i := range v { kOne[i&3] = v[i] } }

//go:noinline
func stays(v []byte, s string) int { return len(v) + len(s) }

var (
	kString [4]string
	kInt    [4]int
	kP1     [4]*P1
	kBytes  [4][]byte
	kStrings [4][]string
	kBig    [4]*[9000]int64
	kKept   [4][]any
	kOne    [4]any
)
`

// prelude23 is for Go 1.23 and later: functions to range over.
const prelude23 = `package main

func upTo(n int) func(func(int) bool) {
	return func(yield func(int) bool) { for i := 0; i < n; i++ { if !yield(i) { return } } }
}

//go:noinline
func pairs(n int, s string) func(func(int, string) bool) {
	return func(yield func(int, string) bool) { for i := 0; i < n; i++ { if !yield(i, s + "p") { return } } }
}
`
