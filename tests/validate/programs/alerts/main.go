// A service that watches others: it reads the samples that its targets tell in text, keeps windows of what each series
// was lately, evaluates rules over the series that they select, and remembers the alerts of each rule, and what was above
// the threshold in the last evaluations.
package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"escprof.test/validate/outside"
	"escprof.test/validate/run"

	"github.com/cespare/xxhash/v2"
)

const (
	targets  = 100
	most     = 400 // series of a target
	rules    = 48
	families = 24
	shards   = 64
	windows  = 5 // of a series
	closes   = 8 // samples of a window
	history  = 6
	shown    = 1000 // series in what is remembered of an evaluation, at most
	restarts = 150  // so many targets are read until one starts anew
	between  = 2    // so many targets are read until a rule is evaluated
	patience = 3    // evaluations until an alert fires
	repeated = 8    // evaluations until an alert is told again
	top      = 100000
	high     = 85.0
)

// window is what a series was for some samples.
type window struct {
	sum, least, greatest float64
	first, last          float64
	begin, end           int64
	count                int64
}

type series struct {
	number, family, shard int
	of                    *target
	name                  string // with its labels
	labels                []label
	hash                  uint64
	value                 float64
	samples               int
	windows               [windows]*window
}

type target struct {
	number, starts int
	series         []*series
	truth          []int32
}

type label struct{ name, value string }

// pair is a label as it was read.
type pair struct{ name, value []byte }

// alert is a series above a rule's threshold, in the tree of the rule.
type alert struct {
	left, right *alert
	series      int32
	priority    uint32
	since       int64
	value       float32
	seen        int32 // evaluations
	round       int32
}

// entry is a series that was above the threshold.
type entry struct {
	of    *series
	value float64
}

type farEntry struct {
	number int
	value  float64
}

type rule struct {
	number, every, round int
	threshold            float64
	index                []*series
	made                 int // generation of the index
	count                int // of the index
	alerts               *alert
	frames               [history][]entry
	farFrames            [history]int // lengths
}

type store struct {
	worker     int
	targets    [targets]target
	series     []*series
	known      map[uint64]*series
	rules      [rules]rule
	generation int
	now        int64
	random     run.Random
	told       run.Hashed

	farWindows []window
	farAlerts  *outside.Arena[alert]
	farIndexes []int32
	farFrames  []farEntry

	noBodies, noPairs, noWindows, noAlerts, noIndexes, noNotes, noFrames bool
}

var (
	fixedBodies [run.Workers][most * 128]byte
	selected    [run.Workers][targets * most]int32
	above       [run.Workers][targets * most]farEntry
)

//go:noinline
func newBody(size int) []byte { return make([]byte, 0, size) }

//go:noinline
func newPair() *pair { return new(pair) }

//go:noinline
func newWindow() *window { return new(window) }

//go:noinline
func newAlert() *alert { return new(alert) }

//go:noinline
func newIndex(size int) []*series { return make([]*series, size) }

//go:noinline
func newFrame(size int) []entry { return make([]entry, size) }

// noted tells of an alert.
//
//go:noinline
func noted(to *run.Hashed, what string, name string, value float64, since int64) {
	fmt.Fprintf(to, "%s: %s is %.2f since %d\n", what, name, value, since)
}

func newStore(w int) *store {
	s := &store{worker: w, random: run.Random(w + 307), known: map[uint64]*series{}, noBodies: run.Without("bodies"),
		noPairs: run.Without("pairs"), noWindows: run.Without("windows"), noAlerts: run.Without("alerts"),
		noIndexes: run.Without("indexes"), noNotes: run.Without("notes"), noFrames: run.Without("frames")}
	for i := range s.targets {
		t := &s.targets[i]
		t.number = i
		root := i * 7 % 20
		for k := 0; k < 10+root*root; k++ {
			one := &series{number: len(s.series), of: t}
			s.series = append(s.series, one)
			t.series = append(t.series, one)
			t.truth = append(t.truth, int32(s.random.Next()>>20%top))
		}
		s.start(t)
	}
	for i := range s.rules {
		s.rules[i] = rule{number: i, every: 2 + i%23, threshold: high + float64(i%5), made: -1}
	}
	if s.noWindows {
		s.farWindows = outside.Slice[window](len(s.series) * windows)
	}
	if s.noAlerts {
		s.farAlerts = outside.NewArena[alert](len(s.series) * rules)
	}
	if s.noIndexes {
		s.farIndexes = outside.Slice[int32](len(s.series) * rules)
	}
	if s.noFrames {
		s.farFrames = outside.Slice[farEntry](rules * history * shown)
	}
	return s
}

