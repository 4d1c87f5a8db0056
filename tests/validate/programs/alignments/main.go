// A sequencer's reads are put where they belong in a genome: words that a read has in common with it say where to look
// closely. Where reads differ from the genome is gathered in trees, one for each segment; once no more reads come to a
// segment, what many of them have there is told.
package main

import (
	"escprof.test/validate/run"
)

const (
	genome    = 1 << 19 // letters
	word      = 10      // letters that are looked for at once
	apart     = 8       // letters between the words of a read
	hits      = 4       // places of a word that are looked at
	longest   = 150     // letters of a read
	shortest  = 90
	window    = 44000 // letters that reads come from at a time
	segment   = 300   // letters
	segments  = 192   // that are open, at most
	edge      = 2000  // letters at the genome's ends that no read comes from
	widest    = 33    // of a band
	seedsMost = 96
	enough    = 8  // reads that have something before it is told
	lists     = 16 // sizes of lists of supporters
)

// seed is a word that a read and the genome have in common; BEFORE is the one that fits best in front of it.
type seed struct {
	in        *read
	before    *seed
	at, place int32
	score     int32
	count     int32
	length    int32
}

type read struct {
	letters   [longest]byte
	qualities [longest]byte
	length    int
	number    int
}

// alignment is a read that has its place.
type alignment struct {
	place     int
	score     int
	number    int32
	length    int32
	qualities []byte // two in each byte
	fixed     [(longest + 1) / 2]byte
	next      *alignment
}

// variant is what reads have at a place that the genome has not.
type variant struct {
	key         int // the place and the letter
	less, more  *variant
	supporters  []*alignment
	first, last int32
}

// part is a segment of the genome with all that was found of it.
type part struct {
	alignments *alignment
	variants   *variant
	count      int
}

type settings struct {
	band, minimum, gap int
	scores             *[2]int // of a letter that differs, and of one that is the same
}

type option func(s *settings)

type aligner struct {
	genome []byte
	first  []int32 // where each word is, the last of its places
	next   []int32 // the place before with the same word
	parts  [segments]part
	front  int // where the window begins
	random run.Random
	read   read
	scores [2]int
	seeds  []*seed
	sum    uint64

	settings settings
	own      [seedsMost]seed
	matrix   []int16
	free     *variant
	again    [lists][][]*alignment

	noMatrices, noSeeds, noQualities, noVariants, noSupporters, noOptions bool
}

//go:noinline
func newMatrix(size int) []int16 { return make([]int16, size) }

//go:noinline
func newSeed() *seed { return new(seed) }

//go:noinline
func newQualities(size int) []byte { return make([]byte, size) }

//go:noinline
func newVariant() *variant { return new(variant) }

//go:noinline
func grown(list []*alignment, of *alignment) []*alignment { return append(list, of) }

//go:noinline
func newOptions(a *aligner, band, minimum, gap int) []option {
	return []option{
		func(s *settings) { s.band = band },
		func(s *settings) { s.minimum = minimum },
		func(s *settings) { s.gap = gap },
		func(s *settings) { s.scores = &a.scores },
	}
}

func newAligner(w int) *aligner {
	a := &aligner{genome: make([]byte, genome), first: make([]int32, 1<<(2*word)), next: make([]int32, genome),
		random: run.Random(w + 139), scores: [2]int{-3, 2}, seeds: make([]*seed, 0, seedsMost),
		matrix: newMatrix((longest + 1) * widest), noMatrices: run.Without("matrices"), noSeeds: run.Without("seeds"),
		noQualities: run.Without("qualities"), noVariants: run.Without("variants"),
		noSupporters: run.Without("supporters"), noOptions: run.Without("options")}
	for i := range a.genome {
		a.genome[i] = byte(a.random.Next() >> 20 % 4)
		if i > genome/2 && i%5000 < 300 { // what the genome has twice
			a.genome[i] = a.genome[i-genome/2]
		}
	}
	for i := 0; i+word <= genome; i++ {
		at := wordOf(a.genome[i:])
		a.next[i], a.first[at] = a.first[at], int32(i)
	}
	return a
}

func wordOf(letters []byte) (number int) {
	for _, letter := range letters[:word] {
		number = number<<2 | int(letter)
	}
	return number
}

