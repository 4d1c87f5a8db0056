package main

import "math"

type labelSet struct {
	Known      bool
	Labels     map[string]string
	AllocBytes float64 `json:"alloc_bytes"`
	Saved      float64 `json:"gc_saved_share"`
}

// labels: what a function allocated where KEY was VALUE is BYTES; the sets begin with the two that are none, and have all
// that was allocated.
func labels(r report, function, key, value string, bytes float64) {
	if len(r.Labels) < 3 || !r.Labels[0].Known || len(r.Labels[0].Labels) > 0 || r.Labels[1].Known {
		fail("the first sets are not no labels and unknown ones: %v", r.Labels)
	}
	all, saved := 0.0, 0.0
	for _, set := range r.Labels {
		all += set.AllocBytes
		saved += set.Saved
	}
	if math.Abs(all/r.Totals.AllocBytes-1) > 0.001 || saved <= 0 {
		fail("all sets have %g of %g bytes and save %g", all, r.Totals.AllocBytes, saved)
	}
	under := 0.0
	for _, s := range r.Sites {
		if s.Function != function {
			continue
		}
		for _, part := range s.Labels {
			if r.Labels[part.Set].Labels[key] == value {
				under += part.Bytes
			}
		}
	}
	if math.Abs(under/bytes-1) > 0.001 {
		fail("%s allocated %g bytes with %s=%s, not %g", function, under, key, value, bytes)
	}
}
