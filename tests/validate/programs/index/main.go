// A search index is built of documents, batch after batch: words, postings, and the texts themselves. A big live heap
// of strings and small slices that grows while the program runs, and is dropped at the end of each batch.
package main

import (
	"strings"

	"escprof.test/validate/run"
)

const documents = 700 // of a batch

// texts is what there is to read: sentences of a vocabulary whose words are of very different frequency.
func texts(random *run.Random, count int) [][]byte {
	const letters = "etaoinshrdlcumwfgypbvk"
	vocabulary := make([]string, 6000)
	for i := range vocabulary {
		var word strings.Builder
		for k := uint64(0); k < 4+random.Next()%9; k++ {
			word.WriteByte(letters[random.Next()%uint64(len(letters))])
		}
		vocabulary[i] = word.String()
	}
	all := make([][]byte, count)
	for i := range all {
		for k := 0; k < 500; k++ {
			a, b := random.Next()%6000, random.Next()%6000
			all[i] = append(append(all[i], vocabulary[a*b/6000]...), ' ')
		}
	}
	return all
}

type posting struct{ document, position int32 }

type list struct {
	word     string
	postings []posting
}

type index struct {
	words  map[string]*list
	titles []string
	kept   []*snippet

	intern, noSnippets, reuseSeen bool
	seen                          map[string]int
}

// snippet is what a result page shows of a document.
type snippet struct {
	title string
	text  [96]byte
	words []string
}

//go:noinline
func wordOf(text []byte) string { return string(text) }

// word is the text as a string: a new one, or the one that was made the first time.
func (x *index) word(text []byte) string {
	if x.intern {
		if words := x.words[string(text)]; words != nil {
			return words.word
		}
	}
	return wordOf(text)
}

//go:noinline
func newSnippet() *snippet { return &snippet{} }

//go:noinline
func (x *index) keep(shown *snippet) { x.kept = append(x.kept, shown) }

//go:noinline
func newSeen() map[string]int { return make(map[string]int) }

//go:noinline
func (x *index) readInNew(number int, text []byte) uint64 { return x.read(number, text, newSeen()) }

func (x *index) add(number int, text []byte) uint64 {
	if !x.noSnippets {
		for i := 0; i < 12; i++ {
			shown := newSnippet()
			copy(shown.text[:], text[i*90:])
			x.keep(shown)
		}
	}
	if !x.reuseSeen {
		return x.readInNew(number, text)
	}
	clear(x.seen)
	return x.read(number, text, x.seen)
}

//go:noinline
func note(seen map[string]int, word string) { seen[word]++ }

func (x *index) read(number int, text []byte, seen map[string]int) uint64 {
	start, position := 0, int32(0)
	for at, c := range text {
		if c != ' ' {
			continue
		}
		word := x.word(text[start:at])
		note(seen, word)
		x.post(word, posting{int32(number), position})
		start = at + 1
		position++
	}
	return uint64(len(seen))
}

//go:noinline
func (x *index) post(word string, p posting) {
	words := x.words[word]
	if words == nil {
		words = &list{word: word}
		x.words[word] = words
	}
	words.postings = append(words.postings, p)
}

func (x *index) sum() uint64 {
	sum := uint64(len(x.words))
	for word, words := range x.words {
		sum += run.Hash(uint64(len(words.postings)), word)
	}
	return sum
}

func main() {
	run.Start()
	random := run.Random(4711)
	all := texts(&random, documents)
	run.End(run.Work(func(int) (sum uint64) {
		for batch := 0; batch < run.Scaled(27); batch++ {
			x := &index{words: make(map[string]*list), intern: run.Without("words"),
				noSnippets: run.Without("snippets"), reuseSeen: run.Without("seen"),
				seen: make(map[string]int)}
			for i, text := range all {
				sum += x.add(i, text)
			}
			sum += x.sum()
		}
		return sum
	}))
}
