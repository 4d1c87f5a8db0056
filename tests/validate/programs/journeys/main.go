// A planner of journeys by train: connections of some networks are scanned for the earliest arrival, answers are kept for
// those who ask the same again, delays come in all the time, and boards say what departs next.
package main

import (
	"slices"
	"strconv"

	"escprof.test/validate/outside"
	"escprof.test/validate/run"
	"github.com/cespare/xxhash/v2"
)

const (
	networks  = 12
	largest   = 5600 // stations of a network
	day       = 24 * 60
	frequency = 6     // trips of a line
	dense     = 9     // connections of a station
	patience  = 12000 // connections that a search looks at
	never     = 1 << 30
	messages  = 16 // delays that come in between two questions
	answers   = 1 << 13
	valid     = 4000 // questions that an answer is good for
	popular   = 1600 // ways that are asked for, by network
	changes   = 120  // legs, at most
	boards    = 9000
	rows      = 64  // of a board
	looked    = 600 // connections that a board looks at
	near      = 24  // stations that a board is for, each way
	profiles  = 260
	longest   = 8 << 10 // of an answer's text
)

// connection is a train from one stop to the next one.
type connection struct {
	from, to, trip     int32
	departure, arrival int32
}

type trip struct {
	name   string
	number int32
	stops  int32
}

// way is what many ask for.
type way struct{ from, to, start int32 }

type network struct {
	stations    int
	first       int // of its connections among those of all networks
	connections []connection
	minutes     [day]int32 // the first connection from then on
	trips       []trip
	ways        [popular]way
}

// label is how a station is reached.
type label struct {
	from             *label
	by               *connection
	arrival, changes int32
	delay, price     int32
}

// delay is what is known of a connection that is late.
type delay struct {
	time           int64
	late, platform int32
	source, count  int32
}

// leg is a part of a journey.
type leg struct {
	next               *leg
	trip, from         int32
	departure, arrival int32
	price              int32
}

type answer struct {
	key   uint64
	asked int64
	first *leg
}

type planner struct {
	networks []network
	reached  [largest]*label // in this search
	delays   []*delay
	answers  [answers]answer
	boards   [boards][]*trip
	profiles [profiles][]uint16
	random   run.Random
	now      int64
	found    int64
	posted   int64

	delaysOutside   []delay
	legsOutside     outside.Store[leg]
	tripsOutside    outside.Ring[uint32]
	trips           [][]uint32
	profilesOutside outside.Ring[uint16]

	noTables, noLabels, noDelays, noLegs, noBoards, noTexts, noProfiles bool
}

//go:noinline
func newTable(count int) []int32 { return make([]int32, count) }

//go:noinline
func newLabel() *label { return new(label) }

//go:noinline
func newDelay() *delay { return new(delay) }

//go:noinline
func newLeg() *leg { return new(leg) }

//go:noinline
func newBoard(count int) []*trip { return make([]*trip, count) }

//go:noinline
func newClock(minute int32) any {
	var room [8]byte
	return string(appendClock(room[:0], minute))
}

//go:noinline
func newNumber(number int) any { return number }

//go:noinline
func newProfile(count int) []uint16 { return make([]uint16, count) }

