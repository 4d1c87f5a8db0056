// A message broker: producers append records to the partitions of topics, groups of consumers fetch what they don't have
// yet, and what a consumer could not handle is delivered to it again later. A record is, on the wire and in the log,
//
//	length (4 bytes), producer, sequence, and headers, key and value, each with its length before it
//
// where the numbers but the first are varints. A position is a byte's in all the log of a partition.
package main

import (
	"encoding/binary"
	"errors"
	"strconv"

	"escprof.test/validate/outside"
	"escprof.test/validate/run"

	"github.com/cespare/xxhash/v2"
)

const (
	partitions = 16
	groups     = 5
	producers  = 170000
	size       = 64 << 10 // of a segment
	kept       = 2        // segments of a partition
	batched    = 20       // records of a request, at most
	longest    = 700      // value
	least      = 1000     // bytes that are worth a response
	lead       = 24       // bytes of a response before its records
	attempts   = 5
)

// sequence is what came last from a producer.
type sequence struct {
	number, position int64
	time             int64
	partition, count int32
}

type producer struct {
	name string
	last *sequence
	sent int64
}

type partition struct {
	number   int
	segments [kept][]byte
	filled   [kept]int32 // bytes
	end      int64       // position
}

// delivery is a record on its way to a consumer.
type delivery struct {
	of                  *partition
	position            int64
	headers, key, value []byte
	producer, sequence  uint32
	attempt             int32
}

// failure is that a consumer could not handle a record.
type failure struct {
	of       *partition
	position int64
	reason   string
	attempt  int32
}

func (f failure) Error() string { return f.reason + " at " + strconv.FormatInt(f.position, 10) }

var errFailure = errors.New("a record was not handled")

type broker struct {
	partitions [partitions]partition
	sessions   [groups * partitions]session
	committed  [groups * partitions]int64
	producers  []*producer
	noise      [1 << 16]byte
	request    []byte // the socket's
	retries    retries
	random     run.Random
	now        int64
	dead       uint64

	// The same without objects of the heap.
	sequences []sequence
	log       []byte

	noResponses, noDeliveries, noSequences, noCallbacks, noSegments bool
}

//go:noinline
func newResponse(size int) []byte { return make([]byte, size) }

//go:noinline
func newDelivery(d delivery) *delivery { return &d }

//go:noinline
func newSequence() *sequence { return new(sequence) }

// newDone is called back when a record was handled.
//
//go:noinline
func newDone(s *session, since int64, attempt int32) func(sum uint64) {
	return func(sum uint64) { s.done(since, attempt, sum) }
}

//go:noinline
func newFailure(f failure) error { return f }

//go:noinline
func newSegment() []byte { return make([]byte, size) }

func newBroker(worker int) *broker {
	b := &broker{random: run.Random(worker + 401), request: outside.Slice[byte](batched * (longest + 200)),
		noResponses: run.Without("responses"), noDeliveries: run.Without("deliveries"),
		noSequences: run.Without("sequences"), noCallbacks: run.Without("callbacks"),
		noSegments: run.Without("segments")}
	if run.Without("retries") {
		b.retries.plain = outside.Slice[plainRetry](pending)
	}
	if b.noSequences {
		b.sequences = outside.Slice[sequence](producers)
	}
	if b.noSegments {
		b.log = outside.Slice[byte](partitions * kept * size)
	}
	for i := range b.noise {
		b.noise[i] = byte(b.random.Next() >> 24)
	}
	for i := range b.partitions {
		p := &b.partitions[i]
		p.number = i
		b.begin(p)
	}
	for i := range b.sessions {
		s := &b.sessions[i]
		s.of, s.number, s.patience = &b.partitions[i%partitions], int32(i), 1<<(i/partitions)
		if run.Without("sessions") {
			s.plain = outside.Slice[slot](places)
		}
		s.connect()
	}
	b.producers = make([]*producer, producers)
	for i := range b.producers {
		b.producers[i] = &producer{name: "producer" + strconv.Itoa(i)}
		if !b.noSequences {
			b.producers[i].last = newSequence()
		}
	}
	return b
}

func (b *broker) last(number uint64) **sequence { return &b.producers[number].last }

// segment is the one that has a position.
func (b *broker) segment(p *partition, position int64) []byte {
	at := int(position / size % kept)
	if b.noSegments {
		at += p.number * kept
		return b.log[at*size : (at+1)*size]
	}
	return p.segments[at]
}

func filled(p *partition, position int64) *int32 { return &p.filled[position/size%kept] }