// take is the next read: from somewhere in the window, with some letters that are wrong.
func (a *aligner) take(number int) *read {
	r := &a.read
	at := a.real(a.front + int(a.random.Next()>>20%window))
	r.number, r.length = number, shortest+int(a.random.Next()>>20%(longest-shortest+1))
	for i := 0; i < r.length; i++ {
		chance := a.random.Next() >> 20
		r.letters[i], r.qualities[i] = a.genome[at], byte(8+chance>>10%8)
		switch {
		case chance%32 == 0:
			r.letters[i], r.qualities[i] = byte(chance>>20%4), byte(chance>>10%8)
		case at%211 == 0 && chance>>7%2 == 0: // where those who were read differ from the genome
			r.letters[i] = (r.letters[i] + 1) % 4
		case chance%1024 == 1:
			at++
		}
		at++
	}
	return r
}

// real is where a place is in the genome; places go on when the genome has ended, from its begin.
func (a *aligner) real(place int) int { return edge + place%(genome-2*edge) }

// choose sets what an alignment goes by.
func (a *aligner) choose(band, minimum, gap int) *settings {
	s := &a.settings
	if a.noOptions {
		*s = settings{band, minimum, gap, &a.scores}
		return s
	}
	*s = settings{}
	for _, o := range newOptions(a, band, minimum, gap) {
		o(s)
	}
	return s
}

// find looks for words that the read and the genome have in common, and for those before that fit.
func (a *aligner) find(r *read, s *settings) *seed {
	a.seeds = a.seeds[:0]
	for at := 0; at+word <= r.length; at += apart {
		place := a.first[wordOf(r.letters[at:])]
		for hit := 0; hit < hits && place != 0 && len(a.seeds) < seedsMost; hit++ {
			one := &a.own[len(a.seeds)]
			if !a.noSeeds {
				one = newSeed()
			}
			*one = seed{in: r, at: int32(at), place: place, score: word, count: 1, length: int32(at + word)}
			a.seeds = append(a.seeds, one)
			place = a.next[place]
		}
	}
	var best *seed
	for i, one := range a.seeds {
		for k := i - 1; k >= 0; k-- {
			one.follow(a.seeds[k], s)
		}
		if best == nil || one.score > best.score {
			best = one
		}
	}
	return best
}

// follow puts a seed behind another, if they fit better together than the seed does with what is before it now.
func (s *seed) follow(before *seed, by *settings) {
	across, along := s.place-before.place, s.at-before.at
	shift := max(across-along, along-across)
	if along <= 0 || across <= 0 || int(shift) > by.band/2 {
		return
	}
	if score := before.score + min(along, word) - shift; score > s.score {
		s.before, s.score, s.count = before, score, before.count+1
	}
}

// start is where the read begins, as its first seed has it.
func (s *seed) start() int {
	for s.before != nil {
		s = s.before
	}
	return int(s.place - s.at)
}

// compare fills a matrix with how well the read's beginning and the genome fit, within a band, and gives it with the
// column of its last row that fits best.
func (a *aligner) compare(r *read, start int, s *settings) (matrix []int16, end int) {
	band, size := s.band, (r.length+1)*s.band
	matrix = a.matrix[:size]
	if !a.noMatrices {
		matrix = newMatrix(size)
	}
	for column := 0; column < band; column++ {
		matrix[column] = 0
	}
	letters := a.genome[start-band/2:]
	for i := 0; i < r.length; i++ {
		above, row := matrix[i*band:(i+1)*band], matrix[(i+1)*band:(i+2)*band]
		left := -1 << 14
		for column := range row {
			score := int(above[column]) + s.scores[same(r.letters[i], letters[i+column])]
			if column+1 < band {
				score = max(score, int(above[column+1])-s.gap)
			}
			left = max(score, left-s.gap)
			row[column] = int16(left)
		}
	}
	last := matrix[r.length*band:]
	for column := range last {
		if last[column] > last[end] {
			end = column
		}
	}
	return matrix, end
}

func same(a, b byte) int {
	if a == b {
		return 1
	}
	return 0
}

// trace goes back through the matrix, and notes where the read differs; it gives where the read begins.
func (a *aligner) trace(r *read, matrix []int16, start, end int, s *settings, note func(at, place int)) int {
	i, column := r.length, end
	for i > 0 {
		place := start - s.band/2 + i - 1 + column
		score := int(matrix[i*s.band+column])
		equal := same(r.letters[i-1], a.genome[place])
		switch {
		case score == int(matrix[(i-1)*s.band+column])+s.scores[equal]:
			if equal == 0 {
				note(i-1, place)
			}
			i--
		case column+1 < s.band && score == int(matrix[(i-1)*s.band+column+1])-s.gap:
			i--
			column++
		default:
			column--
		}
	}
	return start - s.band/2 + column
}

