// A wiki: articles are written in a small markup, read into trees that are kept until somebody changes the article, and
// shown as HTML; what an article refers to is known of each.
package main

import (
	"fmt"
	"strconv"
	"strings"

	"escprof.test/validate/run"

	"github.com/cespare/xxhash/v2"
)

const (
	articles   = 1400
	words      = 2500 // that articles are written with
	sections   = 5    // of an article, at most
	paragraphs = 3    // of a section
	items      = 2    // of a section
	length     = 52   // words of a paragraph, about
	tokens     = 512  // of a line, at most
	tags       = 40   // bytes that a node's tags have, about
)

type kind uint8

const (
	text kind = iota
	strong
	reference
	section
	heading
	item
	paragraph
)

var opening = [...]string{"", "<b>", "", "<section>", "<h2 id=\"", "<li>", "<p>"}
var closing = [...]string{"", "</b>", "</a>", "</section>\n", "</h2>\n", "</li>\n", "</p>\n"}

// token is a word of a line, or a mark: those of a line are a list.
type token struct {
	next *token
	text string
	at   int32
	kind kind
}

// node is a part of an article.
type node struct {
	first, next *node
	text        string
	to          *article
	kind        kind
}

type article struct {
	name, source string
	parts        *node
	nodes        int
	links        map[string]*article
	revision     int
	shown        int
}

type wiki struct {
	articles [articles]article
	names    map[string]*article
	words    [words]string
	random   run.Random

	line   []byte // that is being written
	name   []byte
	out    []byte
	tokens [tokens]token
	used   int
	free   *node

	noOutputs, noTokens, noNames, noNodes, noLinks, noAnchors bool
}

//go:noinline
func newOutput(size int) []byte { return make([]byte, 0, size) }

//go:noinline
func newToken() *token { return new(token) }

//go:noinline
func nameOf(name []byte) string { return string(name) }

//go:noinline
func newNode() *node { return new(node) }

//go:noinline
func newLinks() map[string]*article { return make(map[string]*article) }

//go:noinline
func refer(links map[string]*article, name string, to *article) { links[name] = to }

//go:noinline
func anchor(name string, number int) string { return fmt.Sprintf("%s?revision=%d", name, number) }

func newWiki(w int) *wiki {
	k := &wiki{names: make(map[string]*article, articles), random: run.Random(w + 137), out: make([]byte, 0, 1<<15),
		noOutputs: run.Without("outputs"), noTokens: run.Without("tokens"), noNames: run.Without("names"),
		noNodes: run.Without("nodes"), noLinks: run.Without("links"), noAnchors: run.Without("anchors")}
	for i := range k.words {
		word := []byte{}
		for size := 2 + k.random.Next()>>20%9; size > 0; size-- {
			word = append(word, "etaoinshrdlucmfwypvb"[k.random.Next()>>30%20])
		}
		if i%200 == 199 {
			word[1] = '&'
		}
		k.words[i] = string(word)
	}
	for i := range k.articles {
		a := &k.articles[i]
		title := []string{k.words[i], k.words[i*7%words], k.words[i*31%words], strconv.Itoa(i)}
		a.name = strings.ReplaceAll(strings.Join(title[i%2:], "_"), "&", "n")
		k.names[a.name] = a
	}
	for i := range k.articles {
		a := &k.articles[i]
		lines := []string{}
		for s := 1 + k.random.Next()>>20%sections; s > 0; s-- {
			lines = append(lines, k.written(heading))
			for n := 0; n < paragraphs; n++ {
				lines = append(lines, k.written(paragraph))
			}
			for n := 0; n < items; n++ {
				lines = append(lines, k.written(item))
			}
		}
		a.source = strings.Join(lines, "")
		k.read(a)
	}
	return k
}

// word writes one: those at the begin of the list are the ones that are common.
func (k *wiki) word() {
	random := k.random.Next()
	k.line = append(k.line, k.words[(random>>20%words)*(random>>40%words)/words]...)
}

// written is a new line of some kind.
func (k *wiki) written(of kind) string {
	count := int(k.random.Next() >> 20)
	k.line = k.line[:0]
	switch of {
	case heading:
		k.line, count = append(k.line, '#', ' '), 2+count%3
	case item:
		k.line, count = append(k.line, '-', ' '), 5+count%8
	default:
		count = length/2 + count%length
	}
	for i := 0; i < count; i++ {
		if i > 0 {
			k.line = append(k.line, ' ')
		}
		switch random := k.random.Next() >> 20; {
		case of == paragraph && random%18 == 0:
			a := &k.articles[random>>8%articles]
			k.line = append(append(append(k.line, '['), strings.ReplaceAll(a.name, "_", " ")...), ']')
		case random%30 == 1:
			k.line = append(k.line, '*')
			k.word()
			k.line = append(k.line, ' ')
			k.word()
			k.line = append(k.line, '*')
		default:
			k.word()
		}
	}
	return string(append(k.line, '\n'))
}

func (k *wiki) token() *token {
	if !k.noTokens || k.used == tokens {
		return newToken()
	}
	k.used++
	return &k.tokens[k.used-1]
}

