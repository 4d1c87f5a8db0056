// Ways through a net of roads: roads are closed and opened all the time, each question for a way visits some of the
// crossings, and the last answers are kept.
package main

import "escprof.test/validate/run"

const (
	crossings = 60000
	roads     = 6   // from a crossing
	answers   = 600 // that are kept
	visits    = 90  // crossings that a question looks at
)

// road is one of those from a crossing.
type road struct {
	to, length int32
	next       *road
}

type crossing struct {
	first *road
	inner [roads]road // the same without a list
	name  *name
}

type name struct{ text [24]byte }

// step is a crossing to look at, in a queue by length.
type step struct {
	at, length int32
	from       *step
}

type answer struct {
	way  []int32
	left *answer
}

type net struct {
	crossings []crossing
	random    run.Random
	kept      [answers]*answer
	sums      [answers]uint64
	turn      int
	seen      []bool
	steps     [visits * roads]step

	noRoads, noNames, noSteps, noSeen, noAnswers bool
}

//go:noinline
func newRoad(to, length int32, next *road) *road { return &road{to, length, next} }

//go:noinline
func newName(number int) *name {
	n := &name{}
	spell(&n.text, number)
	return n
}

//go:noinline
func newStep(at, length int32, from *step) *step { return &step{at, length, from} }

//go:noinline
func newSeen() []bool { return make([]bool, crossings/8) }

//go:noinline
func newAnswer(way []int32) *answer { return &answer{way: append([]int32(nil), way...)} }

func spell(text *[24]byte, number int) {
	for i := range text {
		text[i] = 'a' + byte((number>>(i%16)+i)%26)
	}
}

func newNet(n *net) {
	n.crossings = make([]crossing, crossings)
	n.seen = make([]bool, crossings/8)
	for i := range n.crossings {
		for k := 0; k < roads; k++ {
			n.put(i, k, int32(n.random.Next()%crossings), int32(n.random.Next()%900)+1)
		}
		n.rename(i, i)
	}
}

// put makes road K from a crossing another one.
func (n *net) put(from, k int, to, length int32) {
	c := &n.crossings[from]
	if n.noRoads {
		c.inner[k] = road{to: to, length: length}
		return
	}
	at := &c.first
	for ; *at != nil && k > 0; k-- {
		at = &(*at).next
	}
	if *at == nil {
		*at = newRoad(to, length, nil)
	} else {
		*at = newRoad(to, length, (*at).next)
	}
}

func (n *net) rename(crossing, number int) {
	if n.noNames {
		return
	}
	n.crossings[crossing].name = newName(number)
}

func (n *net) roadsFrom(at int32, ways *[roads]road) {
	c := &n.crossings[at]
	if n.noRoads {
		*ways = c.inner
		return
	}
	k := 0
	for r := c.first; r != nil; r = r.next {
		ways[k] = *r
		k++
	}
}

// way asks for a way from a crossing: the nearest first, as far as the visits go.
func (n *net) way(from int32) uint64 {
	seen := n.seen
	if n.noSeen {
		clear(seen)
	} else {
		seen = newSeen()
	}
	var queue [visits * roads]*step
	used, length := 0, 0
	push := func(at, far int32, back *step) {
		var s *step
		if n.noSteps {
			s = &n.steps[used]
			*s = step{at, far, back}
		} else {
			s = newStep(at, far, back)
		}
		used++
		i := length
		for ; i > 0 && queue[i-1].length < far; i-- {
			queue[i] = queue[i-1]
		}
		queue[i] = s
		length++
	}
	push(from, 0, nil)
	var last *step
	var ways [roads]road
	for v := 0; v < visits && length > 0 && used < len(queue)-roads; v++ {
		length--
		last = queue[length]
		if mark := &seen[last.at%(crossings/8)]; *mark {
			continue
		} else {
			*mark = true
		}
		n.roadsFrom(last.at, &ways)
		for k := range ways {
			push(ways[k].to, last.length+ways[k].length, last)
		}
	}
	return n.keep(last)
}

// keep keeps an answer, and is what an older one was.
func (n *net) keep(last *step) uint64 {
	var way [visits]int32
	count := 0
	sum := uint64(last.length)
	for s := last; s != nil; s = s.from {
		way[count] = s.at
		count++
		sum = sum*7 + uint64(s.at)
	}
	at := n.turn % answers
	n.turn++
	old := n.sums[at]
	if !n.noAnswers {
		a := newAnswer(way[:count])
		a.left = n.kept[(at+answers-1)%answers]
		if a.left != nil {
			a.left.left = nil
		}
		n.kept[at] = a
	}
	n.sums[at] = sum
	return old
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		n := &net{random: run.Random(w + 71), noRoads: run.Without("roads"), noNames: run.Without("names"),
			noSteps: run.Without("steps"), noSeen: run.Without("seen"), noAnswers: run.Without("answers")}
		newNet(n)
		for i := 0; i < run.Scaled(24000); i++ {
			for k := 0; k < 60; k++ {
				n.put(int(n.random.Next()%crossings), k%roads, int32(n.random.Next()%crossings), int32(i%900)+1)
			}
			n.rename(int(n.random.Next()%crossings), i)
			sum = sum*31 + n.way(int32(n.random.Next()%crossings))
		}
		return sum
	}))
}
