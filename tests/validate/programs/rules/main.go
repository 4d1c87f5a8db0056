// A build tool that stays: packages have rules, which export values and have flags that are evaluated for each
// configuration. What came out is kept until a rule, or one that it needs, is edited; a package whose file was touched is
// read again.
package main

import (
	"bytes"
	"errors"
	"strconv"

	"escprof.test/validate/outside"
	"escprof.test/validate/run"

	"github.com/cespare/xxhash/v2"
)

const (
	packages   = 240
	perPackage = 22
	allRules   = packages * perPackage
	configs    = 6
	needed     = 3  // rules that a rule needs
	settled    = 8  // values of a configuration
	deepest    = 6  // scopes, one in another
	bound      = 3  // names of a scope that are used
	slots      = 8  // names of a scope
	flags      = 14 // of a target
	most       = 160
	words      = 3000
	edited     = 4 // rules in a step, at most
	asked      = 40
)

// scope has the values of names.
type scope struct {
	outer  *scope
	of     *node
	values [slots]int64
}

// result is what a rule exports in a configuration.
type result struct {
	sum        [4]uint64
	step, uses int64
}

// edge is to a rule that needs another one.
type edge struct {
	of   *rule
	next *edge
	slot int32
}

// target is a rule in a configuration.
type target struct {
	of    *rule
	flags [flags]string
	needs [needed]*result
	step  int64
}

// packed is the same in numbers.
type packed struct {
	flags [flags]int32
	needs [needed]int32
	known bool
	step  int64
}

// unset says that a package has no such setting.
type unset struct {
	of     *rule
	number int64
	config int
}

func (u *unset) Error() string { return "there is no setting " + strconv.Itoa(int(u.number)) }

var errUnset = errors.New("there is no such setting")

type rule struct {
	number     int
	hash       uint64
	seed       int64
	needs      [needed]*rule
	exports    *node
	flags      *node
	dependents *edge
}

// A value is a number, for what is built in.
type value interface{}

type function struct {
	values  func(a, b value) value
	numbers func(a, b int64) int64
}

func lesser(a, b int64) int64  { return min(a, b) }
func greater(a, b int64) int64 { return max(a, b) }
func apart(a, b int64) int64   { return max(a-b, b-a) }
func aligned(a, b int64) int64 { return (a + b | 63) &^ b }
func scaled(a, b int64) int64  { return a*1000003 ^ b>>3 }

// onValues is what does the same to values.
func onValues(f func(a, b int64) int64) function {
	return function{func(a, b value) value { return newNumber(f(a.(int64), b.(int64))) }, f}
}

var builtins = [...]function{onValues(lesser), onValues(greater), onValues(apart), onValues(aligned), onValues(scaled)}

type workspace struct {
	sources  [packages]source
	rules    [allRules]*rule
	results  []*result // by rule and configuration, as all that follows
	targets  []*target
	settings [packages * configs][]string
	words    [words]string
	configs  [configs][settled]int64
	dirty    []*rule
	random   run.Random
	step     int64

	// The same without objects of the heap.
	plainResults []result
	exported     []bool
	packed       []packed
	heads, nexts []int32
	numbers      []int32
	settledAt    []bool

	noTexts, noScopes, noResults, noEdges, noSettings, noValues, noTargets bool
}

// context is what an expression is evaluated in.
type context struct {
	of     *rule
	config int
	scope  *scope
	depth  int
	values [deepest][slots]int64 // scopes that are no objects
	needs  [needed]int64
}

//go:noinline
func newText(size int) []byte { return make([]byte, size) }

//go:noinline
func newScope(outer *scope, of *node) *scope { return &scope{outer: outer, of: of} }

//go:noinline
func newResult() *result { return new(result) }

//go:noinline
func newEdge(of *rule, slot int32, next *edge) *edge { return &edge{of, next, slot} }

//go:noinline
func newSettings(count int) []string { return make([]string, count) }

//go:noinline
func newNumber(n int64) value { return n }

//go:noinline
func newUnset(of *rule, number int64, config int) error { return &unset{of, number, config} }

//go:noinline
func newTarget() *target { return new(target) }

