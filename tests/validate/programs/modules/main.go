// A compiler of many modules: it takes a module's text in, parses it function by function, computes what is constant,
// and keeps the code, the names and what is known of the functions until the text, or what other modules have for it,
// is another. What is kept answers questions in between.
package main

import (
	"escprof.test/validate/outside"
	"escprof.test/validate/run"

	"github.com/cespare/xxhash/v2"
)

const (
	modules       = 440
	templates     = 48
	mostImports   = 3
	mostFunctions = 60
	constantsFrom = 1000 // slots of constants
	farNames      = 256  // places for a module's names
	questions     = 24   // that are asked between two modules
)

// Words with a meaning, in the order in which they are interned.
const (
	keywordImport = iota + 1
	keywordAs
	keywordConst
	keywordPub
	keywordFunc
	keywordLet
	keywordIf
	keywordElse
	keywordWhile
)

var keywords = []string{"", "import", "as", "const", "pub", "func", "let", "if", "else", "while"}

// summary is what is known of a function.
type summary struct {
	hash                   uint64
	size, params, locals   int32
	calls, constants, when int32
}

// export is a name that a module has for others, in the tree of the module.
type export struct {
	left, right *export
	key, atom   uint32
	slot        int32
	params      int32
	value       exact
}

type module struct {
	number, version int
	hash            uint64
	face            uint64 // of all exports
	stale           bool
	imports         [mostImports]int
	code            []instruction
	length          int // of the code
	names           map[string]int32
	summaries       [mostFunctions]*summary
	functions       int
	constants       []exact
	exports         *export
}

type imported struct {
	atom   uint32
	module *module
}

type farName struct {
	atom uint32
	slot int32
}

type compiler struct {
	worker    int
	templates [templates]template
	modules   [modules]*module
	atoms     map[string]uint32
	names     []string
	random    run.Random
	compiled  int32

	text    []byte
	at      int
	token   uint8
	atom    uint32
	number  int64
	current *module

	imports  [mostImports]imported
	imported int
	scope    [256]uint32
	locals   int
	deepest  int
	facts    summary
	numbers  *[mostNumbers]exact
	numbered uint32
	code     *[mostCode]packed
	length   int

	wrong, undefined int

	farNodes     *outside.Arena[node]
	farSummaries []summary
	farExports   *outside.Arena[export]
	farNames     []farName
	farCode      []packed

	noSources, noNodes, noSummaries, noExports, noNames, noValues, noCode bool
}

var (
	fixedSources [run.Workers][128 << 10]byte
	fixedCode    [run.Workers][mostCode]packed
	fixedNumbers [run.Workers][mostNumbers]exact
)

//go:noinline
func newSource(size int) []byte { return make([]byte, size) }

//go:noinline
func newSummary() *summary { return new(summary) }

//go:noinline
func newExport() *export { return new(export) }

//go:noinline
func newNames(count int) map[string]int32 { return make(map[string]int32, count) }

//go:noinline
func enterName(names map[string]int32, name string, slot int32) { names[name] = slot }

func newCompiler(w int) *compiler {
	c := &compiler{worker: w, random: run.Random(w + 401), atoms: map[string]uint32{}, code: &fixedCode[w],
		numbers:   &fixedNumbers[w],
		noSources: run.Without("sources"), noNodes: run.Without("nodes"), noSummaries: run.Without("summaries"),
		noExports: run.Without("exports"), noNames: run.Without("names"), noValues: run.Without("values"),
		noCode: run.Without("code")}
	if c.noNodes {
		c.farNodes = outside.NewArena[node](1 << 20)
	}
	if c.noSummaries {
		c.farSummaries = outside.Slice[summary](modules * mostFunctions)
	}
	if c.noExports {
		c.farExports = outside.NewArena[export](modules * 256)
	}
	if c.noNames {
		c.farNames = outside.Slice[farName](modules * farNames)
	}
	if c.noCode {
		c.farCode = outside.Slice[packed](modules * mostCode)
	}
	for _, keyword := range keywords {
		c.intern([]byte(keyword))
	}
	for i := range c.templates {
		c.templates[i] = newTemplate(run.Random(c.random.Next()))
	}
	for i := range c.modules {
		c.modules[i] = &module{number: i}
	}
	for _, m := range c.modules {
		c.compile(m)
	}
	return c
}

