// Messages go to topics, and from there to all who subscribed: each subscriber has a queue of deliveries that it has not
// taken yet, each topic keeps its last messages.
package main

import (
	"strings"

	"escprof.test/validate/run"
)

const (
	topics      = 300
	subscribers = 12  // of a topic
	pending     = 40  // deliveries that a queue holds
	retained    = 150 // messages that a topic keeps
)

type message struct {
	number int
	header *header
	body   []byte
}

type header struct{ topic, source, priority int }

// delivery is a message in a subscriber's queue.
type delivery struct {
	of   *message
	next *delivery
}

type subscriber struct {
	head, tail *delivery
	waiting    int
	ring       [pending]*message
	at         int
}

type topic struct {
	subscribers [subscribers]subscriber
	kept        [retained]*message
	turn        int
}

type broker struct {
	topics [topics]topic
	random run.Random
	parts  []string
	body   [220]byte

	noDeliveries, noBodies, noParts, noHeaders, noBatches bool
	batch                                                 []int
}

//go:noinline
func newMessage(number int) *message { return &message{number: number} }

//go:noinline
func newHeader(number int) *header { return &header{number % topics, number % 7, number % 3} }

//go:noinline
func newBody() []byte { return make([]byte, 220) }

//go:noinline
func newDelivery(m *message) *delivery { return &delivery{of: m} }

//go:noinline
func newBatch() []int { return make([]int, 0, 256) }

//go:noinline
func partsOf(path string) []string { return strings.Split(path, "/") }

func fillBody(body []byte, number int) {
	for i := range body {
		body[i] = byte(number + i*i)
	}
}

var paths = [...]string{"a/stock/price/now", "b/stock/price/later", "c/weather/wind", "d/news/today/first/line", "e/tick"}

// depth is how many parts a message's path has.
func (b *broker) depth(number int) int {
	path := paths[number%len(paths)]
	if b.noParts {
		return strings.Count(path, "/") + 1
	}
	return len(partsOf(path))
}

func (b *broker) source(m *message) int {
	if b.noHeaders {
		return m.number%7 + m.number%3
	}
	return m.header.source + m.header.priority
}

func (b *broker) bodyOf(m *message) []byte {
	if b.noBodies {
		fillBody(b.body[:], m.number)
		return b.body[:]
	}
	return m.body
}

// put gives a subscriber a message; when its queue is full, what waits longest is taken.
func (b *broker) put(s *subscriber, m *message) uint64 {
	var oldest *message
	if b.noDeliveries {
		oldest = s.ring[s.at%pending]
		s.ring[s.at%pending] = m
		s.at++
	} else {
		d := newDelivery(m)
		if s.tail == nil {
			s.head = d
		} else {
			s.tail.next = d
		}
		s.tail = d
		s.waiting++
		if s.waiting > pending {
			oldest = s.head.of
			s.head = s.head.next
			s.waiting--
		}
	}
	if oldest == nil {
		return 0
	}
	return uint64(oldest.number + b.source(oldest))
}

func (b *broker) publish(number int) uint64 {
	m := newMessage(number)
	if !b.noHeaders {
		m.header = newHeader(number)
	}
	if !b.noBodies {
		m.body = newBody()
		fillBody(m.body, number)
	}
	t := &b.topics[b.random.Next()%topics]
	sum := uint64(b.depth(number))
	batch := b.batch[:0]
	if !b.noBatches {
		batch = newBatch()
	}
	for i := range t.subscribers {
		if (number+i)%5 == 0 {
			continue
		}
		batch = append(batch, i)
		sum = sum*3 + b.put(&t.subscribers[i], m)
	}
	t.kept[t.turn%retained] = m
	t.turn++
	if old := t.kept[int(b.random.Next()%retained)]; old != nil {
		body := b.bodyOf(old)
		sum += uint64(body[number%len(body)]) + uint64(len(batch))
	}
	return sum
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		b := &broker{random: run.Random(w + 61), batch: make([]int, 0, 256), noDeliveries: run.Without("deliveries"),
			noBodies: run.Without("bodies"), noParts: run.Without("parts"), noHeaders: run.Without("headers"),
			noBatches: run.Without("batches")}
		for i := 0; i < run.Scaled(700000); i++ {
			sum = sum*31 + b.publish(i)
		}
		return sum
	}))
}