// start gives the series of a target new names, as those of another instance.
func (s *store) start(t *target) {
	t.starts++
	s.generation++
	for i, one := range t.series {
		delete(s.known, one.hash)
		random := s.random.Next() >> 20
		one.family, one.shard = int(random%families), int(random>>20%shards)
		one.name = "family_" + strconv.Itoa(one.family) + "_total{instance=\"node-" + strconv.Itoa(t.number) + ":" +
			strconv.Itoa(9000+t.starts) + "\",code=\"" + strconv.Itoa(i) + "\",shard=\"" + strconv.Itoa(one.shard) + "\"}"
		one.labels = labelsOf(one.name)
		one.hash = xxhash.Sum64String(one.name)
		one.samples = 0
		one.windows = [windows]*window{}
		s.known[one.hash] = one
	}
}

// labelsOf are the parts of a name between braces.
func labelsOf(name string) (labels []label) {
	labels = make([]label, 0, 3)
	for rest := name[strings.IndexByte(name, '{')+1:]; len(rest) > 1; {
		equals := strings.IndexByte(rest, '=')
		end := equals + 2 + strings.IndexByte(rest[equals+2:], '"')
		labels = append(labels, label{rest[:equals], rest[equals+2 : end]})
		rest = rest[end+2:]
	}
	return labels
}

// tell is what a target says when it is asked.
func (s *store) tell(t *target) []byte {
	var body []byte
	if s.noBodies {
		body = fixedBodies[s.worker][:0]
	} else {
		size := 0
		for _, one := range t.series {
			size += len(one.name) + 10
		}
		body = newBody(size)
	}
	for i, one := range t.series {
		truth := t.truth[i] + int32(s.random.Next()>>20%3001) - 1500
		t.truth[i] = min(max(truth, 0), top-1)
		body = append(body, one.name...)
		body = append(body, ' ')
		body = strconv.AppendInt(body, int64(t.truth[i]/1000), 10)
		body = append(body, '.')
		body = strconv.AppendInt(body, int64(t.truth[i]%1000), 10)
		body = append(body, '\n')
	}
	return body
}

// check looks whether a label is the one that the series has there.
func (p *pair) check(l label) uint64 {
	if string(p.name) != l.name || string(p.value) != l.value {
		return 1
	}
	return uint64(len(p.value))
}

// readLabels goes through the labels of a line.
func (s *store) readLabels(one *series, text []byte) (sum uint64) {
	var own pair
	for at := 0; len(text) > 1; at++ {
		equals := bytes.IndexByte(text, '=')
		end := equals + 2 + bytes.IndexByte(text[equals+2:], '"')
		p := &own
		if !s.noPairs {
			p = newPair()
		}
		*p = pair{text[:equals], text[equals+2 : end]}
		sum = sum*3 + p.check(one.labels[at])
		text = text[end+2:]
	}
	return sum
}

// read takes in all lines of a body.
func (s *store) read(t *target, body []byte) (sum uint64) {
	for len(body) > 0 {
		end := bytes.IndexByte(body, '\n')
		sum += s.readLine(t, body[:end])
		body = body[end+1:]
	}
	return sum
}

// readLine takes a line apart.
func (s *store) readLine(t *target, line []byte) uint64 {
	end := bytes.LastIndexByte(line, ' ')
	begin := bytes.IndexByte(line, '{')
	if end < 0 || begin < 0 || begin > end {
		return 1
	}
	value, err := strconv.ParseFloat(string(line[end+1:]), 64)
	if err != nil {
		return 2
	}
	one := s.known[xxhash.Sum64(line[:end])]
	if one == nil || one.of != t {
		return 3
	}
	return s.readLabels(one, line[begin+1:end]) + s.apply(one, value)
}

func (s *store) windowOf(one *series, at int) *window {
	if s.noWindows {
		return &s.farWindows[one.number*windows+at%windows]
	}
	return one.windows[at%windows]
}

// apply adds a sample to its series.
func (s *store) apply(one *series, value float64) uint64 {
	at := one.samples / closes
	if one.samples%closes == 0 {
		if !s.noWindows {
			one.windows[at%windows] = newWindow()
		}
		*s.windowOf(one, at) = window{least: value, greatest: value, first: value, begin: s.now}
	}
	w := s.windowOf(one, at)
	w.sum += value
	w.least, w.greatest = min(w.least, value), max(w.greatest, value)
	w.last, w.end = value, s.now
	w.count++
	one.value = value
	one.samples++
	return uint64(value * 1000)
}

func (r *rule) selects(one *series) bool { return (one.family*7+one.shard+r.number)%r.every == 0 }

// choose looks again for the series that a rule is about, when there are others than before.
func (s *store) choose(r *rule) {
	if r.made == s.generation {
		return
	}
	r.made = s.generation
	found := selected[s.worker][:0]
	for i, one := range s.series {
		if r.selects(one) {
			found = append(found, int32(i))
		}
	}
	r.count = len(found)
	if s.noIndexes {
		copy(s.farIndexes[r.number*len(s.series):], found)
		return
	}
	r.index = newIndex(r.count)
	for i, number := range found {
		r.index[i] = s.series[number]
	}
}

func (s *store) chosen(r *rule, i int) *series {
	if s.noIndexes {
		return s.series[s.farIndexes[r.number*len(s.series)+i]]
	}
	return r.index[i]
}

