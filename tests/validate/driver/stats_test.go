package main

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9 && !(math.IsNaN(got) && math.IsNaN(want)) {
		t.Errorf("%s is %v, not %v", what, got, want)
	}
}

func TestMedian(t *testing.T) {
	near(t, "of three", median([]float64{3, 1, 2}), 2)
	near(t, "of four", median([]float64{4, 1, 2, 3}), 2.5)
	near(t, "of none", median(nil), math.NaN())
}

func TestDeviation(t *testing.T) {
	near(t, "of three", deviation([]float64{1, 2, 3}), 1)
}

func TestRanks(t *testing.T) {
	if got := ranks([]float64{10, 30, 20, 30, 5}); !reflect.DeepEqual(got, []float64{2, 4.5, 3, 4.5, 1}) {
		t.Error(got)
	}
}

func TestSpearman(t *testing.T) {
	near(t, "the same order", spearman([]float64{1, 2, 3}, []float64{10, 20, 100}), 1)
	near(t, "the other way round", spearman([]float64{1, 2, 3}, []float64{3, 2, 1}), -1)
	near(t, "two of four swapped", spearman([]float64{1, 2, 3, 4}, []float64{1, 3, 2, 4}), 0.8)
	near(t, "no order", spearman([]float64{1, 1, 1}, []float64{3, 2, 1}), math.NaN())
}

// Two sites, three rounds: savings are paired by round; the halves are rounds 0 and 2, and round 1.
func TestJoin(t *testing.T) {
	predictions := [][]string{{"p/s/go1.26", "false", "a", "kind", "0.4", "0.2", "0.6", "100", "0.1"}}
	measured := [][]string{
		{"p/s/go1.26", "a", "0", "3", "2", "0.5", "4", "2", "1"},
		{"p/s/go1.26", "a", "1", "3.5", "2", "1.4", "4", "2", "2"},
		{"p/s/go1.26", "a", "2", "3", "2", "0.6", "4", "2", "1"},
	}
	pairs, err := join(predictions, measured)
	if err != nil || len(pairs) != 1 {
		t.Fatal(pairs, err)
	}
	p := pairs[0]
	near(t, "saved", p.saved, 0.4)
	near(t, "first half", p.halves[0], 0.45)
	near(t, "second half", p.halves[1], 0.3)
	near(t, "total saved", p.totalSaved, 0.25)
	near(t, "total predicted", p.totalPredicted, 0.4*0.25+0.1)
	if !p.covered() {
		t.Error("0.2 to 0.6 holds 0.4")
	}
}

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

func TestCheckBytes(t *testing.T) {
	predicted := [][]string{{"w", "true", "a", "kind", "0", "0", "0", "100e6", "0"}}
	for _, c := range []struct {
		name          string
		full, without float64
		ok            bool
	}{
		{"a", 400e6, 300e6, true}, {"a", 400e6, 289e6, true}, {"a", 400e6, 311e6, true},
		{"a", 400e6, 280e6, false}, {"a", 400e6, 320e6, false}, {"", 400e6, 400e6, true}, {"b", 400e6, 400e6, true},
	} {
		if err := checkBytes(c.name, predicted, c.full, c.without); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c, err)
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

// A site is switched off by the program; a module's change is in another program.
func TestCommand(t *testing.T) {
	w := workload{binary: "before", after: "after", args: []string{"-scale", "2"}}
	for _, c := range []struct {
		commit  bool
		without string
		want    []string
	}{
		{false, "", []string{"measure", "before", "-scale", "2"}},
		{false, "a", []string{"measure", "before", "-scale", "2", "-without", "a"}},
		{true, "", []string{"measure", "before", "-scale", "2"}},
		{true, changeSite, []string{"measure", "after", "-scale", "2"}},
	} {
		w.commit = c.commit
		if got := w.command(c.without, "measure").Args; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestWorkloads(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, name, "sites")
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	o := options{programs: filepath.Join(root, "programs"), only: regexp.MustCompile("/gogc100"), gos: map[string]string{"go1.26": "go"}}
	write("programs/p", "a\tf\tkind\nb\tg\tkind\treused\n")
	write("commits/c", changeSite+"\tf\tkind\n")
	loads, err := workloads(&o)
	if err != nil || len(loads) != 2 || loads[0].commit || !loads[1].commit || !loads[0].sites[1].reused {
		t.Errorf("%+v: %v", loads, err)
	}
	write("commits/d", "a\tf\tkind\n")
	if _, err := workloads(&o); err == nil {
		t.Error("a change that is not named so is taken")
	}
}

// Three sites in the right order, three in the wrong one, and a workload that is too small to tell.
func TestWithinWorkloads(t *testing.T) {
	at := func(predicted, bytes, saved float64) pair {
		return pair{predicted: predicted, bytes: bytes, saved: saved, halves: [2]float64{saved, saved}}
	}
	count, rho, bytes, split := withinWorkloads(map[string][]pair{
		"a": {at(1, 3, 1), at(2, 2, 2), at(3, 1, 3)},
		"b": {at(3, 1, 1), at(2, 2, 2), at(1, 3, 3)},
		"c": {at(1, 1, 2), at(2, 2, 1)},
	})
	near(t, "workloads", float64(count), 2)
	near(t, "predicted", rho, 0)
	near(t, "by bytes", bytes, 0)
	near(t, "split-half", split, 1)
}
