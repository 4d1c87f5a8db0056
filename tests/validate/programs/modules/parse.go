package main

// What a node is.
const (
	number = iota
	name
	call
	binary
	let
	assign
	branch
	choice
	loop
)

// node is a part of a function while it is compiled; next is what comes after it in its list. That of a number has its
// place among the numbers in atom.
type node struct {
	left, right, next *node
	atom              uint32
	kind, op          uint8
	of                uint8 // import, from 1
}

//go:noinline
func newNode() *node { return new(node) }

func (c *compiler) nodeOf(kind uint8) *node {
	var n *node
	if c.noNodes {
		n = c.farNodes.Take()
	} else {
		n = newNode()
	}
	n.kind = kind
	return n
}

// Tokens that are no letter of their own.
const (
	end = iota
	word
	digits
	equal
)

func letter(b byte) bool { return b >= 'a' && b <= 'z' || b == '_' }

func digit(b byte) bool { return b >= '0' && b <= '9' }

// advance goes on to the next token.
func (c *compiler) advance() {
	text, at := c.text, c.at
	for at < len(text) && (text[at] == ' ' || text[at] == '\n') {
		at++
	}
	begin := at
	switch {
	case at == len(text):
		c.token = end
	case letter(text[at]):
		for at < len(text) && (letter(text[at]) || digit(text[at])) {
			at++
		}
		c.token, c.atom = word, c.intern(text[begin:at])
	case digit(text[at]):
		c.number = 0
		for ; at < len(text) && digit(text[at]); at++ {
			c.number = c.number*10 + int64(text[at]-'0')
		}
		c.token = digits
	case text[at] == '=' && at+1 < len(text) && text[at+1] == '=':
		c.token = equal
		at += 2
	default:
		c.token = text[at]
		at++
	}
	c.at = at
}

// intern is the number of a name, which is the same in all modules.
func (c *compiler) intern(text []byte) uint32 {
	atom, ok := c.atoms[string(text)]
	if !ok {
		atom = uint32(len(c.names))
		c.names = append(c.names, string(text))
		c.atoms[c.names[atom]] = atom
	}
	return atom
}

func (c *compiler) expect(token uint8) {
	if c.token != token {
		c.wrong++
	}
	c.advance()
}

// wordNext takes a word, and says which it is.
func (c *compiler) wordNext() uint32 {
	atom := c.atom
	c.expect(word)
	return atom
}

func (c *compiler) is(keyword uint32) bool { return c.token == word && c.atom == keyword }

var strengths = [256]int{'<': 1, equal: 1, '+': 2, '-': 2, '*': 3, '/': 3, '%': 3}

func (c *compiler) expression(strength int) *node {
	left := c.primary()
	for strengths[c.token] > strength {
		n := c.nodeOf(binary)
		n.op = c.token
		c.advance()
		n.left, n.right = left, c.expression(strengths[n.op])
		left = n
	}
	return left
}

func (c *compiler) primary() *node {
	switch c.token {
	case digits:
		n := c.nodeOf(number)
		c.known(n, exact{c.number, 1})
		c.advance()
		return n
	case '(':
		c.advance()
		n := c.expression(0)
		c.expect(')')
		return n
	}
	n := c.nodeOf(name)
	n.atom = c.wordNext()
	if c.token == '.' {
		c.advance()
		n.of = c.importOf(n.atom)
		n.atom = c.wordNext()
	}
	if c.token == '(' {
		n.kind = call
		c.advance()
		n.left = c.arguments()
	}
	return n
}

func (c *compiler) arguments() *node {
	var first *node
	for last := &first; c.token != ')' && c.token != end; last = &(*last).next {
		*last = c.expression(0)
		if c.token == ',' {
			c.advance()
		}
	}
	c.expect(')')
	return first
}

func (c *compiler) block() *node {
	var first *node
	c.expect('{')
	for last := &first; c.token != '}' && c.token != end; last = &(*last).next {
		*last = c.statement()
	}
	c.expect('}')
	return first
}

func (c *compiler) statement() *node {
	switch {
	case c.is(keywordWhile):
		c.advance()
		n := c.nodeOf(loop)
		n.left = c.expression(0)
		n.right = c.block()
		return n
	case c.is(keywordIf):
		c.advance()
		n := c.nodeOf(branch)
		n.left = c.expression(0)
		n.right = c.nodeOf(choice)
		n.right.left = c.block()
		if c.is(keywordElse) {
			c.advance()
			n.right.right = c.block()
		}
		return n
	}
	n := c.nodeOf(assign)
	if c.is(keywordLet) {
		c.advance()
		n.kind = let
	}
	n.atom = c.wordNext()
	c.expect('=')
	n.left = c.expression(0)
	c.expect(';')
	return n
}
