package main

import "strconv"

// The objects of the sites. Pointers in them go to objects of the same place, or nowhere.
type (
	tiny  struct{ value int64 }
	short struct {
		next  *short
		value [7]int64
	}
	flat     struct{ bytes [512]byte }
	pointers struct{ items [9000]*tiny }
	block    struct{ bytes [80 << 10]byte }
	ringItem struct {
		left, right *ringItem
		value       [30]int64
	}
	listNode struct {
		next  *listNode
		value [7]int64
	}
	treeNode struct {
		left, right *treeNode
		key         uint64
		priority    uint64
		value       [4]int64
	}
	entry struct {
		next  *entry
		key   int64
		value [4]int64
	}
	buffer struct{ bytes [4096]byte }
	boxed  struct{ a, b, c int64 }
)

// A worker's own sites: no lock between workers.
type sites struct {
	tiny     place[tiny]
	short    place[short]
	flat     place[flat]
	pointers place[pointers]
	block    place[block]
	ring     place[ringItem]
	list     place[listNode]
	tree     place[treeNode]
	entry    place[entry]
	buffer   place[buffer]

	boxedOff, textOff, mapOff, goOff bool
	text                             []byte
	counts                           map[int64]int64
}

func newSites(without map[string]bool) *sites {
	s := &sites{boxedOff: without["boxed"], textOff: without["text"], mapOff: without["map"], goOff: without["go"]}
	s.tiny.off, s.short.off, s.flat.off = without["tiny"], without["short"], without["flat"]
	s.pointers.off, s.block.off, s.ring.off = without["pointers"], without["block"], without["ring"]
	s.list.off, s.tree.off = without["list"], without["tree"]
	s.entry.off, s.buffer.off = without["entry"], without["buffer"]
	s.counts = make(map[int64]int64, 256)
	s.text = make([]byte, 0, 256)
	return s
}

//go:noinline
func (s *sites) newTiny() *tiny {
	if s.tiny.off {
		return s.tiny.take()
	}
	return new(tiny)
}

//go:noinline
func (s *sites) newShort() *short {
	if s.short.off {
		return s.short.take()
	}
	return new(short)
}

//go:noinline
func (s *sites) newFlat() *flat {
	if s.flat.off {
		return s.flat.take()
	}
	return new(flat)
}

//go:noinline
func (s *sites) newPointers() *pointers {
	if s.pointers.off {
		return s.pointers.take()
	}
	return new(pointers)
}

//go:noinline
func (s *sites) newBlock() *block {
	if s.block.off {
		return s.block.take()
	}
	return new(block)
}

//go:noinline
func (s *sites) newRingItem() *ringItem {
	if s.ring.off {
		return s.ring.take()
	}
	return new(ringItem)
}

//go:noinline
func (s *sites) newListNode() *listNode {
	if s.list.off {
		return s.list.take()
	}
	return new(listNode)
}

//go:noinline
func (s *sites) newTreeNode() *treeNode {
	if s.tree.off {
		return s.tree.take()
	}
	return new(treeNode)
}

//go:noinline
func (s *sites) newEntry() *entry {
	if s.entry.off {
		return s.entry.take()
	}
	return new(entry)
}

//go:noinline
func (s *sites) newBuffer() *buffer {
	if s.buffer.off {
		return s.buffer.take()
	}
	return new(buffer)
}

var fixedBox any = boxed{1, 2, 3}

//go:noinline
func (s *sites) box(value int64) any {
	if s.boxedOff {
		return fixedBox
	}
	return boxed{value, value, value}
}

// unbox returns the same whichever way the value came.
func unbox(box any, value int64) int64 {
	if _, ok := box.(boxed); !ok {
		panic("not boxed")
	}
	return 3 * value
}

//go:noinline
func joined(prefix, name string) string { return prefix + name }

// text hashes prefix+name+number, put together as a string or in a buffer that is used again.
func (s *sites) hashText(prefix, name string, number int64) uint64 {
	var digits [20]byte
	tail := strconv.AppendInt(digits[:0], number, 10)
	sum := uint64(1)
	if s.textOff {
		s.text = append(append(s.text[:0], prefix...), name...)
		for _, c := range s.text {
			sum = sum*31 + uint64(c)
		}
	} else {
		word := joined(prefix, name)
		for i := 0; i < len(word); i++ {
			sum = sum*31 + uint64(word[i])
		}
	}
	for _, c := range tail {
		sum = sum*31 + uint64(c)
	}
	return sum
}

//go:noinline
func newCounts() map[int64]int64 { return make(map[int64]int64) }

//go:noinline
func fillCounts(counts map[int64]int64, start int64) int64 {
	for i := int64(0); i < 120; i++ {
		counts[start+i*7]++
	}
	return int64(len(counts))
}

//go:noinline
func (s *sites) countInNew(start int64) int64 { return fillCounts(newCounts(), start) }

func (s *sites) countSome(start int64) int64 {
	if !s.mapOff {
		return s.countInNew(start)
	}
	clear(s.counts)
	return fillCounts(s.counts, start)
}

//go:noinline
func startGoroutine(done chan int64, value int64) {
	go func() { done <- value * 2 }()
}

func (s *sites) inGoroutine(done chan int64, value int64) int64 {
	if s.goOff {
		return value * 2
	}
	startGoroutine(done, value)
	return <-done
}
