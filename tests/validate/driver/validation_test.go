package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// twoSettings are results of one program, at two settings with two versions of Go, and a module's change.
func twoSettings() (predictions, measured string) {
	for i, workload := range []string{"p/gogc100/go1.24", "p/gogc100/go1.26", "p/limit/go1.26"} {
		for j, site := range []string{"a", "b", "c"} {
			predictions += fmt.Sprintf("%s\tfalse\t%s\tkind\t%v\t-0.1\t0.9\t%d\t0.1\t0.2\t0.3\n", workload, site, 0.1*float64(j), 1000-j)
			for round := range 3 {
				measured += fmt.Sprintf("%s\t%s\t%d\t3\t2\t%v\t4\t2\t1\n", workload, site, round, 0.9-0.1*float64(j)+0.01*float64(i*round))
			}
		}
	}
	predictions += "m/gogc100/go1.26\tfalse\tafter\ta <change>\t0.5\t0.4\t0.6\t1000\t0.1\t0.9\t0.5\n"
	return predictions, measured + "m/gogc100/go1.26\tafter\t0\t3\t2\t0.5\t4\t2\t1\n"
}

func TestWriteValidation(t *testing.T) {
	root := t.TempDir()
	predictions, measured := twoSettings()
	writeFiles(t, root, "results/1/pairs.tsv", keptPairs, "results/2/predictions.tsv", predictions, "results/2/measured.tsv", measured,
		"results/2/anew.tsv", strings.ReplaceAll(predictions, "\t0.4\t0.6\t", "\t-0.9\t-0.8\t"),
		"results/2/about", "The second\n\nOf it.\n", "programs/p/sites", "a\tf\tkind\nb\tg\tkind\treused\n")
	docs := filepath.Join(root, "docs")
	if err := writeValidation(filepath.Join(root, "results"), filepath.Join(root, "programs"), docs); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(docs, "VALIDATION.md"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	for _, want := range []string{
		"\n| The second | 2 | 10 |", "\n| **all programs that the model was not made on** | 1 | 9 |",
		"\n| go1.24 | gogc100 | 1 | 3 | 1.00 | -1.00 | ", "\n| go1.26 | gogc100 | 1 | 3 |", "\n| go1.26 | limit | 1 | 3 | 1.00 | -1.00 | ",
		"\n## By the model as it is\n", "\n| The second | then | 10 |", "\n| | as it is | 10 |",
		"\n## The second\n\nOf it.\n\n![predicted against measured savings](validation-2.svg)\n", "cover 1 of 1;",
		"\n| 1 | reused sites | `gc_saved_share_reused` | 1 |", "\n| | the same | `gc_saved_share`: was not written down | |",
		"\n| The second | reused sites | `gc_saved_share_reused` | 3 |", "\n| | all sites | `gc_saved_share` | 10 |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q", want)
		}
	}
	if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
		t.Errorf("what is not known stands there as a number:\n%s", text)
	}
	if t.Failed() {
		t.Log(text)
	}
	checkTables(t, text)
	for _, name := range []string{"validation-1.svg", "validation-2.svg", "validation-all.svg"} {
		checkPlot(t, filepath.Join(docs, name))
	}
}

// checkTables: each row of a table has as many cells as its head.
func checkTables(t *testing.T, text string) {
	t.Helper()
	cells := 0
	for _, line := range strings.Split(text, "\n") {
		count := strings.Count(line, "|")
		if !strings.HasPrefix(line, "|") {
			count = 0
		}
		if count > 0 && cells > 0 && count != cells {
			t.Errorf("%d cells, not %d: %s", count-1, cells-1, line)
		}
		cells = count
	}
}

// checkPlot: it is XML from its first to its last byte, without a number that is none.
func checkPlot(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
		return
	}
	decoder := xml.NewDecoder(strings.NewReader(string(content)))
	for err == nil {
		_, err = decoder.Token()
	}
	if err != io.EOF || strings.Contains(string(content), "NaN") {
		t.Errorf("%s: %v", path, err)
	}
}

// A site of the same workload counts once, as the first set that has it predicts it.
func TestFirst(t *testing.T) {
	at := func(set, workload, site string) pair { return pair{set: set, workload: workload, site: site} }
	first := firstOf([]set{{pairs: []pair{at("1", "v", "a"), at("1", "v", "b")}},
		{pairs: []pair{at("2", "v", "a"), at("2", "w", "a"), at("2", "v", "c")}}})
	if len(first) != 4 || first[0].set != "1" || first[2].workload != "w" || first[3].site != "c" {
		t.Errorf("%+v", first)
	}
}

// What lies below the panel is an arrow that says how far; all else is a point in both panels.
func TestPlot(t *testing.T) {
	text := string(plot("A <title>", []pair{{predicted: 0.4, saved: -1.82, low: 0.2, high: 0.6, noise: 0.3, share: 0.4},
		{predicted: 0.4, saved: 0.5, low: 0.2, high: 0.6, noise: math.NaN(), share: 0.2}}))
	for want, count := range map[string]int{"<path ": 2, ">-182</text>": 2, "<title>": 2, `"dot in"`: 3, `"dot out"`: 3, "A &lt;title&gt;": 1} {
		if got := strings.Count(text, want); got != count {
			t.Errorf("%d, not %d times %s in %s", got, count, want, text)
		}
	}
}

func TestAxis(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   axis
		lines  int
	}{
		{[]float64{0.02, math.NaN()}, axis{0, 0.1, 0.05}, 3},
		{[]float64{-0.87, 0.9}, axis{-1, 1, 0.2}, 11},
		{[]float64{-1.82, 0.9}, axis{-1, 1, 0.2}, 11},
		{[]float64{0.3, 0.31}, axis{0, 0.35, 0.05}, 8},
	} {
		a := axisFor(c.values)
		near(t, "low", a.low, c.want.low)
		near(t, "high", a.high, c.want.high)
		near(t, "step", a.step, c.want.step)
		near(t, "lines", float64(len(a.lines())), float64(c.lines))
	}
	a := axis{-1, 1, 0.5}
	near(t, "the middle", a.at(0), 0.5)
	near(t, "below it", a.at(-3), 0)
	near(t, "above it", a.at(3), 1)
}
