// A server of documents that several authors edit at once: an operation is moved past those that came before it, changes
// the pieces of the document's text, and is told to who is there. Revisions and checkpoints are kept for a while.
package main

import (
	"encoding/binary"
	"strconv"

	"escprof.test/validate/outside"
	"escprof.test/validate/run"
	"github.com/cespare/xxhash/v2"
)

const (
	corpus      = 1 << 20 // letters that texts are parts of
	documents   = 2000
	authors     = 3000
	history     = 48   // revisions of a document
	pieces      = 160  // of a document, at most
	checkpoints = 2200 // that are kept
	rhythm      = 6    // operations between two checkpoints
	present     = 28   // authors in a document, at most
	window      = 24 << 10
)

type author struct {
	number int32
	name   string
	color  uint32
	told   uint64
}

// piece is a part of a document's text.
type piece struct {
	next         *piece
	from, length int32
	by           int32 // author
	revision     int32
}

// revision is what an operation did.
type revision struct {
	number     int32
	at, change int32
	by         int32
	time, sum  int64
}

// operation is what an author wants to do.
type operation struct {
	by           *author
	of           *document
	base         int32 // the revision that the author saw
	at           int32
	insert, from int32
	remove       int32
}

// mark is a part of a checkpoint: who wrote how much.
type mark struct {
	by           *author
	from, length int32
}

type farMark struct{ by, from, length int32 }

type document struct {
	number    int32
	length    int32
	count     int32 // of pieces
	revision  int32
	root      *piece
	revisions [history]*revision
	here      []*author
	hereCount int32
}

// What is told to the authors.
type event interface{}

type edited struct {
	revision, at, change int32
	by                   int32
}

type joined struct {
	by    *author
	count int32
}

type left struct{ by, count int32 }

type server struct {
	text        []byte
	authors     [authors]*author
	documents   [documents]*document
	checkpoints [checkpoints][]mark
	sizes       [checkpoints]int32
	saved       int
	random      run.Random
	now         int64

	farPieces    outside.Store[piece]
	farRevisions []revision
	farHere      [][present]int32
	farMarks     [][pieces + 4]farMark

	noViews, noOperations, noRevisions, noPieces, noPresences, noEvents, noCheckpoints bool
}

//go:noinline
func newView(size int32) []byte { return make([]byte, 0, size) }

//go:noinline
func newOperation(o operation) *operation { return &o }

//go:noinline
func newRevision() *revision { return new(revision) }

//go:noinline
func newPiece() *piece { return new(piece) }

//go:noinline
func newPresence(count int32) []*author { return make([]*author, count) }

//go:noinline
func newEdited(e edited) event { return e }

//go:noinline
func newJoined(e joined) event { return e }

//go:noinline
func newLeft(e left) event { return e }

//go:noinline
func newCheckpoint(count int32) []mark { return make([]mark, count) }

func newServer(worker int) *server {
	s := &server{random: run.Random(worker + 307), noViews: run.Without("views"),
		noOperations: run.Without("operations"), noRevisions: run.Without("revisions"), noPieces: run.Without("pieces"),
		noPresences: run.Without("presences"), noEvents: run.Without("events"), noCheckpoints: run.Without("checkpoints")}
	if s.noPieces {
		s.farPieces = outside.NewStore[piece](documents * (pieces + 4))
	}
	if s.noRevisions {
		s.farRevisions = outside.Slice[revision](documents * history)
	}
	if s.noPresences {
		s.farHere = outside.Slice[[present]int32](documents)
	}
	if s.noCheckpoints {
		s.farMarks = outside.Slice[[pieces + 4]farMark](checkpoints)
	}
	s.text = make([]byte, corpus)
	for i := range s.text {
		s.text[i] = 'a' + byte(s.random.Next()>>20%26)
	}
	for i := range s.authors {
		s.authors[i] = &author{number: int32(i), name: "author" + strconv.Itoa(i), color: uint32(s.random.Next() >> 40)}
	}
	for i := range s.documents {
		d := &document{number: int32(i)}
		s.documents[i] = d
		s.begin(d)
		for parts := s.random.Next() >> 20 % (pieces - 8); uint64(d.count) < parts; {
			s.apply(s.request(d))
		}
	}
	return s
}

