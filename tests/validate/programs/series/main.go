// A store of time series: samples come in batches, go to the open chunk of their series, full chunks are kept for a while,
// labels are looked up in an index, and series that nobody writes to any more make room for new ones.
package main

import (
	"strconv"
	"strings"

	"escprof.test/validate/run"
)

const (
	live   = 5000 // series
	chunks = 6    // of a series that are kept
	points = 30   // of a chunk
	labels = 4
)

type label struct{ name, value string }

type chunk struct {
	values [points]float64
	times  [points]int32
	used   int
}

type series struct {
	number int
	labels []label
	chunks [chunks]*chunk
	at     int
}

// posting is a series in the index of a label's value.
type posting struct {
	of   *series
	next *posting
}

type sample struct {
	series *series
	value  float64
	time   int32
}

type store struct {
	series  [live]*series
	random  run.Random
	index   [64]*posting
	members [64][]*series
	number  int
	batch   []sample
	queries []string
	free    []*chunk

	noChunks, noLabels, noPostings, noSamples, noKeys bool
}

//go:noinline
func newChunk() *chunk { return new(chunk) }

//go:noinline
func newPosting(s *series, next *posting) *posting { return &posting{s, next} }

//go:noinline
func newSample(s *series, value float64, time int32) *sample { return &sample{s, value, time} }

//go:noinline
func newLabels(number int) []label {
	list := make([]label, labels)
	for i := range list {
		list[i] = label{names[i], "v" + strconv.Itoa(number*7+i)}
	}
	return list
}

//go:noinline
func keyOf(parts ...string) string { return strings.Join(parts, "/") }

var names = [...]string{"job", "instance", "zone", "path"}

// open makes the series of a place new.
func (st *store) open(place int) {
	st.number++
	if old := st.series[place]; old != nil {
		for i := range old.chunks {
			st.drop(&old.chunks[i])
		}
	}
	s := &series{number: st.number}
	if !st.noLabels {
		s.labels = newLabels(s.number)
	}
	st.series[place] = s
}

// drop is where a chunk goes that is not read any more.
func (st *store) drop(c **chunk) {
	if st.noChunks && *c != nil {
		st.free = append(st.free, *c)
	}
	*c = nil
}

func (st *store) chunk() *chunk {
	if !st.noChunks {
		return newChunk()
	}
	last := len(st.free) - 1
	if last < 0 {
		return new(chunk)
	}
	c := st.free[last]
	st.free = st.free[:last]
	*c = chunk{}
	return c
}

// reindex makes the index new.
func (st *store) reindex() {
	for i := range st.index {
		st.index[i] = nil
		st.members[i] = st.members[i][:0]
	}
	for _, s := range st.series {
		for i := 0; i < 3; i++ {
			k := (s.number*7 + i*13) % 64
			if st.noPostings {
				st.members[k] = append(st.members[k], s)
			} else {
				st.index[k] = newPosting(s, st.index[k])
			}
		}
	}
}

func (st *store) append(s *series, value float64, time int32) {
	place := s.at % chunks
	c := s.chunks[place]
	if c == nil {
		c = st.chunk()
		s.chunks[place] = c
	}
	c.values[c.used] = value
	c.times[c.used] = time
	if c.used++; c.used < points {
		return
	}
	s.at++
	st.drop(&s.chunks[s.at%chunks])
}

func (st *store) read(s *series) (sum float64) {
	for _, c := range s.chunks {
		if c != nil && c.used > 0 {
			sum += c.values[c.used-1]
		}
	}
	return sum
}

// take takes a batch of samples.
func (st *store) take(time int32) {
	if st.noSamples {
		batch := st.batch[:0]
		for i := 0; i < 50; i++ {
			batch = append(batch, sample{st.series[st.random.Next()%live], float64(i), time})
		}
		for i := range batch {
			st.append(batch[i].series, batch[i].value, batch[i].time)
		}
		return
	}
	var batch [50]*sample
	for i := range batch {
		batch[i] = newSample(st.series[st.random.Next()%live], float64(i), time)
	}
	for _, s := range batch {
		st.append(s.series, s.value, s.time)
	}
}

// ask sums up those of an index value.
func (st *store) ask(k int) (sum uint64) {
	count := 0
	visit := func(s *series) {
		if count++; count%8 == 0 {
			sum = sum*3 + uint64(st.read(s)) + uint64(len(st.labelOf(s)))
		}
	}
	if st.noPostings {
		for i := len(st.members[k]) - 1; i >= 0; i-- {
			visit(st.members[k][i])
		}
		return sum
	}
	for p := st.index[k]; p != nil; p = p.next {
		visit(p.of)
	}
	return sum
}

func (st *store) labelOf(s *series) string {
	if st.noLabels {
		var text [24]byte
		return string(strconv.AppendInt(append(text[:0], 'v'), int64(s.number*7+1), 10)[:2])
	}
	return s.labels[1].value[:2]
}

// key is the hash of a request's key.
func (st *store) key(number int) (sum uint64) {
	parts := [...]string{"query", st.queries[number%len(st.queries)], st.queries[number/7%len(st.queries)], "range"}
	if !st.noKeys {
		return run.Hash(0, keyOf(parts[:]...))
	}
	for i, part := range parts {
		if i > 0 {
			sum = run.Hash(sum, "/")
		}
		sum = run.Hash(sum, part)
	}
	return sum
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		st := &store{random: run.Random(w + 89), batch: make([]sample, 0, 50), noChunks: run.Without("chunks"),
			noLabels: run.Without("labels"), noPostings: run.Without("postings"), noSamples: run.Without("samples"),
			noKeys: run.Without("keys")}
		for i := 0; i < 50; i++ {
			st.queries = append(st.queries, strings.Repeat("rate of requests ", 1+i%5))
		}
		for i := range st.series {
			st.open(i)
		}
		for i := 0; i < run.Scaled(700000); i++ {
			if i%3000 == 0 {
				st.reindex()
			}
			if i%5 == 0 {
				st.open(int(st.random.Next() % live))
			}
			st.take(int32(i))
			sum = sum*31 + st.key(i)
			if i%20 == 0 {
				sum = sum*31 + st.ask(i/20%64)
			}
		}
		return sum
	}))
}
