// A small engine for statements much like SQL: sales are joined with customers, products and rates, and come to sums of
// groups or to rows. Plans are kept by the statement's shape, results are kept to look at, and sales come and change.
package main

import (
	"strconv"

	"escprof.test/validate/outside"
	"escprof.test/validate/run"
)

const (
	sales      = 240000 // the last ones
	customers  = 12000
	products   = 3000
	cities     = 300
	categories = 40
	countries  = 30
	plans      = 120 // kept
	results    = 40
	cursors    = 60
	longest    = 1200 // rows of a cursor
	batch      = 256  // sales that are looked at together when there is no selection of all
	changes    = 60   // sales that come or change between statements
	literals   = 8    // of a statement, at most
	group      = 4    // every such sale is in the index
)

// Columns that a result may be grouped by; rows are for those that are not.
const (
	byCity = iota
	byCategory
	byProduct
	byCustomer
	rows
)

// Columns of numbers.
const (
	price = iota
	quantity
	discount
	day
	rateOf
	weight
)

type customer struct {
	name          string
	city, country uint32
}

type product struct {
	name     string
	category uint32
	weight   int64
}

type rate struct{ thousandths int64 }

// sale is a row that is never written to: another takes its place.
type sale struct {
	id                             uint64
	time                           int64
	customer, product              uint32
	day, price, discount, quantity int32
	status, version                uint32
}

// node is of the index of sales by what was paid: a tree with a heap's order of priorities.
type node struct {
	key             uint64
	count, priority uint32
	left, right     *node
}

// tuple is a sale with what it is joined to.
type tuple struct {
	sale     *sale
	customer *customer
	product  *product
	rate     *rate
}

// decimal is units, of which so many powers of ten make one.
type decimal struct {
	units int64
	scale int
}

type expression struct {
	operator    byte // or 0: a column
	column      int
	left, right *expression
}

type condition struct {
	column  int
	less    bool
	literal int
}

type plan struct {
	group      int
	sum        *expression
	conditions []condition
	limit      int // a literal
}

// result is the sums of groups, by their names.
type result struct {
	group  int
	groups map[string]int64
}

// sums are a result by the groups' numbers.
type sums struct {
	values [customers]int64
	known  [customers]bool
	used   [customers]uint32
	count  int
}

type row struct {
	customer, product string
	value             int64
}

// numbers are a row by its parts' numbers.
type numbers struct {
	customer, product uint32
	value             int64
}

// catalog is what both workers read.
type catalog struct {
	customers  [customers]customer
	products   [products]product
	rates      [countries]rate
	cities     [cities]string
	categories [categories]string
}

type engine struct {
	*catalog
	input   []byte
	sales   [sales]*sale
	index   *node
	plans   map[uint64]*plan
	shapes  [plans]uint64 // of the plans, in the order that they came
	planned int
	results [results]result
	cursors [cursors][]row
	random  run.Random
	sold    int
	now     int64
	turn    int
	opened  int

	salesOutside  []sale
	nodesOutside  outside.Store[node]
	sumsOutside   []sums
	rowsOutside   outside.Ring[numbers]
	cursorNumbers [][]numbers

	noSelections, noTuples, noSales, noNodes, noGroups, noDecimals, noPages bool
}

//go:noinline
func newSelection(count int) []uint32 { return make([]uint32, count) }

//go:noinline
func newTuple() *tuple { return new(tuple) }

//go:noinline
func newSale() *sale { return new(sale) }

//go:noinline
func newNode() *node { return new(node) }

//go:noinline
func newGroups() map[string]int64 { return make(map[string]int64) }

//go:noinline
func addTo(groups map[string]int64, name string, value int64) { groups[name] += value }

//go:noinline
func boxed(d decimal) any { return d }

//go:noinline
func newPage(count int) []row { return make([]row, 0, count) }

func newCatalog() *catalog {
	random := run.Random(223)
	c := &catalog{}
	for i := range c.cities {
		c.cities[i] = "city of " + strconv.Itoa(i*7)
	}
	for i := range c.categories {
		c.categories[i] = "category " + strconv.Itoa(i)
	}
	for i := range c.rates {
		c.rates[i].thousandths = 400 + int64(random.Next()>>20%1500)
	}
	for i := range c.customers {
		city := uint32(random.Next() >> 20 % cities)
		c.customers[i] = customer{"customer " + strconv.Itoa(i), city, city % countries}
	}
	for i := range c.products {
		c.products[i] = product{"product " + strconv.Itoa(i), uint32(i*13) % categories, int64(1 + i%90)}
	}
	return c
}