func newWorkspace(worker int) *workspace {
	w := &workspace{random: run.Random(worker + 307), results: make([]*result, allRules*configs),
		targets: make([]*target, allRules*configs), noTexts: run.Without("texts"), noScopes: run.Without("scopes"),
		noResults: run.Without("results"), noEdges: run.Without("edges"), noSettings: run.Without("settings"),
		noValues: run.Without("values"), noTargets: run.Without("targets")}
	if w.noResults {
		w.plainResults, w.exported = outside.Slice[result](allRules*configs), outside.Slice[bool](allRules*configs)
	}
	if w.noEdges {
		w.heads, w.nexts = outside.Slice[int32](allRules), outside.Slice[int32](allRules*needed)
	}
	if w.noSettings {
		w.numbers, w.settledAt = outside.Slice[int32](packages*configs*most), outside.Slice[bool](packages*configs)
	}
	if w.noTargets {
		w.packed = outside.Slice[packed](allRules * configs)
	}
	for i := range w.words {
		w.words[i] = "--some-option=" + strconv.Itoa(i*i)
	}
	for i := range w.configs {
		for k := range w.configs[i] {
			w.configs[i][k] = int64(w.random.Next() >> 40)
		}
	}
	for i := range w.rules {
		w.rules[i] = &rule{number: i}
	}
	for i := range w.sources {
		w.sources[i] = newSource(i, &w.random)
		w.load(i)
		w.refresh()
	}
	return w
}

// at is the place of a rule in a configuration.
func at(r *rule, config int) int { return r.number*configs + config }

// connect says that a rule needs another one.
func (w *workspace) connect(r *rule, slot int, to *rule) {
	r.needs[slot] = to
	if w.noEdges {
		number := r.number*needed + slot
		w.nexts[number] = w.heads[to.number]
		w.heads[to.number] = int32(number) + 1
		return
	}
	to.dependents = newEdge(r, int32(slot), to.dependents)
}

func (w *workspace) disconnect(r *rule, slot int) {
	from := r.needs[slot]
	if from == nil {
		return
	}
	if w.noEdges {
		number := int32(r.number*needed+slot) + 1
		at := &w.heads[from.number]
		for *at != number {
			at = &w.nexts[*at-1]
		}
		*at = w.nexts[number-1]
		return
	}
	at := &from.dependents
	for (*at).of != r || (*at).slot != int32(slot) {
		at = &(*at).next
	}
	*at = (*at).next
}

// parse has a rule as its line says.
func (w *workspace) parse(r *rule, line []byte) {
	p := parser{text: line}
	p.skip("(rule (seed ")
	r.seed = p.number()
	p.skip(") (needs")
	for slot := range r.needs {
		p.space()
		w.disconnect(r, slot)
		w.connect(r, slot, w.rules[p.number()])
	}
	p.skip(") (export ")
	r.exports = p.expression()
	p.skip(") (flags ")
	r.flags = p.expression()
	p.skip("))")
}

// load reads a package's file, and forgets what came out of the rules that changed.
func (w *workspace) load(number int) (sum uint64) {
	text := w.sources[number].text
	if !w.noTexts {
		text = newText(len(text))
		copy(text, w.sources[number].text)
	}
	next := number * perPackage
	for len(text) > 0 {
		end := bytes.IndexByte(text, '\n')
		line := text[:end]
		text = text[end+1:]
		if line[0] == ';' {
			sum++
			continue
		}
		r := w.rules[next]
		next++
		hash := xxhash.Sum64(line)
		sum += hash
		if r.hash != hash {
			r.hash = hash
			w.parse(r, line)
			w.forget(r)
		}
	}
	return sum
}

func (w *workspace) soil(r *rule) {
	for config := 0; config < configs; config++ {
		if w.noTargets {
			w.packed[at(r, config)].known = false
		} else {
			w.targets[at(r, config)] = nil
		}
	}
	w.dirty = append(w.dirty, r)
}

// forget drops what is known of a rule, and the targets of those that need it.
func (w *workspace) forget(r *rule) {
	for config := 0; config < configs; config++ {
		if w.noResults {
			w.exported[at(r, config)] = false
		} else {
			w.results[at(r, config)] = nil
		}
	}
	w.soil(r)
	if w.noEdges {
		for number := w.heads[r.number]; number != 0; number = w.nexts[number-1] {
			w.soil(w.rules[(number-1)/needed])
		}
		return
	}
	for e := r.dependents; e != nil; e = e.next {
		w.soil(e.of)
	}
}

