// A game server: each step moves what lives in a world, settles who strikes whom as it was when the player struck, and
// tells every player what changed of what he sees. The last steps are recorded, a part of the world in each.
package main

import (
	"encoding/binary"
	"math"
	"strconv"

	"escprof.test/validate/outside"
	"escprof.test/validate/run"

	"github.com/cespare/xxhash/v2"
)

const (
	side     = 64 // cells of the world, each way
	cells    = side * side
	wide     = 16 // of a cell
	across   = side * wide
	entities = 14000
	players  = 260 // the first of the entities
	towns    = 24
	roam     = 60 // from home, at most
	angles   = 64
	rewind   = 16  // poses that are kept
	reach    = 3   // cells that a player sees around his own
	seen     = 900 // entities that a player sees, at most
	every    = 4   // steps between two looks of a player
	slow     = 5   // steps between two strikes
	part     = 16  // cells of a recorded part, each way
	recorded = 360 // frames
	framed   = 4000
	record   = 12 // bytes of an entity in a frame
	header   = 16 // bytes of a packet
	healthy  = 500
)

// The largest that messages become in a packet.
const (
	movedSize   = 10
	enteredSize = 24
	leftSize    = 5
	packetSize  = header + seen*(movedSize+enteredSize+leftSize)
)

// pose is how an entity was after a step.
type pose struct {
	x, y           float32
	heading, speed int32
	step, health   int32
}

type entity struct {
	number, cell   int32
	x, y           float32
	homeX, homeY   float32
	heading, speed int32
	health, step   int32 // of the last move
	moves          int32
	name           string
	foe            *entity // who struck last
	past           [rewind]*pose
}

// node has an entity in the list of its cell.
type node struct {
	of    *entity
	next  *node
	since int32
}

// place is where one is in a list: a node, or an entity's number and one.
type place struct {
	node   *node
	number int32
}

// strike is what one entity does to another.
type strike struct {
	from, to     *entity
	damage, away float32
	step, delay  int32
	weapon       int
}

// sight is what a player sees, in a slice or in numbers from a place on.
type sight struct {
	of          []*entity
	from, count int32
}

type player struct {
	of      *entity
	visible sight
	sent    uint64
}

// A message is one of the types below.
type message interface{}

type moved struct {
	number int32
	x, y   float32
	turn   int32
}

type entered struct {
	of   *entity
	x, y float32
}

type left struct{ number, step int32 }

type world struct {
	entities [entities]*entity
	players  [players]player
	cells    [cells]*node
	counts   [cells]int32
	frames   [recorded][]byte
	marks    [entities]uint32
	mark     uint32
	step     int32
	random   run.Random
	cosines  [angles]float32

	// The same without objects of the heap.
	heads, links, sinces []int32 // by cell, by entity
	poses                []pose
	numbers              []int32
	recording            []byte

	noPackets, noStrikes, noPoses, noNodes, noSights, noMessages, noFrames bool
}

//go:noinline
func newPacket(size int) []byte { return make([]byte, 0, size) }

//go:noinline
func newStrike(s strike) *strike { return &s }

//go:noinline
func newPose() *pose { return new(pose) }

//go:noinline
func newNode(e *entity, next *node, since int32) *node { return &node{e, next, since} }

//go:noinline
func newSight(count int32) []*entity { return make([]*entity, count) }

//go:noinline
func newMoved(m moved) message { return m }

//go:noinline
func newEntered(m entered) message { return m }

//go:noinline
func newLeft(m left) message { return m }

//go:noinline
func newFrame(size int) []byte { return make([]byte, size) }

func newWorld(worker int) *world {
	w := &world{random: run.Random(worker + 211), mark: 1, noPackets: run.Without("packets"),
		noStrikes: run.Without("strikes"), noPoses: run.Without("poses"), noNodes: run.Without("nodes"),
		noSights: run.Without("sights"), noMessages: run.Without("messages"), noFrames: run.Without("frames")}
	if w.noNodes {
		w.heads, w.links, w.sinces = outside.Slice[int32](cells), outside.Slice[int32](entities), outside.Slice[int32](entities)
	}
	if w.noPoses {
		w.poses = outside.Slice[pose](entities * rewind)
	}
	if w.noSights {
		w.numbers = outside.Slice[int32](players * 2 * seen)
	}
	if w.noFrames {
		w.recording = outside.Slice[byte](recorded * (4 + framed*record))
	}
	for i := range w.cosines {
		w.cosines[i] = float32(math.Cos(2 * math.Pi * float64(i) / angles))
	}
	for i := range w.entities {
		w.entities[i] = w.newEntity(int32(i))
	}
	for i := range w.players {
		w.players[i].of = w.entities[i]
	}
	return w
}