// begin has a new segment at the end of a partition, in the place of the oldest.
func (b *broker) begin(p *partition) {
	if !b.noSegments {
		p.segments[p.end/size%kept] = newSegment()
	}
	*filled(p, p.end) = 0
}

// oldest is the first position that is kept.
func (p *partition) oldest() int64 { return max(p.end/size-kept+1, 0) * size }

func (b *broker) append(p *partition, wire []byte) (position int64) {
	if int(p.end%size)+len(wire) > size {
		p.end = (p.end/size + 1) * size
		b.begin(p)
	}
	position = p.end
	copy(b.segment(p, position)[position%size:], wire)
	p.end += int64(len(wire))
	*filled(p, position) += int32(len(wire))
	if p.end%size == 0 {
		b.begin(p)
	}
	return position
}

func (b *broker) appendBytes(wire []byte, random uint64, length int) []byte {
	wire = binary.AppendUvarint(wire, uint64(length))
	from := int(random % uint64(len(b.noise)-longest))
	return append(wire, b.noise[from:from+length]...)
}

// compose writes a request, as its client does.
func (b *broker) compose() []byte {
	request := b.request[:0]
	count := 4 + int(b.random.Next()>>20%(batched-4))
	for i := 0; i < count; i++ {
		random := b.random.Next()
		number := random >> 8 % producers
		p := b.producers[number]
		if random>>30%40 != 0 { // otherwise the same again
			p.sent++
		}
		start := len(request)
		request = append(request, 0, 0, 0, 0)
		request = binary.AppendUvarint(request, number)
		request = binary.AppendUvarint(request, uint64(p.sent))
		request = b.appendBytes(request, random>>16, int(random>>40%24))
		request = b.appendBytes(request, random>>20, 8+int(random>>44%8))
		length := 30 + int(random>>48%150)
		if random>>60 == 0 {
			length = longest - int(random>>50%100)
		}
		request = b.appendBytes(request, random>>24, length)
		binary.LittleEndian.PutUint32(request[start:], uint32(len(request)-start))
	}
	return request
}

// produce appends the records of a request that are new.
func (b *broker) produce(p *partition, request []byte) (sum uint64) {
	for len(request) > 0 {
		length := binary.LittleEndian.Uint32(request)
		wire := request[:length]
		request = request[length:]
		number, n := binary.Uvarint(wire[4:])
		sent, _ := binary.Uvarint(wire[4+n:])
		last := (*sequence)(nil)
		if b.noSequences {
			last = &b.sequences[number]
		} else {
			last = *b.last(number)
		}
		if int64(sent) <= last.number {
			sum += uint64(last.position) // it is here
			continue
		}
		count := last.count + 1
		if !b.noSequences {
			last = newSequence()
			*b.last(number) = last
		}
		position := b.append(p, wire)
		*last = sequence{int64(sent), position, b.now, int32(p.number), count}
		sum = sum*31 + uint64(position)
	}
	return sum
}

// field takes what has its length before it.
func field(wire []byte) (value, rest []byte) {
	length, n := binary.Uvarint(wire)
	return wire[n : n+int(length)], wire[n+int(length):]
}

func (b *broker) parse(p *partition, wire []byte, position int64, attempt int32) (d delivery) {
	d.of, d.position, d.attempt = p, position, attempt
	number, n := binary.Uvarint(wire[4:])
	sent, m := binary.Uvarint(wire[4+n:])
	d.producer, d.sequence = uint32(number), uint32(sent)
	rest := wire[4+n+m:]
	d.headers, rest = field(rest)
	d.key, rest = field(rest)
	d.value, _ = field(rest)
	return d
}

// done is that a consumer handled a record.
func (s *session) done(since int64, attempt int32, sum uint64) {
	s.delay += int64(sum>>50) + int64(attempt) + since&1
}

// handle is what a consumer does; one of eight attempts fails. DONE is nil where there is nothing to call back.
//
//go:noinline
func (b *broker) handle(s *session, d *delivery, done func(sum uint64)) (sum uint64, err error) {
	sum = xxhash.Sum64(d.value) + uint64(d.producer)<<8 + uint64(d.sequence) + uint64(len(d.headers))
	sum = run.Hash(sum, d.key[:4])
	if (sum>>20+uint64(d.attempt)*3)%8 == 0 {
		if b.noCallbacks {
			return sum, errFailure
		}
		return sum, newFailure(failure{d.of, d.position, "the value is not known", d.attempt})
	}
	if done == nil {
		s.done(b.now, d.attempt, sum)
	} else {
		done(sum)
	}
	return sum, nil
}

