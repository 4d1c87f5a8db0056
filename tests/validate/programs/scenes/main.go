// A renderer of documents: a page is laid out into lines and a tree of what is on it, and a stripe of it is painted at
// the size that was asked for, glyph by glyph. Pages stay until they are edited, stripes and glyphs until others need their
// places.
package main

import (
	"math/bits"
	"strings"

	"escprof.test/validate/outside"
	"escprof.test/validate/run"
)

const (
	corpus    = 1 << 20 // letters of all text
	pages     = 3500
	shortest  = 900 // letters of a page
	longest   = 5200
	measure   = 52 // letters of a line, about
	mostLines = 160
	mostNodes = 64 // of a page
	fonts     = 6
	glyphs    = 16384
	stripes   = 700 // that are kept
	narrowest = 96  // dots of a stripe
	sizes     = 12
	mostDots  = (narrowest + 32*(sizes-1)) * (narrowest + 32*(sizes-1)) / 4
	leading   = 10      // dots of a line
	styles    = "*_#=@" // letters that begin a run of another look
	unedited  = 4       // so many stripes are painted between two edits
)

type rect struct{ left, top, right, bottom int32 }

// What a node of a page's tree is.
const (
	group = iota
	paragraph
	rule
	frame
)

// node is a part of a page, in a list with those beside it.
type node struct {
	child, next *node
	box         rect
	first       int16 // line
	lines       int16
	kind        uint8
	shade       uint8
}

type page struct {
	number, from, to int
	edits            int
	root             *node
	lines            []string
	count            int // of lines
}

type font struct {
	number, weight, spacing int
	narrow                  [96]int8
}

// glyph is the picture of a letter in a font at a size.
type glyph struct {
	key             uint64
	rows            uint64
	advance         int16
	left, top       int16
	width, height   int16
	before, after   [3]int16
	used            int32
	opacity, weight uint8
}

// state is what holds for a node and those below it.
type state struct {
	of           *node
	font         *font
	clip         rect
	scaleX       float32
	scaleY       float32
	moveX, moveY float32
	shade        uint8
	depth        uint8
}

// stripe is a part of a page that was painted, two dots in a byte.
type stripe struct {
	key   uint64
	edits int
	dots  []byte
}

type span struct{ from, to int32 }

// band is where a stripe is painted.
type band struct {
	dots          []byte
	width, height int32
	top           int32 // in the page
}

type renderer struct {
	worker  int
	text    string
	fonts   [fonts]font
	pages   [pages]*page
	glyphs  [glyphs]*glyph
	stripes [stripes]stripe
	random  run.Random

	farNodes   *outside.Arena[node]
	farLines   []span
	farGlyphs  []glyph
	farStripes []byte

	noBands, noStates, noGlyphs, noNodes, noLines, noPens, noStripes bool
}

var fixedBands [run.Workers][mostDots]byte

//go:noinline
func newBand(size int32) []byte { return make([]byte, size) }

//go:noinline
func newState() *state { return new(state) }

//go:noinline
func newGlyph() *glyph { return new(glyph) }

//go:noinline
func newNode() *node { return new(node) }

//go:noinline
func newLines(guess int) []string { return make([]string, 0, guess) }

// newPen is what draws a dot of an outline.
//
//go:noinline
func newPen(b band, clip rect, shade uint8) func(x, y int32) {
	return func(x, y int32) { b.dot(clip, shade, x, y) }
}

//go:noinline
func newStripe(size int) []byte { return make([]byte, size) }

