// An interpreter of a small language: programs are trees that are kept, calls have frames, values are boxed, and what the
// programs wrote down is a list that the next generations still look at.
package main

import "escprof.test/validate/run"

const (
	programs    = 1200
	depth       = 7 // of a program's tree
	generations = 400
	written     = 120 // by a generation
)

type node struct {
	kind, number int
	left, right  *node
}

type frame struct {
	parent *frame
	locals [4]int
	values [2]*int
}

type cell struct {
	value int
	next  *cell
}

type value interface{ number() int }

type boxed int

func (b boxed) number() int { return int(b) }

type fault struct {
	at   *node
	text [80]byte
}

type machine struct {
	programs [programs]*node
	arena    [programs][1 << depth]node // the programs without pointers of their own
	used     int
	random   run.Random
	lists    [generations]*cell
	flat     [generations][written]int32
	faults   [3000]*fault
	where    [3000]int
	turn     int
	frames   [64]frame
	top      int
	text     [80]byte

	noNodes, noFrames, noBoxes, noCells, noFaults bool
}

//go:noinline
func newNode() *node { return new(node) }

//go:noinline
func newFrame() *frame { return new(frame) }

//go:noinline
func newBox(number int) value { return boxed(number) }

//go:noinline
func newCell(number int, next *cell) *cell { return &cell{number, next} }

//go:noinline
func newFault(at *node, number int) *fault {
	f := &fault{at: at}
	describe(&f.text, number)
	return f
}

func describe(text *[80]byte, number int) {
	for i := range text {
		text[i] = byte(number*3 + i)
	}
}

// parse makes a program.
func (m *machine) parse(slot, level int) *node {
	var n *node
	if m.noNodes {
		n = &m.arena[slot][m.used]
		m.used++
	} else {
		n = newNode()
	}
	random := m.random.Next()
	*n = node{kind: int(random % 5), number: int(random >> 40 % 1000)}
	if level > 1 {
		n.left = m.parse(slot, level-1)
		n.right = m.parse(slot, level-1)
	}
	return n
}

func (m *machine) box(number int) value {
	if m.noBoxes {
		return nil
	}
	return newBox(number)
}

func (m *machine) unbox(v value, number int) int {
	if v == nil {
		return number
	}
	return v.number()
}

// call runs a node with a frame of its own.
func (m *machine) call(n *node, up *frame) int {
	var f *frame
	if m.noFrames {
		f = &m.frames[m.top]
		m.top++
		defer func() { m.top-- }()
		*f = frame{}
	} else {
		f = newFrame()
	}
	f.parent = up
	f.locals[0] = n.number
	if up != nil {
		f.locals[1] = up.locals[0]
	}
	if n.left == nil {
		return f.locals[0] + f.locals[1]
	}
	a := m.call(n.left, f)
	if n.kind == 0 {
		return a
	}
	b := m.call(n.right, f)
	sum := (a*n.kind + b) % 100003
	return m.unbox(m.box(sum), sum)
}

// write goes on with the list of a generation.
func (m *machine) write(generation, at, number int) {
	if m.noCells {
		m.flat[generation%generations][at] = int32(number)
		return
	}
	m.lists[generation%generations] = newCell(number, m.lists[generation%generations])
}

func (m *machine) read(generation, count int) (sum int) {
	if m.noCells {
		for at := written - 1; at >= written-count; at-- {
			sum = sum*3 + int(m.flat[generation%generations][at])
		}
		return sum
	}
	c := m.lists[generation%generations]
	for i := 0; i < count; i++ {
		number := 0
		if c != nil {
			number, c = c.value, c.next
		}
		sum = sum*3 + number
	}
	return sum
}

// fail keeps a fault, and is what an older one says.
func (m *machine) fail(at *node, number int) uint64 {
	turn := m.turn % len(m.faults)
	m.turn++
	old := m.where[turn]
	m.where[turn] = number
	if m.noFaults {
		describe(&m.text, old)
		return uint64(m.text[old%80])
	}
	sum := uint64(0)
	if f := m.faults[turn]; f != nil {
		sum = uint64(f.text[old%80])
	} else {
		describe(&m.text, old)
		sum = uint64(m.text[old%80])
	}
	m.faults[turn] = newFault(at, number)
	return sum
}

func (m *machine) generation(number int) (sum uint64) {
	m.lists[number%generations] = nil
	m.used = 0
	slot := int(m.random.Next() % programs)
	m.programs[slot] = m.parse(slot, depth)
	for i := 0; i < written; i++ {
		p := m.programs[m.random.Next()%programs]
		if p == nil {
			p = m.programs[slot]
		}
		if i%4 == 0 {
			sum = sum*3 + uint64(m.call(p, nil))
		}
		m.write(number, i, i*number%1021)
		if i%5 == 0 {
			sum = sum*3 + m.fail(p, number+i)
		}
	}
	return sum*3 + uint64(m.read(number+generations/2, 20))
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		m := &machine{random: run.Random(w + 83), noNodes: run.Without("nodes"), noFrames: run.Without("frames"),
			noBoxes: run.Without("boxes"), noCells: run.Without("cells"), noFaults: run.Without("faults")}
		for i := range m.programs {
			m.used = 0
			m.programs[i] = m.parse(i, depth)
		}
		for i := 0; i < run.Scaled(11000); i++ {
			sum = sum*31 + m.generation(i)
		}
		return sum
	}))
}
