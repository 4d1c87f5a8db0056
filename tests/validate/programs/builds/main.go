// A build tool: the targets of a project wait for those that they are made of, each in a goroutine of its own; what a
// target is made of gives its digest, and a digest that is known saves the work. The last builds are kept to look at.
package main

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"strconv"
	"sync"

	"escprof.test/validate/run"

	"golang.org/x/sync/errgroup"
)

const (
	targets  = 1500
	needs    = 5  // targets that a target is made of, at most
	sources  = 24 // files of a target, at most
	retained = 6  // builds
	lines    = 400
	steps    = 500 // targets between a target and the first of those that it needs, at most
)

// missing says that a file is not there; a target can do without it.
type missing struct {
	of     *target
	name   string
	number int
}

func (m *missing) Error() string { return m.name + " is missing" }

var errMissing = errors.New("a file is missing")

// future is what a target comes to, once it is done.
type future struct {
	done   chan struct{}
	digest []byte
	fixed  [sha256.Size]byte // the same, here
	err    error
	log    *transcript
}

type transcript struct {
	text   [lines]byte
	length int
}

// record is what is kept of a target in a build.
type record struct {
	of     *target
	digest uint64
	log    *transcript
}

type target struct {
	name    string
	number  int
	needs   []*target
	sources int
	ready   sync.WaitGroup // the future's end without a channel
	now     future
	hash    hash.Hash
	inputs  []input
	log     transcript
}

type input struct {
	name   string
	number uint64
}

type project struct {
	targets [targets]target
	files   [200]string
	builds  [retained][]record
	number  int
	random  run.Random

	noFutures, noDigests, noHashers, noErrors, noInputs, noLogs bool
}

//go:noinline
func newDone() chan struct{} { return make(chan struct{}) }

//go:noinline
func newDigest() []byte { return make([]byte, 0, sha256.Size) }

//go:noinline
func newHasher() hash.Hash { return sha256.New() }

//go:noinline
func newMissing(t *target, name string, number int) *missing {
	return &missing{of: t, name: name, number: number}
}

//go:noinline
func grown(inputs []input, name string, number uint64) []input {
	return append(inputs, input{name, number})
}

//go:noinline
func newTranscript() *transcript { return new(transcript) }

func newProject(w int) *project {
	p := &project{random: run.Random(w + 103), noFutures: run.Without("futures"), noDigests: run.Without("digests"),
		noHashers: run.Without("hashers"), noErrors: run.Without("errors"), noInputs: run.Without("inputs"),
		noLogs: run.Without("logs")}
	for i := range p.files {
		p.files[i] = "source/file" + strconv.Itoa(i) + ".c"
	}
	for i := range p.targets {
		t := &p.targets[i]
		t.name, t.number = "//some/package:target"+strconv.Itoa(i), i
		t.sources = 2 + int(p.random.Next()>>20%(sources-2))
		t.hash = sha256.New()
		t.inputs = make([]input, 0, sources)
		for k := 0; k < needs && i > 0; k++ {
			back := 1 + int(p.random.Next()>>20%steps)
			if back <= i {
				t.needs = append(t.needs, &p.targets[i-back])
			}
		}
	}
	for i := range p.builds {
		p.builds[i] = make([]record, targets)
	}
	return p
}

// open looks for a source file; every fifth is missing.
func (p *project) open(t *target, number int) error {
	if (number*7+p.number)%5 != 0 {
		return nil
	}
	if p.noErrors {
		return errMissing
	}
	return newMissing(t, p.files[number], number)
}

// inputsOf lists the files of a target that are there.
func (p *project) inputsOf(t *target) []input {
	inputs := t.inputs[:0]
	if !p.noInputs {
		inputs = nil
	}
	for i := 0; i < t.sources; i++ {
		number := (t.number*13 + i*29) % len(p.files)
		if p.open(t, number) != nil {
			t.now.log.note(byte(number))
			continue
		}
		if p.noInputs {
			inputs = append(inputs, input{p.files[number], uint64(number + p.number)})
		} else {
			inputs = grown(inputs, p.files[number], uint64(number+p.number))
		}
	}
	return inputs
}

func (t *transcript) note(c byte) {
	t.text[t.length%lines] = c
	t.length++
}

// make waits for all that a target is made of, and makes its digest.
func (p *project) make(t *target) {
	h := t.hash
	if p.noHashers {
		h.Reset()
	} else {
		h = newHasher()
	}
	for _, n := range t.needs {
		if p.noFutures {
			n.ready.Wait()
		} else {
			<-n.now.done
		}
		h.Write(n.now.digest)
	}
	var number [8]byte
	for _, in := range p.inputsOf(t) {
		binary.LittleEndian.PutUint64(number[:], in.number+uint64(len(in.name)))
		h.Write(number[:])
	}
	if p.noDigests {
		t.now.digest = h.Sum(t.now.fixed[:0])
	} else {
		t.now.digest = h.Sum(newDigest())
	}
	if p.noFutures {
		t.ready.Done()
	} else {
		close(t.now.done)
	}
}

func (p *project) start(t *target) {
	t.now = future{}
	if p.noFutures {
		t.ready.Add(1)
	} else {
		t.now.done = newDone()
	}
	if p.noLogs {
		t.log = transcript{}
		t.now.log = &t.log
	} else {
		t.now.log = newTranscript()
	}
}

func (p *project) build() (sum uint64) {
	var group errgroup.Group
	for i := range p.targets {
		p.start(&p.targets[i])
	}
	for i := range p.targets {
		t := &p.targets[i]
		group.Go(func() error {
			p.make(t)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		panic(err)
	}
	records := p.builds[p.number%retained]
	for i := range p.targets {
		t := &p.targets[i]
		records[i] = record{t, binary.LittleEndian.Uint64(t.now.digest), t.now.log}
		sum = sum*31 + records[i].digest + uint64(t.now.log.length)
	}
	p.number++
	return sum
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		p := newProject(w)
		for i := 0; i < run.Scaled(850); i++ {
			sum = sum*31 + p.build()
		}
		return sum
	}))
}
