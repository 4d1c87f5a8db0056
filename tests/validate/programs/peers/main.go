// A route server: neighbors tell which prefixes they reach and over which path, all that is known of a prefix stands in a
// trie, and what has become the best way is told to the neighbors that are to know, many changes at a time.
package main

import (
	"encoding/binary"
	"math/bits"

	"escprof.test/validate/run"

	"github.com/cespare/xxhash/v2"
)

const (
	neighbors = 48
	told      = 8     // neighbors that are told what one has said
	prefixes  = 40000 // that there are
	ways      = 3     // neighbors that reach a prefix, at most
	changes   = 4000  // that a neighbor is told at a time, at most
	largest   = 4096  // bytes of a message
	header    = 16    // bytes of a message before what varies
	entry     = 5     // bytes of a prefix in a message
	hops      = 9     // of a path, at most
	hop       = 4     // bytes of a hop
	shortest  = 15    // prefixes that are shorter are not looked at as what another is part of
	covers    = 3     // so many of these are enough
)

// attributes are what the prefixes of a message have in common.
type attributes struct {
	path               string
	text               [hops * hop]byte // the path without a string
	length             int
	preference, metric uint32
}

// route is what a neighbor said of a prefix; those of a prefix are a list.
type route struct {
	attributes *attributes
	from       *neighbor
	next       *route
	weight     int64
}

// node is a prefix, or where two of them part.
type node struct {
	bits   uint32
	length uint8
	parts  [2]*node
	routes *route
	told   *attributes // of the best route, as the neighbors know it
}

// candidate is a route that is about to be one of a prefix.
type candidate struct {
	place      *node
	from       *neighbor
	attributes *attributes
	covered    int
	weight     int64
}

// change is what a neighbor is to be told: the best way to a prefix, or that there is none.
type change struct {
	attributes *attributes
	bits       uint32
	length     uint8
}

type neighbor struct {
	number, limit int
	tells         [told]*neighbor
	queue         []change
}

type server struct {
	neighbors [neighbors]neighbor
	root      *node
	random    run.Random
	wire      [largest]byte // where messages come from

	incoming, outgoing [largest]byte
	candidate          candidate
	visited            *candidate
	visit              func(*node) bool
	free               *node

	noMessages, noCandidates, noPaths, noNodes, noQueues, noVisitors bool
}

//go:noinline
func newMessage(size int) []byte { return make([]byte, size) }

//go:noinline
func newCandidate() *candidate { return new(candidate) }

//go:noinline
func newRoute() *route { return new(route) }

//go:noinline
func newAttributes() *attributes { return new(attributes) }

//go:noinline
func pathOf(text []byte) string { return string(text) }

//go:noinline
func newNode() *node { return new(node) }

//go:noinline
func grown(queue []change, c change) []change { return append(queue, c) }

// newVisitor is what looks at the prefixes that a candidate's is part of.
//
//go:noinline
func newVisitor(c *candidate, from uint8, enough int) func(*node) bool {
	return func(n *node) bool { return c.see(n, from, enough) }
}

func newServer(w int) *server {
	s := &server{random: run.Random(w + 131), noMessages: run.Without("messages"),
		noCandidates: run.Without("candidates"), noPaths: run.Without("paths"), noNodes: run.Without("nodes"),
		noQueues: run.Without("queues"), noVisitors: run.Without("visitors")}
	for i := range s.neighbors {
		n := &s.neighbors[i]
		n.number, n.limit = i, changes*(neighbors+i)/(2*neighbors)
		for k := range n.tells {
			n.tells[k] = &s.neighbors[(i*7+k*neighbors/told+1)%neighbors]
		}
	}
	for i := range s.wire {
		s.wire[i] = byte(i * i / 3)
	}
	s.visit = func(n *node) bool { return s.visited.see(n, shortest, covers) }
	return s
}

func mask(length uint8) uint32 { return ^uint32(0) << (32 - length) }

func bitOf(prefix uint32, at uint8) int { return int(prefix >> (31 - at) & 1) }

// prefixOf is the prefix that has a number.
func prefixOf(number int) (prefix uint32, length uint8) {
	hash := uint32(number+1) * 0x9E3779B1
	length = 14 + uint8(hash>>3%11)
	return hash & mask(length), length
}

