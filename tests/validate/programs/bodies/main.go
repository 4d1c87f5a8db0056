// Bodies that draw each other: for each step of time a tree of cells is made of where they are, far cells count as one
// body, near bodies are looked at one by one; where they were in the last steps is kept, and so are the last meetings.
package main

import (
	"math"
	"sort"

	"escprof.test/validate/run"
)

const (
	bodies   = 9000
	trail    = 14 // steps
	meetings = 15000
	opening  = 0.9 // a cell that is further away than this many of its sizes counts as one body
	near     = 4
	length   = 0.01 // of a step
)

type vector struct{ x, y, z float64 }

// cell is a cube of space: it has one body, or eight cells.
type cell struct {
	parts  [8]*cell
	of     *body
	center vector // of its mass
	mass   float64
}

// mark is where a body was; the one before, and the one after.
type mark struct {
	at            vector
	step          int
	newer, before *mark
}

type body struct {
	at, speed     vector
	mass          float64
	first, oldest *mark
	marks         int
	number        int
}

type meeting struct {
	a, b *body
	at   vector
	step int
}

type neighbor struct {
	of       *body
	distance float64
}

// byDistance sorts neighbors.
type byDistance []neighbor

func (n byDistance) Len() int           { return len(n) }
func (n byDistance) Less(i, j int) bool { return n[i].distance < n[j].distance }
func (n byDistance) Swap(i, j int)      { n[i], n[j] = n[j], n[i] }

type world struct {
	bodies   [bodies]body
	random   run.Random
	step     int
	meetings [meetings]*meeting
	met      int

	cells     []cell
	used      int
	pull      vector
	order     byDistance
	neighbors []neighbor

	noCells, noPulls, noMarks, noMeetings, noNeighbors, noOrders bool
}

//go:noinline
func newCell() *cell { return new(cell) }

//go:noinline
func newPull(x, y, z float64) *vector { return &vector{x, y, z} }

//go:noinline
func newMark() *mark { return new(mark) }

//go:noinline
func newMeeting() *meeting { return new(meeting) }

//go:noinline
func grown(list []neighbor, n neighbor) []neighbor { return append(list, n) }

// sorted gives sort.Sort the slice itself, put into an interface.
//
//go:noinline
func sorted(list []neighbor) { sort.Sort(byDistance(list)) }

func newWorld(w int) *world {
	s := &world{random: run.Random(w + 101), neighbors: make([]neighbor, 0, 4096),
		noCells: run.Without("cells"), noPulls: run.Without("pulls"), noMarks: run.Without("marks"),
		noMeetings: run.Without("meetings"), noNeighbors: run.Without("neighbors"), noOrders: run.Without("orders")}
	if s.noCells {
		s.cells = make([]cell, 3*bodies)
	}
	for i := range s.bodies {
		s.bodies[i] = body{at: s.anywhere(), speed: s.anywhere(), mass: 1, number: i}
	}
	return s
}

func (s *world) anywhere() vector {
	part := func() float64 { return float64(s.random.Next()>>40)/(1<<23) - 1 }
	return vector{part() * 40, part() * 40, part() * 40}
}

func (s *world) cell() *cell {
	if !s.noCells || s.used == len(s.cells) {
		return newCell()
	}
	c := &s.cells[s.used]
	s.used++
	*c = cell{}
	return c
}

// put puts a body into a cell with the given middle and half its size.
func (s *world) put(c *cell, b *body, middle vector, half float64) {
	for ; ; half /= 2 {
		old := c.of
		total := c.mass + b.mass
		share := b.mass / total
		c.center.x += (b.at.x - c.center.x) * share
		c.center.y += (b.at.y - c.center.y) * share
		c.center.z += (b.at.z - c.center.z) * share
		c.mass = total
		if total == b.mass {
			c.of = b
			return
		}
		if half < 1e-3 {
			return
		}
		if old != nil {
			c.of = nil
			part, _ := inside(old.at, middle, half)
			c.parts[part] = s.cell()
			c.parts[part].of, c.parts[part].mass, c.parts[part].center = old, old.mass, old.at
		}
		part, next := inside(b.at, middle, half)
		if c.parts[part] == nil {
			c.parts[part] = s.cell()
		}
		c, middle = c.parts[part], next
	}
}

// inside is which part of a cell a place is in, and that part's middle.
func inside(at, middle vector, half float64) (part int, next vector) {
	next = vector{middle.x - half/2, middle.y - half/2, middle.z - half/2}
	if at.x > middle.x {
		part, next.x = part|1, middle.x+half/2
	}
	if at.y > middle.y {
		part, next.y = part|2, middle.y+half/2
	}
	if at.z > middle.z {
		part, next.z = part|4, middle.z+half/2
	}
	return part, next
}

