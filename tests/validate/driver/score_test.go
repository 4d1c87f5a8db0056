package main

import (
	"math"
	"testing"
)

func TestScore(t *testing.T) {
	s := scoreOf([]pair{
		{predicted: 0.5, low: 0.4, high: 0.6, saved: 0.4, bytes: 1, halves: [2]float64{0.3, 0.5}},
		{predicted: -0.1, low: -0.2, high: -0.05, saved: -0.2, bytes: 3, halves: [2]float64{-0.2, -0.2}},
		{predicted: 0.03, low: 0, high: 0.04, saved: -0.06, bytes: 2, halves: [2]float64{0.1, 0}},
		{predicted: 0.02, low: 0, high: 0.03, saved: 0.02, bytes: 2, halves: [2]float64{0.2, 0.1}},
	})
	near(t, "rho", s.rho, 0.8)
	near(t, "signs", s.signs, 2.0/3)
	near(t, "relative error", s.relative, 0.5)
	near(t, "absolute error", s.absolute, (0.1+0.1+0.09)/4)
	near(t, "coverage", s.coverage, 0.75)
}

// What is not known of some pairs is not asked of them; of all, it is not known of the score.
func TestScoreUnknown(t *testing.T) {
	unknown := math.NaN()
	pairs := []pair{
		{predicted: 1, saved: 1, noise: unknown, halves: [2]float64{1, unknown}, totalSaved: unknown},
		{predicted: 2, saved: 2, noise: 0.1, halves: [2]float64{1, 2}, totalPredicted: 1, totalSaved: 1},
		{predicted: 3, saved: 3, noise: 0.3, halves: [2]float64{2, 3}, totalPredicted: 2, totalSaved: 2},
	}
	s := scoreOf(pairs)
	near(t, "split-half of two", s.split, 1)
	near(t, "total of two", s.total, 1)
	near(t, "noise", s.noise, 0.2)
	if s = scoreOf(pairs[:1]); !math.IsNaN(s.split) || !math.IsNaN(s.total) || !math.IsNaN(s.noise) {
		t.Errorf("%+v", s)
	}
	kept := set{pairs: pairs[:1], split: 0.9, total: 0.8}
	near(t, "split-half that is written down", kept.score().split, 0.9)
	near(t, "total that is written down", kept.score().total, 0.8)
	kept.pairs = pairs
	near(t, "split-half that the rounds tell", kept.score().split, 1)
}

func TestCriteria(t *testing.T) {
	s := score{rho: 0.86, bytes: 0.45, split: 0.95, signs: 0.94, relative: 0.2, coverage: 0.85, total: math.NaN()}
	for i, want := range []criterion{{"", "0.86", true, true}, {"", "0.41", true, true}, {"", "94 %", true, false},
		{"", "0.200", true, true}, {"", "85 %", true, true}, {"", "–", false, false}} {
		got := criteriaOf(s)[i]
		if want.what = got.what; got != want {
			t.Errorf("%+v, not %+v", got, want)
		}
	}
	s.bytes, s.rho = 0.47, 0.84
	if c := criteriaOf(s); c[0].met || c[1].met {
		t.Error(c)
	}
	if s.split = 0.89; !criteriaOf(s)[0].met {
		t.Error("0.84 is within 0.05 of 0.89")
	}
}

func TestFigure(t *testing.T) {
	for _, c := range []struct {
		value float64
		want  string
	}{{1.25, "1.2"}, {-0.04, "0.0"}, {-0.06, "-0.1"}, {math.NaN(), "–"}, {math.Inf(-1), "–"}} {
		if got := figure("%.1f", c.value); got != c.want {
			t.Errorf("%v is %q, not %q", c.value, got, c.want)
		}
	}
}

// What a module's change saves altogether is not what its allocations took.
func TestScoreTotal(t *testing.T) {
	pairs := []pair{{totalPredicted: 0.1, totalSaved: 0.1}, {totalPredicted: 0.2, totalSaved: 0.3},
		{totalPredicted: 0.05, totalSaved: 0.7}}
	near(t, "rho of the total", scoreOf(pairs).total, -0.5)
	pairs[2].site = changeSite
	near(t, "rho without the change", scoreOf(pairs).total, 1)
}

func TestChangesCovered(t *testing.T) {
	covered, all := changesCovered([]pair{
		{site: changeSite, low: 0.1, high: 0.3, saved: 0.2},
		{site: changeSite, low: 0.1, high: 0.3, saved: 0.4},
		{site: "a", low: 0.1, high: 0.3, saved: 0.2},
	})
	if covered != 1 || all != 2 {
		t.Errorf("%d of %d, not 1 of 2", covered, all)
	}
}
