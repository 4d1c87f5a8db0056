// A search engine for short messages: each is indexed when it comes, those of some time ago are dropped together, and in
// between queries ask for the best of the last ones. What a query came to is kept for those who ask the same again.
package main

import (
	"bytes"
	"math/bits"
	"strconv"

	"escprof.test/validate/outside"
	"escprof.test/validate/run"
)

const (
	words     = 20000 // of the language
	segments  = 20
	documents = 1024 // of a segment
	longest   = 36   // words of a document
	block     = 4096 // postings
	blocks    = longest * documents / block
	cached    = 70000 // answers
	buckets   = 1 << 16
	popular   = 3000 // queries that are asked again and again
	fresh     = 6000 // turns that an answer is good for
	best      = 20   // documents of an answer
	shown     = 3    // of them at once
	sites     = 400
)

// posting says that a word is in a document; the one before it of the same word is in a document before.
type posting struct {
	document      uint16
	count, length uint8
	previous      uint32
}

type segment struct {
	terms    map[string]uint32 // a word's last posting, counted from 1
	blocks   [blocks]*[block]posting
	postings uint32
	total    uint32 // words
}

// document is what is known of a document beside its words; it is replaced when that changes.
type document struct {
	id           uint64
	time         int64
	site, length uint32
	clicks, rank uint32
	shown, asked uint32
}

// answer is what a query came to: in a list from the newest to the oldest, and in a chain of those with alike keys.
type answer struct {
	key, sum            uint64
	time                int64
	newer, older, chain *answer
}

// hit is a document that may be among the best.
type hit struct {
	of    *document
	score uint32
	place uint32
	next  *hit
}

// A scorer says what a word is worth to a document.
type scorer interface {
	score(count, length uint32) uint32
}

// saturated has a word count less the more often it is there and the longer the document is.
type saturated struct {
	of     *segment
	weight uint32
}

func (s saturated) score(count, length uint32) uint32 {
	average := s.of.total/documents + 1
	return s.weight * count * 64 / (count + 1 + length/average)
}

// flat has a word count once.
type flat struct {
	of     *segment
	weight uint32
}

func (f flat) score(_, length uint32) uint32 { return f.weight*24 + f.of.postings%3 + 40 - length }

// query is what is asked for: documents of a site, or of any, with some of the words, in so many segments.
type query struct {
	words    []uint32
	segments int
	site     uint32
	exact    bool
}

type language struct {
	words   []string
	numbers map[string]uint32
}

type engine struct {
	*language
	input     []byte
	segments  [segments]segment
	documents [segments * documents]*document
	known     [words]uint32 // documents that a word was in
	newest    *answer
	oldest    *answer
	buckets   [buckets]*answer
	answers   int
	random    run.Random
	indexed   int
	turn      int64

	termsOutside     [][words]uint32
	blocksOutside    [][block]posting
	documentsOutside []document
	answersOutside   outside.Store[answer]

	noScores, noHits, noDocuments, noAnswers, noTerms, noScorers, noBlocks bool
}

//go:noinline
func newScores(count int) []uint16 { return make([]uint16, count) }

//go:noinline
func newHit(of *document, score, place uint32) *hit { return &hit{of: of, score: score, place: place} }

//go:noinline
func newDocument() *document { return new(document) }

//go:noinline
func newAnswer() *answer { return new(answer) }

//go:noinline
func newTerms() map[string]uint32 { return make(map[string]uint32) }

//go:noinline
func enterTerm(terms map[string]uint32, word string, posting uint32) { terms[word] = posting }

//go:noinline
func newScorer(exact bool, of *segment, weight uint32) scorer {
	if exact {
		return flat{of, weight}
	}
	return saturated{of, weight}
}

//go:noinline
func newFilter(site uint32, since int64) func(*document) bool {
	return func(d *document) bool { return accepted(d, site, since) }
}

//go:noinline
func newBlock() *[block]posting { return new([block]posting) }

func newLanguage() *language {
	l := &language{numbers: make(map[string]uint32, words)}
	for i := 0; i < words; i++ {
		word := strconv.FormatInt(int64(i)*7919+12345, 36)
		l.words = append(l.words, word)
		l.numbers[word] = uint32(i)
	}
	return l
}

