// A runner of workflows: each goes from step to step, on several ways at once where it branches. It waits for each
// step's time, a step that fails is tried again, what a step said is remembered, and the state goes to a journal.
package main

import (
	"encoding/binary"
	"strconv"
	"time"

	"escprof.test/validate/run"

	"github.com/cespare/xxhash/v2"
)

const (
	workflows = 7000 // of a worker, at a time
	kinds     = 12
	steps     = 12 // of a kind of workflow
	ways      = 3  // that a workflow goes at once
	variables = 8
	most      = 40    // steps that a workflow takes
	attempts  = 3     // at a step
	slots     = 1024  // of the wheel of timers
	outcomes  = 32768 // that are remembered
	batch     = 32    // records that go to the journal at once
	shortest  = 1024  // bytes of a record
	largest   = 3072
	layout    = time.RFC1123Z
)

// step is a step of a kind of workflow: DO is done in it, and BRANCH, if there is one, is gone to as well as the next.
type step struct {
	number       int
	wait         int
	do           func(c *call) int
	next, branch *step
}

type kind struct{ steps [steps]step }

// way is where a workflow is on one of its ways.
type way struct {
	of    *workflow
	at    *step
	since int
	later *way // in the wheel without timers
}

type timer struct {
	of    *way
	since int
	due   int
	later *timer
}

type workflow struct {
	number    int
	of        *kind
	ways      [ways]way
	going     int
	taken     int
	variables map[string]any
	own       [variables]int // the variables without a map
}

// call is what a step gets to know of where it is done.
type call struct {
	by       *runner
	workflow *workflow
	way      *way
	step     *step
	attempt  int
	deadline int
	outcome  *outcome
	failed   bool
}

// outcome is what a step came to for one input.
type outcome struct {
	input              uint64
	amount, code, took int
	asked              int
}

type runner struct {
	kinds     [kinds]kind
	workflows [workflows]*workflow
	timers    [slots]*timer
	waiting   [slots]*way
	outcomes  [outcomes]*outcome
	names     [variables]string
	records   [batch][]byte
	document  []byte // what workflows are about
	recorded  int
	now       int
	begun     int
	epoch     time.Time
	random    run.Random
	sum       uint64

	call call
	line []byte

	noRecords, noCalls, noOutcomes, noTimers, noVariables, noStamps bool
}

//go:noinline
func newRecord(size int) []byte { return make([]byte, 0, size) }

//go:noinline
func newCall() *call { return new(call) }

//go:noinline
func newOutcome() *outcome { return new(outcome) }

//go:noinline
func newTimer() *timer { return new(timer) }

//go:noinline
func newVariables() map[string]any { return make(map[string]any) }

//go:noinline
func put(variables map[string]any, name string, value int) { variables[name] = value }

//go:noinline
func stampOf(t time.Time) string { return t.Format(layout) }

func newRunner(w int) *runner {
	r := &runner{random: run.Random(w + 137), epoch: time.Unix(1700000000, 0).UTC(), line: make([]byte, 0, 64),
		noRecords: run.Without("records"), noCalls: run.Without("calls"), noOutcomes: run.Without("outcomes"),
		noTimers: run.Without("timers"), noVariables: run.Without("variables"), noStamps: run.Without("stamps")}
	for i := range r.names {
		r.names[i] = "variable" + strconv.Itoa(i)
	}
	for i := 0; i < 4*largest; i++ {
		r.document = append(r.document, byte(r.random.Next()>>20))
	}
	if r.noRecords {
		for i := range r.records {
			r.records[i] = newRecord(largest)
		}
	}
	handlers := [...]func(c *call) int{check, charge, deliver, count}
	for i := range r.kinds {
		for k := range r.kinds[i].steps {
			s := &r.kinds[i].steps[k]
			*s = step{number: i*steps + k, wait: 20 + int(r.random.Next()>>20%700), do: handlers[(i+k)%len(handlers)]}
			if k+1 < steps {
				s.next = &r.kinds[i].steps[k+1]
			}
			if k%4 == 2 && k+3 < steps {
				s.branch = &r.kinds[i].steps[k+3]
			}
		}
	}
	for i := range r.workflows {
		r.begin(i)
	}
	return r
}

// begin puts a new workflow in the place of one that has ended.
func (r *runner) begin(at int) {
	w := &workflow{number: at, of: &r.kinds[r.begun%kinds]}
	r.begun++
	if !r.noVariables {
		w.variables = newVariables()
	}
	for i := range r.names {
		r.set(w, i, int(r.random.Next()>>40%100000)+256)
	}
	r.workflows[at] = w
	r.enter(w, &w.of.steps[0])
}

func (r *runner) set(w *workflow, name, value int) {
	if r.noVariables {
		w.own[name] = value
	} else {
		put(w.variables, r.names[name], value)
	}
}

func (r *runner) variable(w *workflow, name int) int {
	if r.noVariables {
		return w.own[name]
	}
	value, _ := w.variables[r.names[name]].(int)
	return value
}

// enter has a workflow go one more way, if it may.
func (r *runner) enter(w *workflow, s *step) {
	for i := range w.ways {
		way := &w.ways[i]
		if way.at == nil {
			way.of, way.at = w, s
			w.going++
			r.wait(way)
			return
		}
	}
}