// measure is what a rule compares: how a series is now, and was lately.
func (s *store) measure(one *series) float64 {
	if one.samples == 0 {
		return 0
	}
	at := (one.samples - 1) / closes
	w := s.windowOf(one, at)
	measure := (one.value + w.greatest) / 2
	if at > 0 {
		old := s.windowOf(one, at-1)
		measure = (3*measure + old.sum/float64(old.count)) / 4
	}
	return measure
}

// split has the alerts of a tree before a series in one tree, and those after it in another.
func split(a *alert, series int32) (before, after *alert) {
	if a == nil {
		return nil, nil
	}
	if a.series < series {
		a.right, after = split(a.right, series)
		return a, after
	}
	before, a.left = split(a.left, series)
	return before, a
}

func merge(before, after *alert) *alert {
	switch {
	case before == nil:
		return after
	case after == nil:
		return before
	case before.priority > after.priority:
		before.right = merge(before.right, after)
		return before
	}
	after.left = merge(before, after.left)
	return after
}

func find(a *alert, series int32) *alert {
	for a != nil && a.series != series {
		if series < a.series {
			a = a.left
		} else {
			a = a.right
		}
	}
	return a
}

// raise notes that a series is above the threshold.
func (s *store) raise(r *rule, number int32, value float64) {
	a := find(r.alerts, number)
	if a == nil {
		if s.noAlerts {
			a = s.farAlerts.Take()
		} else {
			a = newAlert()
		}
		a.series, a.since, a.priority = number, s.now, uint32(s.random.Next()>>20)
		before, after := split(r.alerts, number)
		r.alerts = merge(merge(before, a), after)
	}
	a.value, a.round = float32(value), int32(r.round)
	a.seen++
	if a.seen >= patience && (a.seen-patience)%repeated == 0 {
		s.note("firing", a)
	}
}

// prune is a tree without the alerts that are over.
func (s *store) prune(r *rule, a *alert) *alert {
	if a == nil {
		return nil
	}
	a.left, a.right = s.prune(r, a.left), s.prune(r, a.right)
	if a.round == int32(r.round) {
		return a
	}
	if a.seen >= patience {
		s.note("over", a)
	}
	rest := merge(a.left, a.right)
	if s.noAlerts {
		s.farAlerts.Give(a)
	}
	return rest
}

func (s *store) note(what string, a *alert) {
	name, value := s.series[a.series].name, float64(a.value)
	if !s.noNotes {
		noted(&s.told, what, name, value, a.since)
		return
	}
	var own [256]byte
	text := append(append(append(own[:0], what...), ": "...), name...)
	text = strconv.AppendFloat(append(text, " is "...), value, 'f', 2, 64)
	text = strconv.AppendInt(append(text, " since "...), a.since, 10)
	s.told.Sum = run.Hash(s.told.Sum, append(text, '\n'))
}

// remember keeps what was above the threshold.
func (s *store) remember(r *rule, found []farEntry) {
	found = found[:min(len(found), shown)]
	at := r.round % history
	if s.noFrames {
		r.farFrames[at] = copy(s.farFrames[(r.number*history+at)*shown:], found)
		return
	}
	frame := newFrame(len(found))
	for i, f := range found {
		frame[i] = entry{s.series[f.number], f.value}
	}
	r.frames[at] = frame
}

// compare looks at an evaluation some time ago.
func (s *store) compare(r *rule) (sum uint64) {
	at := (r.round + 1) % history
	if s.noFrames {
		begin := (r.number*history + at) * shown
		for _, e := range s.farFrames[begin : begin+r.farFrames[at]] {
			sum += uint64(e.number) ^ uint64(max(s.series[e.number].value-e.value, 0))
		}
		return sum
	}
	for _, e := range r.frames[at] {
		sum += uint64(e.of.number) ^ uint64(max(e.of.value-e.value, 0))
	}
	return sum
}

func (s *store) evaluate(r *rule) (sum uint64) {
	s.choose(r)
	r.round++
	found := above[s.worker][:0]
	for i := 0; i < r.count; i++ {
		one := s.chosen(r, i)
		if value := s.measure(one); value > r.threshold {
			found = append(found, farEntry{one.number, value})
		}
	}
	for _, f := range found {
		s.raise(r, int32(f.number), f.value)
	}
	r.alerts = s.prune(r, r.alerts)
	s.remember(r, found)
	return s.compare(r) + uint64(len(found))
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		s := newStore(w)
		for i := 0; i < run.Scaled(32000); i++ {
			t := &s.targets[i%targets]
			s.now++
			sum = sum*31 + s.read(t, s.tell(t))
			if i%between == 0 {
				sum = sum*31 + s.evaluate(&s.rules[i/between%rules])
			}
			if i%restarts == 0 {
				s.start(&s.targets[s.random.Next()>>20%targets])
			}
		}
		return sum + s.told.Sum
	}))
}
