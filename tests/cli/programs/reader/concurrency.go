package main

import (
	"fmt"
	"math"
)

type timeline struct {
	SliceSeconds float64 `json:"slice_seconds"`
	AllocBytes   []float64
	Goroutines   []*float64
}

// goroutines: the largest mean of a slice is LIVE or hardly less, and there are slices with almost none.
func goroutines(r report, live float64) {
	most, few := 0.0, 0
	if r.Timeline == nil || len(r.Timeline.Goroutines) != 60 {
		fail("no timeline of 60 slices")
	}
	for _, count := range r.Timeline.Goroutines {
		if count == nil {
			continue
		}
		most = math.Max(most, *count)
		if *count < 5 {
			few++
		}
	}
	if most > live+1 || most < live-5 {
		fail("at most %v goroutines, not %v", most, live)
	}
	if few < 15 {
		fail("only %d slices with few goroutines: dead ones are counted", few)
	}
}

// part: of the report's moments, FUNCTION allocated most, ABSENT a tenth of it at most; they are LOW to HIGH per cent.
func part(r report, function, absent string, low, high float64) {
	bytes := map[string]float64{}
	for _, s := range r.Sites {
		bytes[s.Function] += s.AllocBytes
	}
	for name, count := range bytes {
		if count > bytes[function] {
			fail("%s has %v bytes, %s %v", name, count, function, bytes[function])
		}
	}
	if bytes[function] == 0 || bytes[absent] > bytes[function]/10 {
		fail("%s has %v bytes, %s %v", function, bytes[function], absent, bytes[absent])
	}
	if share := 100 * r.Selection.TimeShare; share < low || share > high {
		fail("%.1f %% of the time", share)
	}
	if r.Selection.Saved == nil {
		fail("nothing is told of what the part would save")
	}
	if r.Selection.BytesShare <= 0 || r.Selection.BytesShare >= 1 {
		fail("%v of the bytes", r.Selection.BytesShare)
	}
}

// sum: what is in PARTS together is what is in WHOLE, but for the first moments, of which nothing is known.
func sum(whole report, parts ...report) {
	bytes, time := 0.0, 0.0
	for _, p := range parts {
		bytes += p.Totals.AllocBytes
		time += p.Selection.TimeShare
	}
	fmt.Printf("%.0f of %.0f bytes, %.3f of the time\n", bytes, whole.Totals.AllocBytes, time)
	if bytes > whole.Totals.AllocBytes*1.000001 || bytes < whole.Totals.AllocBytes*0.9 || time > 1 || time < 0.9 {
		fail("that is not all, or more")
	}
}
