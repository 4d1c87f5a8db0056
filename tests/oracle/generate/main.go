// Writes a program full of allocations: several a line, in all forms of the language, through generics, inlined bodies
// and closures.
//
//	generate SEED FUNCTIONS
//
// prints main.go of a module of its own.
package main

import (
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"strings"
)

const prelude = `package main

type pair struct{ a, b int }
type node struct {
	next *node
	name string
}
type wide [9]int
type tiny struct{ a uint8 }
type holder[T any] struct{ value T }
type named interface{ call() int }

func (p pair) call() int  { return p.a }
func (n *node) call() int { return len(n.name) }

var (
	anything [16]any
	ints     []int
	bytes    []byte
	text     string
	table    map[string]int
	nodes    []*node
	function func() int
	names    []named
	total    int
)

//go:noinline
func keep(values ...any) {
	for i, v := range values {
		anything[i&15] = v
	}
}

//go:noinline
func use(values ...any) { total += len(values) }

func newPair(n int) *pair            { return &pair{n, n} }
func newNode(n *node, s string) *node { return &node{n, s} }
func two(n int) (*pair, *pair)       { return newPair(n), &pair{b: n} }
func deep(n int) *node               { return newNode(newNode(nil, "a"), "b") }
func hold[T any](v T) *holder[T]     { return &holder[T]{v} }
func slice[T any](n int) []T         { return make([]T, n) }
func boxed[T any](v T) any           { return v }
func text2(a, b string) string       { return a + b }

//go:noinline
func outer(n int) *wide { return &wide{n} }

`

var random *rand.Rand

func one(of ...string) string { return of[random.Intn(len(of))] }

// A value of any type that is allocated on the way.
func expression(depth int) string {
	forms := []string{
		"&pair{n, n}", "&node{nil, s}", "new(wide)", "new(pair)", "&tiny{uint8(n)}", "new(int32)",
		"make([]int, n)", "make([]pair, n)", "make([]byte, 40)", "make([]byte, 4, n)", "make([]*node, n)",
		"make(map[string]int, 20)", "make(map[int]string)", "make(chan int, n)", "make(chan struct{})",
		"[]int{n, 2, 3}", "[]string{s, s}", "map[string]int{s: n}", "[]*pair{{n, n}, {n, 1}}", "[]any{n, s}",
		"n", "s", "b", "f", "wide{n}", "pair{n, n}", "uint32(n)", "int16(n)", "any(float64(n))",
		"string(b)", "[]byte(s)", "[]rune(s)", "s + string(b)", "s + s + s", "text2(s, s)",
		"func() int { return n }", "func() int { n++; return n }", "p.call", "q.call",
		"append([]int(nil), n, n)", "append([]byte(s), b...)", "append(ints[:len(ints):len(ints)], n)",
		"newPair(n)", "newNode(q, s)", "deep(n)", "outer(n)", "hold(n)", "hold(s)", "hold(q)", "slice[int](n)",
		"slice[string](n)", "slice[*node](n)", "boxed(n)", "boxed(s)", "boxed(wide{n})", "named(p)", "*outer(n)",
		"&b", "&s", "&[]int{n}", "[3]*pair{{n, n}}", "struct{ a, b any }{n, s}", "holder[any]{n}",
	}
	if depth > 0 && random.Intn(4) == 0 {
		return one("func() any { return %s }()", "[]any{%s, n}", "hold[any](%s)", "map[string]any{s: %s}", "boxed[any](%s)",
			"&node{newNode(nil, s), s}", "struct{ v any }{%s}") + "\x00"
	}
	return one(forms...)
}

// expand puts expressions where a form has room for one.
func expand(depth int) string {
	form := expression(depth)
	if !strings.HasSuffix(form, "\x00") {
		return form
	}
	form = strings.TrimSuffix(form, "\x00")
	if !strings.Contains(form, "%s") {
		return form
	}
	return fmt.Sprintf(form, expand(depth-1))
}

func list(count int) string {
	parts := make([]string, count)
	for i := range parts {
		parts[i] = expand(2)
	}
	return strings.Join(parts, ", ")
}

func statement(number int) string {
	v := "v" + strconv.Itoa(number)
	switch random.Intn(14) {
	case 0:
		return fmt.Sprintf("%s, w%s := two(n); keep(%s, w%s)", v, v, v, v)
	case 1:
		return fmt.Sprintf("var %s, w%s, x%s int32; function = func() int { %s++; w%s++; return int(x%s) + int(%s) }; keep(&x%s)", v, v, v, v, v, v, v, v)
	case 2:
		return fmt.Sprintf("%s := n; ints = append(ints[:0], make([]int, n)...); keep(&%s)", v, v)
	case 3:
		return "bytes, text = []byte(s+s), string(b)+s"
	case 4:
		return fmt.Sprintf("%s := make(chan any, 1); go func() { %s <- pair{n, n} }(); keep(<-%s)", v, v, v)
	case 5:
		return "defer func() { keep(n, &pair{n, n}) }()"
	case 6:
		return fmt.Sprintf("for i := 0; i < 3; i++ { %s := i; nodes = append(nodes[:i], newNode(nil, s)); keep(&%s, %s) }", v, v, expand(1))
	case 7:
		return "names = []named{p, q, pair{n, 2}}"
	case 8:
		return fmt.Sprintf("table = map[string]int{s: n, s + s: n}; use(%s)", list(2))
	case 9:
		return fmt.Sprintf("if n > 1 { keep(%s) } else { use(%s) }", list(2), list(2))
	case 10:
		return fmt.Sprintf("var %s [9000]int; %s[n] = n; keep(%s[:n])", v, v, v)
	default:
		return fmt.Sprintf("%s(%s)", one("keep", "keep", "use"), list(1+random.Intn(4)))
	}
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: generate SEED FUNCTIONS")
		os.Exit(2)
	}
	seed, err := strconv.ParseInt(os.Args[1], 10, 64)
	functions, err2 := strconv.Atoi(os.Args[2])
	if err != nil || err2 != nil {
		fmt.Fprintln(os.Stderr, "generate: not numbers")
		os.Exit(2)
	}
	random = rand.New(rand.NewSource(seed))
	fmt.Print(prelude)
	for f := 0; f < functions; f++ {
		fmt.Printf("%sfunc f%d(n int, s string, b []byte, f float64, p pair, q *node) {\n", one("//go:noinline\n", "//go:noinline\n", ""), f)
		for i := 0; i < 1+random.Intn(6); i++ {
			fmt.Printf("\t%s\n", statement(i))
		}
		fmt.Print("}\n\n")
	}
	fmt.Print("func main() {\n\tb := make([]byte, 100)\n\tfor i := 0; i < 50; i++ {\n\t\ts := string(b)\n\t\tq := &node{nil, s}\n")
	for f := 0; f < functions; f++ {
		fmt.Printf("\t\tf%d(300+i, s, b, 1.5+float64(i), pair{i, i}, q)\n", f)
	}
	fmt.Print("\t}\n}\n")
}