func newEngine(w int, of *language) *engine {
	e := &engine{language: of, random: run.Random(w + 167), input: make([]byte, 0, 1024),
		noScores: run.Without("scores"), noHits: run.Without("hits"), noDocuments: run.Without("documents"),
		noAnswers: run.Without("answers"), noTerms: run.Without("terms"), noScorers: run.Without("scorers"),
		noBlocks: run.Without("blocks")}
	if e.noDocuments {
		e.documentsOutside = outside.Slice[document](segments * documents)
	}
	if e.noAnswers {
		e.answersOutside = outside.NewStore[answer](cached + 1)
	}
	if e.noTerms {
		e.termsOutside = outside.Slice[[words]uint32](segments)
	}
	if e.noBlocks {
		e.blocksOutside = outside.Slice[[block]posting](segments * blocks)
	}
	for i := 0; i < segments*documents; i++ {
		e.index(e.compose())
	}
	for i := 0; i < cached; i++ {
		e.remember(uint64(i)*0x9e3779b97f4a7c15, 0)
	}
	return e
}

// word is one that somebody uses: the first are used most.
func (e *engine) word() uint32 {
	r := e.random.Next()
	return uint32((r >> 10 & 0xffff) * (r >> 26 & 0xffff) >> 16 * (r >> 42 & 0xffff) >> 16 * words >> 16)
}

// compose is a document that somebody writes.
func (e *engine) compose() []byte {
	in := e.input[:0]
	for count := 6 + e.random.Next()>>20%(longest-6); count > 0; count-- {
		in = append(append(in, e.words[e.word()]...), ' ')
	}
	return in
}

// last is a word's last posting in a segment.
func (e *engine) last(number int, word uint32) uint32 {
	if e.noTerms {
		return e.termsOutside[number][word]
	}
	return e.segments[number].terms[e.words[word]]
}

// begin has a segment be empty.
func (e *engine) begin(number int) {
	s := &e.segments[number]
	s.postings, s.total = 0, 0
	if e.noTerms {
		clear(e.termsOutside[number][:])
	} else {
		s.terms = newTerms()
	}
}

// post enters a word of a document.
func (e *engine) post(number int, word uint32, p posting) {
	s := &e.segments[number]
	at := s.postings
	if at%block == 0 {
		if e.noBlocks {
			s.blocks[at/block] = &e.blocksOutside[number*blocks+int(at/block)]
		} else {
			s.blocks[at/block] = newBlock()
		}
	}
	p.previous = e.last(number, word)
	s.blocks[at/block][at%block] = p
	s.postings++
	if e.noTerms {
		e.termsOutside[number][word] = s.postings
	} else {
		enterTerm(s.terms, e.words[word], s.postings)
	}
}

// place has a document be at a place.
func (e *engine) place(at int, d document) {
	if e.noDocuments {
		e.documents[at] = &e.documentsOutside[at]
	} else {
		e.documents[at] = newDocument()
	}
	*e.documents[at] = d
}

// index makes a text be found.
func (e *engine) index(text []byte) (sum uint64) {
	at := e.indexed % (segments * documents)
	number := at / documents
	e.indexed++
	if at%documents == 0 {
		e.begin(number)
	}
	var list [longest]uint32
	var counts [longest]uint8
	length, count := 0, 0
	for len(text) > 0 {
		token, rest, _ := bytes.Cut(text, []byte(" "))
		text = rest
		word, known := e.numbers[string(token)]
		if !known {
			panic("a word that is not known")
		}
		length++
		i := 0
		for i < count && list[i] != word {
			i++
		}
		list[i] = word
		counts[i]++
		count = max(count, i+1)
	}
	for i := 0; i < count; i++ {
		e.known[list[i]]++
		e.post(number, list[i], posting{document: uint16(at % documents), count: counts[i], length: uint8(length)})
		sum = sum*31 + uint64(list[i])
	}
	e.segments[number].total += uint32(length)
	random := e.random.Next()
	e.place(at, document{id: random, time: e.turn, length: uint32(length), site: uint32(random >> 20 % sites),
		rank: uint32(random >> 40 % 100)})
	return sum
}