// source is the text of a module as it is now.
func (c *compiler) source(m *module) []byte {
	t := &c.templates[m.number%templates]
	var text []byte
	if c.noSources {
		text = fixedSources[c.worker][:len(t.text)]
	} else {
		text = newSource(len(t.text))
	}
	copy(text, t.text)
	for i, at := range t.marks {
		text[at] = '0' + byte((m.version*7+i*3+m.number)%10)
	}
	return text
}

// enter gives a name of the module a slot.
func (c *compiler) enter(m *module, atom uint32, slot int32) {
	if !c.noNames {
		enterName(m.names, c.names[atom], slot)
		return
	}
	names := c.farNames[m.number*farNames : (m.number+1)*farNames]
	for at := atom * 2654435761 >> 24; ; at = (at + 1) % farNames {
		if names[at].atom == 0 || names[at].atom == atom {
			names[at] = farName{atom, slot}
			return
		}
	}
}

func (c *compiler) lookup(m *module, atom uint32) (slot int32, ok bool) {
	if !c.noNames {
		slot, ok = m.names[c.names[atom]]
		return slot, ok
	}
	names := c.farNames[m.number*farNames : (m.number+1)*farNames]
	for at := atom * 2654435761 >> 24; names[at].atom != 0; at = (at + 1) % farNames {
		if names[at].atom == atom {
			return names[at].slot, true
		}
	}
	return 0, false
}

func (c *compiler) summaryOf(m *module, at int) *summary {
	if c.noSummaries {
		return &c.farSummaries[m.number*mostFunctions+at]
	}
	return m.summaries[at]
}

func (c *compiler) exported(m *module, atom uint32) *export {
	key := atom * 2654435761
	x := m.exports
	for x != nil && x.key != key {
		if key < x.key {
			x = x.left
		} else {
			x = x.right
		}
	}
	return x
}

// export enters a name into the tree of what others see.
func (c *compiler) export(m *module, atom uint32, slot, params int32, value exact) {
	key := atom * 2654435761
	at := &m.exports
	for *at != nil {
		if key < (*at).key {
			at = &(*at).left
		} else {
			at = &(*at).right
		}
	}
	if c.noExports {
		*at = c.farExports.Take()
	} else {
		*at = newExport()
	}
	x := *at
	x.key, x.atom, x.slot, x.params, x.value = key, atom, slot, params, value
}

func (c *compiler) release(x *export) {
	if x != nil {
		c.release(x.left)
		c.release(x.right)
		c.farExports.Give(x)
	}
}

func (x *export) face(sum uint64) uint64 {
	if x == nil {
		return sum
	}
	sum = x.left.face(sum)
	sum = sum*31 + uint64(x.atom)<<32 + uint64(x.slot)<<8 + uint64(x.params)
	return x.right.face(sum*31 + uint64(x.value.num) + uint64(x.value.den))
}

// constantOf is the value of a name that has one.
func (c *compiler) constantOf(n *node) (exact, bool) {
	if n.of > 0 || c.local(n.atom) >= 0 {
		return exact{}, false
	}
	slot, ok := c.lookup(c.current, n.atom)
	if !ok || slot < constantsFrom {
		return exact{}, false
	}
	return c.current.constants[slot-constantsFrom], true
}

func (c *compiler) importOf(atom uint32) uint8 {
	for i := range c.imports[:c.imported] {
		if c.imports[i].atom == atom {
			return uint8(i + 1)
		}
	}
	c.wrong++
	return 0
}

func (c *compiler) importNext() {
	c.advance()
	number := (c.current.number + int(c.number)) % modules
	c.expect(digits)
	if !c.is(keywordAs) {
		c.wrong++
	}
	c.advance()
	c.imports[c.imported] = imported{c.wordNext(), c.modules[number]}
	c.current.imports[c.imported] = number
	c.imported++
	c.expect(';')
}

func (c *compiler) constantNext(public bool) {
	c.advance()
	atom := c.wordNext()
	c.expect('=')
	n := c.expression(0)
	c.expect(';')
	if c.noValues {
		c.foldPlain(n)
	} else {
		c.fold(n)
	}
	value := c.numbers[n.atom]
	m := c.current
	slot := int32(constantsFrom + len(m.constants))
	m.constants = append(m.constants, value)
	c.enter(m, atom, slot)
	if public {
		c.export(m, atom, slot, -1, value)
	}
}