// begin has a document begin with another text.
func (s *server) begin(d *document) {
	for p := d.root; p != nil && s.noPieces; {
		next := p.next
		s.farPieces.Give(p)
		p = next
	}
	random := s.random.Next()
	d.length, d.count = int32(1500+random>>20%12000), 1
	d.root = s.piece(int32(random>>40%(corpus-window)), d.length, int32(random>>8%authors), d.revision, nil)
}

func (s *server) piece(from, length, by, revision int32, next *piece) *piece {
	var p *piece
	if s.noPieces {
		p = s.farPieces.Take()
	} else {
		p = newPiece()
	}
	*p = piece{next, from, length, by, revision}
	return p
}

func (s *server) past(d *document, number int32) *revision {
	if s.noRevisions {
		return &s.farRevisions[d.number*history+number%history]
	}
	return d.revisions[number%history]
}

// record keeps what an operation did in the place of the oldest revision.
func (s *server) record(o *operation) {
	d := o.of
	d.revision++
	if !s.noRevisions {
		d.revisions[d.revision%history] = newRevision()
	}
	*s.past(d, d.revision) = revision{d.revision, o.at, o.insert - o.remove, o.by.number, s.now, int64(d.length)}
}

// request is what an author does with a document.
func (s *server) request(d *document) operation {
	random := s.random.Next()
	o := operation{by: s.authors[random>>44%authors], of: d, at: int32(random >> 8 % uint64(d.length))}
	o.base = max(d.revision-int32(random>>24%30), 0)
	if random>>60 < 10 {
		o.insert, o.from = int32(1+random>>32%60), int32(random>>20%(corpus-100))
	} else {
		o.remove = int32(1 + random>>32%80)
	}
	return o
}

// transform moves an operation past those that its author did not see.
func (s *server) transform(o *operation) {
	for number := o.base + 1; number <= o.of.revision; number++ {
		if r := s.past(o.of, number); r.at <= o.at {
			o.at = max(o.at+r.change, r.at)
		}
	}
	o.at = min(max(o.at, 0), o.of.length)
	o.remove = min(o.remove, o.of.length-o.at)
}

// cut is where the piece that begins at a place is referred to from.
func (s *server) cut(from **piece, d *document, at int32) **piece {
	for *from != nil && at >= (*from).length {
		at -= (*from).length
		from = &(*from).next
	}
	if at > 0 && *from != nil {
		p := *from
		p.next = s.piece(p.from+at, p.length-at, p.by, p.revision, p.next)
		p.length = at
		d.count++
		from = &p.next
	}
	return from
}

//go:noinline
func (s *server) change(o *operation) {
	s.transform(o)
	d := o.of
	if o.insert == 0 && d.length-o.remove < 500 {
		o.remove = 0
	}
	at := s.cut(&d.root, d, o.at)
	if o.insert > 0 {
		*at = s.piece(o.from, o.insert, o.by.number, d.revision, *at)
		d.count++
	} else if o.remove > 0 {
		end := *s.cut(at, d, o.remove)
		for p := *at; p != end; {
			next := p.next
			if s.noPieces {
				s.farPieces.Give(p)
			}
			d.count--
			p = next
		}
		*at = end
	}
	d.length += o.insert - o.remove
	s.record(o)
}

// apply does an operation.
func (s *server) apply(o operation) {
	if s.noOperations {
		s.change(&o)
	} else {
		s.change(newOperation(o))
	}
	if o.of.count > pieces || o.of.length > window-256 {
		s.begin(o.of)
	}
}

func (s *server) inside(d *document, i int32) *author {
	if s.noPresences {
		return s.authors[s.farHere[d.number][i]]
	}
	return d.here[i]
}

