// A store of JSON documents: each is decoded when it comes, some of what is read of it is kept to answer queries, and
// answers are encoded again. encoding/json's own garbage, and memory that lives long, with pointers and without.
package main

import (
	"encoding/json"
	"strconv"

	"escprof.test/validate/run"
)

const (
	documents = 9000 // that a worker keeps
	lines     = 8    // of a document
	terms     = 24   // that a document is found by
)

type line struct {
	Article string  `json:"article"`
	Count   int     `json:"count"`
	Price   float64 `json:"price"`
}

type document struct {
	Number   int    `json:"number"`
	Customer string `json:"customer"`
	Lines    []line `json:"lines"`
}

// term is a word that a document is found by: kept sorted in a tree.
type term struct {
	word        uint32
	weight      uint32
	left, right *term
}

type stored struct {
	number int
	total  float64
	terms  *term
	vector []float32
}

type answer struct {
	Number  int     `json:"number"`
	Total   float64 `json:"total"`
	Matches int     `json:"matches"`
	Score   float32 `json:"score"`
}

type store struct {
	docs   [documents]stored
	random run.Random
	text   []byte
	one    document
	vector [128]float32

	noTerms, noVectors, noDecode, noEncode, noTexts bool
}

func appendText(text []byte, number int) []byte {
	text = append(text, `{"number":`...)
	text = strconv.AppendInt(text, int64(number), 10)
	text = append(text, `,"customer":"customer `...)
	text = strconv.AppendInt(text, int64(number%977), 10)
	text = append(text, `","lines":[`...)
	for i := 0; i < lines; i++ {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, `{"article":"article `...)
		text = strconv.AppendInt(text, int64((number*31+i*17)%5000), 10)
		text = append(text, `","count":`...)
		text = strconv.AppendInt(text, int64(1+(number+i)%9), 10)
		text = append(text, `,"price":`...)
		text = strconv.AppendInt(text, int64(3+(number*i)%97), 10)
		text = append(text, '}')
	}
	return append(text, "]}"...)
}

//go:noinline
func newText(number int) []byte { return appendText(make([]byte, 0, 640), number) }

//go:noinline
func decodeNew(text []byte) *document {
	doc := &document{}
	if err := json.Unmarshal(text, doc); err != nil {
		panic(err)
	}
	return doc
}

// decodeHere reads the document without encoding/json: the fields are what the number says.
func (s *store) decodeHere(number int) *document {
	s.one.Number = number
	if s.one.Lines == nil {
		s.one.Lines = make([]line, lines)
	}
	for i := range s.one.Lines {
		s.one.Lines[i] = line{Count: 1 + (number+i)%9, Price: float64(3 + (number*i)%97)}
	}
	return &s.one
}

func wordOf(number, i int) (word, weight uint32) {
	return uint32(number*2654435761+i*40503) % 4096, uint32(number%7+i%5) + 1
}

//go:noinline
func newTerm(word, weight uint32) *term { return &term{word: word, weight: weight} }

//go:noinline
func termsOf(number int) *term {
	var root *term
	for i := 0; i < terms; i++ {
		word, weight := wordOf(number, i)
		at := &root
		for *at != nil {
			if word < (*at).word {
				at = &(*at).left
			} else {
				at = &(*at).right
			}
		}
		*at = newTerm(word, weight)
	}
	return root
}

func matches(t *term, word uint32) (count int) {
	for t != nil {
		if t.word == word {
			count += int(t.weight)
		}
		if word < t.word {
			t = t.left
		} else {
			t = t.right
		}
	}
	return count
}

func (s *store) count(doc *stored, word uint32) (count int) {
	if !s.noTerms {
		return matches(doc.terms, word)
	}
	for i := 0; i < terms; i++ {
		if w, weight := wordOf(doc.number, i); w == word {
			count += int(weight)
		}
	}
	return count
}

func fillVector(vector []float32, number int) {
	for i := range vector {
		vector[i] = float32((number*(i+3))%101) / 101
	}
}

//go:noinline
func newVector() []float32 { return make([]float32, 128) }

func (s *store) vectorOf(doc *stored) []float32 {
	if !s.noVectors {
		return doc.vector
	}
	fillVector(s.vector[:], doc.number)
	return s.vector[:]
}

func (s *store) put(number int) {
	if s.noTexts {
		s.text = appendText(s.text[:0], number)
	} else {
		s.text = newText(number)
	}
	var doc *document
	if s.noDecode {
		doc = s.decodeHere(number)
	} else {
		doc = decodeNew(s.text)
	}
	slot := &s.docs[number%documents]
	*slot = stored{number: number}
	for _, l := range doc.Lines {
		slot.total += float64(l.Count) * l.Price
	}
	if !s.noTerms {
		slot.terms = termsOf(number)
	}
	if !s.noVectors {
		slot.vector = newVector()
		fillVector(slot.vector, number)
	}
}

//go:noinline
func encodeNew(a *answer) []byte {
	text, err := json.Marshal(a)
	if err != nil {
		panic(err)
	}
	return text
}

// appendAnswer writes what json.Marshal does.
func appendAnswer(text []byte, a *answer) []byte {
	text = strconv.AppendInt(append(text, `{"number":`...), int64(a.Number), 10)
	text = strconv.AppendFloat(append(text, `,"total":`...), a.Total, 'f', -1, 64)
	text = strconv.AppendInt(append(text, `,"matches":`...), int64(a.Matches), 10)
	text = strconv.AppendFloat(append(text, `,"score":`...), float64(a.Score), 'f', -1, 32)
	return append(text, '}')
}

func (s *store) query(number int, word uint32) uint64 {
	doc := &s.docs[number%documents]
	a := answer{Number: doc.number, Total: doc.total, Matches: s.count(doc, word)}
	for i, v := range s.vectorOf(doc) {
		a.Score += v * float32(i%3)
	}
	if s.noEncode {
		s.text = appendAnswer(s.text[:0], &a)
		return run.Hash(word64(word), s.text)
	}
	return run.Hash(word64(word), encodeNew(&a))
}

func word64(word uint32) uint64 { return uint64(word) + 7 }

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		s := &store{random: run.Random(w + 3), noTerms: run.Without("terms"), noVectors: run.Without("vectors"),
			noDecode: run.Without("decoded"), noEncode: run.Without("answers"), noTexts: run.Without("texts")}
		for i := 0; i < documents; i++ {
			s.put(i)
		}
		for i := 0; i < run.Scaled(130000); i++ {
			s.put(int(s.random.Next() % 1000000))
			for k := 0; k < 3; k++ {
				sum = sum*31 + s.query(int(s.random.Next()%documents), uint32(s.random.Next()%4096))
			}
		}
		return sum
	}))
}