// numberOf is one of the prefixes that a neighbor reaches.
func (s *server) numberOf(from int) int {
	random := s.random.Next()
	row, way := int(random>>20%(prefixes/neighbors)), int(random>>50%ways)
	number := row*neighbors + (from+11*way)%neighbors
	if number%ways < way {
		return row*neighbors + from
	}
	return number
}

// received is the next message: what is withdrawn and what is announced, and much that only others understand.
func (s *server) received() []byte {
	random := s.random.Next()
	from, size := int(random%neighbors), 600+int(random>>32%1400)
	withdrawn, announced, path := int(random>>8%4), 1+int(random>>16%6), 3+int(random>>24%(hops-2))
	w := s.wire[:size]
	w[0], w[1], w[2], w[3] = byte(from), byte(withdrawn), byte(announced), byte(path)
	binary.BigEndian.PutUint32(w[4:], uint32(random>>40%4)*100)
	binary.BigEndian.PutUint32(w[8:], uint32(random>>44%1000))
	at := header
	for i := 0; i < path; i++ {
		binary.BigEndian.PutUint32(w[at:], 64512+uint32(random>>i%977))
		at += hop
	}
	for i := 0; i < withdrawn+announced; i++ {
		prefix, length := prefixOf(s.numberOf(from))
		binary.BigEndian.PutUint32(w[at:], prefix)
		w[at+4] = length
		at += entry
	}
	m := s.incoming[:size]
	if !s.noMessages {
		m = newMessage(size)
	}
	copy(m, w)
	return m
}

func (s *server) attributesOf(m, path []byte) *attributes {
	a := newAttributes()
	a.preference, a.metric = binary.BigEndian.Uint32(m[4:]), binary.BigEndian.Uint32(m[8:])
	a.length = len(path)
	if s.noPaths {
		copy(a.text[:], path)
	} else {
		a.path = pathOf(path)
	}
	return a
}

func (s *server) node(prefix uint32, length uint8) *node {
	n := s.free
	if !s.noNodes || n == nil {
		n = newNode()
	} else {
		s.free = n.parts[0]
	}
	*n = node{bits: prefix, length: length}
	return n
}

func (s *server) give(n *node) {
	if s.noNodes {
		*n = node{parts: [2]*node{s.free, nil}}
		s.free = n
	}
}

// insert is a prefix's node, which is made where there is none.
func (s *server) insert(prefix uint32, length uint8) *node {
	at := &s.root
	for *at != nil {
		n := *at
		common := min(uint8(bits.LeadingZeros32(prefix^n.bits)), length, n.length)
		if common < n.length {
			fork := s.node(prefix&mask(common), common)
			fork.parts[bitOf(n.bits, common)] = n
			*at = fork
			if common == length {
				return fork
			}
			at = &fork.parts[bitOf(prefix, common)]
			break
		}
		if n.length == length {
			return n
		}
		at = &n.parts[bitOf(prefix, n.length)]
	}
	*at = s.node(prefix, length)
	return *at
}

func (s *server) find(prefix uint32, length uint8) *node {
	n := s.root
	for n != nil && n.length < length {
		n = n.parts[bitOf(prefix, n.length)]
	}
	if n == nil || n.length != length || n.bits != prefix {
		return nil
	}
	return n
}

// remove takes a node that has no routes out of the trie, and the fork above that it was a part of.
func (s *server) remove(n *node) {
	var above **node
	at := &s.root
	for *at != n {
		above, at = at, &(*at).parts[bitOf(n.bits, (*at).length)]
	}
	if n.parts[0] != nil && n.parts[1] != nil {
		return
	}
	*at = n.only()
	s.give(n)
	if above != nil && *at == nil && (*above).routes == nil {
		fork := *above
		*above = fork.only()
		s.give(fork)
	}
}

// only is the part of a node that has one at most.
func (n *node) only() *node {
	if n.parts[0] != nil {
		return n.parts[0]
	}
	return n.parts[1]
}

// see looks at a prefix that the candidate's is part of, and says whether to go on.
func (c *candidate) see(n *node, from uint8, enough int) bool {
	if n.length < from {
		return true
	}
	for r := n.routes; r != nil; r = r.next {
		if r.from == c.from {
			c.covered++
		}
	}
	return c.covered < enough
}