func (c *compiler) functionNext(public bool) {
	c.advance()
	m, atom := c.current, c.wordNext()
	slot := m.functions
	m.functions++
	c.locals, c.deepest, c.facts = 0, 0, summary{}
	c.expect('(')
	for c.token == word {
		c.declareLocal(c.wordNext())
		if c.token == ',' {
			c.advance()
		}
	}
	c.expect(')')
	params, begin := int32(c.locals), c.length
	c.enter(m, atom, int32(slot))
	if public {
		c.export(m, atom, int32(slot), params, exact{})
	}
	c.emitBlock(c.block())
	c.emit(leave, 0, 0)
	c.facts.size, c.facts.params, c.facts.locals = int32(c.length-begin), params, int32(c.deepest)
	for _, p := range c.code[begin:c.length] {
		c.facts.hash = (c.facts.hash ^ uint64(p.operand) + uint64(p.op)<<56 + uint64(p.atom)) * 0x100000001b3
	}
	c.facts.when = c.compiled
	c.locals = 0
	if !c.noSummaries {
		m.summaries[slot] = newSummary()
	}
	*c.summaryOf(m, slot) = c.facts
}

// forget has a module know nothing.
func (c *compiler) forget(m *module) {
	if c.noExports {
		c.release(m.exports)
	}
	m.exports = nil
	if c.noNames {
		clear(c.farNames[m.number*farNames : (m.number+1)*farNames])
	} else {
		m.names = newNames(m.functions + len(m.constants))
	}
	m.functions, m.constants = 0, m.constants[:0]
}

// compile makes a module new when its text is another, or what it is told by others.
func (c *compiler) compile(m *module) (sum uint64) {
	text := c.source(m)
	hash := xxhash.Sum64(text)
	if hash == m.hash && !m.stale {
		return hash
	}
	m.hash, m.stale = hash, false
	c.compiled++
	c.forget(m)
	c.text, c.at, c.current, c.imported, c.length = text, 0, m, 0, 0
	for c.advance(); c.token != end; {
		public := c.is(keywordPub)
		if public {
			c.advance()
		}
		switch {
		case c.is(keywordImport):
			c.importNext()
		case c.is(keywordConst):
			c.constantNext(public)
		case c.is(keywordFunc):
			c.functionNext(public)
		default:
			c.wrong++
			c.advance()
		}
		c.numbered = 0
		if c.noNodes {
			c.farNodes.Empty()
		}
	}
	c.text = nil
	c.keepCode(m)
	c.announce(m)
	return hash + m.face + uint64(c.length)
}

// announce has the modules that import one know when it has other things for them.
func (c *compiler) announce(m *module) {
	face := m.exports.face(0)
	if face == m.face {
		return
	}
	m.face = face
	for _, other := range c.modules {
		for _, number := range other.imports {
			if number == m.number {
				other.stale = true
			}
		}
	}
}

// ask looks at what is known of a module.
func (c *compiler) ask() (sum uint64) {
	random := c.random.Next()
	m := c.modules[random>>20%modules]
	atom := uint32(random >> 32 % uint64(len(c.names)))
	if slot, ok := c.lookup(m, atom); ok && slot < constantsFrom {
		s := c.summaryOf(m, int(slot))
		sum = s.hash + uint64(s.size) + uint64(s.locals)
	}
	if x := c.exported(m, atom); x != nil {
		sum += uint64(x.params) + uint64(x.value.num)
	}
	from := int(random >> 40 % uint64(m.length))
	for at := from; at < min(from+16, m.length); at++ {
		op, operand, name := c.codeAt(m, at)
		sum = sum*31 + uint64(op) + uint64(operand) + uint64(len(name))
	}
	return sum
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		c := newCompiler(w)
		for i := 0; i < run.Scaled(23000); i++ {
			random := c.random.Next()
			m := c.modules[random>>20%modules]
			if random%3 > 0 {
				m.version++
			}
			sum = sum*31 + c.compile(m)
			for k := 0; k < questions; k++ {
				sum = sum*31 + c.ask()
			}
		}
		return sum + uint64(c.wrong)<<32 + uint64(c.undefined)
	}))
}