func newRenderer(w int) *renderer {
	r := &renderer{worker: w, random: run.Random(w + 211), noBands: run.Without("bands"), noStates: run.Without("states"),
		noGlyphs: run.Without("glyphs"), noNodes: run.Without("nodes"), noLines: run.Without("lines"),
		noPens: run.Without("pens"), noStripes: run.Without("stripes")}
	if r.noNodes {
		r.farNodes = outside.NewArena[node](pages * mostNodes)
	}
	if r.noLines {
		r.farLines = outside.Slice[span](pages * mostLines)
	}
	if r.noGlyphs {
		r.farGlyphs = outside.Slice[glyph](glyphs)
	}
	if r.noStripes {
		r.farStripes = outside.Slice[byte](stripes * mostDots / 2)
	}
	text := make([]byte, corpus)
	for i := range text {
		text[i] = ' '
		if random := r.random.Next() >> 20; random%6 != 0 {
			text[i] = byte('!' + (random>>8%94)*(random>>16%94)/94)
		}
	}
	r.text = string(text)
	for i := range r.fonts {
		f := &r.fonts[i]
		f.number, f.weight, f.spacing = i, 1+i%3, i%2
		for k := range f.narrow {
			f.narrow[k] = int8(r.random.Next() >> 20 % 4)
		}
	}
	for i := range r.pages {
		r.pages[i] = &page{number: i}
		r.edit(r.pages[i])
	}
	return r
}

// edit gives a page another text, and lays it out.
func (r *renderer) edit(p *page) {
	random := r.random.Next()
	p.from = int(random >> 20 % (corpus - longest))
	p.to = p.from + shortest + int(random>>44%(longest-shortest))
	p.edits++
	r.breakLines(p)
	if r.noNodes {
		r.release(p.root)
	}
	p.root = r.compose(p)
}

// breakLines ends each line of a page at the last blank that it has room for.
func (r *renderer) breakLines(p *page) {
	p.lines, p.count = nil, 0
	if !r.noLines {
		p.lines = newLines((p.to-p.from)/(measure-12) + 4)
	}
	for from := p.from; from < p.to && p.count < mostLines; {
		to := min(from+measure, p.to)
		for end := to; end > from+measure/2 && to < p.to; end-- {
			if r.text[end] == ' ' {
				to = end
				break
			}
		}
		if r.noLines {
			r.farLines[p.number*mostLines+p.count] = span{int32(from), int32(to)}
		} else {
			p.lines = append(p.lines, r.text[from:to])
		}
		p.count++
		from = to
	}
}

func (r *renderer) line(p *page, i int) string {
	if r.noLines {
		s := r.farLines[p.number*mostLines+i]
		return r.text[s.from:s.to]
	}
	return p.lines[i]
}

func (r *renderer) nodeOf(kind, shade uint8, box rect) *node {
	var n *node
	if r.noNodes {
		n = r.farNodes.Take()
	} else {
		n = newNode()
	}
	n.kind, n.shade, n.box = kind, shade, box
	return n
}

func (r *renderer) release(n *node) {
	for n != nil {
		next := n.next
		r.release(n.child)
		r.farNodes.Give(n)
		n = next
	}
}

func (n *node) add(child *node) {
	child.next = n.child
	n.child = child
}

// compose makes the tree of a page: sections with paragraphs, some of them in a frame, and a rule after a section.
func (r *renderer) compose(p *page) *node {
	const width = measure * 8
	root := r.nodeOf(group, 15, rect{0, 0, width, int32(p.count * leading)})
	count := 1
	for line := 0; line < p.count && count+8 < mostNodes; {
		random := r.random.Next() >> 20
		top := int32(line * leading)
		section := r.nodeOf(group, uint8(8+random%8), rect{0, top, width, 0})
		for i := uint64(0); i <= random>>8%3 && line < p.count; i++ {
			lines := min(3+int(random>>(12+4*i)%12), p.count-line)
			box := rect{int32(random >> 40 % 24), int32(line * leading), width, int32((line + lines) * leading)}
			text := r.nodeOf(paragraph, 0, box)
			text.first, text.lines = int16(line), int16(lines)
			section.add(text)
			if random>>(16+i)%2 == 0 {
				section.add(r.nodeOf(frame, uint8(4+random>>24%8), box))
				count++
			}
			line += lines
			count++
		}
		bottom := int32(line * leading)
		section.add(r.nodeOf(rule, 12, rect{8, bottom - 1, width - 8, bottom}))
		section.box.bottom = bottom
		root.add(section)
		count += 2
	}
	return root
}