// newNetwork has lines that go from station to station, most of them to one nearby.
func newNetwork(random *run.Random, stations, first int) network {
	n := network{stations: stations, first: first}
	for len(n.connections) < stations*dense {
		at, length := int(random.Next()>>20)%stations, 8+int(random.Next()>>20%18)
		ways := [4]int{1, 2, 17, stations - 16}
		begin, every := 280+int32(random.Next()>>20%90), 30+int32(random.Next()>>20%80)
		line := make([]int, length)
		for i := range line {
			line[i] = at
			at = (at + ways[random.Next()>>20%4]) % stations
			if random.Next()>>20%23 == 0 {
				at = int(random.Next()>>20) % stations
			}
		}
		for i := 0; i < frequency; i++ {
			number := len(n.trips)
			n.trips = append(n.trips, trip{"IC " + strconv.Itoa(number*13%9000), int32(number), int32(length)})
			minute := begin + int32(i)*every
			for j := 1; j < length; j++ {
				arrival := minute + 2 + int32(random.Next()>>20%9)
				n.connections = append(n.connections, connection{int32(line[j-1]), int32(line[j]), int32(number), minute, arrival})
				minute = arrival + 1
			}
		}
	}
	slices.SortStableFunc(n.connections, func(a, b connection) int { return int(a.departure - b.departure) })
	for i := len(n.connections) - 1; i >= 0; i-- {
		if minute := n.connections[i].departure; minute < day {
			n.minutes[minute] = int32(i)
		}
	}
	for minute := day - 2; minute >= 0; minute-- {
		if n.minutes[minute] == 0 {
			n.minutes[minute] = n.minutes[minute+1]
		}
	}
	for i := range n.ways {
		n.ways[i] = n.newWay(int(random.Next()>>20)%len(n.connections), 2+int(random.Next()>>20%14))
	}
	return n
}

// newWay goes on from a connection with those that depart next.
func (n *network) newWay(begin, stops int) way {
	c := &n.connections[begin]
	w := way{c.from, c.to, min(c.departure, day-1)}
	arrival := c.arrival
	for i := begin; i < min(begin+patience/3, len(n.connections)) && stops > 0; i++ {
		if c := &n.connections[i]; c.from == w.to && c.departure >= arrival && c.to != w.from {
			w.to, arrival = c.to, c.arrival
			stops--
		}
	}
	return w
}

func newPlanner(w int, of []network) *planner {
	p := &planner{networks: of, random: run.Random(w + 61), noTables: run.Without("tables"),
		noLabels: run.Without("labels"), noDelays: run.Without("delays"), noLegs: run.Without("legs"),
		noBoards: run.Without("boards"), noTexts: run.Without("texts"), noProfiles: run.Without("profiles")}
	last := &of[networks-1]
	connections := last.first + len(last.connections)
	p.delays = make([]*delay, connections)
	if p.noDelays {
		p.delaysOutside = outside.Slice[delay](connections)
	}
	if p.noLegs {
		p.legsOutside = outside.NewStore[leg](answers * changes)
	}
	if p.noBoards {
		p.tripsOutside = outside.NewRing[uint32](boards, rows)
		p.trips = outside.Slice[[]uint32](boards)
	}
	if p.noProfiles {
		p.profilesOutside = outside.NewRing[uint16](profiles, largest)
	}
	for i := 0; i < connections; i++ {
		if i%3 > 0 {
			p.delay(i, p.random.Next())
		}
	}
	return p
}

// delay has what is new of a connection in the place of what was known.
func (p *planner) delay(connection int, random uint64) {
	late, count := int32(random>>20%12), int32(0)
	if old := p.late(connection); old != nil {
		count = old.count
		late = max(late, old.late-2)
	}
	var d *delay
	if p.noDelays {
		d = &p.delaysOutside[connection]
	} else {
		d = newDelay()
		p.delays[connection] = d
	}
	*d = delay{p.now, late, int32(random >> 32 % 20), int32(random >> 40 % 6), count + 1}
}

func (p *planner) late(connection int) *delay {
	if !p.noDelays {
		return p.delays[connection]
	}
	if d := &p.delaysOutside[connection]; d.count > 0 {
		return d
	}
	return nil
}

// listen takes what comes of delays.
func (p *planner) listen() {
	for i := 0; i < messages; i++ {
		random := p.random.Next()
		of := &p.networks[random>>8%networks]
		p.delay(of.first+int(random>>16)%len(of.connections), random)
	}
}

func price(c *connection, late int32) int32 { return 90 + (c.arrival-c.departure)*11 - late }