// newEntity is at home in a town, or in one of three cases anywhere.
func (w *world) newEntity(number int32) *entity {
	random := w.random.Next()
	e := &entity{number: number, name: "entity" + strconv.Itoa(int(number)), health: healthy}
	e.homeX, e.homeY = float32(random>>8%across), float32(random>>24%across)
	if number%3 != 0 {
		town := random >> 40 % towns
		e.homeX, e.homeY = float32((town*389+97)%across), float32((town*613+211)%across)
	}
	e.x, e.y = e.homeX, e.homeY
	e.speed = int32(random >> 50 % 4) // some stand still
	e.cell = cellAt(e.x, e.y)
	w.enter(e)
	w.remember(e)
	return e
}

func cellAt(x, y float32) int32 { return int32(y)/wide*side + int32(x)/wide }

// enter puts an entity at the head of its cell's list.
func (w *world) enter(e *entity) {
	w.counts[e.cell]++
	if w.noNodes {
		w.links[e.number], w.sinces[e.number] = w.heads[e.cell], w.step
		w.heads[e.cell] = e.number + 1
		return
	}
	w.cells[e.cell] = newNode(e, w.cells[e.cell], w.step)
}

// leave takes an entity out of its cell's list, and says how long it was there.
func (w *world) leave(e *entity) int32 {
	w.counts[e.cell]--
	if w.noNodes {
		at := &w.heads[e.cell]
		for *at != e.number+1 {
			at = &w.links[*at-1]
		}
		*at = w.links[e.number]
		return w.step - w.sinces[e.number]
	}
	at := &w.cells[e.cell]
	for (*at).of != e {
		at = &(*at).next
	}
	since := (*at).since
	*at = (*at).next
	return w.step - since
}

func (w *world) first(cell int32) place {
	if w.noNodes {
		return place{nil, w.heads[cell]}
	}
	return place{w.cells[cell], 0}
}

func (p place) end() bool { return p.node == nil && p.number == 0 }

// at is the entity that is there, and the place after it.
func (w *world) at(p place) (*entity, place) {
	if w.noNodes {
		return w.entities[p.number-1], place{nil, w.links[p.number-1]}
	}
	return p.node.of, place{p.node.next, 0}
}

// pose is the one that an entity had so many moves ago.
func (w *world) pose(e *entity, back int32) *pose {
	at := (e.moves - back) % rewind
	if w.noPoses {
		return &w.poses[e.number*rewind+at]
	}
	return e.past[at]
}

// remember keeps an entity's pose in the place of the oldest.
func (w *world) remember(e *entity) {
	e.moves++
	e.step = w.step
	p := (*pose)(nil)
	if w.noPoses {
		p = w.pose(e, 0)
	} else {
		p = newPose()
		e.past[e.moves%rewind] = p
	}
	*p = pose{e.x, e.y, e.heading, e.speed, w.step, e.health}
}

func (w *world) place(e *entity, x, y float32) (stayed int32) {
	e.x, e.y = min(max(x, 0), across-1), min(max(y, 0), across-1)
	if at := cellAt(e.x, e.y); at != e.cell {
		stayed = w.leave(e)
		e.cell = at
		w.enter(e)
	}
	w.remember(e)
	return stayed
}

func (w *world) move(e *entity) int32 {
	if e.speed == 0 {
		return 0
	}
	if random := w.random.Next(); random>>8%12 == 0 {
		e.heading = int32(random >> 16 % angles)
		if max(e.x-e.homeX, e.homeX-e.x)+max(e.y-e.homeY, e.homeY-e.y) > roam {
			e.heading = int32(math.Atan2(float64(e.homeY-e.y), float64(e.homeX-e.x))/(2*math.Pi)*angles+angles) % angles
		}
	}
	speed := float32(e.speed) * 0.7
	return w.place(e, e.x+w.cosines[e.heading]*speed, e.y+w.cosines[(e.heading+angles*3/4)%angles]*speed)
}