func newEngine(w int, of *catalog) *engine {
	e := &engine{catalog: of, random: run.Random(w + 179), input: make([]byte, 0, 1024),
		plans:        make(map[uint64]*plan),
		noSelections: run.Without("selections"), noTuples: run.Without("tuples"), noSales: run.Without("sales"),
		noNodes: run.Without("nodes"), noGroups: run.Without("groups"), noDecimals: run.Without("decimals"),
		noPages: run.Without("pages")}
	if e.noSales {
		e.salesOutside = outside.Slice[sale](sales)
	}
	if e.noNodes {
		e.nodesOutside = outside.NewStore[node](sales/group + 1)
	}
	if e.noGroups {
		e.sumsOutside = outside.Slice[sums](results)
	}
	if e.noPages {
		e.rowsOutside = outside.NewRing[numbers](cursors, longest)
		e.cursorNumbers = make([][]numbers, cursors)
	}
	for i := 0; i < sales; i++ {
		e.sell()
	}
	return e
}

// put has a sale be at a place.
func (e *engine) put(at int, s sale) {
	if e.noSales {
		e.sales[at] = &e.salesOutside[at]
	} else {
		e.sales[at] = newSale()
	}
	*e.sales[at] = s
}

// key is a sale's in the index: what was paid, and its place.
func (s *sale) key(at int) uint64 { return uint64(s.price)*uint64(s.quantity)<<20 | uint64(at) }

// sell has a new sale be in the place of the oldest.
func (e *engine) sell() {
	at := e.sold % sales
	e.sold++
	random := e.random.Next() >> 8
	if at%group == 0 {
		if old := e.sales[at]; old != nil {
			e.leave(old.key(at))
		}
	}
	s := sale{id: random, time: e.now, customer: uint32((random >> 8 % customers) * (random >> 24 % customers) / customers),
		product: uint32(random >> 14 % products), day: int32(random >> 30 % 365), price: int32(100 + random>>12%50000),
		discount: int32(random >> 36 % 900), quantity: int32(1 + random>>42%12)}
	e.put(at, s)
	if at%group == 0 {
		e.enter(s.key(at))
	}
}

// change has a sale have another status.
func (e *engine) change() uint64 {
	at := int(e.random.Next() >> 20 % sales)
	s := *e.sales[at]
	s.status++
	s.version = uint32(e.now)
	s.time = e.now
	e.put(at, s)
	return s.id + uint64(s.status)
}

func (n *node) size() uint32 {
	if n == nil {
		return 0
	}
	return n.count
}

func (n *node) counted() *node {
	n.count = n.left.size() + n.right.size() + 1
	return n
}

// split is the nodes before a key, and the others.
func split(n *node, key uint64) (before, after *node) {
	if n == nil {
		return nil, nil
	}
	if n.key < key {
		n.right, after = split(n.right, key)
		return n.counted(), after
	}
	before, n.left = split(n.left, key)
	return before, n.counted()
}

func merge(a, b *node) *node {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.priority > b.priority:
		a.right = merge(a.right, b)
		return a.counted()
	default:
		b.left = merge(a, b.left)
		return b.counted()
	}
}

func inserted(in, n *node) *node {
	switch {
	case in == nil:
		return n.counted()
	case n.priority > in.priority:
		n.left, n.right = split(in, n.key)
		return n.counted()
	case n.key < in.key:
		in.left = inserted(in.left, n)
	default:
		in.right = inserted(in.right, n)
	}
	return in.counted()
}

// removed is the tree without the node of a key, and that node.
func removed(from *node, key uint64) (rest, n *node) {
	switch {
	case from.key == key:
		return merge(from.left, from.right), from
	case key < from.key:
		from.left, n = removed(from.left, key)
	default:
		from.right, n = removed(from.right, key)
	}
	return from.counted(), n
}

func (e *engine) enter(key uint64) {
	var n *node
	if e.noNodes {
		n = e.nodesOutside.Take()
	} else {
		n = newNode()
	}
	n.key, n.priority = key, uint32(key*0x9e3779b97f4a7c15>>32)
	e.index = inserted(e.index, n)
}

func (e *engine) leave(key uint64) {
	var n *node
	e.index, n = removed(e.index, key)
	if e.noNodes {
		e.nodesOutside.Give(n)
	}
}

