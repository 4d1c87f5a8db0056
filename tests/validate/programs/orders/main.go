// A market: orders wait in the levels of a book until others take them; every order is acknowledged, every trade told.
package main

import (
	"fmt"

	"escprof.test/validate/run"
)

const (
	books   = 24
	prices  = 400 // levels of a book
	waiting = 90000
)

type order struct {
	id, amount int
	owner      *account
	next       *order
	note       *note
}

type note struct{ text [112]byte }

type account struct {
	id     int
	trades int
}

type level struct {
	price       int
	left, right *level
	first, last *order
	orders      int
}

type trade struct{ buyer, seller, amount, price int }

type book struct {
	root   *level
	levels [prices]level
	depth  int
}

type market struct {
	books    [books]book
	accounts [2000]account
	random   run.Random
	orders   int
	free     *order
	fills    []trade
	line     []byte
	id       int

	noOrders, noNotes, noLevels, noFills, noAcks bool
}

//go:noinline
func newOrder() *order { return new(order) }

//go:noinline
func newNote(id int) *note {
	n := &note{}
	fillNote(n, id)
	return n
}

//go:noinline
func newLevel(price int) *level { return &level{price: price} }

//go:noinline
func newFills() []trade { return make([]trade, 0, 8) }

//go:noinline
func acknowledged(id, amount, price int) string {
	return fmt.Sprintf("order %d of %d at %d is in the book", id, amount, price)
}

func fillNote(n *note, id int) {
	for i := range n.text {
		n.text[i] = byte(id + i)
	}
}

// levelAt finds the level of a price, or makes it.
func (m *market) levelAt(b *book, price int) *level {
	at := &b.root
	for *at != nil && (*at).price != price {
		if price < (*at).price {
			at = &(*at).left
		} else {
			at = &(*at).right
		}
	}
	if *at == nil {
		if m.noLevels {
			*at = &b.levels[price]
			**at = level{price: price}
		} else {
			*at = newLevel(price)
		}
	}
	return *at
}

func (m *market) add(l *level, amount int) {
	m.id++
	o := m.free
	if !m.noOrders {
		o = newOrder()
	} else if o == nil {
		o = new(order)
	} else {
		m.free = o.next
	}
	*o = order{id: m.id, amount: amount, owner: &m.accounts[m.id%len(m.accounts)]}
	if !m.noNotes {
		o.note = newNote(m.id)
	}
	if l.last == nil {
		l.first = o
	} else {
		l.last.next = o
	}
	l.last = o
	l.orders++
	m.orders++
}

// take takes the first orders of a level until an amount is reached.
func (m *market) take(l *level, amount int) (sum uint64) {
	fills := m.fills[:0]
	if !m.noFills {
		fills = newFills()
	}
	for amount > 0 && l.first != nil && len(fills) < 8 {
		o := l.first
		l.first = o.next
		if l.first == nil {
			l.last = nil
		}
		l.orders--
		m.orders--
		o.owner.trades++
		amount -= o.amount
		fills = append(fills, trade{m.id, o.owner.id, o.amount, l.price})
		if m.noNotes {
			sum += uint64(byte(o.id + m.id%112))
		} else {
			sum += uint64(o.note.text[m.id%112])
		}
		if m.noOrders {
			o.next, o.note = m.free, nil
			m.free = o
		}
	}
	for _, f := range fills {
		sum = sum*5 + uint64(f.amount*f.price)
	}
	return sum
}

func (m *market) acknowledge(price, amount int) uint64 {
	if m.noAcks {
		m.line = fmt.Appendf(m.line[:0], "order %d of %d at %d is in the book", m.id, amount, price)
		return run.Hash(0, m.line)
	}
	return run.Hash(0, acknowledged(m.id, amount, price))
}

// one is one order that comes in: while few wait it waits, else it takes those of a level.
func (m *market) one() (sum uint64) {
	number := m.random.Next()
	b := &m.books[number%books]
	price := int(number / 64 % prices)
	amount := int(number/65536%50) + 1
	l := m.levelAt(b, price)
	if m.orders > waiting && l.first != nil {
		sum = m.take(l, amount*3)
	}
	m.add(l, amount)
	if b.depth++; b.depth%20000 == 0 {
		m.rebuild(b)
	}
	if m.id%4 == 0 {
		sum = sum*3 + m.acknowledge(price, amount)
	}
	return sum
}

// rebuild makes a book's tree new, without the levels that nobody is in.
func (m *market) rebuild(b *book) {
	var old []level
	var walk func(l *level)
	walk = func(l *level) {
		if l != nil {
			old = append(old, *l)
			walk(l.left)
			walk(l.right)
		}
	}
	walk(b.root)
	b.root = nil
	for i := range old {
		if from := &old[i]; from.orders > 0 {
			to := m.levelAt(b, from.price)
			to.first, to.last, to.orders = from.first, from.last, from.orders
		}
	}
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		m := &market{random: run.Random(w + 73), fills: make([]trade, 0, 8), noOrders: run.Without("orders"),
			noNotes: run.Without("notes"), noLevels: run.Without("levels"), noFills: run.Without("fills"),
			noAcks: run.Without("acks")}
		for i := range m.accounts {
			m.accounts[i].id = i
		}
		for i := 0; i < run.Scaled(2500000); i++ {
			sum = sum*31 + m.one()
		}
		return sum
	}))
}
