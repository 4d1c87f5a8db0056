// The part of a database that holds what was written last: a skip list of entries in memory, which is written to blocks
// when it is full. Blocks are kept, and looked into again.
package main

import (
	"encoding/binary"

	"escprof.test/validate/run"
)

const (
	levels   = 10
	entries  = 40000 // of a table in memory
	blocks   = 1200  // that are kept
	perBlock = 40
)

// entry is one of the skip list's: NEXT on each of its levels.
type entry struct {
	key   uint64
	value []byte
	next  []*entry
}

type table struct {
	head  *entry
	count int
}

type block struct {
	first uint64
	data  []byte
	index []*mark
}

// mark says where in a block a key is.
type mark struct {
	key uint64
	at  int
}

type database struct {
	table  *table
	blocks [blocks]*block
	turn   int
	random run.Random
	value  []byte
	frame  []byte

	noValues, noMarks, noFrames, noData, noKeys bool
	scratch                                     [perBlock * 120]byte
}

//go:noinline
func newEntry(key uint64, level int) *entry { return &entry{key: key, next: make([]*entry, level)} }

//go:noinline
func newValue() []byte { return make([]byte, 90) }

//go:noinline
func newMark(key uint64, at int) *mark { return &mark{key, at} }

//go:noinline
func newFrame() []byte { return make([]byte, 2048) }

//go:noinline
func newData(size int) []byte { return make([]byte, size) }

//go:noinline
func keyOf(key uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 0, 24), key) }

func newTable() *table { return &table{head: newEntry(0, levels)} }

func fillValue(value []byte, key uint64) {
	for i := range value {
		value[i] = byte(key>>(i%32) + uint64(i))
	}
}

func level(key uint64) int {
	n := 1
	for key = key * 0x9e3779b97f4a7c15 >> 20; key&3 == 0 && n < levels; key >>= 2 {
		n++
	}
	return n
}

func (d *database) put(key uint64) {
	var before [levels]*entry
	at := d.table.head
	for l := levels - 1; l >= 0; l-- {
		for at.next[l] != nil && at.next[l].key < key {
			at = at.next[l]
		}
		before[l] = at
	}
	found := at.next[0]
	if found == nil || found.key != key {
		found = newEntry(key, level(key))
		for l := range found.next {
			found.next[l] = before[l].next[l]
			before[l].next[l] = found
		}
		d.table.count++
	}
	if !d.noValues {
		found.value = newValue()
		fillValue(found.value, key)
	}
}

func (d *database) valueOf(e *entry) []byte {
	if d.noValues {
		fillValue(d.value, e.key)
		return d.value
	}
	return e.value
}

// write puts what is in the table into blocks, and begins another.
func (d *database) write() {
	var b *block
	at := 0
	for e := d.table.head.next[0]; e != nil; e = e.next[0] {
		if b == nil || len(b.index) == perBlock || at+100 > perBlock*100 {
			b = &block{first: e.key, index: make([]*mark, 0, perBlock)}
			if !d.noData {
				b.data = newData(perBlock * 100)
			}
			d.blocks[d.turn%blocks] = b
			d.turn++
			at = 0
		}
		if !d.noMarks {
			b.index = append(b.index, newMark(e.key, at))
		}
		if !d.noData {
			copy(b.data[at:], d.valueOf(e))
		}
		at += 100
	}
	d.table = newTable()
}

func (d *database) get(key uint64) uint64 {
	frame := d.frame
	if !d.noFrames {
		frame = newFrame()
	}
	text := frame[:0]
	if d.noKeys {
		text = binary.BigEndian.AppendUint64(text, key)
	} else {
		text = append(text, keyOf(key)...)
	}
	sum := run.Hash(1, text)
	b := d.blocks[key%blocks]
	if b == nil {
		return sum
	}
	if !d.noMarks && len(b.index) > 0 {
		m := b.index[key%uint64(len(b.index))]
		if m.key < b.first {
			panic("a block's keys are not in order")
		}
	}
	data := b.data
	if d.noData {
		data = d.scratch[:90]
		fillValue(data, b.first)
	}
	copy(frame[100:], data[:90])
	return run.Hash(sum, frame[:190])
}

func (d *database) work(count int) (sum uint64) {
	for i := 0; i < count; i++ {
		d.put(d.random.Next()%1000000 + 1)
		if d.table.count == entries {
			d.write()
		}
		for k := 0; k < 2; k++ {
			sum = sum*31 + d.get(d.random.Next()%1000000)
		}
	}
	return sum
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) uint64 {
		d := &database{table: newTable(), random: run.Random(w + 81), value: make([]byte, 90),
			frame: make([]byte, 2048), noValues: run.Without("values"), noMarks: run.Without("marks"),
			noFrames: run.Without("frames"), noData: run.Without("blocks"), noKeys: run.Without("keys")}
		return d.work(run.Scaled(900000))
	}))
}