// scan finds when stations are reached, until TO is; REACHED has the connections that they are reached by, when there
// are no labels.
func (p *planner) scan(of *network, from, to, start int32, arrivals, reached []int32) {
	for i := range arrivals {
		arrivals[i] = never
	}
	arrivals[from] = start
	begin := int(of.minutes[start])
	for i := begin; i < min(begin+patience, len(of.connections)); i++ {
		c := &of.connections[i]
		if c.departure >= arrivals[to] {
			break
		}
		if arrivals[c.from] > c.departure || arrivals[c.to] <= c.arrival {
			continue
		}
		late := int32(0)
		if d := p.late(of.first + i); d != nil {
			late = d.late
		}
		if arrivals[c.to] <= c.arrival+late {
			continue
		}
		arrivals[c.to] = c.arrival + late
		if p.noLabels {
			reached[c.to] = int32(i + 1)
			continue
		}
		l := newLabel()
		l.by, l.arrival, l.delay, l.price = c, c.arrival+late, late, price(c, late)
		if l.from = p.reached[c.from]; l.from != nil {
			l.changes = l.from.changes
			l.price += l.from.price
			if l.from.by.trip != c.trip {
				l.changes++
			}
		}
		p.reached[c.to] = l
	}
}

func (p *planner) leg(c *connection, arrival, price int32, next *leg) *leg {
	var l *leg
	if p.noLegs {
		l = p.legsOutside.Take()
	} else {
		l = newLeg()
	}
	*l = leg{next, c.trip, c.from, c.departure, arrival, price}
	return l
}

// back is the journey that ends at TO, from what was scanned.
func (p *planner) back(of *network, from, to int32, arrivals, reached []int32) (first *leg, sum uint64) {
	if !p.noLabels {
		last := p.reached[to]
		if last == nil {
			return nil, 1
		}
		for l := last; l != nil; l = l.from {
			first = p.leg(l.by, l.arrival, l.price, first)
		}
		return first, uint64(last.changes)<<16 + uint64(last.price)
	}
	if reached[to] == 0 {
		return nil, 1
	}
	total, changed, trip := int32(0), int32(0), int32(-1)
	for at := to; at != from; {
		c := &of.connections[reached[at]-1]
		total += price(c, arrivals[at]-c.arrival)
		if trip >= 0 && trip != c.trip {
			changed++
		}
		trip, at = c.trip, c.from
	}
	sum = uint64(changed)<<16 + uint64(total)
	for at := to; at != from; {
		c := &of.connections[reached[at]-1]
		first = p.leg(c, arrivals[at], total, first)
		total -= price(c, arrivals[at]-c.arrival)
		at = c.from
	}
	return first, sum
}

// search plans a journey, and keeps how far all stations are for others.
func (p *planner) search(of *network, from, to, start int32, arrivals, reached []int32) (*leg, uint64) {
	p.scan(of, from, to, start, arrivals, reached)
	first, sum := p.back(of, from, to, arrivals, reached)
	if !p.noLabels {
		clear(p.reached[:of.stations])
	}
	var profile []uint16
	if p.noProfiles {
		profile = p.profilesOutside.Next(of.stations)
	} else {
		profile = newProfile(of.stations)
	}
	for i := range profile {
		profile[i] = uint16(min(arrivals[i]-start, 1<<15))
	}
	p.profiles[p.found%profiles] = profile
	p.found++
	return first, sum
}

// searchTable has its table on the stack.
//
//go:noinline
func (p *planner) searchTable(of *network, from, to, start int32) (*leg, uint64) {
	var arrivals [largest]int32
	return p.search(of, from, to, start, arrivals[:of.stations], nil)
}

// searchLabels has its labels on the stack.
//
//go:noinline
func (p *planner) searchLabels(of *network, from, to, start int32) (*leg, uint64) {
	var reached [largest]int32
	return p.search(of, from, to, start, newTable(of.stations), reached[:of.stations])
}

// searchLocal has both there.
//
//go:noinline
func (p *planner) searchLocal(of *network, from, to, start int32) (*leg, uint64) {
	var arrivals, reached [largest]int32
	return p.search(of, from, to, start, arrivals[:of.stations], reached[:of.stations])
}

