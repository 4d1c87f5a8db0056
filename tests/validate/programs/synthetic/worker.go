package main

import "unsafe"

const (
	ringShare, listShare, treeShare, entryShare, bufferShare = 2, 2, 5, 6, 5 // parts of what lives long
	allShares                                                = ringShare + listShare + treeShare + entryShare + bufferShare
)

// A worker holds the structures that live long, at constant sizes, and turns them over.
type worker struct {
	sites   *sites
	random  uint64
	sum     uint64
	ring    []*ringItem
	head    *listNode // oldest
	tail    *listNode
	tree    *treeNode
	keys    []uint64 // of the tree, oldest first from oldest on
	oldest  int
	table   []*entry
	entries []int64 // keys of the table, as a ring
	buffers []*buffer
	done    chan int64
}

func (w *worker) next() uint64 {
	w.random ^= w.random << 13
	w.random ^= w.random >> 7
	w.random ^= w.random << 17
	return w.random
}

func newWorker(s *sites, seed uint64, live int) *worker {
	count := func(share int, size uintptr) int { return live/allShares*share/int(size) + 2 }
	w := &worker{sites: s, random: seed * 0x9e3779b97f4a7c15, done: make(chan int64)}
	w.ring = make([]*ringItem, count(ringShare, unsafe.Sizeof(ringItem{})))
	for i := range w.ring {
		w.turnRing(i)
	}
	for i := count(listShare, unsafe.Sizeof(listNode{})); i > 0; i-- {
		w.push(int64(i))
	}
	w.keys = make([]uint64, count(treeShare, unsafe.Sizeof(treeNode{})))
	for i := range w.keys {
		w.keys[i] = w.next()
		w.tree = w.insert(w.tree, w.newTreeNode(w.keys[i]))
	}
	w.entries = make([]int64, count(entryShare, unsafe.Sizeof(entry{})))
	w.table = make([]*entry, len(w.entries)+1)
	for i := range w.entries {
		w.entries[i] = int64(w.next() >> 1)
		w.addEntry(w.entries[i])
	}
	w.buffers = make([]*buffer, count(bufferShare, unsafe.Sizeof(buffer{})))
	for i := range w.buffers {
		w.buffers[i] = s.newBuffer()
	}
	return w
}

func (w *worker) work(rounds int) uint64 {
	for i := 0; i < rounds; i++ {
		w.makeShortLived(int64(i))
		w.turnRing(i % len(w.ring))
		for k := 0; k < 3; k++ {
			w.pop()
			w.push(int64(i))
			w.turnTree()
			w.turnEntry(3*i + k)
		}
		if i%8 == 0 {
			w.turnBuffer(i / 8)
		}
		if i%32 == 0 {
			w.makeBig(i)
		}
		if i%16 == 0 {
			w.sum += uint64(w.sites.countSome(int64(i)))
		}
		if i%4 == 0 {
			w.sum += uint64(w.sites.inGoroutine(w.done, int64(i)))
		}
	}
	return w.sum
}

func (w *worker) makeShortLived(i int64) {
	s := w.sites
	for k := int64(0); k < 12; k++ {
		t := s.newTiny()
		t.value = i + k
		w.sum += uint64(t.value)
		s.tiny.give(t)
	}
	var chain *short
	for k := int64(0); k < 6; k++ {
		link := s.newShort()
		link.next, link.value[0] = chain, i
		chain = link
	}
	for chain != nil {
		w.sum += uint64(chain.value[0])
		next := chain.next
		s.short.give(chain)
		chain = next
	}
	f := s.newFlat()
	f.bytes[i&511] = byte(i)
	w.sum += uint64(f.bytes[i&511])
	s.flat.give(f)
	for k := int64(0); k < 6; k++ {
		w.sum += uint64(unbox(s.box(i+k), i+k))
	}
	for k := int64(0); k < 3; k++ {
		w.sum += s.hashText("a prefix of some length: ", "and a name that follows it", i+k)
	}
}

