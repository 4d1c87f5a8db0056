// A simulation of couriers in a town: each order is offered to some of them, the one that it costs least takes it into the
// plan, and learns how long ways take. What is going to happen is a pairing heap of events.
package main

import (
	"math"
	"math/bits"

	"escprof.test/validate/run"
)

const (
	couriers  = 2500
	side      = 40 // zones of the town, each way
	zones     = side * side
	asked     = 12 // couriers that an order is offered to
	capacity  = 24 // stops of a plan, at most
	narrow    = 6  // zones around an order's begin whose ways are looked at
	wide      = 18
	unit      = 40.0 // seconds from a zone to the next
	handling  = 120  // seconds of a stop
	interval  = 620  // milliseconds between orders
	hour      = 3600 * 1000
	delivered = 8000 // orders that are remembered
	sure      = 0.9  // of an offer
)

// event is something that is going to happen: those after it are its child in the heap, and what is next to the child.
type event struct {
	time        int64
	courier     *courier
	order       *order
	child, next *event
}

type order struct {
	number, from, to  int
	placed, due, done int64
	event             event // that it is due, without an object of its own
}

type stop struct {
	of     *order
	pickup bool
}

type courier struct {
	number, zone int
	plan         []stop
	left         int64 // when
	expected     float64
	event        event // of arriving, without an object of its own
}

// estimate is how much longer than usual a way to a zone takes at an hour.
type estimate struct {
	mean, deviation float64
	low, high       float64
	count, time     int64
}

// offer is what it costs a courier to take an order.
type offer struct {
	courier *courier
	order   *order
	place   int // in the plan
	cost    float64
	late    float64
}

// A distribution has a value below which the share Q of all others is.
type distribution interface{ at(q float64) float64 }

// bounded is much like a normal distribution.
type bounded struct{ mean, deviation, low, high float64 }

func (b bounded) at(q float64) float64 {
	return min(max(b.mean+b.deviation*0.55*math.Log(q/(1-q)), b.low), b.high)
}

type town struct {
	couriers  [couriers]courier
	estimates [zones * 24]*estimate
	traffic   [zones]float32
	delivered [delivered]*order
	events    *event
	random    run.Random
	now       int64
	changed   int64 // hour
	orders    int
	done      int
	refused   uint64

	event  event // that the next order comes, without an object of its own
	ways   [(2*wide + 1) * (2*wide + 1)]float32
	offers [asked]offer
	shape  bounded

	noWays, noOffers, noEstimates, noEvents, noPlans, noShapes bool
}

//go:noinline
func newWays(size int) []float32 { return make([]float32, size) }

//go:noinline
func newOffer() *offer { return new(offer) }

//go:noinline
func newEstimate() *estimate { return new(estimate) }

//go:noinline
func newEvent() *event { return new(event) }

//go:noinline
func newPlan(stops int) []stop { return make([]stop, stops) }

//go:noinline
func boxed(b bounded) distribution { return b }

func newTown(w int) *town {
	t := &town{random: run.Random(w + 139), changed: -1, noWays: run.Without("ways"), noOffers: run.Without("offers"),
		noEstimates: run.Without("estimates"), noEvents: run.Without("events"), noPlans: run.Without("plans"),
		noShapes: run.Without("shapes")}
	for i := range t.estimates {
		e := newEstimate()
		*e = estimate{mean: 1, deviation: 0.3, low: 0.5, high: 3}
		t.estimates[i] = e
	}
	for i := range t.couriers {
		c := &t.couriers[i]
		c.number, c.zone = i, int(t.random.Next()>>20%zones)
		if t.noPlans {
			c.plan = newPlan(capacity)[:0]
		}
	}
	t.schedule(&t.event, 0, nil, nil)
	return t
}

// meld puts two heaps together.
func meld(a, b *event) *event {
	if a == nil {
		return b
	}
	if b.time < a.time {
		a, b = b, a
	}
	b.next = a.child
	a.child = b
	return a
}

// schedule has something happen later. OWN is the place for it where it gets no object of its own.
func (t *town) schedule(own *event, time int64, c *courier, o *order) {
	e := own
	if !t.noEvents {
		e = newEvent()
	}
	*e = event{time: time, courier: c, order: o}
	t.events = meld(t.events, e)
}

