// Ways through a road map: Dijkstra's search with container/heap, ways that are remembered, and a map that changes
// while it is used. Garbage of many sizes above a standing heap of nodes and edges.
package main

import (
	"container/heap"
	"sort"

	"escprof.test/validate/run"
)

const (
	side       = 160 // nodes of a row of the map
	nodes      = side * side
	remembered = 3000 // ways of a worker
	reach      = 250  // nodes that a search looks at, at most
)

// sign is what stands along an edge; signs of an edge are a list.
type sign struct {
	text int
	next *sign
}

type edge struct {
	to, length int
	signs      *sign
	tile       []byte
}

type node struct {
	edges [4]edge
	count int
}

type candidate struct{ at, cost, from int }

type queue []candidate

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, k int) bool {
	return q[i].cost < q[k].cost || q[i].cost == q[k].cost && q[i].at < q[k].at
}
func (q queue) Swap(i, k int) { q[i], q[k] = q[k], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(candidate)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// pushed puts a candidate into the queue as container/heap has it: in an interface.
//
//go:noinline
func pushed(q *queue, c candidate) { heap.Push(q, c) }

// pushHere does the same without the interface.
func pushHere(q *queue, c candidate) {
	*q = append(*q, c)
	for i := len(*q) - 1; i > 0; {
		parent := (i - 1) / 2
		if !q.Less(i, parent) {
			break
		}
		q.Swap(i, parent)
		i = parent
	}
}

//go:noinline
func popped(q *queue) candidate { return heap.Pop(q).(candidate) }

func popHere(q *queue) candidate {
	last := len(*q) - 1
	q.Swap(0, last)
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && q.Less(child+1, child) {
			child++
		}
		if !q.Less(child, i) {
			break
		}
		q.Swap(i, child)
		i = child
	}
	first := (*q)[last]
	*q = (*q)[:last]
	return first
}

type way struct {
	steps []int32
	cost  int
}

type world struct {
	nodes  []node
	ways   [remembered]*way
	random run.Random
	queue  queue
	costs  map[int]int
	tile   [96]byte

	noBoxes, noCosts, noSigns, noTiles, noQueues bool
}

func signOf(at, k, i int) int { return (at*13 + k*7 + i*i) % 50 }

//go:noinline
func newSigns(at, k int) *sign {
	var first *sign
	for i := 5; i >= 0; i-- {
		first = &sign{signOf(at, k, i), first}
	}
	return first
}

func fillTile(tile []byte, at, k int) {
	for i := range tile {
		tile[i] = byte(at + k*i)
	}
}

//go:noinline
func newTile() []byte { return make([]byte, 96) }

func (w *world) fill(at int) {
	n := &w.nodes[at]
	x, y := at%side, at/side
	n.count = 0
	for k, step := range [4][2]int{{1, 0}, {0, 1}, {-1, 0}, {0, -1}} {
		nx, ny := x+step[0], y+step[1]
		if nx < 0 || ny < 0 || nx >= side || ny >= side {
			continue
		}
		e := &n.edges[n.count]
		*e = edge{to: ny*side + nx, length: 1 + (at*31+k*17)%23}
		if !w.noSigns {
			e.signs = newSigns(at, k)
		}
		if !w.noTiles {
			e.tile = newTile()
			fillTile(e.tile, at, k)
		}
		n.count++
	}
}

// toll is what an edge costs beyond its length: what its signs and its tile say.
func (w *world) toll(at, k int) int {
	e := &w.nodes[at].edges[k]
	sum := 0
	if w.noSigns {
		for i := 0; i < 6; i++ {
			sum += signOf(at, w.kind(at, k), i)
		}
	} else {
		for s := e.signs; s != nil; s = s.next {
			sum += s.text
		}
	}
	tile := e.tile
	if w.noTiles {
		tile = w.tile[:]
		fillTile(tile, at, w.kind(at, k))
	}
	return sum%5 + int(tile[sum%len(tile)])%3
}

// kind is the direction of the edge K of a node: at the map's borders some are missing.
func (w *world) kind(at, k int) int {
	difference := w.nodes[at].edges[k].to - at
	switch difference {
	case 1:
		return 0
	case side:
		return 1
	case -1:
		return 2
	}
	return 3
}

//go:noinline
func newCosts() map[int]int { return make(map[int]int) }

//go:noinline
func newQueue() queue { return make(queue, 0, 512) }

//go:noinline
func setCost(costs map[int]int, at, cost int) { costs[at] = cost }

//go:noinline
func newWay(steps int) *way { return &way{steps: make([]int32, 0, steps)} }

//go:noinline
func (w *world) searchNew(from int) *way { return w.search(from, newCosts()) }

func (w *world) searchHere(from int) *way {
	clear(w.costs)
	return w.search(from, w.costs)
}

func (w *world) search(from int, costs map[int]int) *way {
	q := w.queue[:0]
	if !w.noQueues {
		q = newQueue()
	}
	put := pushed
	take := popped
	if w.noBoxes {
		put, take = pushHere, popHere
	}
	put(&q, candidate{from, 0, from})
	found := newWay(reach / 4)
	for len(q) > 0 && len(costs) < reach {
		c := take(&q)
		if _, done := costs[c.at]; done {
			continue
		}
		setCost(costs, c.at, c.cost)
		if len(costs)%4 == 0 {
			found.steps = append(found.steps, int32(c.at))
		}
		found.cost = c.cost
		for k := 0; k < w.nodes[c.at].count; k++ {
			e := &w.nodes[c.at].edges[k]
			if _, done := costs[e.to]; !done {
				put(&q, candidate{e.to, c.cost + e.length + w.toll(c.at, k), c.at})
			}
		}
	}
	if w.noQueues {
		w.queue = q
	}
	return found
}

func (w *world) run(count int) uint64 {
	sum := uint64(0)
	for i := 0; i < count; i++ {
		from := int(w.random.Next() % nodes)
		var found *way
		if w.noCosts {
			found = w.searchHere(from)
		} else {
			found = w.searchNew(from)
		}
		w.ways[i%remembered] = found
		at := sort.Search(len(found.steps), func(i int) bool { return int(found.steps[i]) > nodes })
		sum = sum*31 + uint64(found.cost) + uint64(at)
		for k := 0; k < 60; k++ { // the map changes
			w.fill(int(w.random.Next() % nodes))
		}
	}
	return sum
}

func main() {
	run.Start()
	run.End(run.Work(func(i int) uint64 {
		w := &world{nodes: make([]node, nodes), random: run.Random(i + 5), costs: make(map[int]int),
			noBoxes: run.Without("boxes"), noCosts: run.Without("costs"), noSigns: run.Without("signs"),
			noTiles: run.Without("tiles"), noQueues: run.Without("queues")}
		for at := range w.nodes {
			w.fill(at)
		}
		return w.run(run.Scaled(14000))
	}))
}