func (b band) dot(clip rect, shade uint8, x, y int32) {
	if x >= clip.left && x < clip.right && y >= clip.top && y < clip.bottom {
		b.dots[y*b.width+x] |= shade
	}
}

// around has the pen go along the edges of a box.
//
//go:noinline
func around(box rect, pen func(x, y int32)) {
	for x := box.left; x < box.right; x += 2 {
		pen(x, box.top)
		pen(x, box.bottom-1)
	}
	for y := box.top; y < box.bottom; y += 2 {
		pen(box.left, y)
		pen(box.right-1, y)
	}
}

// outline dots the edges of a box.
func (r *renderer) outline(b band, box, clip rect, shade uint8) {
	if !r.noPens {
		around(box, newPen(b, clip, shade))
		return
	}
	for x := box.left; x < box.right; x += 2 {
		b.dot(clip, shade, x, box.top)
		b.dot(clip, shade, x, box.bottom-1)
	}
	for y := box.top; y < box.bottom; y += 2 {
		b.dot(clip, shade, box.left, y)
		b.dot(clip, shade, box.right-1, y)
	}
}

// glyphOf is a letter's picture; that of a letter that had the same place is forgotten.
func (r *renderer) glyphOf(f *font, letter byte, size, phase int) *glyph {
	key := uint64(letter)<<16 | uint64(f.number)<<12 | uint64(size)<<4 | uint64(phase) | 1<<40
	hash := key * 0x9e3779b97f4a7c15
	at := hash >> 50
	g := r.glyphs[at]
	if r.noGlyphs {
		g = &r.farGlyphs[at]
	}
	if g != nil && g.key == key {
		g.used++
		return g
	}
	if !r.noGlyphs {
		g = newGlyph()
		r.glyphs[at] = g
	}
	*g = glyph{key: key, rows: hash & (hash >> 7) & (hash << 5),
		advance: int16(5 + size/3 + f.spacing - int(f.narrow[letter-' '])/2),
		width:   8, height: int16(6 + size/4), left: int16(phase), opacity: uint8(3 + f.weight), weight: uint8(f.weight)}
	for i := range g.before {
		g.before[i], g.after[i] = int16(hash>>(8*i)%3), int16(hash>>(8*i+4)%2)
	}
	return g
}

// write paints letters, and is where the next ones begin.
func (r *renderer) write(b band, s *state, text string, x, y int32, size int) int32 {
	for i := 0; i < len(text) && x < s.clip.right; i++ {
		g := r.glyphOf(s.font, text[i], size, int(x)&1)
		for row := int32(0); row < int32(g.height) && text[i] != ' '; row++ {
			dots := uint8(g.rows >> (8 * (row % 8)))
			if dots == 0 || y+row < s.clip.top || y+row >= s.clip.bottom {
				continue
			}
			line := b.dots[(y+row)*b.width : (y+row+1)*b.width]
			for ; dots != 0; dots &= dots - 1 {
				if column := x + int32(bits.TrailingZeros8(dots)); column < s.clip.right {
					line[column] |= g.opacity
				}
			}
		}
		x += int32(g.advance + g.before[i%3] - g.after[i%3])
	}
	return x
}

// writeRun paints letters of one look, which is that of the text before but for what their first letter says.
func (r *renderer) writeRun(b band, outer *state, text string, x, y int32, size int) int32 {
	var own state
	s := &own
	if !r.noStates {
		s = newState()
	}
	*s = *outer
	style := strings.IndexByte(styles, text[0])
	if style >= 0 {
		s.font = &r.fonts[(outer.font.number+style)%fonts]
		s.shade ^= uint8(style)
	}
	end := r.write(b, s, text, x, y, size)
	if style > 1 {
		r.outline(b, rect{x, y, end, y + int32(6+size/2)}, s.clip, s.shade)
	}
	return end
}

// writeLine paints a line of text, run by run.
func (r *renderer) writeLine(b band, s *state, text string, x, y int32, size int) {
	for len(text) > 0 && x < s.clip.right {
		end := strings.IndexAny(text[1:], styles) + 1
		if end == 0 {
			end = len(text)
		}
		x = r.writeRun(b, s, text[:end], x, y, size)
		text = text[end:]
	}
}