// next is what happens next: the others are put together in pairs, and the pairs from last to first.
func (t *town) next() *event {
	first := t.events
	pairs := (*event)(nil)
	for e := first.child; e != nil; {
		a, b := e, e.next
		if b == nil {
			a.next = pairs
			pairs = a
			break
		}
		e = b.next
		a.next, b.next = nil, nil
		a = meld(a, b)
		a.next = pairs
		pairs = a
	}
	t.events = nil
	for pairs != nil {
		e := pairs
		pairs, e.next = e.next, nil
		t.events = meld(t.events, e)
	}
	first.child = nil
	return first
}

func distance(a, b int) int {
	x, y := a%side-b%side, a/side-b/side
	return max(x, -x) + max(y, -y)
}

func (s stop) zone() int {
	if s.pickup {
		return s.of.from
	}
	return s.of.to
}

// window is the zones around one, in both directions as far as RADIUS.
func window(zone, radius int) (left, top, right, bottom int) {
	x, y := zone%side, zone/side
	return max(x-radius, 0), max(y-radius, 0), min(x+radius, side-1), min(y+radius, side-1)
}

// waysTo is how long it takes to come to a zone from those around it.
func (t *town) waysTo(zone, radius int) []float32 {
	left, top, right, bottom := window(zone, radius)
	width := right - left + 1
	ways := t.ways[:width*(bottom-top+1)]
	if !t.noWays {
		ways = newWays(len(ways))
	}
	i := 0
	for y := top; y <= bottom; y++ {
		down := max(y-zone/side, zone/side-y)
		for x := left; x <= right; x++ {
			across := max(x-zone%side, zone%side-x)
			ways[i] = float32(across+down) * unit * (t.traffic[y*side+x] + t.traffic[zone]) / 2
			i++
		}
	}
	return ways
}

// wayFrom is how long it takes from a zone, of which little is known when it is far.
func wayFrom(from, zone, radius int, ways []float32) float64 {
	left, top, right, bottom := window(zone, radius)
	x, y := from%side, from/side
	if x < left || x > right || y < top || y > bottom {
		return float64(distance(from, zone)) * unit * 2
	}
	return float64(ways[(y-top)*(right-left+1)+x-left])
}

func (t *town) estimateOf(zone int) **estimate {
	return &t.estimates[int(t.now/hour%24)*zones+zone]
}

// quantile is where the share Q of a distribution ends.
func (t *town) quantile(b bounded, q float64) float64 {
	if !t.noShapes {
		return at(boxed(b), q)
	}
	t.shape = b
	return at(&t.shape, q)
}

//go:noinline
func at(d distribution, q float64) float64 { return d.at(q) }

// offered is what a courier says to an order: where in the plan it would be fetched, and what that costs.
func (t *town) offered(o *offer, c *courier, to *order, radius int, ways []float32) {
	from, best := c.zone, math.Inf(1)
	if len(c.plan) == 0 {
		best = wayFrom(from, to.from, radius, ways)
	}
	for i, s := range c.plan {
		from = s.zone()
		next := to.to
		if i+1 < len(c.plan) {
			next = c.plan[i+1].zone()
		}
		way := wayFrom(from, to.from, radius, ways)
		way += float64(distance(to.from, next)-distance(from, next)) * unit
		if way < best {
			best, o.place = way, i+1
		}
	}
	e := *t.estimateOf(to.from)
	o.courier, o.order = c, to
	o.late = t.quantile(bounded{e.mean, e.deviation, e.low, e.high}, sure)
	o.cost = best*o.late + 30*float64(len(c.plan))
	if len(c.plan)+2 > capacity {
		o.cost = math.Inf(1)
	}
}

// take puts an order into a plan: where the offer says that it is fetched, and at the end that it is brought.
func (t *town) take(o *offer) {
	c, count := o.courier, len(o.courier.plan)
	plan := c.plan
	if t.noPlans {
		plan = plan[:count+2]
	} else {
		plan = newPlan(count + 2)
		copy(plan, c.plan[:o.place])
	}
	copy(plan[o.place+1:], c.plan[o.place:count])
	plan[o.place] = stop{o.order, true}
	plan[count+1] = stop{o.order, false}
	c.plan = plan
	if count == 0 {
		t.drive(c)
	}
}