// resolve looks where the struck one was when it was struck.
//
//go:noinline
func (w *world) resolve(s *strike) (sum uint64) {
	then := w.pose(s.to, 0)
	for back := int32(1); back < min(s.to.moves, rewind) && then.step > s.step-s.delay; back++ {
		then = w.pose(s.to, back)
	}
	x, y := then.x-s.from.x, then.y-s.from.y
	if x*x+y*y > s.away*s.away {
		return 1
	}
	s.to.health -= int32(s.damage)
	s.to.foe = s.from
	if s.to.health > 0 {
		return uint64(s.to.health) + uint64(s.weapon)
	}
	s.to.health = healthy
	stayed := w.place(s.to, s.to.homeX, s.to.homeY)
	return uint64(s.to.number)<<8 + uint64(stayed)
}

// fight has an entity strike another one of its cell, or who struck it last.
func (w *world) fight(e *entity) uint64 {
	random := w.random.Next()
	foe := e.foe
	if random>>60 < 12 || foe == nil {
		for at := w.first(e.cell); !at.end(); {
			foe, at = w.at(at)
			if foe != e && (foe.number+w.step)%3 == 0 {
				break
			}
		}
	}
	s := strike{from: e, to: foe, damage: float32(random >> 16 % 40), away: wide, step: w.step,
		delay: int32(random >> 32 % 5), weapon: int(random >> 48 % 7)}
	if w.noStrikes {
		return w.resolve(&s)
	}
	return w.resolve(newStrike(s))
}

// around is the cells that a player sees.
func around(cell int32) (left, top, right, bottom int32) {
	x, y := cell%side, cell/side
	return max(x-reach, 0), max(y-reach, 0), min(x+reach, side-1), min(y+reach, side-1)
}

// crowd is how many entities are in some cells.
func (w *world) crowd(left, top, right, bottom int32) (count int32) {
	for y := top; y <= bottom; y++ {
		for x := left; x <= right; x++ {
			count += w.counts[y*side+x]
		}
	}
	return count
}

func (w *world) in(s *sight, i int32) *entity {
	if w.noSights {
		return w.entities[w.numbers[s.from+i]]
	}
	return s.of[i]
}

// look is all that a player sees now.
func (w *world) look(p *player, count int32) (s sight) {
	left, top, right, bottom := around(p.of.cell)
	if w.noSights {
		s.from = p.of.number * 2 * seen
		if s.from == p.visible.from {
			s.from += seen
		}
	} else {
		s.of = newSight(count)
	}
	for y := top; y <= bottom; y++ {
		for x := left; x <= right; x++ {
			for at := w.first(y*side + x); !at.end() && s.count < count; s.count++ {
				e := (*entity)(nil)
				e, at = w.at(at)
				if w.noSights {
					w.numbers[s.from+s.count] = e.number
				} else {
					s.of[s.count] = e
				}
			}
		}
	}
	return s
}

func putMoved(packet []byte, m moved) []byte {
	packet = append(packet, 'm')
	packet = binary.LittleEndian.AppendUint32(packet, uint32(m.number))
	packet = binary.LittleEndian.AppendUint16(packet, uint16(m.x*32))
	packet = binary.LittleEndian.AppendUint16(packet, uint16(m.y*32))
	return append(packet, byte(m.turn))
}

func putEntered(packet []byte, m entered) []byte {
	packet = append(packet, 'e')
	packet = binary.LittleEndian.AppendUint32(packet, uint32(m.of.number))
	packet = binary.LittleEndian.AppendUint16(packet, uint16(m.x*32))
	packet = binary.LittleEndian.AppendUint16(packet, uint16(m.y*32))
	packet = binary.LittleEndian.AppendUint16(packet, uint16(m.of.health))
	packet = append(packet, byte(len(m.of.name)))
	return append(packet, m.of.name...)
}

func putLeft(packet []byte, m left) []byte {
	packet = append(packet, 'l')
	return binary.LittleEndian.AppendUint32(packet, uint32(m.number))
}

func put(packet []byte, m message) []byte {
	switch m := m.(type) {
	case moved:
		return putMoved(packet, m)
	case entered:
		return putEntered(packet, m)
	case left:
		return putLeft(packet, m)
	}
	return packet
}