// deliver has a consumer handle a record, and says whether it is going to be delivered again.
func (b *broker) deliver(s *session, d delivery, key int64) (again bool, sum uint64) {
	done := (func(uint64))(nil)
	if !b.noCallbacks {
		done = newDone(s, b.now, d.attempt)
	}
	err := error(nil)
	if b.noDeliveries {
		sum, err = b.handle(s, &d, done)
	} else {
		sum, err = b.handle(s, newDelivery(d), done)
	}
	if err == nil {
		return false, sum
	}
	if d.attempt == attempts {
		b.dead++
		return false, sum
	}
	due := b.now + 30<<d.attempt + int64(sum>>40%100)
	b.retries.push(plainRetry{due: due, position: d.position, key: key, session: s.number, attempt: d.attempt + 1})
	return true, sum
}

// introduce writes what a response begins with, and has the sum of all of it.
func introduce(start, records []byte, s *session, position int64) uint64 {
	binary.LittleEndian.PutUint64(start, uint64(position))
	binary.LittleEndian.PutUint64(start[8:], uint64(len(records)))
	binary.LittleEndian.PutUint32(start[16:], uint32(s.number))
	var digest xxhash.Digest
	digest.Reset()
	digest.Write(start)
	digest.Write(records)
	return digest.Sum64()
}

// respond sends records to a consumer, who gets them as they are returned.
func (b *broker) respond(s *session, records []byte, position int64) ([]byte, uint64) {
	if b.noResponses {
		var start [lead]byte
		return records, introduce(start[:], records, s, position)
	}
	response := newResponse(lead + len(records))
	copy(response[lead:], records)
	return response[lead:], introduce(response[:lead], response[lead:], s, position)
}

// fetch sends a consumer all that a segment has for it.
func (b *broker) fetch(s *session) (sum uint64) {
	p := s.of
	if oldest := p.oldest(); s.next < oldest {
		s.lost += uint64(oldest - s.next)
		s.next = oldest
	}
	if s.held >= window {
		return 1
	}
	end := s.next/size*size + int64(*filled(p, s.next))
	if s.next == end && s.next/size < p.end/size {
		s.next = (s.next/size + 1) * size
		end = s.next + int64(*filled(p, s.next))
	}
	if end-s.next < least && end == p.end {
		return 2
	}
	key := s.next
	records, sum := b.respond(s, b.segment(p, key)[key%size:end-key/size*size], key)
	s.next = end
	failed := int32(0)
	for at := 0; at < len(records); {
		length := int(binary.LittleEndian.Uint32(records[at:]))
		again, part := b.deliver(s, b.parse(p, records[at:at+length], key+int64(at), 0), key)
		if again {
			failed++
		}
		sum = sum*31 + part
		at += length
	}
	if failed != 0 {
		s.hold(key, failed, b.now)
	} else {
		b.committed[s.number] = max(b.committed[s.number], end)
	}
	if s.fetched++; s.fetched == renew {
		s.connect()
	}
	return sum
}

// again delivers what is due once more, if it is still there.
func (b *broker) again() (sum uint64) {
	for {
		r, ok := b.retries.pop(b.now)
		if !ok {
			return sum
		}
		s := &b.sessions[r.session]
		waits := false
		if r.position < s.of.oldest() {
			s.lost++
		} else {
			wire := b.segment(s.of, r.position)[r.position%size:]
			part := uint64(0)
			waits, part = b.deliver(s, b.parse(s.of, wire, r.position, r.attempt), r.key)
			sum = sum*31 + part
		}
		if !waits {
			took := s.settle(r.key, b.now)
			if took != 0 {
				b.committed[s.number] = max(b.committed[s.number], r.key)
			}
			sum += uint64(took)
		}
	}
}

func (b *broker) one() (sum uint64) {
	b.now++
	random := b.random.Next()
	p := &b.partitions[random>>8%partitions]
	sum = b.produce(p, b.compose())
	for group := 0; group < groups; group++ {
		s := &b.sessions[group*partitions+int(random>>(16+group*6)%partitions)]
		if random>>(24+group*5)%s.patience == 0 {
			sum = sum*31 + b.fetch(s)
		}
	}
	return sum*31 + b.again()
}

func (b *broker) sum() (sum uint64) {
	for i := range b.sessions {
		sum = sum*31 + uint64(b.committed[i]) + b.sessions[i].lost + uint64(b.sessions[i].delay)
	}
	return sum*31 + b.dead
}

func main() {
	run.Start()
	run.End(run.Work(func(worker int) (sum uint64) {
		b := newBroker(worker)
		for i := 0; i < run.Scaled(160000); i++ {
			sum = sum*31 + b.one()
		}
		return sum*31 + b.sum()
	}))
}
