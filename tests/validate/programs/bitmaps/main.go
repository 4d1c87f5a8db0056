// What was sold is asked about by what it has in common: each value of a column is a set of rows, sets are intersected,
// the rows that are left are counted in groups. The rows of old segments make room for new ones.
package main

import (
	"strconv"

	"escprof.test/validate/run"

	"github.com/RoaringBitmap/roaring"
)

const (
	segments  = 14
	rows      = 12000 // of a segment
	columns   = 5
	values    = 32   // of a column
	places    = 700  // that there are
	shown     = 300  // amounts over this are
	most      = 60   // hits of a question
	inGroups  = 64   // rows of a question that go into groups
	questions = 2500 // before the oldest segment is replaced
)

type place struct {
	country, city string
	zone          int
}

// sale is a row. Places and labels are those of all rows, or its own.
type sale struct {
	number, amount int
	place          *place
	label          string
}

type segment struct {
	columns [columns][values]*roaring.Bitmap
	rows    []sale
}

// condition is a part of a question: a column's value, or two conditions of which both or one must hold.
type condition struct {
	column, value int
	both          bool
	left, right   *condition
}

type hit struct {
	of    *sale
	share int
}

type table struct {
	segments [segments]segment
	turn     int
	random   run.Random
	places   [places]place
	labels   [places]string

	iterator   roaring.IntIterator
	many       roaring.ManyIntIterator
	conditions [8]condition
	used       int
	found      []uint32
	groups     map[int]int
	hits       []hit

	noIterators, noFound, noGroups, noPlaces, noConditions, noHits bool
}

//go:noinline
func newPlace(p place) *place { return &p }

//go:noinline
func newCondition() *condition { return new(condition) }

//go:noinline
func newGroups() map[int]int { return make(map[int]int) }

//go:noinline
func newHit(of *sale, share int) *hit { return &hit{of, share} }

//go:noinline
func iteratorOf(set *roaring.Bitmap) roaring.IntPeekable { return set.Iterator() }

//go:noinline
func newFound(count int) []uint32 { return make([]uint32, count) }

func newTable(w int) *table {
	t := &table{random: run.Random(w + 97), found: make([]uint32, rows), groups: make(map[int]int),
		hits:        make([]hit, 0, most),
		noIterators: run.Without("iterators"), noFound: run.Without("found"), noGroups: run.Without("groups"),
		noPlaces: run.Without("places"), noConditions: run.Without("conditions"), noHits: run.Without("hits")}
	for i := range t.places {
		t.labels[i] = "article number " + strconv.Itoa(i)
		t.places[i] = place{"country " + strconv.Itoa(i%40), "city " + strconv.Itoa(i), i % 24}
	}
	for i := 0; i < segments; i++ {
		t.replace()
	}
	return t
}

// replace makes a new segment in the place of the oldest.
func (t *table) replace() {
	s := &t.segments[t.turn%segments]
	t.turn++
	*s = segment{rows: make([]sale, rows)}
	for c := range s.columns {
		for v := range s.columns[c] {
			s.columns[c][v] = roaring.New()
		}
	}
	for i := range s.rows {
		number := t.random.Next()
		at := number >> 32 % places
		s.rows[i] = sale{number: t.turn*rows + i, amount: int(number % 1000), label: t.labels[at]}
		if t.noPlaces {
			s.rows[i].place = &t.places[at]
		} else {
			s.rows[i].place = newPlace(t.places[at])
		}
		for c := range s.columns {
			s.columns[c][number>>(8*c)%values].Add(uint32(i))
		}
	}
}

func (t *table) condition() *condition {
	if !t.noConditions {
		return newCondition()
	}
	c := &t.conditions[t.used]
	t.used++
	*c = condition{}
	return c
}

// parsed is a question of some depth: values at the bottom, "both" and "one" above.
func (t *table) parsed(depth int) *condition {
	c := t.condition()
	number := t.random.Next()
	if depth == 0 {
		c.column, c.value = int(number>>20%columns), int(number>>30%values)
		return c
	}
	c.both = depth == 2 || number>>40&1 == 0
	c.left, c.right = t.parsed(depth-1), t.parsed(depth-1)
	return c
}

func (c *condition) rowsOf(s *segment) *roaring.Bitmap {
	if c.left == nil {
		return s.columns[c.column][c.value]
	}
	if c.both {
		return roaring.And(c.left.rowsOf(s), c.right.rowsOf(s))
	}
	return roaring.Or(c.left.rowsOf(s), c.right.rowsOf(s))
}

// list is the rows of a set as numbers.
func (t *table) list(set *roaring.Bitmap) []uint32 {
	found := t.found
	if !t.noFound {
		found = newFound(int(set.GetCardinality()))
	}
	t.many.Initialize(set)
	return found[:t.many.NextMany(found)]
}

func (t *table) iterate(set *roaring.Bitmap) roaring.IntPeekable {
	if !t.noIterators {
		return iteratorOf(set)
	}
	t.iterator.Initialize(set)
	return &t.iterator
}

// group adds up the amounts of each place's zone.
func (t *table) group(s *segment, found []uint32) (sum uint64) {
	groups := t.groups
	if t.noGroups {
		clear(groups)
	} else {
		groups = newGroups()
	}
	for _, row := range found[:min(len(found), inGroups)] {
		groups[s.rows[row].place.zone] += s.rows[row].amount
	}
	for zone, amount := range groups {
		sum += uint64(zone * amount)
	}
	return sum
}

// best are the first rows whose amounts are large.
func (t *table) best(s *segment, set *roaring.Bitmap) (sum uint64) {
	all := t.iterate(set)
	if t.noHits {
		hits := t.hits[:0]
		for all.HasNext() && len(hits) < most {
			if of := &s.rows[all.Next()]; of.amount > shown {
				hits = append(hits, hit{of, of.amount - shown})
			}
		}
		for i := range hits {
			sum = sum*3 + uint64(hits[i].of.number*hits[i].share)
		}
		return sum
	}
	var hits [most]*hit
	count := 0
	for all.HasNext() && count < len(hits) {
		if of := &s.rows[all.Next()]; of.amount > shown {
			hits[count] = newHit(of, of.amount-shown)
			count++
		}
	}
	for _, h := range hits[:count] {
		sum = sum*3 + uint64(h.of.number*h.share)
	}
	return sum
}

func (t *table) answer(number int) uint64 {
	t.used = 0
	asked := t.parsed(2)
	s := &t.segments[number%segments]
	left, right := asked.left.rowsOf(s), asked.right.rowsOf(s)
	sum := t.best(s, roaring.And(left, right))
	return sum*31 + t.group(s, t.list(left))
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		t := newTable(w)
		for i := 0; i < run.Scaled(260000); i++ {
			if i%questions == 0 {
				t.replace()
			}
			sum = sum*31 + t.answer(i)
		}
		return sum
	}))
}