// meet has an author come, and another one go when many are there.
func (s *server) meet(d *document) uint64 {
	a := s.authors[s.random.Next()>>30%authors]
	gone, most := int32(0), int32(4+d.number*7%(present-4))
	if d.hereCount >= most {
		gone = 1 + int32(s.random.Next()>>30%3)
	}
	count := d.hereCount - gone + 1
	if s.noPresences {
		here := &s.farHere[d.number]
		copy(here[:], here[gone:d.hereCount])
		here[count-1] = a.number
	} else {
		here := newPresence(count)
		copy(here, d.here[gone:])
		here[count-1] = a
		d.here = here
	}
	d.hereCount = count
	for i := int32(0); i < count; i++ {
		to := s.inside(d, i)
		if e, l := (joined{a, count}), (left{d.number, gone}); s.noEvents {
			to.joined(e)
			to.left(l)
		} else {
			to.tell(newJoined(e))
			to.tell(newLeft(l))
		}
	}
	return a.told
}

func (a *author) edited(e edited) {
	a.told = a.told*31 + uint64(e.revision)<<20 + uint64(e.at) + uint64(uint32(e.change)) + uint64(e.by)
}

func (a *author) joined(e joined) { a.told = a.told*31 + uint64(e.by.color) + uint64(e.count) }

func (a *author) left(e left) { a.told = a.told*31 + uint64(e.by)<<4 + uint64(e.count) }

//go:noinline
func (a *author) tell(of event) {
	switch e := of.(type) {
	case edited:
		a.edited(e)
	case joined:
		a.joined(e)
	case left:
		a.left(e)
	}
}

// spread tells all who are there what was done last.
func (s *server) spread(d *document) {
	r := s.past(d, d.revision)
	for i := int32(0); i < d.hereCount; i++ {
		if e := (edited{r.number, r.at, r.change, r.by}); s.noEvents {
			s.inside(d, i).edited(e)
		} else {
			s.inside(d, i).tell(newEdited(e))
		}
	}
}

// write puts the text of a document together.
func (s *server) write(to []byte, d *document) []byte {
	to = binary.LittleEndian.AppendUint32(to, uint32(d.revision))
	for p := d.root; p != nil; p = p.next {
		to = append(to, s.text[p.from:p.from+p.length]...)
	}
	return to
}

// view is the text for who comes.
func (s *server) view(d *document) uint64 {
	if s.noViews {
		return s.viewLocal(d)
	}
	return xxhash.Sum64(s.write(newView(d.length+4), d))
}

// viewLocal has the text on its stack.
//
//go:noinline
func (s *server) viewLocal(d *document) uint64 {
	var text [window]byte
	return xxhash.Sum64(s.write(text[:0], d))
}

// save keeps who wrote what, in the place of the oldest checkpoint.
func (s *server) save(d *document) {
	at := s.saved % checkpoints
	s.saved++
	s.sizes[at] = d.count
	if s.noCheckpoints {
		to := &s.farMarks[at]
		i := 0
		for p := d.root; p != nil; p = p.next {
			to[i] = farMark{p.by, p.from, p.length}
			i++
		}
		return
	}
	to := newCheckpoint(d.count)
	i := 0
	for p := d.root; p != nil; p = p.next {
		to[i] = mark{s.authors[p.by], p.from, p.length}
		i++
	}
	s.checkpoints[at] = to
}

// blame is who wrote a part of an old text.
func (s *server) blame() uint64 {
	random := s.random.Next()
	at := random >> 8 % checkpoints
	if s.sizes[at] == 0 {
		return 0
	}
	i := random >> 30 % uint64(s.sizes[at])
	if s.noCheckpoints {
		m := &s.farMarks[at][i]
		return uint64(s.authors[m.by].color) + uint64(m.from)<<8 + uint64(m.length)
	}
	m := &s.checkpoints[at][i]
	return uint64(m.by.color) + uint64(m.from)<<8 + uint64(m.length)
}

func (s *server) one() (sum uint64) {
	s.now++
	d := s.documents[s.random.Next()>>20%documents]
	for i := 0; i < 3; i++ {
		s.apply(s.request(d))
		s.spread(d)
	}
	if s.now%3 == 0 {
		sum = s.meet(d)
	}
	if s.now%3 != 1 {
		sum = sum*31 + s.view(d)
	}
	if s.now%rhythm == 0 {
		s.save(d)
	}
	return sum*31 + s.blame()
}

func main() {
	run.Start()
	run.End(run.Work(func(worker int) (sum uint64) {
		s := newServer(worker)
		for i := 0; i < run.Scaled(240000); i++ {
			sum = sum*31 + s.one()
		}
		return sum
	}))
}