// keep puts an alignment into its segment; PLACE counts on where the genome has ended.
func (a *aligner) keep(r *read, place, score int) *alignment {
	of := &alignment{place: place, score: score, number: int32(r.number), length: int32(r.length)}
	size := (r.length + 1) / 2
	if a.noQualities {
		of.qualities = of.fixed[:size]
	} else {
		of.qualities = newQualities(size)
	}
	for i, quality := range r.qualities[:r.length] {
		of.qualities[i/2] |= quality << (4 * (i % 2))
	}
	p := a.partOf(place)
	of.next = p.alignments
	p.alignments = of
	p.count++
	return of
}

func (a *aligner) partOf(place int) *part { return &a.parts[place/segment%segments] }

// differ notes that a read has LETTER at a place.
func (a *aligner) differ(of *alignment, place int, letter byte) {
	key := place*4 + int(letter)
	at := &a.partOf(place).variants
	for *at != nil && (*at).key != key {
		if key < (*at).key {
			at = &(*at).less
		} else {
			at = &(*at).more
		}
	}
	v := *at
	if v == nil {
		if v = a.free; !a.noVariants || v == nil {
			v = newVariant()
		} else {
			a.free = v.more
		}
		*v = variant{key: key, first: of.number}
		*at = v
	}
	v.last = of.number
	a.support(v, of)
}

func (a *aligner) support(v *variant, of *alignment) {
	if a.noSupporters && len(v.supporters) == cap(v.supporters) {
		size := 0
		for 1<<size <= len(v.supporters) {
			size++
		}
		longer := a.list(size)[:len(v.supporters)]
		copy(longer, v.supporters)
		a.give(v.supporters)
		v.supporters = longer
	}
	if a.noSupporters {
		v.supporters = append(v.supporters, of)
	} else {
		v.supporters = grown(v.supporters, of)
	}
}

// list is an empty list with room for a power of two.
func (a *aligner) list(size int) []*alignment {
	again := &a.again[size]
	if last := len(*again) - 1; last >= 0 {
		list := (*again)[last]
		*again = (*again)[:last]
		return list
	}
	return make([]*alignment, 0, 1<<size)
}

func (a *aligner) give(list []*alignment) {
	if cap(list) == 0 {
		return
	}
	size := 0
	for 1<<size < cap(list) {
		size++
	}
	clear(list)
	a.again[size] = append(a.again[size], list[:0])
}

// tell goes through a segment's variants in order, and gives up each.
func (a *aligner) tell(v *variant) {
	if v == nil {
		return
	}
	a.tell(v.less)
	more := v.more
	if len(v.supporters) >= enough {
		total := 0
		for _, of := range v.supporters {
			at := min(max(v.key/4-of.place, 0), int(of.length)-1)
			total += int(of.qualities[at/2] >> (4 * (at % 2)) & 15)
		}
		a.sum = a.sum*31 + uint64(v.key*total) + uint64(v.last-v.first)
	}
	if a.noSupporters {
		a.give(v.supporters)
	}
	if a.noVariants {
		*v = variant{more: a.free}
		a.free = v
	}
	a.tell(more)
}

// move moves the window, and ends the segment that it has left behind.
func (a *aligner) move() {
	a.front++
	if a.front%segment != 0 {
		return
	}
	p := a.partOf(a.front - 2*segment + segments*segment)
	for of := p.alignments; of != nil; of = of.next {
		a.sum += uint64(of.score * (of.place % segment))
	}
	a.tell(p.variants)
	a.sum = a.sum*31 + uint64(p.count)
	*p = part{}
}

func (a *aligner) one(number int) {
	r := a.take(number)
	best := a.find(r, a.choose(widest, 2*word, 0))
	if best == nil || best.count < 2 {
		return
	}
	s := a.choose(17+16*(number%2), r.length/2, 4)
	start := best.start()
	if start < edge/2 || start > genome-edge/2 {
		return
	}
	matrix, end := a.compare(r, start, s)
	score := int(matrix[r.length*s.band+end])
	if score < s.minimum {
		return
	}
	// The place in the window; what is not in it comes from somewhere that is there twice.
	ahead := ((start-edge-a.front)%(genome-2*edge) + genome - 2*edge) % (genome - 2*edge)
	if ahead >= window {
		return
	}
	place := a.front + ahead
	of := a.keep(r, place, score)
	begin := a.trace(r, matrix, start, end, s, func(at, where int) {
		a.differ(of, place+where-start, r.letters[at])
	})
	a.sum = a.sum*31 + uint64(begin*score)
	a.move()
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) uint64 {
		a := newAligner(w)
		for i := 0; i < run.Scaled(270000); i++ {
			a.one(i)
		}
		return a.sum
	}))
}
