// A map whose old states can be read: each change copies the way to the leaf, and the last states are kept.
package main

import "escprof.test/validate/run"

const (
	width  = 8
	levels = 5 // 32,768 leaves
	leaves = 1 << (3 * levels)
	states = 500 // that are kept
)

type branch struct {
	sub  [width]*branch
	leaf [width]*leaf
}

type leaf struct {
	key, version int
	text         *text
}

type text struct{ bytes [96]byte }

type change struct {
	key, version int
	before       *change
}

type state struct {
	root   *branch
	sum    uint64
	number int
}

type tree struct {
	root    *branch
	random  run.Random
	kept    [states]*state
	sums    [states]uint64
	last    *change
	history [states]change
	turn    int
	text    text
	inPlace [leaves]leaf
	path    []*branch

	noBranches, noLeaves, noTexts, noChanges, noPaths bool
}

//go:noinline
func newBranch(from *branch) *branch {
	b := new(branch)
	if from != nil {
		*b = *from
	}
	return b
}

//go:noinline
func newLeaf(key, version int) *leaf { return &leaf{key: key, version: version} }

//go:noinline
func newText(key, version int) *text {
	t := new(text)
	fill(t, key, version)
	return t
}

//go:noinline
func newChange(key, version int, before *change) *change { return &change{key, version, before} }

//go:noinline
func newPath() []*branch { return make([]*branch, 0, 24) }

func fill(t *text, key, version int) {
	for i := range t.bytes {
		t.bytes[i] = byte(key + version*i)
	}
}

func (t *tree) branchFor(from *branch) *branch {
	if t.noBranches && from != nil {
		return from
	}
	return newBranch(from)
}

// set puts a leaf, on a new way from the root.
func (t *tree) set(key, version int) {
	path := t.path[:0]
	if !t.noPaths {
		path = newPath()
	}
	t.root = t.branchFor(t.root)
	b := t.root
	for level := levels - 1; level > 0; level-- {
		path = append(path, b)
		at := key >> (3 * level) % width
		b.sub[at] = t.branchFor(b.sub[at])
		b = b.sub[at]
	}
	at := &b.leaf[key%width]
	var l *leaf
	if t.noLeaves {
		l = &t.inPlace[key]
		*l = leaf{key: key, version: version}
	} else {
		l = newLeaf(key, version)
	}
	if !t.noTexts {
		l.text = newText(key, version)
	}
	*at = l
	t.note(key, version+len(path)-levels+1)
}

// note goes on with the list of changes, of which the last are kept.
func (t *tree) note(key, version int) {
	if t.noChanges {
		t.history[t.turn%states] = change{key: key, version: version}
		return
	}
	t.last = newChange(key, version, t.last)
	if t.turn%(states/2) == 0 {
		c := t.last
		for i := 0; i < states/2 && c != nil; i++ {
			c = c.before
		}
		if c != nil {
			c.before = nil
		}
	}
}

func (t *tree) get(key int) uint64 {
	b := t.root
	for level := levels - 1; level > 0 && b != nil; level-- {
		b = b.sub[key>>(3*level)%width]
	}
	if b == nil || b.leaf[key%width] == nil {
		return 1
	}
	l := b.leaf[key%width]
	if t.noTexts {
		fill(&t.text, l.key, l.version)
		return uint64(t.text.bytes[key%96])
	}
	return uint64(l.text.bytes[key%96])
}

// keep keeps the present state, and is what the one in its place came to.
func (t *tree) keep(sum uint64) uint64 {
	at := t.turn % states
	old := t.sums[at]
	t.sums[at] = sum
	t.kept[at] = &state{t.root, sum, t.turn}
	t.turn++
	return old
}

func (t *tree) changed() (sum uint64) {
	if t.noChanges {
		for i := 0; i < 5; i++ {
			c := &t.history[(t.turn-i+states)%states]
			sum = sum*3 + uint64(c.key+c.version)
		}
		return sum
	}
	c := t.last
	for i := 0; i < 5; i++ {
		if c == nil {
			sum *= 3
			continue
		}
		sum = sum*3 + uint64(c.key+c.version)
		c = c.before
	}
	return sum
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		t := &tree{random: run.Random(w + 97), path: make([]*branch, 0, 24), noBranches: run.Without("branches"),
			noLeaves: run.Without("leaves"), noTexts: run.Without("texts"), noChanges: run.Without("changes"),
			noPaths: run.Without("paths")}
		for i := 0; i < run.Scaled(2800000); i++ {
			t.set(int(t.random.Next()%leaves), i)
			sum = sum*31 + t.get(int(t.random.Next()%leaves)) + t.changed()
			sum += t.keep(sum)
		}
		return sum
	}))
}