func (s *state) placed(box rect) rect {
	return rect{int32(float32(box.left)*s.scaleX + s.moveX), int32(float32(box.top)*s.scaleY + s.moveY),
		int32(float32(box.right)*s.scaleX + s.moveX), int32(float32(box.bottom)*s.scaleY + s.moveY)}
}

func (c rect) cut(box rect) rect {
	return rect{max(c.left, box.left), max(c.top, box.top), min(c.right, box.right), min(c.bottom, box.bottom)}
}

// draw paints a node and what is below it, as far as it is in the stripe.
func (r *renderer) draw(p *page, b band, n *node, outer *state, size int) (sum uint64) {
	var own state
	s := &own
	if !r.noStates {
		s = newState()
	}
	*s = *outer
	s.of, s.depth = n, outer.depth+1
	s.shade = (outer.shade + n.shade) & 15
	box := s.placed(n.box)
	s.clip = outer.clip.cut(box)
	if s.clip.top >= s.clip.bottom || s.clip.left >= s.clip.right {
		return uint64(s.depth)
	}
	switch n.kind {
	case paragraph:
		s.font = &r.fonts[(p.number+int(n.first))%fonts]
		for i := 0; i < int(n.lines); i++ {
			top := box.top + int32(float32(i*leading)*s.scaleY)
			if top+12 >= s.clip.top && top < s.clip.bottom {
				r.writeLine(b, s, r.line(p, int(n.first)+i), box.left, top, size)
			}
		}
	case frame, rule:
		r.outline(b, box, s.clip, s.shade)
	}
	for child := n.child; child != nil; child = child.next {
		sum = sum*3 + r.draw(p, b, child, s, size)
	}
	return sum + uint64(s.shade)
}

// paint makes a stripe of a page.
func (r *renderer) paint(at int, p *page, size int, part uint64) (sum uint64) {
	width := int32(narrowest + 32*size)
	b := band{width: width, height: width / 4}
	scale := float32(width) / (measure * 8)
	b.top = int32(part) * int32(float32(p.count*leading)*scale) / 8
	if r.noBands {
		b.dots = fixedBands[r.worker][:width*b.height]
		clear(b.dots)
	} else {
		b.dots = newBand(width * b.height)
	}
	outer := state{font: &r.fonts[0], clip: rect{0, 0, b.width, b.height}, scaleX: scale, scaleY: scale,
		moveY: -float32(b.top)}
	sum = r.draw(p, b, p.root, &outer, size)
	s := &r.stripes[at]
	count := len(b.dots) / 2
	if r.noStripes {
		s.dots = r.farStripes[at*mostDots/2 : at*mostDots/2+count]
	} else {
		s.dots = newStripe(count)
	}
	for i := range s.dots {
		s.dots[i] = b.dots[2*i]&15 | b.dots[2*i+1]<<4
	}
	return sum
}

// answer is a stripe of a page, from those that are kept or painted.
func (r *renderer) answer(p *page, size int, part uint64) (sum uint64) {
	key := uint64(p.number)<<16 | uint64(size)<<8 | part + 1
	at := int(key * 0x9e3779b97f4a7c15 >> 32 % stripes)
	s := &r.stripes[at]
	if s.key != key || s.edits != p.edits {
		sum = r.paint(at, p, size, part)
		s.key, s.edits = key, p.edits
	}
	for i := 0; i < len(s.dots); i += 61 {
		sum = sum*31 + uint64(s.dots[i])
	}
	return sum
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		r := newRenderer(w)
		for i := 0; i < run.Scaled(54000); i++ {
			random := r.random.Next()
			p := r.pages[random>>20%pages]
			sum = sum*31 + r.answer(p, int(random>>36%sizes), random>>52%8)
			if i%unedited == 0 {
				r.edit(r.pages[random>>10%pages])
			}
		}
		return sum
	}))
}