// setting is the text that a package has for a number in a configuration.
func (w *workspace) setting(c *context, number int64) (string, error) {
	which := c.of.number / perPackage
	count := 30 + which*which%129
	if number >= int64(count) {
		if w.noValues {
			return "", errUnset
		}
		return "", newUnset(c.of, number, c.config)
	}
	at := which*configs + c.config
	if w.noSettings {
		numbers := w.numbers[at*most : at*most+count]
		if !w.settledAt[at] {
			w.settledAt[at] = true
			for i := range numbers {
				numbers[i] = int32(w.word(which, c.config, i))
			}
		}
		return w.words[numbers[number]], nil
	}
	if w.settings[at] == nil {
		settings := newSettings(count)
		for i := range settings {
			settings[i] = w.words[w.word(which, c.config, i)]
		}
		w.settings[at] = settings
	}
	return w.settings[at][number], nil
}

// word is the number of the word that a setting is: it follows a configuration's values and the first rule's seed.
func (w *workspace) word(which, config, i int) uint64 {
	seed := w.rules[which*perPackage].seed + w.configs[config][i%settled]
	return uint64(seed+int64(i)) * 0x9e3779b97f4a7c15 >> 32 % words
}

// unsettle has a package's settings made again when they are asked for.
func (w *workspace) unsettle(which int) {
	for at := which * configs; at < (which+1)*configs; at++ {
		if w.noSettings {
			w.settledAt[at] = false
		} else {
			w.settings[at] = nil
		}
	}
}

func (w *workspace) call(number, a, b int64) int64 {
	if w.noValues {
		return builtins[number].numbers(a, b)
	}
	return builtins[number].values(newNumber(a), newNumber(b)).(int64)
}

// enter begins a scope; leave with what it was before.
func (w *workspace) enter(c *context, n *node) *[slots]int64 {
	c.depth++
	if w.noScopes {
		values := &c.values[c.depth-1]
		*values = [slots]int64{}
		return values
	}
	c.scope = newScope(c.scope, n)
	return &c.scope.values
}

func (w *workspace) variable(c *context, n *node) int64 {
	if w.noScopes {
		return c.values[c.depth-1-int(n.number)][n.slot]
	}
	s := c.scope
	for up := n.number; up > 0; up-- {
		s = s.outer
	}
	return s.values[n.slot]
}

func (w *workspace) let(c *context, n *node) int64 {
	var values [bound]int64
	for i := range values {
		values[i] = w.eval(c, n.kids[i])
	}
	outer := c.scope
	copy(w.enter(c, n)[:], values[:])
	sum := w.eval(c, n.kids[bound])
	c.scope, c.depth = outer, c.depth-1
	return sum
}

func (w *workspace) each(c *context, n *node) (sum int64) {
	outer := c.scope
	for i := int64(0); i < n.number; i++ {
		values := w.enter(c, n)
		values[0], values[1], values[2] = i, sum, n.number
		sum = sum*31 + w.eval(c, n.kids[0])
		c.scope, c.depth = outer, c.depth-1
	}
	return sum
}

func (w *workspace) eval(c *context, n *node) int64 {
	switch n.op {
	case opLiteral:
		return n.number
	case opVariable:
		return w.variable(c, n)
	case opSeed:
		return c.of.seed
	case opNeed:
		return c.needs[n.number]
	case opConfig:
		return w.configs[c.config][n.number]
	case opSetting:
		text, err := w.setting(c, n.number)
		if err != nil {
			return -n.number
		}
		return int64(len(text)) << (n.number % 32)
	case opAdd:
		return w.eval(c, n.kids[0]) + w.eval(c, n.kids[1])
	case opMultiply:
		return w.eval(c, n.kids[0]) * (w.eval(c, n.kids[1]) | 1)
	case opMix:
		return w.eval(c, n.kids[0])>>3 ^ w.eval(c, n.kids[1])
	case opIf:
		if w.eval(c, n.kids[0])&1 != 0 {
			return w.eval(c, n.kids[1])
		}
		return w.eval(c, n.kids[2])
	case opLet:
		return w.let(c, n)
	case opEach:
		return w.each(c, n)
	case opCall:
		return w.call(n.number, w.eval(c, n.kids[0]), w.eval(c, n.kids[1]))
	}
	panic("no such operation: " + string(n.op))
}

