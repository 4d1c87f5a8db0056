package main

import (
	"bytes"
	"strconv"

	"escprof.test/validate/outside"
	"escprof.test/validate/run"
)

// A source is a package's file: comments, and a rule in each line that is none, as
//
//	(rule (seed 123456) (needs 00012 00345 01200) (export (+ 17 $00)) (flags (! 3 12 (n 0))))
//
// The files are mapped into memory; what is in parentheses begins with what it does.
type source struct {
	text []byte
	at   [perPackage]int // of the rules
}

const (
	seedAt   = len("(rule (seed ")
	seedSize = 6
	needsAt  = seedAt + seedSize + len(") (needs ")
	needSize = 5
)

// The operations, by their letters: a literal, a variable, the rule's seed, what another rule exports, a value of the
// configuration, a setting of the package, arithmetic, a choice, three values with names, a sum over a range, and a call
// of what is built in.
const (
	opLiteral  = '#'
	opVariable = '$'
	opSeed     = 's'
	opNeed     = 'n'
	opConfig   = 'c'
	opSetting  = 'S'
	opAdd      = '+'
	opMultiply = '*'
	opMix      = '^'
	opIf       = '?'
	opLet      = 'l'
	opEach     = 'e'
	opCall     = '!'
)

type node struct {
	op     byte
	slot   byte // of a variable
	number int64
	kids   []*node
}

// write puts some expression at the end of a text. DEPTH is how many scopes it is in, NEEDS whether it can ask for what
// other rules export.
func write(text []byte, random *run.Random, level, depth int, needs bool) []byte {
	r := random.Next() >> 12
	choice, number := r%16, int64(r>>8%1000)
	if level == 0 || choice < 2 {
		switch {
		case choice%4 == 0 && depth > 0:
			return append(text, '$', byte('0'+number%int64(depth)), byte('0'+number%bound))
		case choice%4 == 1 && needs:
			return append(append(text, "(n "...), byte('0'+number%needed), ')')
		case choice%4 == 2:
			return append(append(text, "(c "...), byte('0'+number%settled), ')')
		case choice%4 == 3:
			return append(strconv.AppendInt(append(text, "(S "...), number%150, 10), ')')
		}
		return strconv.AppendInt(text, number*7919, 10)
	}
	ops, kids := "+*^?", 2
	op := ops[choice%4]
	switch {
	case choice >= 12:
		op = opCall
	case choice >= 9 && depth+1 < deepest:
		op = opLet
	case choice >= 7 && depth+1 < deepest:
		op = opEach
	}
	text = append(text, '(', op, ' ')
	if op == opCall {
		text = append(strconv.AppendInt(text, number%int64(len(builtins)), 10), ' ')
	}
	if op == opEach {
		text, kids = append(strconv.AppendInt(text, 2+number%5, 10), ' '), 0
	}
	if op == opLet {
		kids = bound
	}
	if op == opIf {
		kids = 3
	}
	for i := 0; i < kids; i++ {
		text = append(write(text, random, level-1, depth, needs), ' ')
	}
	if op == opLet || op == opEach {
		text = write(text, random, level-1, depth+1, needs)
	}
	return append(text, ')')
}

// newSource writes the file of a package.
func newSource(number int, random *run.Random) (s source) {
	var text []byte
	note := []byte("; what this is for, and who is to be asked about it, so that nobody has to look for it elsewhere\n")
	lines := 1 + number*number%17*number%23
	for i := 0; i < perPackage; i++ {
		for k := 0; k < lines; k++ {
			text = append(text, note...)
		}
		s.at[i] = len(text)
		text = append(text, "(rule (seed 100000) (needs 00000 00000 00000) (export "...)
		text = append(write(text, random, 2, 0, false), ") (flags "...)
		text = append(write(text, random, 3, 0, true), "))\n"...)
	}
	s.text = outside.Slice[byte](len(text))
	copy(s.text, text)
	for i := range s.at {
		for k := 0; k < needed; k++ {
			s.setNeed(i, k, int(random.Next()>>20%allRules))
		}
	}
	return s
}

// digits writes a number into a place of fixed width.
func digits(place []byte, number int) {
	for i := len(place) - 1; i >= 0; i-- {
		place[i] = byte('0' + number%10)
		number /= 10
	}
}

func (s *source) setSeed(rule, seed int) { digits(s.text[s.at[rule]+seedAt:][:seedSize], seed) }

func (s *source) setNeed(rule, slot, need int) {
	digits(s.text[s.at[rule]+needsAt+slot*(needSize+1):][:needSize], need)
}

// parser goes through a line.
type parser struct {
	text []byte
	at   int
}

func (p *parser) skip(text string) {
	if !bytes.HasPrefix(p.text[p.at:], []byte(text)) {
		panic(text + " is expected in " + string(p.text))
	}
	p.at += len(text)
}

func (p *parser) space() {
	for p.text[p.at] == ' ' {
		p.at++
	}
}

func (p *parser) number() (n int64) {
	for ; p.text[p.at] >= '0' && p.text[p.at] <= '9'; p.at++ {
		n = n*10 + int64(p.text[p.at]-'0')
	}
	return n
}

func (p *parser) expression() *node {
	p.space()
	switch c := p.text[p.at]; {
	case c == opVariable:
		p.at += 3
		return &node{op: opVariable, number: int64(p.text[p.at-2] - '0'), slot: p.text[p.at-1] - '0'}
	case c != '(':
		return &node{op: opLiteral, number: p.number()}
	}
	n := &node{op: p.text[p.at+1]}
	p.at += 2
	p.space()
	switch n.op {
	case opNeed, opConfig, opSetting, opEach, opCall:
		n.number = p.number()
		p.space()
	}
	for p.text[p.at] != ')' {
		n.kids = append(n.kids, p.expression())
		p.space()
	}
	p.at++
	return n
}
