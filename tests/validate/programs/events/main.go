// A hub that many clients are connected to: each client is a goroutine with a queue of its own, each message goes
// through a handler with a deadline and comes back to its sender. Thousands of goroutines, short-lived objects, and a
// history that is kept.
package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"escprof.test/validate/run"
)

const (
	clients = 3000
	history = 60000 // messages that the hub remembers
)

type message struct {
	from, to int
	text     [10]uint64
	reply    chan uint64
	errors   []error
}

type hub struct {
	queues []chan *message
	past   []*message
	at     int
	lock   sync.Mutex

	noHistory, noReply, noContext, noError, noMessage bool
	pool                                              sync.Pool
}

//go:noinline
func newMessage() *message { return &message{} }

//go:noinline
func newPast(m *message) *message {
	copied := *m
	copied.reply, copied.errors = nil, nil
	return &copied
}

//go:noinline
func newReply() chan uint64 { return make(chan uint64, 1) }

//go:noinline
func withValue(parent context.Context, value int) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	return context.WithValue(ctx, keyOf{}, value), cancel
}

type keyOf struct{}

var errTooFar = errors.New("the message came too far")

//go:noinline
func tooFar(m *message) error {
	return fmt.Errorf("message from %d to %d: %w", m.from, m.to, errTooFar)
}

// remember keeps a copy of the message; without a history its sum has to do.
func (h *hub) remember(m *message, sum uint64) uint64 {
	if h.noHistory {
		return sum
	}
	past := newPast(m)
	h.lock.Lock()
	h.past[h.at%len(h.past)] = past
	h.at++
	h.lock.Unlock()
	return sum
}

func (h *hub) handle(m *message) (uint64, error) {
	sum := uint64(m.from)
	ctx := context.Background()
	if !h.noContext {
		inner, cancel := withValue(ctx, m.from)
		defer cancel()
		ctx = inner
	}
	for i, word := range m.text {
		if ctx.Err() != nil {
			break
		}
		sum = sum*31 + word + uint64(i)
	}
	sum = h.remember(m, sum)
	if m.from%2 == m.to%2 {
		if h.noError {
			return sum, errTooFar
		}
		return sum, tooFar(m)
	}
	return sum, nil
}

// serve is a client: it answers what is in its queue.
func (h *hub) serve(queue chan *message, done *sync.WaitGroup) {
	defer done.Done()
	for m := range queue {
		sum, err := h.handle(m)
		if errors.Is(err, errTooFar) {
			sum++
		}
		m.reply <- sum
	}
}

// send sends count messages and adds up the answers.
func (h *hub) send(seed, count int) uint64 {
	random := run.Random(seed*7919 + 1)
	own := newReply()
	total := uint64(0)
	for i := 0; i < count; i++ {
		m := h.message()
		m.from, m.to, m.reply = seed, int(random.Next()%clients), own
		if !h.noReply {
			m.reply = newReply()
		}
		for k := range m.text {
			m.text[k] = random.Next()
		}
		h.queues[m.to] <- m
		total += <-m.reply
		if h.noMessage {
			h.pool.Put(m)
		}
	}
	return total
}

func (h *hub) message() *message {
	if h.noMessage {
		return h.pool.Get().(*message)
	}
	return newMessage()
}

func main() {
	run.Start()
	h := &hub{past: make([]*message, history), noHistory: run.Without("history"), noReply: run.Without("replies"),
		noContext: run.Without("contexts"), noError: run.Without("errors"), noMessage: run.Without("messages")}
	h.pool.New = func() any { return &message{} }
	var serving, sending sync.WaitGroup
	for i := 0; i < clients; i++ {
		queue := make(chan *message, 4)
		h.queues = append(h.queues, queue)
		serving.Add(1)
		go h.serve(queue, &serving)
	}
	sums := make([]uint64, 64)
	for i := range sums {
		sending.Add(1)
		go func() {
			defer sending.Done()
			sums[i] = h.send(i+1, run.Scaled(48000))
		}()
	}
	sending.Wait()
	for _, queue := range h.queues {
		close(queue)
	}
	serving.Wait()
	total := uint64(0)
	for _, sum := range sums {
		total = total*31 + sum
	}
	run.End(total)
}
