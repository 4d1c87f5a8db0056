// Calls the allocator once in each function below, for a type that its name tells: the function of "Node" allocates a
// main.Node. Built for tests of what escprof reads from the instructions at a call.
package main

import (
	"fmt"
	"os/exec"
	"syscall"
)

type Node struct{ next *Node }
type Bytes [64]byte
type Pair struct{ a, b string }
type Nested struct {
	Pair
	n *Nested
	m map[string]int
}

var (
	nodes  []*Node
	any    interface{}
	count  = 3
	ints   []int
	sizes  map[string]*Pair
	queue  chan Nested
	memory []Bytes
)

//go:noinline
func newNode() *Node { return &Node{} }

//go:noinline
func newBytes() *Bytes { return new(Bytes) }

//go:noinline
func newNested(m map[string]int) *Nested { return &Nested{m: m, n: &Nested{}} }

//go:noinline
func makeslicePair(n int) []Pair { return make([]Pair, n) }

//go:noinline
func makechanNested() chan Nested { return make(chan Nested, 4) }

//go:noinline
func growsliceint(n int) { ints = append(ints, n) }

//go:noinline
func growsliceBytes(b Bytes) { memory = append(memory, b) }

//go:noinline
func convTPair(p Pair) { any = p }

//go:noinline
func mapassignstring(key string) { sizes[key] = nil }

func main() {
	if len(nodes) > 0 { // what starts other programs is there, and not run
		exec.Command("true").Run()
		syscall.Exec("/bin/true", nil, nil)
	}
	nodes = append(nodes, newNode(), (*Node)(nil))
	sizes = map[string]*Pair{}
	queue = makechanNested()
	growsliceint(count)
	growsliceBytes(*newBytes())
	convTPair(makeslicePair(count)[0])
	mapassignstring("a")
	fmt.Println(nodes, any, newNested(nil), len(queue))
}