// covering shows the prefixes that one is part of, the shortest first.
func (s *server) covering(prefix uint32, length uint8, visit func(*node) bool) {
	for n := s.root; n != nil && n.length < length; n = n.parts[bitOf(prefix, n.length)] {
		if n.bits != prefix&mask(n.length) || n.routes != nil && !visit(n) {
			return
		}
	}
}

// weighed is how good a route is: what is preferred, what is near, and what is not known by a shorter prefix already.
func (s *server) weighed(from *neighbor, a *attributes, n *node) *candidate {
	c := &s.candidate
	if !s.noCandidates {
		c = newCandidate()
	}
	*c = candidate{place: n, from: from, attributes: a}
	visit := s.visit
	if s.noVisitors {
		s.visited = c
	} else {
		visit = newVisitor(c, shortest, covers)
	}
	s.covering(n.bits, n.length, visit)
	c.weight = int64(a.preference)<<20 - int64(a.length)<<12 - int64(a.metric) - int64(c.covered)
	return c
}

func (s *server) announce(from *neighbor, a *attributes, n *node) uint64 {
	c := s.weighed(from, a, n)
	r := n.routes
	for r != nil && r.from != from {
		r = r.next
	}
	if r == nil {
		r = newRoute()
		r.from, r.next = from, n.routes
		n.routes = r
	}
	r.attributes, r.weight = c.attributes, c.weight
	return uint64(c.weight) + s.choose(n, from)
}

func (s *server) withdraw(from *neighbor, n *node) (sum uint64) {
	for at := &n.routes; *at != nil; at = &(*at).next {
		if (*at).from == from {
			*at = (*at).next
			sum = s.choose(n, from)
			break
		}
	}
	if n.routes == nil {
		s.remove(n)
	}
	return sum
}

// choose finds the best way to a prefix, and tells who is to know when it is another.
func (s *server) choose(n *node, from *neighbor) (sum uint64) {
	var best *route
	for r := n.routes; r != nil; r = r.next {
		if best == nil || r.weight > best.weight || r.weight == best.weight && r.from.number < best.from.number {
			best = r
		}
	}
	a := (*attributes)(nil)
	if best != nil {
		a = best.attributes
	}
	if a == n.told {
		return 0
	}
	n.told = a
	c := change{a, n.bits, n.length}
	for _, to := range from.tells {
		if s.noQueues {
			to.queue = append(to.queue, c)
		} else {
			to.queue = grown(to.queue, c)
		}
		if len(to.queue) == to.limit {
			sum = sum*31 + s.flush(to)
		}
	}
	return sum
}

// flush writes all that a neighbor is to be told.
func (s *server) flush(to *neighbor) (sum uint64) {
	for queue := to.queue; len(queue) > 0; {
		m := s.outgoing[:header]
		if !s.noMessages {
			m = newMessage(largest)[:header]
		}
		m[0] = byte(to.number)
		for len(queue) > 0 && len(m)+entry+hops*hop <= largest {
			c := &queue[0]
			m = append(binary.BigEndian.AppendUint32(m, c.bits), c.length)
			if c.attributes == nil {
				m[len(m)-1] |= 0x80
			} else if s.noPaths {
				m = append(m, c.attributes.text[:c.attributes.length]...)
			} else {
				m = append(m, c.attributes.path...)
			}
			queue = queue[1:]
		}
		sum = sum*31 + xxhash.Sum64(m[header:])
	}
	if s.noQueues {
		clear(to.queue)
		to.queue = to.queue[:0]
	} else {
		to.queue = nil
	}
	return sum
}

func (s *server) one() (sum uint64) {
	m := s.received()
	from, withdrawn, announced, path := &s.neighbors[m[0]], int(m[1]), int(m[2]), int(m[3])*hop
	a := s.attributesOf(m, m[header:header+path])
	at := header + path
	for i := 0; i < withdrawn+announced; i++ {
		prefix, length := binary.BigEndian.Uint32(m[at:]), m[at+4]
		at += entry
		if i >= withdrawn {
			sum = sum*31 + s.announce(from, a, s.insert(prefix, length))
		} else if n := s.find(prefix, length); n != nil {
			sum = sum*31 + s.withdraw(from, n)
		}
	}
	return sum + xxhash.Sum64(m[at:])
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		s := newServer(w)
		for i := 0; i < run.Scaled(370000); i++ {
			sum = sum*31 + s.one()
		}
		return sum
	}))
}
