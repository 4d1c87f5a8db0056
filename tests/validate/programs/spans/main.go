// A collector of traces: batches of spans come as MessagePack, each span goes to its trace, is looked at by rules, and a
// trace that is complete is summed up, encoded, and sent on. Thousands of traces are open at any time.
package main

import (
	"bytes"

	"escprof.test/validate/run"

	"github.com/vmihailenco/msgpack/v5"
)

const (
	open     = 22000 // traces
	complete = 6     // spans of a trace
	batches  = 64
	inBatch  = 20
)

var operations = [...]string{"GET /cart", "POST /cart/items", "SELECT carts", "cache.get", "queue.publish", "render"}

// attributes are the numbers of a span.
type attributes struct {
	start, duration, sent, received, retries, status int64
}

type span struct {
	operation  string
	attributes *attributes
	own        attributes // the same, here
	next       *span
}

type trace struct {
	key         string
	first, last *span
	spans       int
	slow        int64
}

// measure is what rules look at.
type measure struct {
	operation string
	value     int64
	status    int64
}

type collector struct {
	batches [batches][]byte
	traces  map[string]*trace
	count   int

	reader  bytes.Reader
	decoder *msgpack.Decoder
	encoder *msgpack.Encoder
	answer  bytes.Buffer
	key     [32]byte
	free    *span
	measure measure

	noDecoders, noAnswers, noKeys, noSpans, noAttributes, noMeasures bool
}

//go:noinline
func newDecoder(data []byte) *msgpack.Decoder { return msgpack.NewDecoder(bytes.NewReader(data)) }

//go:noinline
func newAnswer() *bytes.Buffer { return new(bytes.Buffer) }

//go:noinline
func keyOf(key []byte) string { return string(key) }

//go:noinline
func newSpan() *span { return new(span) }

//go:noinline
func newAttributes() *attributes { return new(attributes) }

//go:noinline
func boxed(m measure) any { return m }

//go:noinline
func newTrace(key []byte) *trace { return &trace{key: string(key)} }

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func newCollector(w int) *collector {
	c := &collector{traces: make(map[string]*trace), noDecoders: run.Without("decoders"),
		noAnswers: run.Without("answers"), noKeys: run.Without("keys"), noSpans: run.Without("spans"),
		noAttributes: run.Without("attributes"), noMeasures: run.Without("measures")}
	random := run.Random(w + 113)
	for i := range c.batches {
		c.batches[i] = batchOf(&random)
	}
	c.decoder = newDecoder(nil)
	c.encoder = msgpack.NewEncoder(&c.answer)
	return c
}

// batchOf makes a batch as a service sends it.
func batchOf(random *run.Random) []byte {
	var buffer bytes.Buffer
	e := msgpack.NewEncoder(&buffer)
	check(e.EncodeArrayLen(inBatch))
	for i := 0; i < inBatch; i++ {
		number := random.Next()
		check(e.EncodeString(operations[number>>8%6]))
		check(e.EncodeInt(int64(number >> 30)))
		check(e.EncodeInt(int64(number >> 20 % 1000)))
		check(e.EncodeInt(int64(number >> 16 % 4096)))
		check(e.EncodeInt(int64(number >> 40 % 4096)))
		check(e.EncodeInt(int64(number >> 50 % 8)))
	}
	return buffer.Bytes()
}

func (c *collector) decoderOf(data []byte) *msgpack.Decoder {
	if !c.noDecoders {
		return newDecoder(data)
	}
	c.reader.Reset(data)
	c.decoder.Reset(&c.reader)
	return c.decoder
}

// weigh is the rule: what is slow, and what failed.
func weigh(subject any) int64 {
	m, ok := subject.(*measure)
	if !ok {
		value := subject.(measure)
		return value.value/100 + value.status + int64(len(value.operation))
	}
	return m.value/100 + m.status + int64(len(m.operation))
}

func (c *collector) weight(s *span) int64 {
	m := measure{s.operation, s.attributes.duration, s.attributes.status}
	if !c.noMeasures {
		return weigh(boxed(m))
	}
	c.measure = m
	return weigh(&c.measure)
}

// traceOf is the trace that the next span belongs to: there are as many open as can be, and each gets its spans one by
// one.
func (c *collector) traceOf() *trace {
	lane := c.count % open
	number := uint64((c.count/open+lane)/complete*open+lane) * 0x9E3779B97F4A7C15
	c.count++
	for i := range c.key {
		c.key[i] = "0123456789abcdef"[number>>(4*(i%16))&15]
	}
	t := (*trace)(nil)
	if c.noKeys {
		t = c.traces[string(c.key[:])]
	} else {
		t = c.traces[keyOf(c.key[:])]
	}
	if t == nil {
		t = newTrace(c.key[:])
		c.traces[t.key] = t
	}
	return t
}

func (c *collector) number(d *msgpack.Decoder) int64 {
	value, err := d.DecodeInt64()
	check(err)
	return value
}

func (c *collector) spanOf(d *msgpack.Decoder) *span {
	s := c.free
	if !c.noSpans || s == nil {
		s = newSpan()
	} else {
		c.free = s.next
	}
	*s = span{}
	var err error
	s.operation, err = d.DecodeString()
	check(err)
	if s.attributes = &s.own; !c.noAttributes {
		s.attributes = newAttributes()
	}
	*s.attributes = attributes{start: c.number(d), duration: c.number(d), sent: c.number(d), received: c.number(d),
		status: c.number(d)}
	return s
}

// send sums a trace up, and gives up what it has.
func (c *collector) send(t *trace) uint64 {
	answer := &c.answer
	if c.noAnswers {
		answer.Reset()
	} else {
		answer = newAnswer()
	}
	c.encoder.Reset(answer)
	check(c.encoder.EncodeString(t.key))
	check(c.encoder.EncodeArrayLen(t.spans))
	for s := t.first; s != nil; {
		check(c.encoder.EncodeString(s.operation))
		check(c.encoder.EncodeInt(s.attributes.duration))
		check(c.encoder.EncodeInt(s.attributes.sent + s.attributes.received))
		next := s.next
		if c.noSpans {
			*s = span{next: c.free}
			c.free = s
		}
		s = next
	}
	check(c.encoder.EncodeInt(t.slow))
	delete(c.traces, t.key)
	return run.Hash(0, answer.Bytes())
}

func (c *collector) take(data []byte) (sum uint64) {
	d := c.decoderOf(data)
	count, err := d.DecodeArrayLen()
	check(err)
	for i := 0; i < count; i++ {
		t := c.traceOf()
		s := c.spanOf(d)
		if t.last == nil {
			t.first = s
		} else {
			t.last.next = s
		}
		t.last = s
		t.spans++
		t.slow += c.weight(s)
		if t.spans == complete {
			sum = sum*31 + c.send(t)
		}
	}
	return sum
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		c := newCollector(w)
		for i := 0; i < run.Scaled(120000); i++ {
			sum = sum*31 + c.take(c.batches[i%batches])
		}
		return sum
	}))
}