// wait puts a way into the wheel until its step's time has come.
func (r *runner) wait(w *way) {
	due := r.now + 1 + (w.at.wait+w.of.number%100)%(slots-1)
	if r.noTimers {
		w.since, w.later = r.now, r.waiting[due%slots]
		r.waiting[due%slots] = w
		return
	}
	t := newTimer()
	*t = timer{w, r.now, due, r.timers[due%slots]}
	r.timers[due%slots] = t
}

// tick goes on with all whose time has come.
func (r *runner) tick() {
	r.now++
	at := r.now % slots
	t, w := r.timers[at], r.waiting[at]
	r.timers[at], r.waiting[at] = nil, nil
	for ; t != nil; t = t.later {
		if t.due != r.now {
			panic("a timer is late")
		}
		r.goOn(t.of, t.since)
	}
	for w != nil {
		later := w.later
		w.later = nil
		r.goOn(w, w.since)
		w = later
	}
}

// goOn does a way's step, and goes to the next.
func (r *runner) goOn(w *way, since int) {
	flow, s := w.of, w.at
	flow.taken++
	code := r.do(w)
	r.stamp(since)
	r.stamp(r.now)
	r.set(flow, s.number%variables, code+256)
	if code%3 == 0 {
		r.write(flow, s)
	}
	next := s.next
	if code%7 == 0 && flow.taken < most {
		next = &flow.of.steps[s.number%steps/2]
	}
	if s.branch != nil && flow.taken < most {
		r.enter(flow, s.branch)
	}
	if next != nil {
		w.at = next
		r.wait(w)
		return
	}
	w.at = nil
	if flow.going--; flow.going == 0 {
		r.sum = r.sum*31 + uint64(flow.taken+r.variable(flow, 0))
		r.begin(flow.number)
	}
}

// do tries a step until it does not fail.
func (r *runner) do(w *way) (code int) {
	for attempt := 0; attempt < attempts; attempt++ {
		c := &r.call
		if !r.noCalls {
			c = newCall()
		}
		*c = call{by: r, workflow: w.of, way: w, step: w.at, attempt: attempt, deadline: r.now + w.at.wait}
		code = w.at.do(c)
		r.sum = r.sum*31 + uint64(code+c.deadline+c.outcome.code)
		if !c.failed {
			break
		}
	}
	return code
}

// The steps' work.

func check(c *call) int {
	a, b := c.by.variable(c.workflow, 0), c.by.variable(c.workflow, c.step.number%variables)
	c.failed = (a+b+c.attempt)%4 == 0
	return c.ask(uint64(a % 4000)).code
}

func charge(c *call) int {
	o := c.ask(uint64(c.by.variable(c.workflow, 3) % 1000))
	c.failed = (o.amount+c.deadline+c.attempt)%3 == 0
	return o.amount % 1000
}

func deliver(c *call) int {
	o := c.ask(uint64(c.by.variable(c.workflow, 5)))
	c.failed = (o.asked+c.way.at.wait)%5 == 0
	return o.code + c.attempt
}

func count(c *call) (total int) {
	for i := 0; i < variables; i++ {
		total += c.by.variable(c.workflow, i)
	}
	return (total + c.ask(uint64(total%5000)).took) % 1000
}

// ask looks for what the step came to with this input before; if nobody remembers, it is found out.
func (c *call) ask(input uint64) *outcome {
	input = (input*steps*kinds + uint64(c.step.number) + 1) * 0x9E3779B97F4A7C15
	at := &c.by.outcomes[input>>40%outcomes]
	o := *at
	if o == nil || o.input != input {
		if o == nil || !c.by.noOutcomes {
			o = newOutcome()
			*at = o
		}
		sum := run.Random(input)
		for i := 0; i < 20; i++ {
			sum.Next()
		}
		*o = outcome{input: input, amount: int(sum >> 40), code: int(sum >> 20 % 1000), took: int(sum % 100)}
	}
	o.asked++
	c.outcome = o
	return o
}

// stamp is a time as the journal's readers want it.
func (r *runner) stamp(at int) {
	t := r.epoch.Add(time.Duration(at) * time.Second)
	if r.noStamps {
		r.line = t.AppendFormat(r.line[:0], layout)
		r.sum = run.Hash(r.sum, r.line)
	} else {
		r.sum = run.Hash(r.sum, stampOf(t))
	}
}

// write puts a workflow's state into a record; the journal takes some records at once.
func (r *runner) write(w *workflow, s *step) {
	slot := r.recorded % batch
	size := shortest + (w.number*37+w.taken*101)%(largest-shortest)
	record := r.records[slot][:0]
	if !r.noRecords {
		record = newRecord(size)
	}
	record = binary.LittleEndian.AppendUint64(record, uint64(w.number))
	record = binary.LittleEndian.AppendUint64(record, uint64(s.number))
	for i := range r.names {
		record = append(record, r.names[i]...)
		record = binary.AppendUvarint(record, uint64(r.variable(w, i)))
	}
	at := (w.number*61 + w.taken) % largest
	record = append(record, r.document[at:at+size-len(record)]...)
	r.records[slot] = record
	if r.recorded++; r.recorded%batch == 0 {
		for _, record := range r.records {
			r.sum = r.sum*31 + xxhash.Sum64(record)
		}
	}
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) uint64 {
		r := newRunner(w)
		for i := 0; i < run.Scaled(42000); i++ {
			r.tick()
		}
		return r.sum
	}))
}