// export is what a rule exports; it is evaluated when it is not known.
func (w *workspace) export(r *rule, config int) *result {
	at := at(r, config)
	out := (*result)(nil)
	if w.noResults {
		out = &w.plainResults[at]
		if w.exported[at] {
			return out
		}
		w.exported[at] = true
	} else {
		if w.results[at] != nil {
			return w.results[at]
		}
		out = newResult()
		w.results[at] = out
	}
	c := context{of: r, config: config}
	sum := uint64(w.eval(&c, r.exports) + r.seed)
	*out = result{step: w.step}
	for i := range out.sum {
		sum = (sum ^ sum>>29) * 0xbf58476d1ce4e5b9
		out.sum[i] = sum
	}
	return out
}

func (w *workspace) known(at int) bool {
	if w.noTargets {
		return w.packed[at].known
	}
	return w.targets[at] != nil
}

// build has the target of a rule in a configuration.
func (w *workspace) build(r *rule, config int) uint64 {
	at := at(r, config)
	c := context{of: r, config: config}
	var needs [needed]*result
	for i, need := range r.needs {
		needs[i] = w.export(need, config)
		c.needs[i] = int64(needs[i].sum[i])
	}
	w.export(r, config)
	seed := uint64(w.eval(&c, r.flags))
	if w.noTargets {
		p := &w.packed[at]
		p.known, p.step = true, w.step
		for i := range p.flags {
			p.flags[i] = int32((seed + uint64(i)) * 0x9e3779b97f4a7c15 >> 32 % words)
		}
		for i, need := range r.needs {
			p.needs[i] = int32(need.number*configs + config)
		}
		return seed
	}
	t := newTarget()
	t.of, t.needs, t.step = r, needs, w.step
	for i := range t.flags {
		t.flags[i] = w.words[(seed+uint64(i))*0x9e3779b97f4a7c15>>32%words]
	}
	w.targets[at] = t
	return seed
}

// refresh builds all that was forgotten.
func (w *workspace) refresh() (sum uint64) {
	for _, r := range w.dirty {
		if w.known(at(r, 0)) || r.needs[0].hash == 0 || r.needs[1].hash == 0 || r.needs[2].hash == 0 {
			continue
		}
		for config := 0; config < configs; config++ {
			sum = sum*31 + w.build(r, config)
		}
	}
	w.dirty = w.dirty[:0]
	return sum
}

// use asks for a target.
func (w *workspace) use(random uint64) (sum uint64) {
	r, config := w.rules[random>>8%allRules], int(random>>40%configs)
	at := at(r, config)
	if !w.known(at) {
		w.build(r, config)
	}
	out := w.export(r, config)
	out.uses++
	flag, need := random>>44%flags, random>>50%needed
	if w.noTargets {
		p := &w.packed[at]
		needs := w.export(w.rules[p.needs[need]/configs], config)
		return uint64(len(w.words[p.flags[flag]])) + needs.sum[0] + uint64(p.step+needs.uses+out.uses)
	}
	t := w.targets[at]
	return uint64(len(t.flags[flag])) + t.needs[need].sum[0] + uint64(t.step+t.needs[need].uses+out.uses)
}

// edit changes some rules of a package.
func (w *workspace) edit(which int) {
	random := w.random.Next()
	s := &w.sources[which]
	for i := 0; i <= int(random>>8%edited); i++ {
		number := (int(random>>16%perPackage) + i*7) % perPackage
		s.setSeed(number, int(random>>20%1000000))
		if (random>>40+uint64(i))%3 == 0 {
			s.setNeed(number, i%needed, int(random>>32%allRules))
		}
	}
	if random>>50%4 == 0 {
		w.unsettle(which)
	}
}

func (w *workspace) one() (sum uint64) {
	w.step++
	random := w.random.Next()
	which := int(random >> 8 % packages)
	w.edit(which)
	sum = w.load(which)
	sum += w.load(int(random >> 24 % packages)) // touched, and the same
	sum = sum*31 + w.refresh()
	for i := 0; i < asked; i++ {
		sum = sum*31 + w.use(w.random.Next())
	}
	return sum
}

func main() {
	run.Start()
	run.End(run.Work(func(worker int) (sum uint64) {
		w := newWorkspace(worker)
		for i := 0; i < run.Scaled(18000); i++ {
			sum = sum*31 + w.one()
		}
		return sum
	}))
}
