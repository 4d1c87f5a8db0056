package main

import (
	"context"
	"time"
)

const (
	basketSize  = 48
	sessionBeat = time.Second
)

// item is one thing in a basket; the chain is how the customer came to it. Pointers for the marker to follow.
type item struct {
	product  string
	quantity int
	previous *item
}

// openSessions starts COUNT goroutines, each with a basket that changes with every beat, until ctx is done. They are
// the service's standing heap: what every GC cycle marks.
func openSessions(ctx context.Context, count int, session func(ctx context.Context, delay time.Duration)) {
	for i := 0; i < count; i++ {
		go session(ctx, sessionBeat*time.Duration(i)/time.Duration(count))
	}
}

func runSession(ctx context.Context, delay time.Duration) {
	basket := fillBasket()
	timer := time.NewTimer(delay) // spread over a beat, so that they don't wake all at once
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			basket = swapItem(basket)
			timer.Reset(sessionBeat)
		}
	}
}

func fillBasket() *item {
	var last *item
	for i := 0; i < basketSize; i++ {
		last = &item{product: products[i%len(products)].name, quantity: 1 + i%3, previous: last}
	}
	return last
}

// swapItem puts the newest item in the place of a new one.
func swapItem(basket *item) *item {
	return &item{product: basket.product, quantity: basket.quantity%5 + 1, previous: basket.previous}
}

// line is an item without pointers: the product is its number, and how the customer came to it the order of the lines.
type line struct {
	product, quantity int32
}

// runFixedSession keeps its basket in its own stack, where there is nothing for the marker to follow.
func runFixedSession(ctx context.Context, delay time.Duration) {
	var basket [basketSize]line
	for i := range basket {
		basket[i] = line{product: int32(i % len(products)), quantity: int32(1 + i%3)}
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			newest := &basket[basketSize-1]
			newest.quantity = newest.quantity%5 + 1
			timer.Reset(sessionBeat)
		}
	}
}