func (w *worker) makeBig(i int) {
	p := w.sites.newPointers()
	p.items[i%9000] = nil
	w.sum += uint64(len(p.items))
	w.sites.pointers.give(p)
	b := w.sites.newBlock()
	b.bytes[i%len(b.bytes)] = byte(i)
	w.sum += uint64(b.bytes[i%len(b.bytes)])
	w.sites.block.give(b)
}

func (w *worker) turnRing(i int) {
	w.sites.ring.give(w.ring[i])
	item := w.sites.newRingItem()
	item.value[3] = int64(i)
	w.ring[i] = item
	w.sum += uint64(item.value[3])
}

func (w *worker) push(value int64) {
	node := w.sites.newListNode()
	node.value[0] = value
	if w.tail == nil {
		w.head = node
	} else {
		w.tail.next = node
	}
	w.tail = node
}

func (w *worker) pop() {
	node := w.head
	w.head = node.next
	w.sum += uint64(node.value[0])
	w.sites.list.give(node)
}

func (w *worker) newTreeNode(key uint64) *treeNode {
	node := w.sites.newTreeNode()
	node.key, node.priority = key, key*0x9e3779b97f4a7c15
	return node
}

func (w *worker) turnTree() {
	var gone *treeNode
	w.tree, gone = w.remove(w.tree, w.keys[w.oldest])
	w.sum += gone.priority & 7
	w.sites.tree.give(gone)
	w.keys[w.oldest] = w.next()
	w.tree = w.insert(w.tree, w.newTreeNode(w.keys[w.oldest]))
	w.oldest = (w.oldest + 1) % len(w.keys)
}

// insert and remove are those of a treap: a search tree that is a heap by random priorities.
func (w *worker) insert(tree, node *treeNode) *treeNode {
	if tree == nil {
		return node
	}
	if node.key < tree.key {
		tree.left = w.insert(tree.left, node)
		if tree.left.priority > tree.priority {
			left := tree.left
			tree.left, left.right = left.right, tree
			return left
		}
	} else {
		tree.right = w.insert(tree.right, node)
		if tree.right.priority > tree.priority {
			right := tree.right
			tree.right, right.left = right.left, tree
			return right
		}
	}
	return tree
}

func (w *worker) remove(tree *treeNode, key uint64) (rest, gone *treeNode) {
	if key < tree.key {
		tree.left, gone = w.remove(tree.left, key)
		return tree, gone
	}
	if key > tree.key {
		tree.right, gone = w.remove(tree.right, key)
		return tree, gone
	}
	return merged(tree.left, tree.right), tree
}

func merged(left, right *treeNode) *treeNode {
	if left == nil {
		return right
	}
	if right == nil {
		return left
	}
	if left.priority > right.priority {
		left.right = merged(left.right, right)
		return left
	}
	right.left = merged(left, right.left)
	return right
}

func (w *worker) addEntry(key int64) {
	e := w.sites.newEntry()
	slot := uint64(key) % uint64(len(w.table))
	e.key, e.next = key, w.table[slot]
	w.table[slot] = e
}

// turnEntry takes the oldest entry out of the hash table and puts a new one in.
func (w *worker) turnEntry(i int) {
	at := i % len(w.entries)
	link := &w.table[uint64(w.entries[at])%uint64(len(w.table))]
	for (*link).key != w.entries[at] {
		link = &(*link).next
	}
	gone := *link
	*link = gone.next
	w.sum += uint64(gone.key) & 3
	w.sites.entry.give(gone)
	w.entries[at] = int64(w.next() >> 1)
	w.addEntry(w.entries[at])
}

func (w *worker) turnBuffer(i int) {
	at := i % len(w.buffers)
	w.sum += uint64(w.buffers[at].bytes[100])
	w.sites.buffer.give(w.buffers[at])
	w.buffers[at] = w.sites.newBuffer()
	w.buffers[at].bytes[100] = byte(i)
}
