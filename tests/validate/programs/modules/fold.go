package main

// exact is a number that the compiler knows.
type exact struct{ num, den int64 }

// A value is what a constant expression comes to.
type value interface{ exact() exact }

type (
	whole int64
	ratio exact
)

func (w whole) exact() exact { return exact{int64(w), 1} }

func (r ratio) exact() exact { return exact(r) }

//go:noinline
func boxed(e exact) value {
	if e.den == 1 {
		return whole(e.num)
	}
	return ratio(e)
}

// reduced is a number without common factors, and not too large.
func reduced(num, den int64) exact {
	if den == 0 {
		return exact{0, 1}
	}
	if den < 0 {
		num, den = -num, -den
	}
	a, b := max(num, -num), den
	for b != 0 {
		a, b = b, a%b
	}
	num, den = num/a, den/a
	if den > 10000 {
		num, den = num/den, 1
	}
	return exact{num % 1000003, den}
}

func combine(op uint8, a, b exact) exact {
	switch op {
	case '+':
		return reduced(a.num*b.den+b.num*a.den, a.den*b.den)
	case '-':
		return reduced(a.num*b.den-b.num*a.den, a.den*b.den)
	case '*':
		return reduced(a.num*b.num, a.den*b.den)
	case '/':
		return reduced(a.num*b.den, a.den*b.num)
	case '%':
		if low := b.num / b.den; low != 0 {
			return exact{a.num / a.den % low, 1}
		}
	case '<':
		if a.num*b.den < b.num*a.den {
			return exact{1, 1}
		}
	case equal:
		if a == b {
			return exact{1, 1}
		}
	}
	return exact{0, 1}
}

// known makes a node that of a number.
func (c *compiler) known(n *node, e exact) {
	c.numbers[c.numbered] = e
	n.kind, n.atom = number, c.numbered
	n.left, n.right = nil, nil
	c.numbered++
}

// fold replaces what is constant in an expression by its value, which it is where all of it is.
func (c *compiler) fold(n *node) value {
	switch n.kind {
	case number:
		return boxed(c.numbers[n.atom])
	case name:
		if e, ok := c.constantOf(n); ok {
			c.known(n, e)
			return boxed(e)
		}
	case call:
		for argument := n.left; argument != nil; argument = argument.next {
			c.fold(argument)
		}
	case binary:
		left, right := c.fold(n.left), c.fold(n.right)
		if left != nil && right != nil {
			v := boxed(combine(n.op, left.exact(), right.exact()))
			c.known(n, v.exact())
			return v
		}
	}
	return nil
}

// foldPlain is fold without interfaces.
func (c *compiler) foldPlain(n *node) (e exact, ok bool) {
	switch n.kind {
	case number:
		return c.numbers[n.atom], true
	case name:
		if e, ok = c.constantOf(n); ok {
			c.known(n, e)
		}
		return e, ok
	case call:
		for argument := n.left; argument != nil; argument = argument.next {
			c.foldPlain(argument)
		}
	case binary:
		left, knowsLeft := c.foldPlain(n.left)
		right, knowsRight := c.foldPlain(n.right)
		if knowsLeft && knowsRight {
			e = combine(n.op, left, right)
			c.known(n, e)
			return e, true
		}
	}
	return exact{}, false
}
