package main

import "net/http"

const desks = 64

// newTicketsSlow hands out a desk's numbers by a closure, which takes the counter to the heap with it.
func newTicketsSlow(first int) func() int {
	n := first
	return func() int {
		n++
		return n
	}
}

// tickets is the counter itself.
type tickets struct {
	n int
}

func (t *tickets) next() int {
	t.n++
	return t.n
}

// ticketsSlow keeps a closure a desk.
func ticketsSlow(w http.ResponseWriter, r *http.Request) {
	queues := make([]func() int, 0, desks)
	for desk := 0; desk < desks; desk++ {
		queues = append(queues, newTicketsSlow(desk))
	}
	last := 0
	for _, next := range queues {
		last = next()
	}
	reply(w, last)
}

// ticketsFixed keeps the counters side by side.
func ticketsFixed(w http.ResponseWriter, r *http.Request) {
	queues := make([]tickets, desks)
	last := 0
	for desk := range queues {
		queues[desk].n = desk
		last = queues[desk].next()
	}
	reply(w, last)
}