// board says what departs next near a station.
func (p *planner) board(of *network, station, minute int32) {
	var room [rows]int32
	row := 0
	begin := int(of.minutes[minute])
	for i := begin; i < min(begin+looked, len(of.connections)) && row < rows; i++ {
		if c := &of.connections[i]; c.from-station < near && station-c.from < near {
			room[row] = c.trip
			row++
		}
	}
	at := p.posted % boards
	p.posted++
	if p.noBoards {
		p.trips[at] = p.tripsOutside.Next(row)
		for i, trip := range room[:row] {
			p.trips[at][i] = uint32(of.trips[trip].number)
		}
		return
	}
	p.boards[at] = newBoard(row)
	for i, trip := range room[:row] {
		p.boards[at][i] = &of.trips[trip]
	}
}

// glance is the number of a trip of an old board.
func (p *planner) glance() uint64 {
	random := p.random.Next()
	at, row := random>>20%boards, random>>40
	if !p.noBoards {
		if old := p.boards[at]; len(old) > 0 {
			return uint64(old[row%uint64(len(old))].number)
		}
	} else if old := p.trips[at]; len(old) > 0 {
		return uint64(old[row%uint64(len(old))])
	}
	return 0
}

func appendClock(to []byte, minute int32) []byte {
	hour := minute / 60 % 24
	minute %= 60
	return append(to, byte('0'+hour/10), byte('0'+hour%10), ':', byte('0'+minute/10), byte('0'+minute%10))
}

// write puts values into a row.
func write(to []byte, values ...any) []byte {
	for _, value := range values {
		switch value := value.(type) {
		case string:
			to = append(to, value...)
		case int:
			to = strconv.AppendInt(to, int64(value), 10)
		}
		to = append(to, ' ')
	}
	return to
}

// tell writes a journey for who asked.
func (p *planner) tell(of *network, first *leg) uint64 {
	var room [longest]byte
	text := room[:0]
	for l := first; l != nil; l = l.next {
		text = append(append(text, of.trips[l.trip].name...), ' ')
		if p.noTexts {
			text = append(appendClock(text, l.departure), ' ')
			text = append(appendClock(text, l.arrival), ' ')
			text = append(strconv.AppendInt(text, int64(l.from)+1000, 10), ' ')
			text = append(strconv.AppendInt(text, int64(l.price), 10), ' ')
		} else {
			text = write(text, newClock(l.departure), newClock(l.arrival), newNumber(int(l.from)+1000), newNumber(int(l.price)))
		}
	}
	return xxhash.Sum64(text)
}

func (p *planner) drop(l *leg) {
	for l != nil {
		next := l.next
		p.legsOutside.Give(l)
		l = next
	}
}

// ask is a question of somebody.
func (p *planner) ask() (sum uint64) {
	random := p.random.Next()
	of := &p.networks[random>>8%networks]
	number := random >> 16 % popular * (random >> 28 % 8) / 7
	w := &of.ways[number]
	from, to, start := w.from, w.to, w.start
	key := uint64(of.first)<<16 + number + 1
	a := &p.answers[key*0x9e3779b97f4a7c15>>51]
	if a.key != key || p.now-a.asked > valid {
		if p.noLegs {
			p.drop(a.first)
		}
		a.key, a.asked = key, p.now
		switch {
		case p.noTables && p.noLabels:
			a.first, sum = p.searchLocal(of, from, to, start)
		case p.noTables:
			a.first, sum = p.searchTable(of, from, to, start)
		case p.noLabels:
			a.first, sum = p.searchLabels(of, from, to, start)
		default:
			a.first, sum = p.search(of, from, to, start, newTable(of.stations), nil)
		}
		p.board(of, to, start)
	}
	if profile := p.profiles[random>>30%profiles]; profile != nil {
		sum += uint64(profile[random>>44%uint64(len(profile))])
	}
	return sum*31 + p.tell(of, a.first) + p.glance()
}

func main() {
	run.Start()
	random := run.Random(401)
	var of []network
	first := 0
	for i := 0; i < networks; i++ {
		n := newNetwork(&random, 300+i*i*43, first)
		first += len(n.connections)
		of = append(of, n)
	}
	run.End(run.Work(func(worker int) (sum uint64) {
		p := newPlanner(worker, of)
		for i := 0; i < run.Scaled(130000); i++ {
			p.now++
			p.listen()
			sum = sum*31 + p.ask()
		}
		return sum
	}))
}
