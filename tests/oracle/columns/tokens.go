package main

import (
	"bytes"
	"fmt"
	"go/scanner"
	"go/token"
	"os"
)

// A sourceToken is where a token stands in the file as it was written.
type sourceToken struct {
	token        token.Token
	line, column int // from 1, columns in bytes
	offset       int
}

// A place is a position in a rewritten file.
type place struct{ line, column int }

// A rewritten is a source file with a line directive before each token: the compiler's line there is the token's number.
type rewritten struct {
	tokens   []sourceToken
	text     []byte
	at       map[place]int  // where in text a token begins, to its number
	number   map[[2]int]int // line and column in the original, to the number
	lines    map[int][]int  // line of the original, to the numbers of its tokens
	brackets map[int]int    // number of an opening bracket, to the one that closes it; and back
}

// columnLimit is where the compiler stops counting columns.
const columnLimit = 255

// endsLine tells whether a newline after T would be read as a semicolon.
func endsLine(t token.Token) bool {
	switch t {
	case token.IDENT, token.INT, token.FLOAT, token.IMAG, token.CHAR, token.STRING, token.BREAK, token.CONTINUE,
		token.FALLTHROUGH, token.RETURN, token.INC, token.DEC, token.RPAREN, token.RBRACK, token.RBRACE:
		return true
	}
	return false
}

// hasDirectives tells whether the file has line directives of its own, which ours would contradict.
func hasDirectives(source []byte) bool {
	return bytes.Contains(source, []byte("\n//line ")) || bytes.Contains(source, []byte("/*line "))
}

// rewrite puts the directives into SOURCE. A newline goes before each where none would be read as a semicolon: the
// compiler's JSON has columns of the rewritten text, which it stops counting at columnLimit.
func rewrite(source []byte) (*rewritten, error) {
	r := &rewritten{at: map[place]int{}, number: map[[2]int]int{}, lines: map[int][]int{}, brackets: map[int]int{}}
	var s scanner.Scanner
	var failed error
	set := token.NewFileSet()
	file := set.AddFile("", -1, len(source))
	s.Init(file, source, func(at token.Position, message string) { failed = fmt.Errorf("%v: %s", at, message) }, scanner.ScanComments)
	copied, line, column := 0, 1, 1
	emit := func(text []byte) {
		r.text = append(r.text, text...)
		for _, b := range text {
			column++
			if b == '\n' {
				line, column = line+1, 1
			}
		}
	}
	last, onLine := token.SEMICOLON, false
	var open []int
	for {
		position, what, literal := s.Scan()
		if what == token.EOF {
			break
		}
		if what == token.COMMENT || what == token.SEMICOLON && literal == "\n" {
			onLine = onLine && what == token.COMMENT && literal[1] != '/'
			if what == token.SEMICOLON {
				last = what
			}
			continue
		}
		offset := file.Offset(position)
		original := set.PositionFor(position, false)
		number := len(r.tokens) + 1
		emit(source[copied:offset])
		copied = offset
		if onLine && !endsLine(last) {
			emit([]byte("\n"))
		}
		emit([]byte(fmt.Sprintf("/*line :%d:1*/", number)))
		r.tokens = append(r.tokens, sourceToken{what, original.Line, original.Column, offset})
		r.at[place{line, min(column, columnLimit)}] = number
		r.number[[2]int{original.Line, original.Column}] = number
		r.lines[original.Line] = append(r.lines[original.Line], number)
		switch what {
		case token.LPAREN, token.LBRACK, token.LBRACE:
			open = append(open, number)
		case token.RPAREN, token.RBRACK, token.RBRACE:
			if len(open) > 0 {
				from := open[len(open)-1]
				r.brackets[from], r.brackets[number] = number, from
				open = open[:len(open)-1]
			}
		}
		last, onLine = what, true
	}
	emit(source[copied:])
	return r, failed
}

func rewriteFile(path string) (*rewritten, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return rewrite(source)
}