// change writes what came and what went between two looks.
func (w *world) change(packet []byte, old, now *sight) []byte {
	w.mark += 2
	for i := int32(0); i < old.count; i++ {
		w.marks[w.in(old, i).number] = w.mark
	}
	for i := int32(0); i < now.count; i++ {
		e := w.in(now, i)
		known := w.marks[e.number] == w.mark
		w.marks[e.number] = w.mark + 1
		if known {
			continue
		}
		if m := (entered{e, e.x, e.y}); w.noMessages {
			packet = putEntered(packet, m)
		} else {
			packet = put(packet, newEntered(m))
		}
	}
	for i := int32(0); i < old.count; i++ {
		e := w.in(old, i)
		if w.marks[e.number] != w.mark {
			continue
		}
		if m := (left{e.number, w.step}); w.noMessages {
			packet = putLeft(packet, m)
		} else {
			packet = put(packet, newLeft(m))
		}
	}
	return packet
}

// write has a player's packet: when he looks again what came and went, and all that moved.
func (w *world) write(packet []byte, p *player, crowd int32) []byte {
	packet = binary.LittleEndian.AppendUint64(packet, p.sent)
	packet = binary.LittleEndian.AppendUint64(packet, uint64(w.step))
	if w.looks(p) {
		now := w.look(p, crowd)
		packet = w.change(packet, &p.visible, &now)
		p.visible = now
	}
	for i := int32(0); i < p.visible.count; i++ {
		e := w.in(&p.visible, i)
		if e.step != w.step {
			continue
		}
		if m := (moved{e.number, e.x, e.y, e.heading}); w.noMessages {
			packet = putMoved(packet, m)
		} else {
			packet = put(packet, newMoved(m))
		}
	}
	return packet
}

func (w *world) looks(p *player) bool { return (w.step+p.of.number)%every == 0 }

func (w *world) send(p *player) uint64 {
	count, size := p.visible.count, header
	if w.looks(p) {
		size += int(count) * leftSize
		count = min(w.crowd(around(p.of.cell)), seen)
		size += int(count) * enteredSize
	}
	size += int(count) * movedSize
	if w.noPackets {
		p.sent = w.sendLocal(p, count)
	} else {
		p.sent = xxhash.Sum64(w.write(newPacket(size), p, count))
	}
	return p.sent
}

// sendLocal has the packet on its stack.
//
//go:noinline
func (w *world) sendLocal(p *player, count int32) uint64 {
	var packet [packetSize]byte
	return xxhash.Sum64(w.write(packet[:0], p, count))
}

func (w *world) frame(number uint64) []byte {
	if w.noFrames {
		size := uint64(4 + framed*record)
		return w.recording[number*size : (number+1)*size]
	}
	return w.frames[number]
}

// film records a part of the world, in the place of the oldest frame.
func (w *world) film() {
	across := int32(side / part)
	x, y := w.step%across*part, w.step/across%across*part
	count := min(w.crowd(x, y, x+part-1, y+part-1), framed)
	at := uint64(w.step % recorded)
	if !w.noFrames {
		w.frames[at] = newFrame(4 + int(count)*record)
	}
	frame := w.frame(at)
	binary.LittleEndian.PutUint32(frame, uint32(count))
	to := 4
	for row := y; row < y+part; row++ {
		for column := x; column < x+part; column++ {
			for at := w.first(row*side + column); !at.end() && to < 4+int(count)*record; to += record {
				e := (*entity)(nil)
				e, at = w.at(at)
				binary.LittleEndian.PutUint32(frame[to:], uint32(e.number))
				binary.LittleEndian.PutUint16(frame[to+4:], uint16(e.x*32))
				binary.LittleEndian.PutUint16(frame[to+6:], uint16(e.y*32))
				binary.LittleEndian.PutUint32(frame[to+8:], uint32(e.health))
			}
		}
	}
}

// replay looks at something of an old frame.
func (w *world) replay() uint64 {
	random := w.random.Next()
	frame := w.frame(random >> 8 % recorded)
	if len(frame) == 0 {
		return 0
	}
	count := uint64(binary.LittleEndian.Uint32(frame))
	if count == 0 {
		return 0
	}
	return binary.LittleEndian.Uint64(frame[4+random>>32%count*record:])
}

func (w *world) one() (sum uint64) {
	w.step++
	for i, e := range w.entities {
		sum += uint64(w.move(e))
		if (int32(i)+w.step)%slow == 0 {
			sum = sum*31 + w.fight(e)
		}
	}
	for i := range w.players {
		sum = sum*31 + w.send(&w.players[i])
	}
	w.film()
	return sum + w.replay()
}

func main() {
	run.Start()
	run.End(run.Work(func(worker int) (sum uint64) {
		w := newWorld(worker)
		for i := 0; i < run.Scaled(640); i++ {
			sum = sum*31 + w.one()
		}
		return sum
	}))
}
