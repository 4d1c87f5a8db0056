package main

import (
	"math"
	"sort"
)

func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := append([]float64(nil), values...)
	sort.Float64s(sorted)
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// quantile is the smallest value that at least that SHARE of values do not exceed; NaN of none.
func quantile(values []float64, share float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := append([]float64(nil), values...)
	sort.Float64s(sorted)
	return sorted[max(0, int(math.Ceil(share*float64(len(sorted))))-1)]
}

// mean is NaN of none.
func mean(values []float64) float64 {
	sum := 0.0
	for _, value := range values {
		sum += value
	}
	return sum / float64(len(values))
}

// deviation is the standard deviation of a sample.
func deviation(values []float64) float64 {
	m, sum := mean(values), 0.0
	for _, value := range values {
		sum += (value - m) * (value - m)
	}
	return math.Sqrt(sum / float64(len(values)-1))
}

// ranks are those of values, from 1; equal ones share the mean of theirs. All must be known.
func ranks(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return values[order[a]] < values[order[b]] })
	result := make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for i := from; i < to; i++ {
			result[order[i]] = float64(from+to+1) / 2
		}
		from = to
	}
	return result
}

// spearman is the rank correlation; NaN where one side has no order, or a value is not known.
func spearman(a, b []float64) float64 {
	for i := range a {
		if math.IsNaN(a[i]) || math.IsNaN(b[i]) {
			return math.NaN()
		}
	}
	ra, rb := ranks(a), ranks(b)
	ma, mb := mean(ra), mean(rb)
	var both, as, bs float64
	for i := range ra {
		both += (ra[i] - ma) * (rb[i] - mb)
		as += (ra[i] - ma) * (ra[i] - ma)
		bs += (rb[i] - mb) * (rb[i] - mb)
	}
	if as == 0 || bs == 0 {
		return math.NaN()
	}
	return both / math.Sqrt(as*bs)
}
