// Words are counted and completed: texts are split, words go into a trie whose nodes have slices of children, and for
// each word that is typed completions are put together and sorted.
package main

import (
	"sort"
	"strings"

	"escprof.test/validate/run"
)

const (
	vocabulary = 40000
	places     = 60000 // where words stood, that a worker remembers
	shown      = 12    // completions
)

type node struct {
	letter   byte
	count    int
	children []*node
	example  []byte
}

// place is where a word stood last: the ones of a word are a list, in the order of the text.
type place struct {
	text, offset int
	before       *place
}

type completion struct {
	word  string
	count int
}

type completer struct {
	root   node
	places [places]*place
	ring   [places][4]spot
	random run.Random
	fields []string
	found  []completion

	noPlaces, noExamples, noSplit, noFound, noWords bool
	example                                         [150]byte
}

type spot struct{ text, offset int32 }

//go:noinline
func newNode(letter byte) *node { return &node{letter: letter} }

//go:noinline
func withChild(children []*node, child *node) []*node { return append(children, child) }

//go:noinline
func newPlace(text, offset int, before *place) *place { return &place{text, offset, before} }

//go:noinline
func newExample() []byte { return make([]byte, 150) }

//go:noinline
func split(text string) []string { return strings.Fields(text) }

//go:noinline
func newFound() []completion { return make([]completion, 0, 64) }

//go:noinline
func upper(word string) string { return strings.ToUpper(word) }

func splitHere(to []string, text string) []string {
	for len(text) > 0 {
		at := strings.IndexByte(text, ' ')
		if at < 0 {
			return append(to, text)
		}
		if at > 0 {
			to = append(to, text[:at])
		}
		text = text[at+1:]
	}
	return to
}

func fillExample(example []byte, seed int) {
	for i := range example {
		example[i] = 'a' + byte(seed+i)%26
	}
}

func (c *completer) add(word string) *node {
	at := &c.root
	for i := 0; i < len(word); i++ {
		var next *node
		for _, child := range at.children {
			if child.letter == word[i] {
				next = child
				break
			}
		}
		if next == nil {
			next = newNode(word[i])
			at.children = withChild(at.children, next)
			if !c.noExamples {
				next.example = newExample()
				fillExample(next.example, int(word[i])+i)
			}
		}
		next.count++
		at = next
	}
	return at
}

// stood notes where a word stood, forgets all but the last four, and adds those up.
func (c *completer) stood(word, text, offset int) uint64 {
	sum := uint64(0)
	if c.noPlaces {
		ring := &c.ring[word]
		copy(ring[1:], ring[:3])
		ring[0] = spot{int32(text), int32(offset)}
		for i, s := range ring {
			if i > 0 && s == (spot{}) {
				break
			}
			sum = sum*3 + uint64(s.text) + uint64(s.offset)
		}
		return sum
	}
	c.places[word] = newPlace(text, offset, c.places[word])
	p := c.places[word]
	for i := 0; p != nil; i++ {
		sum = sum*3 + uint64(p.text) + uint64(p.offset)
		if i == 3 {
			p.before = nil
		}
		p = p.before
	}
	return sum
}

func (c *completer) complete(prefix string) uint64 {
	at := &c.root
	for i := 0; i < len(prefix); i++ {
		for _, child := range at.children {
			if child.letter == prefix[i] {
				at = child
				break
			}
		}
	}
	found := c.found[:0]
	if !c.noFound {
		found = newFound()
	}
	for _, child := range at.children {
		found = append(found, completion{prefix, child.count*256 + int(child.letter)})
		if len(found) == cap(found) {
			break
		}
	}
	sort.Slice(found, func(i, k int) bool { return found[i].count > found[k].count })
	sum := uint64(len(found))
	for i := range found[:min(shown, len(found))] {
		sum = sum*31 + uint64(found[i].count)
	}
	example := at.example
	if c.noExamples || example == nil {
		example = c.example[:]
		fillExample(example, int(at.letter)+len(prefix)-1)
	}
	return sum + uint64(example[7])
}

func (c *completer) length(word string) uint64 {
	if c.noWords {
		return uint64(len(word)) + uint64(word[0]) - 'a' + 'A'
	}
	big := upper(word)
	return uint64(len(big)) + uint64(big[0])
}

func (c *completer) read(number int, text string) uint64 {
	words := c.fields[:0]
	if c.noSplit {
		words = splitHere(words, text)
		c.fields = words
	} else {
		words = split(text)
	}
	sum := uint64(len(words))
	for i, word := range words {
		n := c.add(word)
		sum = sum*31 + c.stood(int(run.Hash(uint64(n.letter), word)%places), number+1, i) + c.length(word)
		if i%8 == 0 {
			sum += c.complete(word[:len(word)/2])
		}
	}
	return sum
}

func texts(random *run.Random) []string {
	all := make([]string, 400)
	names := make([]string, vocabulary)
	for i := range names {
		var name strings.Builder
		for k := uint64(0); k < 4+random.Next()%6; k++ {
			name.WriteByte('a' + byte(random.Next()%26))
		}
		names[i] = name.String()
	}
	for i := range all {
		words := make([]string, 300)
		for k := range words {
			words[k] = names[random.Next()%vocabulary]
		}
		all[i] = strings.Join(words, " ")
	}
	return all
}

func main() {
	run.Start()
	random := run.Random(99)
	all := texts(&random)
	run.End(run.Work(func(w int) (sum uint64) {
		c := &completer{random: run.Random(w + 101), found: make([]completion, 0, 64), noPlaces: run.Without("places"),
			noExamples: run.Without("examples"), noSplit: run.Without("split"), noFound: run.Without("found"),
			noWords: run.Without("upper")}
		for i := 0; i < run.Scaled(9000); i++ {
			sum = sum*31 + c.read(i, all[c.random.Next()%uint64(len(all))])
		}
		return sum
	}))
}
