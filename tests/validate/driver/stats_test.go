package main

import (
	"math"
	"reflect"
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

func TestQuantile(t *testing.T) {
	values := []float64{4, 1, 3, 2}
	near(t, "the lowest", quantile(values, 0.025), 1)
	near(t, "the half", quantile(values, 0.5), 2)
	near(t, "the highest", quantile(values, 0.975), 4)
	near(t, "of none", quantile(nil, 0.5), math.NaN())
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
	near(t, "a value that is not known", spearman([]float64{1, 2, math.NaN()}, []float64{3, 2, 1}), math.NaN())
}
