package main

import (
	"net/http"
	"sync"
)

const stopsPerRoute = 256

// stop is a place on a delivery's way: small, and never changed once made.
type stop struct {
	x, y, distance float64
}

func planSlow() []*stop {
	plan := make([]*stop, 0, stopsPerRoute)
	for i := 0; i < stopsPerRoute; i++ {
		plan = append(plan, &stop{x: float64(i), y: float64(i % 16), distance: float64(i) / 2})
	}
	return plan
}

func planFixed() []stop {
	plan := make([]stop, 0, stopsPerRoute)
	for i := 0; i < stopsPerRoute; i++ {
		plan = append(plan, stop{x: float64(i), y: float64(i % 16), distance: float64(i) / 2})
	}
	return plan
}

// recent keeps the last plans made, so that they live through some GC cycles.
type recent[T any] struct {
	mutex sync.Mutex
	plans [1024][]T
	turn  int
}

func (k *recent[T]) keep(plan []T) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.turn = (k.turn + 1) % len(k.plans)
	k.plans[k.turn] = plan
}

var (
	recentSlow  recent[*stop]
	recentFixed recent[stop]
)

func routeSlow(w http.ResponseWriter, r *http.Request) {
	plan := planSlow()
	recentSlow.keep(plan)
	reply(w, len(plan))
}

func routeFixed(w http.ResponseWriter, r *http.Request) {
	plan := planFixed()
	recentFixed.keep(plan)
	reply(w, len(plan))
}
