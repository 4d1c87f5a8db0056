// A watcher of a network: packets are taken apart layer by layer, each belongs to a flow, what came too early waits for
// what is missing, and flows that nothing is heard of make room for new ones. A large live heap of flows, and packets
// as garbage.
package main

import (
	"encoding/binary"
	"strconv"

	"escprof.test/validate/run"
)

const (
	watched  = 150000 // flows
	largest  = 460    // bytes of a packet's content
	sizeStep = 64     // between the sizes of pieces that are used again
	header   = 40     // bytes of a packet before its content
	textSize = 24     // bytes that an end's name has, at most
)

type key struct {
	from, to         uint32
	fromPort, toPort uint16
}

// The layers of a packet.
type layer interface{ size() int }

type network struct {
	from, to      uint32
	length        int
	ttl, protocol uint8
}

type transport struct {
	fromPort, toPort uint16
	sequence         uint32
	flags            uint8
	window           int
}

type content struct{ bytes []byte }

func (l *network) size() int   { return 20 }
func (l *transport) size() int { return 20 }
func (l *content) size() int   { return len(l.bytes) }

// early is a piece of a flow that came before the one in front of it.
type early struct {
	sequence uint32
	bytes    []byte
	next     *early
}

// counters are what both directions of a flow come to.
type counters struct{ packets, bytes, early, late, first, last int64 }

type flow struct {
	key      key
	name     string
	text     [textSize]byte // the name without a string
	length   int8
	awaited  uint32
	waiting  *early
	waits    int
	counters *counters
	own      counters
}

type watcher struct {
	flows  map[key]*flow
	order  [watched]*flow
	turn   int
	random run.Random
	now    int64
	wire   [header + largest]byte // where packets come from
	packet [header + largest]byte
	line   []byte

	network   network
	transport transport
	content   content
	layers    [3]layer
	free      *early
	pieces    [largest/sizeStep + 2][][]byte // that can be used again, by size

	noLayers, noNames, noEarly, noPieces, noCounters, noPackets bool
}

//go:noinline
func newPacket(size int) []byte { return make([]byte, size) }

//go:noinline
func newLayers() []layer { return make([]layer, 0, 3) }

//go:noinline
func newNetwork() *network { return new(network) }

//go:noinline
func newTransport() *transport { return new(transport) }

//go:noinline
func newContent() *content { return new(content) }

//go:noinline
func newFlow() *flow { return new(flow) }

//go:noinline
func nameOf(line []byte) string { return string(line) }

//go:noinline
func newEarly() *early { return new(early) }

//go:noinline
func newPiece(size int) []byte { return make([]byte, size) }

//go:noinline
func newCounters() *counters { return new(counters) }

func newWatcher(w int) *watcher {
	t := &watcher{flows: make(map[key]*flow, watched), random: run.Random(w + 109), line: make([]byte, 0, 64),
		noLayers: run.Without("layers"), noNames: run.Without("names"), noEarly: run.Without("early"),
		noPieces: run.Without("pieces"), noCounters: run.Without("counters"),
		noPackets: run.Without("packets")}
	t.layers = [3]layer{&t.network, &t.transport, &t.content}
	for i := range t.wire {
		t.wire[i] = byte(i * i)
	}
	for range t.order {
		t.open()
	}
	return t
}

// open begins a flow in the place of the one that was begun first.
func (t *watcher) open() {
	at := &t.order[t.turn%watched]
	if old := *at; old != nil {
		delete(t.flows, old.key)
		t.drop(old)
	}
	number := t.random.Next()
	f := newFlow()
	f.key = key{uint32(number), uint32(number >> 32), uint16(t.turn), uint16(t.turn >> 16)}
	t.line = t.line[:0]
	for shift := 24; shift >= 0; shift -= 8 {
		t.line = append(strconv.AppendUint(t.line, uint64(byte(f.key.from>>shift)), 10), '.')
	}
	t.line = strconv.AppendUint(t.line, uint64(f.key.fromPort), 10)
	if t.noNames {
		f.length = int8(copy(f.text[:], t.line))
	} else {
		f.name = nameOf(t.line)
	}
	if f.counters = &f.own; !t.noCounters {
		f.counters = newCounters()
	}
	f.counters.first = t.now
	t.flows[f.key] = f
	*at = f
	t.turn++
}

// drop gives up what a flow holds.
func (t *watcher) drop(f *flow) {
	for f.waiting != nil {
		e := f.waiting
		f.waiting = e.next
		t.give(e)
	}
}