// place is a new order: some are asked for an offer, and the best is taken.
func (t *town) place() (sum uint64) {
	random := t.random.Next()
	o := &order{number: t.orders, from: int(random >> 20 % zones), placed: t.now}
	t.orders++
	left, top, right, bottom := window(o.from, 12)
	o.to = (top+int(random>>40)%(bottom-top+1))*side + left + int(random>>50)%(right-left+1)
	o.due = t.now + hour + int64(random>>8%(2*hour))
	radius := narrow + int(random>>32%(wide-narrow+1))
	ways := t.waysTo(o.from, radius)
	var best *offer
	for i := 0; i < asked; i++ {
		offer := &t.offers[i]
		if !t.noOffers {
			offer = newOffer()
		}
		offer.place = 0
		t.offered(offer, &t.couriers[(int(random>>24)+i*197)%couriers], o, radius, ways)
		if best == nil || offer.cost < best.cost {
			best = offer
		}
	}
	t.schedule(&t.event, t.now+interval/2+int64(random>>16%interval), nil, nil)
	if math.IsInf(best.cost, 1) {
		t.refused++
		return uint64(o.number)
	}
	t.schedule(&o.event, o.due, nil, o)
	t.take(best)
	return uint64(best.courier.number) + math.Float64bits(best.cost)
}

// drive sends a courier to the next stop of his plan.
func (t *town) drive(c *courier) {
	if len(c.plan) == 0 {
		return
	}
	to := c.plan[0].zone()
	q := (float64(t.random.Next()>>40) + 0.5) / (1 << 24)
	c.left = t.now
	c.expected = float64(distance(c.zone, to)+1) * unit * float64(t.traffic[to])
	took := c.expected * t.quantile(bounded{1, 0.3, 0.4, 3}, q)
	t.schedule(&c.event, t.now+int64(1000*(took+handling)), c, nil)
}

// learn has the estimate of ways to a zone know of another.
func (t *town) learn(zone int, share float64) {
	at := t.estimateOf(zone)
	old := **at
	if !t.noEstimates {
		*at = newEstimate()
	}
	**at = estimate{mean: old.mean + (share-old.mean)/16,
		deviation: old.deviation + (math.Abs(share-old.mean)-old.deviation)/16, low: min(old.low+0.01, share),
		high: max(old.high-0.01, share), count: old.count + 1, time: t.now}
}

func (t *town) arrive(c *courier) (sum uint64) {
	s := c.plan[0]
	c.zone = s.zone()
	t.learn(c.zone, (float64(t.now-c.left)/1000-handling)/c.expected)
	if !s.pickup {
		s.of.done = t.now
		t.delivered[t.done%delivered] = s.of
		t.done++
		sum = uint64(t.now - s.of.placed)
	}
	c.plan[0] = stop{}
	if t.noPlans {
		last := copy(c.plan, c.plan[1:])
		c.plan[last] = stop{}
		c.plan = c.plan[:last]
	} else {
		c.plan = c.plan[1:]
	}
	t.drive(c)
	return sum
}

// due looks whether an order came in time, and at one of those before.
func (t *town) due(o *order) (sum uint64) {
	if o.done == 0 {
		sum = uint64(o.number)
	}
	if old := t.delivered[t.random.Next()>>20%delivered]; old != nil {
		sum += uint64(old.done - old.placed)
	}
	return sum
}

// jam makes the traffic of the hour.
func (t *town) jam() {
	if t.changed == t.now/hour {
		return
	}
	t.changed = t.now / hour
	for i := range t.traffic {
		t.traffic[i] = 0.8 + float32(bits.OnesCount64(t.random.Next()))/64
	}
}

// one is all that happens until an order has been placed.
func (t *town) one() (sum uint64) {
	for {
		e := t.next()
		t.now = e.time
		switch {
		case e.courier != nil:
			sum = sum*31 + t.arrive(e.courier)
		case e.order != nil:
			sum = sum*31 + t.due(e.order)
		default:
			t.jam()
			return sum*31 + t.place()
		}
	}
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		t := newTown(w)
		for i := 0; i < run.Scaled(250000); i++ {
			sum = sum*31 + t.one()
		}
		return sum + t.refused
	}))
}
