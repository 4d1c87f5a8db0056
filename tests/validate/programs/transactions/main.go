// A database that keeps old versions of its rows: who reads sees all as it was when he began, who writes puts new
// versions in front of the old ones, and of two that write the same row the first wins. Long reports hold many old
// versions; columns that are seldom asked for are in compressed pages.
package main

import (
	"encoding/binary"

	"escprof.test/validate/run"

	"github.com/cespare/xxhash/v2"
	"github.com/pierrec/lz4/v4"
)

const (
	rows       = 36000 // of a worker's table
	inPage     = 40    // rows
	open       = 400   // transactions at a time
	statements = 12    // for each that begins
	report     = 7000  // transactions that begin while a report reads
	longest    = 96    // bytes of a value
	sizeStep   = 16    // between the sizes of values that are used again
	words      = 4096  // bytes of what texts are made of
	smallest   = 2048  // bytes of a page
	largest    = 8192
)

// version is what a row is since a time.
type version struct {
	since int
	value []byte
	older *version
}

type row struct{ newest *version }

// transaction sees what was committed before it began; what it writes is seen by itself only, until it commits.
type transaction struct {
	began  int
	writes map[int]*version
}

// cursor goes over rows as a transaction sees them.
type cursor struct {
	of      *database
	in      *transaction
	row     *row
	seen    *version
	at, end int
}

// bound are the arguments of a statement with their types.
type bound struct {
	key    int
	text   string
	amount int
}

type page struct {
	packed []byte
	size   int
}

type database struct {
	rows         [rows]row
	pages        [rows / inPage]page
	transactions [open]transaction
	turn, now    int
	reported     struct{ began, at int }
	aborts       int
	random       run.Random
	words        string

	page   [largest]byte
	cursor cursor
	values [longest/sizeStep + 1][][]byte // that can be used again, by size
	free   *version

	noPages, noCursors, noValues, noVersions, noWrites, noArguments bool
}

//go:noinline
func newPage(size int) []byte { return make([]byte, size) }

//go:noinline
func newCursor() *cursor { return new(cursor) }

//go:noinline
func newValue(size int) []byte { return make([]byte, size) }

//go:noinline
func newVersion() *version { return new(version) }

//go:noinline
func newWrites() map[int]*version { return make(map[int]*version) }

//go:noinline
func noted(writes map[int]*version, number int, v *version) { writes[number] = v }

//go:noinline
func newArguments(key int, text string, amount int) []any { return []any{key, text, amount} }

func newDatabase(w int) *database {
	d := &database{random: run.Random(w + 131), noPages: run.Without("pages"), noCursors: run.Without("cursors"),
		noValues: run.Without("values"), noVersions: run.Without("versions"), noWrites: run.Without("writes"),
		noArguments: run.Without("arguments")}
	letters := make([]byte, words)
	for i := range letters {
		letters[i] = " etaoinshrdlucmf"[d.random.Next()>>20%16]
	}
	d.words = string(letters)
	for i := range d.rows {
		v := d.version()
		v.value = d.valueOf(i, d.text())
		d.rows[i].newest = v
	}
	for i := range d.pages {
		d.pages[i] = d.packed(smallest + int(d.random.Next()>>20%(largest-smallest)))
	}
	return d
}

// text is some words.
func (d *database) text() string {
	number := d.random.Next()
	at := number >> 20 % (words - longest)
	return d.words[at : at+8+number>>40%(longest-15)]
}

// packed is a page of the columns that are seldom asked for.
func (d *database) packed(size int) page {
	plain := make([]byte, 0, size+longest)
	for len(plain) < size {
		plain = binary.LittleEndian.AppendUint16(append(plain, d.text()...), uint16(d.random.Next()))
	}
	packed := make([]byte, lz4.CompressBlockBound(size))
	n, err := lz4.CompressBlock(plain[:size], packed, nil)
	if err != nil || n == 0 {
		panic("a page can not be compressed")
	}
	return page{append([]byte(nil), packed[:n]...), size}
}

// valueOf is a row's amount and its text.
func (d *database) valueOf(amount int, text string) []byte {
	value := d.value(8 + len(text))
	binary.LittleEndian.PutUint64(value, uint64(amount))
	copy(value[8:], text)
	return value
}

func (d *database) value(size int) []byte {
	if !d.noValues {
		return newValue(size)
	}
	step := (size + sizeStep - 1) / sizeStep
	again := &d.values[step]
	if last := len(*again) - 1; last >= 0 {
		value := (*again)[last]
		*again = (*again)[:last]
		return value[:size]
	}
	return newValue(step * sizeStep)[:size]
}

func (d *database) giveValue(value []byte) {
	if d.noValues {
		step := cap(value) / sizeStep
		d.values[step] = append(d.values[step], value)
	}
}

func (d *database) version() *version {
	v := d.free
	if !d.noVersions || v == nil {
		return newVersion()
	}
	d.free = v.older
	*v = version{}
	return v
}

func (d *database) give(v *version) {
	d.giveValue(v.value)
	if d.noVersions {
		*v = version{older: d.free}
		d.free = v
	}
}

// at is what a row was at a time.
func (r *row) at(time int) *version {
	v := r.newest
	for v.since > time {
		v = v.older
	}
	return v
}