// below is how many in the index come before a key.
func (n *node) below(key uint64) (count uint32) {
	for n != nil {
		if n.key < key {
			count += n.left.size() + 1
			n = n.right
		} else {
			n = n.left
		}
	}
	return count
}

var (
	groupNames  = [...]string{"city", "category", "product", "customer", "rows"}
	columnNames = [...]string{"price", "quantity", "discount", "day", "rate", "weight"}
	formulas    = [...]string{"price*quantity", "price*quantity-discount", "price", "(price-discount)*quantity*rate",
		"quantity*weight", "price*rate+discount"}
)

// statement is what a client sends next.
func (e *engine) statement() []byte {
	random := e.random.Next() >> 8
	kind := [...]int{byCity, byCategory, byProduct, byCustomer, rows, byCity, byCategory, rows}[random%8]
	in := append(append(e.input[:0], "SELECT "...), groupNames[kind]...)
	in = append(append(in, " SUM "...), formulas[random>>4%len64(formulas[:])]...)
	in = append(in, " FROM sales JOIN customers JOIN products JOIN rates WHERE day > "...)
	in = strconv.AppendUint(in, random>>20%330, 10)
	for i := uint64(0); i < random>>10%4; i++ {
		switch random >> (12 + 2*i) % 4 {
		case 0:
			in = strconv.AppendUint(append(in, " AND price > "...), random>>30%30000, 10)
		case 1:
			in = strconv.AppendUint(append(in, " AND quantity < "...), 3+random>>32%10, 10)
		case 2:
			in = strconv.AppendUint(append(in, " AND discount < "...), 100+random>>34%800, 10)
		default:
			in = strconv.AppendUint(append(in, " AND day < "...), 200+random>>36%165, 10)
		}
	}
	if kind == rows {
		in = strconv.AppendUint(append(in, " LIMIT "...), 20+(random>>24%1080)*(random>>38%1080)/1080, 10)
	}
	return in
}

func len64(of []string) uint64 { return uint64(len(of)) }

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func digit(c byte) bool { return c >= '0' && c <= '9' }

// token is what a text begins with: a word, a number, or a sign.
func token(text []byte) (first, rest []byte) {
	for len(text) > 0 && text[0] == ' ' {
		text = text[1:]
	}
	if len(text) == 0 {
		return nil, nil
	}
	end := 1
	for end < len(text) && (letter(text[0]) && letter(text[end]) || digit(text[0]) && digit(text[end])) {
		end++
	}
	return text[:end], text[end:]
}

// shape is what a statement has in common with those that only have other literals.
func shape(text []byte, values *[literals]int64) (key uint64) {
	count := 0
	for {
		first, rest := token(text)
		if first == nil {
			return key
		}
		if digit(first[0]) {
			values[count] = 0
			for _, c := range first {
				values[count] = values[count]*10 + int64(c-'0')
			}
			count++
			first = first[:0]
		}
		key = (run.Hash(key, first) + 1) * 0x9e3779b97f4a7c15
		text = rest
	}
}

// A parser makes a plan of a statement.
type parser struct {
	text     []byte
	literals int
}

func (p *parser) peek() byte {
	first, _ := token(p.text)
	if first == nil {
		return 0
	}
	return first[0]
}

func (p *parser) next() (first []byte) {
	first, p.text = token(p.text)
	return first
}

func (p *parser) name(of []string) int {
	word := p.next()
	for i, name := range of {
		if string(word) == name {
			return i
		}
	}
	panic("a name that is not known: " + string(word))
}

func (p *parser) literal() int {
	p.next()
	p.literals++
	return p.literals - 1
}

func (p *parser) factor() *expression {
	if p.peek() == '(' {
		p.next()
		inner := p.sum()
		p.next()
		return inner
	}
	return &expression{column: p.name(columnNames[:])}
}

func (p *parser) term() *expression {
	left := p.factor()
	for p.peek() == '*' {
		left = &expression{operator: p.next()[0], left: left, right: p.factor()}
	}
	return left
}

func (p *parser) sum() *expression {
	left := p.term()
	for p.peek() == '+' || p.peek() == '-' {
		left = &expression{operator: p.next()[0], left: left, right: p.term()}
	}
	return left
}