// split is a line's tokens.
func (k *wiki) split(line string) (first *token) {
	k.used = 0
	last := (*token)(nil)
	for at := 0; at < len(line); {
		end, of := at+1, text
		switch line[at] {
		case ' ', '\n':
			at++
			continue
		case '*':
			of = strong
		case '[':
			end, of = at+strings.IndexByte(line[at:], ']')+1, reference
		default:
			for end < len(line) && line[end] != ' ' && line[end] != '*' && line[end] != '\n' {
				end++
			}
		}
		t := k.token()
		*t = token{text: line[at:end], at: int32(at), kind: of}
		if last == nil {
			first = t
		} else {
			last.next = t
		}
		last, at = t, end
	}
	return first
}

func (k *wiki) node(of kind, text string) *node {
	n := k.free
	if !k.noNodes || n == nil {
		n = newNode()
	} else {
		k.free = n.next
	}
	*n = node{kind: of, text: text}
	return n
}

// give takes nodes back that no article has any more.
func (k *wiki) give(n *node) {
	for n != nil {
		next := n.next
		k.give(n.first)
		*n = node{next: k.free}
		k.free = n
		n = next
	}
}

// link is an article that another refers to, by a title as people write it.
func (k *wiki) link(a *article, title string) *article {
	k.name = k.name[:0]
	for i := 0; i < len(title); i++ {
		if title[i] == ' ' {
			k.name = append(k.name, '_')
		} else {
			k.name = append(k.name, title[i])
		}
	}
	to := k.names[string(k.name)]
	name := to.name
	if !k.noNames {
		name = nameOf(k.name)
	}
	if k.noLinks {
		a.links[name] = to
	} else {
		refer(a.links, name, to)
	}
	return to
}

// block is the node of a line.
func (k *wiki) block(a *article, line string) *node {
	of := paragraph
	switch line[0] {
	case '#':
		of, line = heading, line[2:]
	case '-':
		of, line = item, line[2:]
	}
	block := k.node(of, "")
	at, run := &block.first, text
	for t := k.split(line); t != nil; {
		part, last := (*node)(nil), t
		switch t.kind {
		case strong:
			run ^= strong
			t = t.next
			continue
		case reference:
			part = k.node(reference, t.text[1:len(t.text)-1])
			part.to = k.link(a, part.text)
		default:
			for last.next != nil && last.next.kind == text {
				last = last.next
			}
			part = k.node(run, line[t.at:int(last.at)+len(last.text)])
		}
		*at = part
		at, t = &part.next, last.next
		a.nodes++
	}
	return block
}

// read makes an article's tree of its source.
func (k *wiki) read(a *article) {
	if k.noNodes {
		k.give(a.parts)
	}
	if k.noLinks && a.links != nil {
		clear(a.links)
	} else {
		a.links = newLinks()
	}
	a.parts, a.nodes = nil, 0
	parts, blocks := &a.parts, (**node)(nil)
	for source := a.source; source != ""; {
		end := strings.IndexByte(source, '\n') + 1
		block := k.block(a, source[:end])
		source = source[end:]
		if block.kind == heading || blocks == nil {
			s := k.node(section, "")
			*parts, parts, blocks = s, &s.next, &s.first
			a.nodes++
		}
		*blocks, blocks = block, &block.next
		a.nodes++
	}
}

// change writes a line anew.
func (k *wiki) change(a *article) uint64 {
	number := int(k.random.Next()>>20) % strings.Count(a.source, "\n")
	from := 0
	for ; number > 0; number-- {
		from += strings.IndexByte(a.source[from:], '\n') + 1
	}
	to := from + strings.IndexByte(a.source[from:], '\n') + 1
	of := paragraph
	switch a.source[from] {
	case '#':
		of = heading
	case '-':
		of = item
	}
	a.source = a.source[:from] + k.written(of) + a.source[to:]
	a.revision++
	k.read(a)
	return uint64(len(a.links) + a.nodes)
}

func escaped(out []byte, text string) []byte {
	for {
		i := strings.IndexByte(text, '&')
		if i < 0 {
			return append(out, text...)
		}
		out = append(append(out, text[:i]...), "&amp;"...)
		text = text[i+1:]
	}
}

// anchored writes where something is to be found.
func (k *wiki) anchored(out []byte, name string, number int) []byte {
	if k.noAnchors {
		return strconv.AppendInt(append(append(out, name...), "?revision="...), int64(number), 10)
	}
	return append(out, anchor(name, number)...)
}

// shown writes nodes, and those after them.
func (k *wiki) shown(out []byte, a *article, n *node) []byte {
	for ; n != nil; n = n.next {
		out = append(out, opening[n.kind]...)
		switch n.kind {
		case heading:
			out = append(k.anchored(out, a.name, a.revision), "\">"...)
		case reference:
			out = append(k.anchored(append(out, "<a href=\""...), n.to.name, n.to.revision), "\">"...)
		}
		out = escaped(out, n.text)
		out = k.shown(out, a, n.first)
		out = append(out, closing[n.kind]...)
	}
	return out
}

func (k *wiki) show(a *article) uint64 {
	out := k.out[:0]
	if !k.noOutputs {
		out = newOutput(len(a.source) + tags*a.nodes)
	}
	a.shown++
	out = k.shown(out, a, a.parts)
	return xxhash.Sum64(out) + uint64(a.shown)
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		k := newWiki(w)
		for i := 0; i < run.Scaled(130000); i++ {
			random := k.random.Next()
			sum = sum*31 + k.show(&k.articles[(random>>20%articles)*(random>>40%articles)/articles])
			if random%4 == 0 {
				sum += k.change(&k.articles[random>>8%articles])
			}
		}
		return sum
	}))
}