// look begins to go over the rows from AT to before END.
func (d *database) look(t *transaction, at, end int) *cursor {
	c := &d.cursor
	if !d.noCursors {
		c = newCursor()
	}
	*c = cursor{of: d, in: t, at: at, end: end}
	return c
}

func (c *cursor) next() bool {
	if c.at == c.end {
		return false
	}
	c.row = &c.of.rows[c.at]
	c.seen = c.in.writes[c.at]
	if c.seen == nil {
		c.seen = c.row.at(c.in.began)
	}
	c.at++
	return true
}

func (c *cursor) amount() int { return int(binary.LittleEndian.Uint64(c.seen.value)) }

// bind gives a statement its arguments, as a driver does that knows them as interfaces only.
func (d *database) bind(key int, text string, amount int) (b bound) {
	if d.noArguments {
		return bound{key, text, amount}
	}
	for i, argument := range newArguments(key, text, amount) {
		switch value := argument.(type) {
		case string:
			b.text = value
		case int:
			if i == 0 {
				b.key = value
			} else {
				b.amount = value
			}
		}
	}
	return b
}

func (d *database) get(t *transaction, b bound) uint64 {
	c := d.look(t, b.key, b.key+1)
	c.next()
	return uint64(c.amount()+b.amount) + uint64(c.seen.value[len(c.seen.value)-1])
}

// update adds to a row's amount, and gives it another text.
func (d *database) update(t *transaction, b bound) uint64 {
	c := d.look(t, b.key, b.key+1)
	c.next()
	amount, v := c.amount()+b.amount, t.writes[b.key]
	if v == nil {
		v = d.version()
		noted(t.writes, b.key, v)
	} else {
		d.giveValue(v.value)
	}
	v.value = d.valueOf(amount, b.text)
	return uint64(amount)
}

// scan reads a page, and the amounts of the rows in it.
func (d *database) scan(t *transaction, b bound) (sum uint64) {
	number := b.key / inPage
	p := &d.pages[number]
	plain := d.page[:p.size]
	if !d.noPages {
		plain = newPage(p.size)
	}
	if n, err := lz4.UncompressBlock(p.packed, plain); err != nil || n != p.size {
		panic("a page is not what was written")
	}
	sum = xxhash.Sum64(plain)
	for c := d.look(t, number*inPage, (number+1)*inPage); c.next(); {
		sum = sum*3 + uint64(c.amount()) + uint64(plain[(c.at*97+b.amount)%p.size])
	}
	return sum
}

func (d *database) statement(t *transaction) uint64 {
	number := d.random.Next()
	key, amount := int(number>>20%rows), int(number>>40%100000)
	switch kind := number % statements; {
	case kind == 0:
		return d.scan(t, d.bind(key, d.words[:8], amount))
	case kind <= 5:
		return d.update(t, d.bind(key, d.text(), amount))
	case kind <= 7: // rows that many ask for
		key %= 1000
	}
	return d.get(t, d.bind(key, d.words[8:24], amount))
}

// conflict says whether a row that T writes was committed by another since T began.
func (d *database) conflict(t *transaction) bool {
	for number := range t.writes {
		if d.rows[number].newest.since > t.began {
			return true
		}
	}
	return false
}

// commit puts in front what a transaction wrote; OLDEST is the time that nobody looks behind of.
func (d *database) commit(t *transaction, oldest int) (sum uint64) {
	if d.conflict(t) {
		for _, v := range t.writes {
			d.give(v)
		}
		d.aborts++
		return 0
	}
	d.now++
	for number, v := range t.writes {
		r := &d.rows[number]
		v.since, v.older = d.now, r.newest
		r.newest = v
		sum += binary.LittleEndian.Uint64(v.value) * uint64(number+1)
		d.vacuum(r, oldest)
	}
	return sum
}

// vacuum takes the versions away that nobody sees any more.
func (d *database) vacuum(r *row, oldest int) {
	last := r.at(oldest)
	for v := last.older; v != nil; {
		older := v.older
		d.give(v)
		v = older
	}
	last.older = nil
}

// goOn has the report read some rows more, or begins another.
func (d *database) goOn() (sum uint64) {
	if d.turn%report == 0 {
		d.reported.began = d.now
	}
	for i := 0; i < 4; i++ {
		v := d.rows[d.reported.at%rows].at(d.reported.began)
		sum = sum*3 + uint64(v.value[0]) + uint64(v.since)
		d.reported.at++
	}
	return sum
}

// one commits the transaction that began first, begins another, and goes on with any that are open.
func (d *database) one() uint64 {
	t := &d.transactions[d.turn%open]
	d.turn++
	oldest := min(d.reported.began, d.transactions[d.turn%open].began)
	sum := d.commit(t, oldest)
	t.began = d.now
	if d.noWrites && t.writes != nil {
		clear(t.writes)
	} else {
		t.writes = newWrites()
	}
	for i := 0; i < statements; i++ {
		t = &d.transactions[d.random.Next()>>20%uint64(min(d.turn, open))]
		sum = sum*31 + d.statement(t)
	}
	return sum*31 + d.goOn() + uint64(d.aborts)
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		d := newDatabase(w)
		for i := 0; i < run.Scaled(270000); i++ {
			sum = sum*31 + d.one()
		}
		return sum
	}))
}
