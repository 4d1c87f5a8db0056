// A game is searched: positions, their moves, and what is known of positions that were seen before. Copies of boards as
// garbage, a table with pointers that lives on.
package main

import (
	"escprof.test/validate/run"
)

const (
	squares = 64
	seen    = 120000 // positions that a worker remembers
	depth   = 4
)

type board struct {
	squares [squares]int8
	turn    int8
}

type move struct{ from, to int8 }

// known is what was found out about a position, and the line of moves that was best.
type known struct {
	hash  uint64
	score int32
	line  *step
}

type step struct {
	move  move
	score int32
	next  *step
}

type search struct {
	table  [seen]*known
	random run.Random
	boards [depth + 2]board

	noBoards, noMoves, noLines, noNotes bool

	note []byte
}

//go:noinline
func copyOf(b *board) *board {
	c := *b
	return &c
}

//go:noinline
func newMoves() []*move { return make([]*move, 0, 12) }

//go:noinline
func newMove(from, to int8) *move { return &move{from, to} }

//go:noinline
func newKnown(hash uint64, score int32) *known { return &known{hash: hash, score: score} }

//go:noinline
func newNote() []byte { return make([]byte, 256) }

func stepOf(hash uint64, i int) (move, int32) {
	at := hash >> (i * 7)
	return move{int8(at % squares), int8(at / 7 % squares)}, int32(at%41) - 20
}

//go:noinline
func newLine(hash uint64) *step {
	var first *step
	for i := depth - 1; i >= 0; i-- {
		m, score := stepOf(hash, i)
		first = &step{m, score, first}
	}
	return first
}

func (b *board) hash() uint64 {
	sum := uint64(b.turn)
	for _, s := range b.squares {
		sum = (sum ^ uint64(s)) * 0x100000001b3
	}
	return sum ^ sum>>29
}

func (b *board) play(m move) {
	b.squares[m.to] = b.squares[m.from] + 1
	b.squares[m.from] = 0
	b.turn ^= 1
}

// some are the moves that are looked at: eight, wherever the position's hash says.
func some(hash uint64, i int) move {
	at := hash >> (i * 5)
	return move{int8(at % squares), int8((at*13 + uint64(i)) % squares)}
}

const width = 6

// lineScore is what the best line is worth.
func (s *search) lineScore(k *known, hash uint64) (score int32) {
	if s.noLines {
		for i := 0; i < depth; i++ {
			_, one := stepOf(hash, i)
			score += one
		}
		return score
	}
	for l := k.line; l != nil; l = l.next {
		score += l.score
	}
	return score
}

func (s *search) remembered(hash uint64) (int32, bool) {
	if k := s.table[hash%seen]; k != nil && k.hash == hash {
		return k.score + s.lineScore(k, hash), true
	}
	return 0, false
}

func (s *search) remember(hash uint64, score int32) {
	k := newKnown(hash, score)
	if !s.noLines {
		k.line = newLine(hash)
	}
	s.table[hash%seen] = k
}

func (s *search) after(b *board, m move, left int) *board {
	var next *board
	if s.noBoards {
		next = &s.boards[left]
		*next = *b
	} else {
		next = copyOf(b)
	}
	next.play(m)
	return next
}

func (s *search) noted(hash uint64) int32 {
	note := s.note
	if !s.noNotes {
		note = newNote()
	}
	for i := range note {
		note[i] = byte(hash >> (i % 8))
	}
	return int32(note[hash%256] & 3)
}

func (s *search) best(b *board, left int) int32 {
	hash := b.hash()
	if score, ok := s.remembered(hash); ok {
		return score
	}
	if left == 0 {
		score := int32(hash%201) - 100 + s.noted(hash)
		s.remember(hash, score)
		return score
	}
	best := int32(-1 << 20)
	if s.noMoves {
		for i := 0; i < width; i++ {
			best = max(best, -s.best(s.after(b, some(hash, i), left), left-1))
		}
	} else {
		list := newMoves()
		for i := 0; i < width; i++ {
			m := some(hash, i)
			list = append(list, newMove(m.from, m.to))
		}
		for _, m := range list {
			best = max(best, -s.best(s.after(b, *m, left), left-1))
		}
	}
	s.remember(hash, best)
	return best
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		s := &search{random: run.Random(w + 91), note: make([]byte, 256), noBoards: run.Without("boards"),
			noMoves: run.Without("moves"), noLines: run.Without("lines"), noNotes: run.Without("notes")}
		for i := 0; i < run.Scaled(2600); i++ {
			var start board
			for k := range start.squares {
				start.squares[k] = int8(s.random.Next() % 7)
			}
			sum = sum*31 + uint64(s.best(&start, depth))
		}
		return sum
	}))
}