func parse(text []byte) *plan {
	p, made := parser{text: text}, &plan{}
	p.next()
	made.group = p.name(groupNames[:])
	p.next()
	made.sum = p.sum()
	for string(p.next()) != "WHERE" {
	}
	for {
		c := condition{column: p.name(columnNames[:])}
		c.less = p.next()[0] == '<'
		c.literal = p.literal()
		made.conditions = append(made.conditions, c)
		switch string(p.next()) {
		case "AND":
		case "LIMIT":
			made.limit = p.literal()
			return made
		default:
			return made
		}
	}
}

// planOf is how to do a statement: as one of its shape was done before.
func (e *engine) planOf(text []byte, values *[literals]int64) *plan {
	key := shape(text, values)
	known := e.plans[key]
	if known == nil {
		known = parse(text)
		oldest := &e.shapes[e.planned%plans]
		delete(e.plans, *oldest)
		*oldest = key
		e.plans[key] = known
		e.planned++
	}
	return known
}

func (s *sale) number(column int) int64 {
	switch column {
	case price:
		return int64(s.price)
	case quantity:
		return int64(s.quantity)
	case discount:
		return int64(s.discount)
	default:
		return int64(s.day)
	}
}

// choose has the places of sales that a plan is about be in the selection, and is how many.
func (e *engine) choose(p *plan, values *[literals]int64, from, to int, selection []uint32) (count int) {
next:
	for at := from; at < to; at++ {
		s := e.sales[at%sales]
		for _, c := range p.conditions {
			if number := s.number(c.column); c.less != (number < values[c.literal]) {
				continue next
			}
		}
		selection[count] = uint32(at % sales)
		count++
	}
	return count
}

func (t *tuple) number(column int) decimal {
	switch column {
	case price, discount:
		return decimal{t.sale.number(column), 2}
	case rateOf:
		return decimal{t.rate.thousandths, 3}
	case weight:
		return decimal{t.product.weight, 1}
	default:
		return decimal{t.sale.number(column), 0}
	}
}

func (d decimal) scaled(scale int) int64 {
	for ; d.scale < scale; d.scale++ {
		d.units *= 10
	}
	for ; d.scale > scale; d.scale-- {
		d.units /= 10
	}
	return d.units
}

func combined(operator byte, a, b decimal) decimal {
	if operator == '*' {
		return decimal{a.units * b.units, a.scale + b.scale}
	}
	scale := max(a.scale, b.scale)
	if operator == '-' {
		return decimal{a.scaled(scale) - b.scaled(scale), scale}
	}
	return decimal{a.scaled(scale) + b.scaled(scale), scale}
}

// evaluate is an expression's value, of whatever type.
func evaluate(x *expression, t *tuple) any {
	if x.operator == 0 {
		return boxed(t.number(x.column))
	}
	return boxed(combined(x.operator, evaluate(x.left, t).(decimal), evaluate(x.right, t).(decimal)))
}

// calculate is an expression's value where all are decimals.
func calculate(x *expression, t *tuple) decimal {
	if x.operator == 0 {
		return t.number(x.column)
	}
	return combined(x.operator, calculate(x.left, t), calculate(x.right, t))
}

// of is the number of a tuple's group.
func (t *tuple) of(group int) uint32 {
	switch group {
	case byCity:
		return t.customer.city
	case byCategory:
		return t.product.category
	case byProduct:
		return t.sale.product
	default:
		return t.sale.customer
	}
}

func (e *engine) name(group int, number uint32) string {
	switch group {
	case byCity:
		return e.cities[number]
	case byCategory:
		return e.categories[number]
	case byProduct:
		return e.products[number].name
	default:
		return e.customers[number].name
	}
}

func (s *sums) reset() {
	for _, number := range s.used[:s.count] {
		s.values[number], s.known[number] = 0, false
	}
	s.count = 0
}

func (s *sums) add(number uint32, value int64) {
	if !s.known[number] {
		s.known[number] = true
		s.used[s.count] = number
		s.count++
	}
	s.values[number] += value
}

// begin makes the place for what a plan comes to: AT among the results or the cursors.
func (e *engine) begin(p *plan, limit int) (at int) {
	if p.group == rows {
		at = e.opened % cursors
		e.opened++
		if e.noPages {
			e.cursorNumbers[at] = e.rowsOutside.Next(limit)[:0]
		} else {
			e.cursors[at] = newPage(limit)
		}
		return at
	}
	at = e.turn % results
	e.turn++
	e.results[at].group = p.group
	if e.noGroups {
		e.sumsOutside[at].reset()
	} else {
		e.results[at].groups = newGroups()
	}
	return at
}