func (t *watcher) give(e *early) {
	if t.noPieces {
		size := cap(e.bytes) / sizeStep
		t.pieces[size] = append(t.pieces[size], e.bytes)
	}
	if t.noEarly {
		*e = early{next: t.free}
		t.free = e
	}
}

// packetOf is the next packet: of a flow that is known, most often the next of that flow.
func (t *watcher) packetOf() []byte {
	number := t.random.Next()
	f := t.order[number>>20%watched]
	size := 60 + int(number%(largest-60))
	sequence := f.awaited
	if number>>12%5 == 0 {
		sequence += uint32(number >> 40 % 300)
	}
	p := t.wire[:header+size]
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	p[8], p[9] = 64, 6
	binary.BigEndian.PutUint32(p[12:], f.key.from)
	binary.BigEndian.PutUint32(p[16:], f.key.to)
	binary.BigEndian.PutUint16(p[20:], f.key.fromPort)
	binary.BigEndian.PutUint16(p[22:], f.key.toPort)
	binary.BigEndian.PutUint32(p[24:], sequence)
	p[33] = byte(number >> 50)
	binary.BigEndian.PutUint64(p[header:], number)
	packet := t.packet[:len(p)]
	if !t.noPackets {
		packet = newPacket(len(p))
	}
	copy(packet, p)
	return packet
}

// taken is a packet's layers.
func (t *watcher) taken(p []byte) []layer {
	layers, n, s, c := t.layers[:], &t.network, &t.transport, &t.content
	if !t.noLayers {
		n, s, c = newNetwork(), newTransport(), newContent()
		layers = append(newLayers(), n, s, c)
	}
	*n = network{binary.BigEndian.Uint32(p[12:]), binary.BigEndian.Uint32(p[16:]), int(binary.BigEndian.Uint16(p[2:])),
		p[8], p[9]}
	*s = transport{binary.BigEndian.Uint16(p[20:]), binary.BigEndian.Uint16(p[22:]), binary.BigEndian.Uint32(p[24:]),
		p[33], int(binary.BigEndian.Uint16(p[34:]))}
	*c = content{p[header:]}
	return layers
}

// wait keeps a piece of a flow until what is missing has come.
func (t *watcher) wait(f *flow, sequence uint32, bytes []byte) {
	e := t.free
	if !t.noEarly || e == nil {
		e = newEarly()
	} else {
		t.free = e.next
	}
	*e = early{sequence: sequence}
	e.bytes = t.piece(len(bytes))
	copy(e.bytes, bytes)
	at := &f.waiting
	for *at != nil && (*at).sequence < sequence {
		at = &(*at).next
	}
	e.next = *at
	*at = e
	f.waits++
	f.counters.early++
}

func (t *watcher) piece(size int) []byte {
	if !t.noPieces {
		return newPiece(size)
	}
	step := (size + sizeStep - 1) / sizeStep
	again := &t.pieces[step]
	if last := len(*again) - 1; last >= 0 {
		piece := (*again)[last]
		*again = (*again)[:last]
		return piece[:size]
	}
	return newPiece(step * sizeStep)[:size]
}

// goOn takes the pieces that waited for the ones before.
func (t *watcher) goOn(f *flow) (sum uint64) {
	for f.waiting != nil && (f.waiting.sequence <= f.awaited || f.waits > 3) {
		e := f.waiting
		f.waiting = e.next
		f.waits--
		sum = sum*3 + uint64(e.bytes[0])
		f.awaited = max(f.awaited, e.sequence+uint32(len(e.bytes)))
		t.give(e)
	}
	return sum
}

func (t *watcher) one() (sum uint64) {
	t.now++
	layers := t.taken(t.packetOf())
	size := 0
	for _, l := range layers {
		size += l.size()
	}
	n, s, c := layers[0].(*network), layers[1].(*transport), layers[2].(*content)
	f := t.flows[key{n.from, n.to, s.fromPort, s.toPort}]
	f.counters.packets++
	f.counters.bytes += int64(size)
	f.counters.last = t.now
	if s.sequence > f.awaited {
		t.wait(f, s.sequence, c.bytes)
	} else {
		f.awaited = s.sequence + uint32(len(c.bytes))
		sum = uint64(c.bytes[0])
	}
	sum += t.goOn(f)
	if s.flags%8 == 0 {
		t.open()
		if t.noNames {
			sum = run.Hash(sum, f.text[:f.length])
		} else {
			sum = run.Hash(sum, f.name)
		}
	}
	return sum + uint64(f.counters.packets+f.counters.early)
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		t := newWatcher(w)
		for i := 0; i < run.Scaled(3600000); i++ {
			sum = sum*31 + t.one()
		}
		return sum
	}))
}
