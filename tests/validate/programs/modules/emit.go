package main

// What an instruction does.
const (
	push = iota
	load
	store
	loadFar
	invoke
	invokeFar
	compute
	jump
	jumpUnless
	leave
)

// instruction is what a compiled module is made of; name is that of what is called.
type instruction struct {
	op      uint8
	operand int64
	name    string
}

// packed is an instruction with the number of its name.
type packed struct {
	operand int64
	atom    uint32
	op      uint8
}

const (
	mostCode    = 6000 // of a module
	mostNumbers = 4096 // of a function
)

//go:noinline
func newCode(size int) []instruction { return make([]instruction, size) }

func (c *compiler) emit(op uint8, operand int64, atom uint32) {
	c.code[c.length] = packed{operand, atom, op}
	c.length++
}

func (c *compiler) local(atom uint32) int {
	for i := c.locals - 1; i >= 0; i-- {
		if c.scope[i] == atom {
			return i
		}
	}
	return -1
}

func (c *compiler) declareLocal(atom uint32) int {
	c.scope[c.locals] = atom
	c.locals++
	c.deepest = max(c.deepest, c.locals)
	return c.locals - 1
}

// emitFolded emits an expression once its constants are known.
func (c *compiler) emitFolded(n *node) {
	if c.noValues {
		c.foldPlain(n)
	} else {
		c.fold(n)
	}
	c.emitExpression(n)
}

func (c *compiler) emitExpression(n *node) {
	switch n.kind {
	case number:
		e := c.numbers[n.atom]
		c.emit(push, e.num<<16|e.den, 0)
		c.facts.constants++
	case name:
		if at := c.local(n.atom); at >= 0 {
			c.emit(load, int64(at), 0)
		} else {
			c.emit(loadFar, int64(n.of), n.atom)
		}
	case binary:
		c.emitExpression(n.left)
		c.emitExpression(n.right)
		c.emit(compute, int64(n.op), 0)
	case call:
		c.emitCall(n)
	}
}

func (c *compiler) emitCall(n *node) {
	count := int64(0)
	for argument := n.left; argument != nil; argument = argument.next {
		c.emitExpression(argument)
		count++
	}
	c.facts.calls++
	if n.of > 0 {
		if x := c.exported(c.imports[n.of-1].module, n.atom); x != nil {
			count |= int64(x.slot)<<16 | int64(x.params)<<8
		} else {
			c.undefined++
		}
		c.emit(invokeFar, count|int64(n.of)<<32, n.atom)
		return
	}
	if slot, ok := c.lookup(c.current, n.atom); ok {
		count |= int64(slot) << 16
	}
	c.emit(invoke, count, n.atom)
}

func (c *compiler) emitBlock(n *node) {
	outer := c.locals
	for ; n != nil; n = n.next {
		c.emitStatement(n)
	}
	c.locals = outer
}

func (c *compiler) emitStatement(n *node) {
	c.emitFolded(n.left)
	switch n.kind {
	case let:
		c.emit(store, int64(c.declareLocal(n.atom)), 0)
	case assign:
		if at := c.local(n.atom); at >= 0 {
			c.emit(store, int64(at), 0)
		} else {
			c.undefined++
		}
	case branch:
		c.emitBranch(n.right)
	case loop:
		begin, from := c.length, c.length
		c.emit(jumpUnless, 0, 0)
		c.emitBlock(n.right)
		c.emit(jump, int64(begin), 0)
		c.code[from].operand = int64(c.length)
	}
}

func (c *compiler) emitBranch(n *node) {
	if n.left == nil && n.right == nil {
		return
	}
	from := c.length
	c.emit(jumpUnless, 0, 0)
	c.emitBlock(n.left)
	if n.right != nil {
		over := c.length
		c.emit(jump, 0, 0)
		c.code[from].operand = int64(c.length)
		from = over
		c.emitBlock(n.right)
	}
	c.code[from].operand = int64(c.length)
}

// keepCode has the module keep what was emitted.
func (c *compiler) keepCode(m *module) {
	m.length = c.length
	if c.noCode {
		copy(c.farCode[m.number*mostCode:], c.code[:c.length])
		return
	}
	m.code = newCode(c.length)
	for i, p := range c.code[:c.length] {
		m.code[i] = instruction{p.op, p.operand, c.names[p.atom]}
	}
}

// codeAt is an instruction of a module.
func (c *compiler) codeAt(m *module, at int) (op uint8, operand int64, name string) {
	if c.noCode {
		p := &c.farCode[m.number*mostCode+at]
		return p.op, p.operand, c.names[p.atom]
	}
	i := &m.code[at]
	return i.op, i.operand, i.name
}
