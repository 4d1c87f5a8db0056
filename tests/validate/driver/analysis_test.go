package main

import (
	"math"
	"testing"
)

func TestCeiling(t *testing.T) {
	near(t, "without noise", ceilingOf(1), 1)
	near(t, "halves that have half in common", ceilingOf(0.5), math.Sqrt(2.0/3))
	near(t, "halves that have nothing in common", ceilingOf(0), math.NaN())
	near(t, "not known", ceilingOf(math.NaN()), math.NaN())
}

func TestGroups(t *testing.T) {
	groups := groupsOf([]pair{{workload: "b", site: "1"}, {workload: "a"}, {workload: "b", site: "2"}, {set: "x", workload: "a"}})
	if len(groups) != 3 || groups[0][0].workload != "a" || len(groups[1]) != 2 || groups[1][1].site != "2" || groups[2][0].set != "x" {
		t.Errorf("%+v", groups)
	}
}

// Three sites in the right order, three in the wrong one, and a workload that is too small to tell.
func TestWithinWorkloads(t *testing.T) {
	at := func(predicted, bytes, saved, half float64) pair {
		return pair{predicted: predicted, bytes: bytes, saved: saved, halves: [2]float64{saved, half}}
	}
	unknown := math.NaN()
	count, rho, bytes, split := withinWorkloads([][]pair{
		{at(1, 3, 1, 1), at(2, 2, 2, 2), at(3, 1, 3, 3)},
		{at(3, 1, 1, unknown), at(2, 2, 2, unknown), at(1, 3, 3, unknown)},
		{at(1, 1, 2, 1), at(2, 2, 1, 2)},
	})
	near(t, "workloads", float64(count), 2)
	near(t, "predicted", rho, 0)
	near(t, "by bytes", bytes, 0)
	near(t, "split-half", split, 1)
}

// In bytes the large program's sites are before the small one's; in shares it is the other way round.
func TestByShare(t *testing.T) {
	unknown := math.NaN()
	pairs := []pair{
		{workload: "large", bytes: 500, share: 0.1, saved: 1}, {workload: "large", bytes: 1000, share: 0.2, saved: 2},
		{workload: "small", bytes: 3, share: 0.3, saved: 3}, {workload: "small", bytes: 6, share: 0.6, saved: 4},
	}
	rho, exact := byShare(pairs)
	near(t, "by share", rho, 1)
	pairs[2].share, pairs[3].share = unknown, unknown
	shares, still := sharesOf(pairs)
	near(t, "of the sites' sum", shares[3], 6.0/9)
	if !exact || still {
		t.Error("what is not known is taken to be exact, or the other way round")
	}
}

func TestDisagreements(t *testing.T) {
	at := func(predicted, bytes, saved, noise float64) pair {
		return pair{predicted: predicted, bytes: bytes, saved: saved, noise: noise}
	}
	for name, c := range map[string]struct {
		a, b       pair
		right, all int
	}{
		"the model is right":     {at(2, 1, 2, 0.1), at(1, 2, 1, 0.1), 1, 1},
		"bytes are right":        {at(2, 1, 1, 0.1), at(1, 2, 2, 0.1), 0, 1},
		"both say the same":      {at(2, 2, 2, 0.1), at(1, 1, 1, 0.1), 0, 0},
		"the noise is too much":  {at(2, 1, 2, 0.4), at(1, 2, 1, 0.4), 0, 0},
		"it is just not so much": {at(2, 1, 2, 0.35), at(1, 2, 1, 0.35), 1, 1},
		"it is not known":        {at(2, 1, 2, math.NaN()), at(1, 2, 1, 0.1), 0, 0},
		"the same bytes":         {at(2, 1, 2, 0.1), at(1, 1, 1, 0.1), 0, 0},
	} {
		if right, all := disagreements([][]pair{{c.a, c.b}}); right != c.right || all != c.all {
			t.Errorf("%s: %d of %d, not %d of %d", name, right, all, c.right, c.all)
		}
	}
	if _, all := disagreements([][]pair{{at(2, 1, 2, 0.1)}, {at(1, 2, 1, 0.1)}}); all != 0 {
		t.Error("sites of two workloads are compared")
	}
}

func TestTopSaved(t *testing.T) {
	groups := [][]pair{
		{{predicted: 3, bytes: 1, saved: 0.4}, {predicted: 2, bytes: 3, saved: -0.1}, {predicted: 1, bytes: 2, saved: 0.2}},
		{{predicted: 3, bytes: 3, saved: 0.5}, {predicted: 2, bytes: 2, saved: -0.3}, {predicted: 1, bytes: 1, saved: -0.2}},
		{{predicted: 1, bytes: 1, saved: 9}, {predicted: 2, bytes: 2, saved: 1}},
	}
	predicted := func(p *pair) float64 { return p.predicted }
	bytes := func(p *pair) float64 { return p.bytes }
	near(t, "one by the model", topSaved(groups, 1, predicted), 1)
	near(t, "one by bytes", topSaved(groups, 1, bytes), (-0.1+0.5)/0.9)
	near(t, "two by the model", topSaved(groups, 2, predicted), (0.4-0.1+0.5-0.3)/(0.4+0.2+0.5))
	near(t, "all", topSaved(groups, 3, bytes), (0.5+0)/(0.6+0.5))
	near(t, "nothing", topSaved(nil, 1, bytes), math.NaN())
	if groups[0][0].predicted != 3 {
		t.Error("the pairs were put in another order")
	}
}

// Every program says the same: the model is right, bytes are the wrong way round. Then one of them says otherwise.
func TestBootstrap(t *testing.T) {
	var pairs []pair
	for _, program := range []string{"a", "b", "c", "d"} {
		for i := 0; i < 6; i++ {
			pairs = append(pairs, pair{workload: program + "/s/go1.26", predicted: float64(i), bytes: float64(-i), saved: float64(i)})
		}
	}
	low, high := bootstrap(pairs)
	near(t, "the lower end", low, 2)
	near(t, "the higher end", high, 2)
	for i := range pairs[:6] {
		pairs[i].predicted, pairs[i].bytes = pairs[i].bytes, pairs[i].predicted
	}
	low, high = bootstrap(pairs)
	again, _ := bootstrap(pairs)
	if !(-2 < low && low < 1 && 1 < high && high <= 2) || low != again { // one program alone would give -2
		t.Errorf("%v to %v, and again from %v", low, high, again)
	}
	if low, high = bootstrap(pairs[:6]); !math.IsNaN(low) || !math.IsNaN(high) {
		t.Error("one program tells how far programs are apart")
	}
}

func TestPrinted(t *testing.T) {
	pairs := []pair{
		{predicted: 0.3, low: 0.2, high: 0.5, printed: 0.1, reused: true, totalPredicted: 0.2, gcShare: 0.5},
		{predicted: 0.3, low: 0.2, high: 0.5, printed: 0.3},
		{predicted: 0.3, low: 0.2, high: 0.5, printed: math.NaN()},
	}
	printed, known := printedOf(pairs)
	near(t, "predicted", printed[0].predicted, 0.1)
	near(t, "low", printed[0].low, 0)
	near(t, "high", printed[0].high, 0.3)
	near(t, "total", printed[0].totalPredicted, 0.1)
	near(t, "the other", printed[1].predicted, 0.3)
	near(t, "as it was", pairs[0].predicted, 0.3)
	pairs[2].reused = true
	if _, still := printedOf(pairs); !known || still {
		t.Error("what was not written down is known, or the other way round")
	}
}