// ask is a query that somebody has.
func (e *engine) ask(room []uint32) (q query) {
	random := e.random.Next() >> 12
	if random%20 < 11 {
		chosen := run.Random((random>>8%popular)*(random>>24%popular)/popular + 1)
		random = chosen.Next()>>8 ^ chosen.Next()<<20
	}
	q = query{segments: 1 + int(random>>10%3*(random>>16%4)), exact: random>>30%4 == 0, site: sites}
	if random>>24%3 == 0 {
		q.site = uint32(random >> 34 % sites)
	}
	count := 1 + int(random>>6%4)
	for i := 0; i < count; i++ {
		random = random*0x9e3779b97f4a7c15 + 1
		room[i] = uint32(30 + (random>>40%2000)*(random>>20%2000)/2000)
	}
	q.words = room[:count]
	return q
}

func (q *query) key() uint64 {
	key := uint64(q.segments)<<32 + uint64(q.site)
	if q.exact {
		key++
	}
	for _, word := range q.words {
		key = (key ^ uint64(word)) * 0x9e3779b97f4a7c15
	}
	return key | 1<<63
}

func accepted(d *document, site uint32, since int64) bool {
	return d.time >= since && (site == sites || d.site%7 == site%7)
}

// An order is the best documents up to now: a list, or without hits of their own a row.
type order struct {
	first *hit
	row   [best]struct {
		of           *document
		score, place uint32
	}
	count int
	worst uint32
}

// add has a hit be in the order.
func (o *order) add(h *hit) {
	at := &o.first
	for *at != nil && (*at).score >= h.score {
		at = &(*at).next
	}
	h.next = *at
	*at = h
	if o.count++; o.count >= best {
		last := o.first
		for i := 1; i < best; i++ {
			last = last.next
		}
		last.next = nil
		o.count, o.worst = best, last.score
	}
}

// insert does the same in the row.
func (o *order) insert(d *document, score, place uint32) {
	at := o.count
	for at > 0 && o.row[at-1].score < score {
		at--
	}
	if o.count < best {
		o.count++
	}
	copy(o.row[at+1:o.count], o.row[at:])
	o.row[at].of, o.row[at].score, o.row[at].place = d, score, place
	if o.count == best {
		o.worst = o.row[best-1].score
	}
}

// collect has those of a segment's documents that are good enough be in the order.
func (e *engine) collect(o *order, number int, scores []uint16, filter func(*document) bool, q *query) {
	for i, score := range scores {
		if uint32(score) <= o.worst {
			continue
		}
		at := number*documents + i
		d := e.documents[at]
		if filter != nil && !filter(d) || filter == nil && !accepted(d, q.site, e.turn-1<<20) {
			continue
		}
		if e.noHits {
			o.insert(d, uint32(score), uint32(at))
		} else {
			o.add(newHit(d, uint32(score), uint32(at)))
		}
	}
}

func (s *segment) at(number uint32) *posting { return &s.blocks[(number-1)/block][(number-1)%block] }

// add is what the words of a query are worth to the documents of a segment.
func (e *engine) add(scores []uint16, number int, q *query) {
	s := &e.segments[number]
	for _, word := range q.words {
		weight := uint32(20 - bits.Len32(e.known[word]))
		at := e.last(number, word)
		switch {
		case at == 0:
		case !e.noScorers:
			by := newScorer(q.exact, s, weight)
			for at != 0 {
				p := s.at(at)
				scores[p.document] += uint16(by.score(uint32(p.count), uint32(p.length)))
				at = p.previous
			}
		case q.exact:
			by := flat{s, weight}
			for at != 0 {
				p := s.at(at)
				scores[p.document] += uint16(by.score(uint32(p.count), uint32(p.length)))
				at = p.previous
			}
		default:
			by := saturated{s, weight}
			for at != 0 {
				p := s.at(at)
				scores[p.document] += uint16(by.score(uint32(p.count), uint32(p.length)))
				at = p.previous
			}
		}
	}
}