// take has a tuple with its value be in the result or the cursor; it says whether there is room for more.
func (e *engine) take(p *plan, at int, t *tuple, value int64) bool {
	switch {
	case p.group == rows && e.noPages:
		page := &e.cursorNumbers[at]
		*page = append(*page, numbers{t.sale.customer, t.sale.product, value})
		return len(*page) < cap(*page)
	case p.group == rows:
		page := &e.cursors[at]
		*page = append(*page, row{t.customer.name, t.product.name, value})
		return len(*page) < cap(*page)
	case e.noGroups:
		e.sumsOutside[at].add(t.of(p.group), value)
	default:
		addTo(e.results[at].groups, e.name(p.group, t.of(p.group)), value)
	}
	return true
}

// join has the selected sales, with what belongs to them, be in what the plan comes to.
func (e *engine) join(p *plan, at int, selection []uint32, before uint64) (sum uint64, more bool) {
	var place tuple
	sum = before
	for _, number := range selection {
		t := &place
		if !e.noTuples {
			t = newTuple()
		}
		s := e.sales[number]
		t.sale, t.customer, t.product = s, &e.customers[s.customer], &e.products[s.product]
		t.rate = &e.rates[t.customer.country]
		var value decimal
		if e.noDecimals {
			value = calculate(p.sum, t)
		} else {
			value = evaluate(p.sum, t).(decimal)
		}
		cents := value.scaled(2)
		sum = sum*31 + uint64(cents) + uint64(t.sale.status)
		if !e.take(p, at, t, cents) {
			return sum, false
		}
	}
	return sum, true
}

// sumOf is what groups of a result were, for those who look at it again.
func (e *engine) sumOf(at int) (sum uint64) {
	r := &e.results[at]
	random := e.random.Next()
	for i := uint64(0); i < 6; i++ {
		number := uint32(random >> (i * 6) % categories)
		if e.noGroups {
			sum = sum*31 + uint64(e.sumsOutside[at].values[number])
		} else {
			sum = sum*31 + uint64(r.groups[e.name(r.group, number)])
		}
	}
	return sum
}

// fetch is some rows of a cursor.
func (e *engine) fetch(at int) (sum uint64) {
	begin := e.random.Next() >> 20
	if e.noPages {
		page := e.cursorNumbers[at]
		for i := 0; i < min(len(page), 10); i++ {
			r := page[(begin+uint64(i))%uint64(len(page))]
			sum = sum*31 + uint64(r.value) + uint64(len(e.customers[r.customer].name)+len(e.products[r.product].name))
		}
		return sum
	}
	page := e.cursors[at]
	for i := 0; i < min(len(page), 10); i++ {
		r := page[(begin+uint64(i))%uint64(len(page))]
		sum = sum*31 + uint64(r.value) + uint64(len(r.customer)+len(r.product))
	}
	return sum
}

// execute does a statement, over some of the last sales.
func (e *engine) execute(text []byte) (sum uint64) {
	var values [literals]int64
	p := e.planOf(text, &values)
	limit := int(min(values[p.limit], longest))
	at := e.begin(p, limit)
	random := e.random.Next()
	count := 300 + int((random>>20%4000)*(random>>40%4000)/2500)
	from := e.sold - count
	to, step, more := e.sold, batch, true
	if !e.noSelections {
		step = count
	}
	for begin := from; begin < to && more; begin += step {
		end := min(begin+step, to)
		if e.noSelections {
			var selection [batch]uint32
			sum, more = e.join(p, at, selection[:e.choose(p, &values, begin, end, selection[:])], sum)
		} else {
			selection := newSelection(count)
			sum, more = e.join(p, at, selection[:e.choose(p, &values, begin, end, selection)], sum)
		}
	}
	return sum
}

func (e *engine) one() (sum uint64) {
	e.now++
	for i := 0; i < changes; i++ {
		if i%3 == 0 {
			e.sell()
		} else {
			sum = sum*31 + e.change()
		}
	}
	sum += e.execute(e.statement())
	random := e.random.Next()
	sum += e.sumOf(int(random >> 20 % results))
	sum += e.fetch(int(random >> 30 % cursors))
	return sum + uint64(e.index.below(random>>8%(300000<<20)))
}

func main() {
	run.Start()
	of := newCatalog()
	run.End(run.Work(func(w int) (sum uint64) {
		e := newEngine(w, of)
		for i := 0; i < run.Scaled(22500); i++ {
			sum = sum*31 + e.one()
		}
		return sum
	}))
}