// pullOf is how a near body pulls: the nearer the less.
func (s *world) pullOf(b, other *body) *vector {
	dx, dy, dz := other.at.x-b.at.x, other.at.y-b.at.y, other.at.z-b.at.z
	force := other.mass / (near*near*near + 1)
	if !s.noPulls {
		return newPull(dx*force, dy*force, dz*force)
	}
	s.pull = vector{dx * force, dy * force, dz * force}
	return &s.pull
}

// look goes through the cells that a body sees: it adds up what pulls it, and gives the bodies that are near.
func (s *world) look(c *cell, b *body, half float64, sum *vector, list []neighbor) []neighbor {
	dx, dy, dz := c.center.x-b.at.x, c.center.y-b.at.y, c.center.z-b.at.z
	distance := math.Sqrt(dx*dx + dy*dy + dz*dz)
	if c.of != nil && distance < near {
		if c.of == b {
			return list
		}
		if s.noNeighbors {
			return append(list, neighbor{c.of, distance})
		}
		return grown(list, neighbor{c.of, distance})
	}
	if c.of != nil || distance > half*2*opening {
		force := c.mass / (distance*distance*distance + 1)
		sum.x, sum.y, sum.z = sum.x+dx*force, sum.y+dy*force, sum.z+dz*force
		return list
	}
	for _, part := range c.parts {
		if part != nil {
			list = s.look(part, b, half/2, sum, list)
		}
	}
	return list
}

// remember puts where a body is at the head of its trail, and takes the end away.
func (s *world) remember(b *body) {
	var m *mark
	if b.marks == trail {
		m = b.oldest
		b.oldest = m.newer
		b.oldest.before = nil
		b.marks--
	}
	if !s.noMarks || m == nil {
		m = newMark()
	}
	*m = mark{at: b.at, step: s.step, before: b.first}
	if b.first != nil {
		b.first.newer = m
	} else {
		b.oldest = m
	}
	b.first = m
	b.marks++
}

func (s *world) meet(a, b *body) {
	m := s.meetings[s.met%meetings]
	if !s.noMeetings || m == nil {
		m = newMeeting()
		s.meetings[s.met%meetings] = m
	}
	*m = meeting{a, b, a.at, s.step}
	s.met++
}

// nearest has a body bounce off the one that is nearest, and meet those that are near.
func (s *world) nearest(b *body, list []neighbor) (sum uint64) {
	if len(list) == 0 {
		return 0
	}
	if s.noOrders {
		s.order = list
		sort.Sort(&s.order)
		s.order = nil
	} else {
		sorted(list)
	}
	other := list[0].of
	b.speed.x += (b.at.x - other.at.x) * length
	b.speed.y += (b.at.y - other.at.y) * length
	b.speed.z += (b.at.z - other.at.z) * length
	for _, n := range list {
		pull := s.pullOf(b, n.of)
		b.speed.x, b.speed.y, b.speed.z = b.speed.x+pull.x*length, b.speed.y+pull.y*length, b.speed.z+pull.z*length
		if n.of.number > b.number {
			s.meet(b, n.of)
		}
		sum = sum*7 + uint64(n.of.number)
	}
	return sum
}

func (b *body) move() {
	b.at.x, b.at.y, b.at.z = b.at.x+b.speed.x*length, b.at.y+b.speed.y*length, b.at.z+b.speed.z*length
	for _, part := range []*float64{&b.at.x, &b.at.y, &b.at.z} {
		if *part > 40 {
			*part -= 80
		} else if *part < -40 {
			*part += 80
		}
	}
}

func (s *world) one() (sum uint64) {
	s.used = 0
	root := s.cell()
	for i := range s.bodies {
		s.put(root, &s.bodies[i], vector{}, 40)
	}
	for i := range s.bodies {
		b := &s.bodies[i]
		var pull vector
		list := s.neighbors[:0]
		if !s.noNeighbors {
			list = nil
		}
		list = s.look(root, b, 40, &pull, list)
		b.speed.x, b.speed.y, b.speed.z = b.speed.x+pull.x*length, b.speed.y+pull.y*length, b.speed.z+pull.z*length
		sum = sum*31 + s.nearest(b, list)
		s.remember(b)
		if old := s.meetings[s.random.Next()%meetings]; old != nil {
			sum += uint64(old.a.number*old.step) + uint64(b.oldest.step)
		}
	}
	for i := range s.bodies {
		s.bodies[i].move()
	}
	s.step++
	return sum + math.Float64bits(s.bodies[s.step%bodies].at.x)
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		s := newWorld(w)
		for i := 0; i < run.Scaled(230); i++ {
			sum = sum*31 + s.one()
		}
		return sum
	}))
}