// search has the best documents be in the order.
func (e *engine) search(o *order, q *query) {
	var filter func(*document) bool
	if !e.noScorers {
		filter = newFilter(q.site, e.turn-1<<20)
	}
	now := (e.indexed - 1) / documents % segments
	if e.noScores {
		for i := 0; i < q.segments; i++ {
			var scores [documents]uint16
			number := (now - i + segments) % segments
			e.add(scores[:], number, q)
			e.collect(o, number, scores[:], filter, q)
		}
		return
	}
	scores := newScores(q.segments * documents)
	for i := 0; i < q.segments; i++ {
		e.add(scores[i*documents:(i+1)*documents], (now-i+segments)%segments, q)
	}
	for i := 0; i < q.segments; i++ {
		e.collect(o, (now-i+segments)%segments, scores[i*documents:(i+1)*documents], filter, q)
	}
}

// choose is what the best documents come to; the first are shown, and the very best gets a click.
func (e *engine) choose(o *order) (sum uint64) {
	var places [shown]uint32
	first, most, count := 0, uint32(0), 0
	look := func(d *document, score, place uint32) {
		sum = sum*31 + d.id + uint64(score)
		if count == shown {
			return
		}
		if value := score*4 + d.rank + d.clicks; value > most {
			most, first = value, count
		}
		places[count] = place
		count++
	}
	for h := o.first; h != nil; h = h.next {
		look(h.of, h.score, h.place)
	}
	if e.noHits {
		for i := 0; i < o.count; i++ {
			look(o.row[i].of, o.row[i].score, o.row[i].place)
		}
	}
	for i, place := range places[:count] {
		d := *e.documents[place]
		d.shown++
		d.asked = uint32(e.turn)
		if i == first {
			d.clicks++
		}
		e.place(int(place), d)
	}
	return sum
}

// find is the answer that there is to a query.
func (e *engine) find(key uint64) *answer {
	a := e.buckets[key>>40%buckets]
	for a != nil && a.key != key {
		a = a.chain
	}
	return a
}

func (e *engine) lead(a *answer) {
	a.newer, a.older = nil, e.newest
	if e.newest != nil {
		e.newest.newer = a
	} else {
		e.oldest = a
	}
	e.newest = a
}

func (e *engine) leave(a *answer) {
	if a.newer != nil {
		a.newer.older = a.older
	} else {
		e.newest = a.older
	}
	if a.older != nil {
		a.older.newer = a.newer
	} else {
		e.oldest = a.newer
	}
}

// forget drops an answer.
func (e *engine) forget(a *answer) {
	e.leave(a)
	at := &e.buckets[a.key>>40%buckets]
	for *at != a {
		at = &(*at).chain
	}
	*at = a.chain
	e.answers--
	if e.noAnswers {
		e.answersOutside.Give(a)
	}
}

// remember keeps what a query came to.
func (e *engine) remember(key, sum uint64) {
	if e.answers == cached {
		e.forget(e.oldest)
	}
	var a *answer
	if e.noAnswers {
		a = e.answersOutside.Take()
	} else {
		a = newAnswer()
	}
	at := &e.buckets[key>>40%buckets]
	a.key, a.sum, a.time, a.chain = key, sum, e.turn, *at
	*at = a
	e.lead(a)
	e.answers++
}

// answer is what a query comes to, or came to not long ago.
func (e *engine) answer() uint64 {
	var room [4]uint32
	q := e.ask(room[:])
	key := q.key()
	if old := e.find(key); old != nil {
		if e.turn-old.time < fresh {
			e.leave(old)
			e.lead(old)
			return old.sum
		}
		e.forget(old)
	}
	var o order
	e.search(&o, &q)
	sum := e.choose(&o)
	e.remember(key, sum)
	return sum
}

func main() {
	run.Start()
	of := newLanguage()
	run.End(run.Work(func(w int) (sum uint64) {
		e := newEngine(w, of)
		for i := 0; i < run.Scaled(310000); i++ {
			sum = sum*31 + e.index(e.compose()) + e.index(e.compose())
			sum = sum*31 + e.answer()
			e.turn++
		}
		return sum
	}))
}
