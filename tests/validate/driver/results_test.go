package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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

// One round: its error is what the runs of the full program are apart, 1, 1.1 and 0.9, a tenth.
func TestJoinOneRound(t *testing.T) {
	line := func(site, without, full string) []string {
		return []string{"p/s/go1.26", site, "0", "3", "2", without, "4", "2", full}
	}
	predictions := [][]string{{"p/s/go1.26", "false", "a", "kind", "0.4", "0.2", "0.6", "100", "0.1", "0.25", "0.3"}}
	measured := [][]string{line("a", "0.5", "1"), line("b", "1", "1.1"), line("c", "1", "0.9")}
	pairs, err := join(predictions, measured)
	if err != nil || len(pairs) != 1 {
		t.Fatal(pairs, err)
	}
	p := pairs[0]
	near(t, "saved", p.saved, 0.5)
	near(t, "noise", p.noise, 0.5*math.Sqrt2*0.1)
	near(t, "second half", p.halves[1], math.NaN())
	near(t, "share", p.share, 0.25)
	near(t, "printed", p.printed, 0.3)
	if pairs, err = join(predictions, measured[:2]); err != nil || !math.IsNaN(pairs[0].noise) {
		t.Error("two runs tell nothing", pairs, err)
	}
	if pairs, err = join(predictions, measured[1:]); err != nil || len(pairs) != 0 {
		t.Error("what was not measured is there", pairs, err)
	}
	for _, bad := range [][][]string{{predictions[0][:8]}, {append(predictions[0][:4:4], "x", "0", "0", "0", "0")}} {
		if _, err := join(bad, measured); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if _, err := join(predictions, [][]string{measured[0][:8]}); err == nil {
		t.Error("a line that was cut is taken")
	}
}

// writeFiles makes the files of a folder for the test: names and texts in turn.
func writeFiles(t *testing.T, folder string, files ...string) {
	t.Helper()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(folder, files[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

const (
	onePrediction  = "p/gogc100/go1.26\tfalse\ta\tkind\t0.4\t0.2\t0.6\t100\t0.1\n"
	oneMeasurement = "p/gogc100/go1.26\ta\t0\t3\t2\t0.5\t4\t2\t1\n"
	keptPairs      = "# what they are\nsplit-half\t0.9\ntotal\t0.8\np/gogc100/go1.26\tfalse\tb\tkind\t0.4\t0.2\t0.6\t100\t0.5\t0.0196\n"
)

func TestReadSets(t *testing.T) {
	root := t.TempDir()
	writeFiles(t, root, "results/1/about", "The first\n\nWords.\n", "results/1/pairs.tsv", keptPairs,
		"results/2/predictions.tsv", onePrediction, "results/2/measured.tsv", oneMeasurement, "results/README", "no set",
		"programs/p/sites", "b\tg\tkind\treused\na\tf\tkind\n")
	sets, err := readSets(filepath.Join(root, "results"), filepath.Join(root, "programs"))
	if err != nil || len(sets) != 2 {
		t.Fatal(sets, err)
	}
	first, second := sets[0], sets[1]
	if first.title != "The first" || first.about != "Words." || second.title != "2" {
		t.Errorf("%+v %+v", first, second)
	}
	near(t, "split-half", first.split, 0.9)
	near(t, "total", first.total, 0.8)
	if len(first.pairs) != 1 || len(second.pairs) != 1 {
		t.Fatal(first.pairs, second.pairs)
	}
	near(t, "saved", first.pairs[0].saved, 0.5)
	near(t, "noise", first.pairs[0].noise, 0.01)
	near(t, "bytes", first.pairs[0].bytes, 100)
	near(t, "half", first.pairs[0].halves[0], math.NaN())
	if !first.pairs[0].reused || second.pairs[0].reused || first.pairs[0].set != "1" {
		t.Errorf("%+v %+v", first.pairs, second.pairs)
	}
	near(t, "saved", second.pairs[0].saved, 0.5)
}

func TestReadSetErrors(t *testing.T) {
	for name, files := range map[string][]string{
		"nothing":                    {"about", "A title\n"},
		"predictions alone":          {"predictions.tsv", onePrediction},
		"a pair that was cut":        {"pairs.tsv", strings.Replace(keptPairs, "\t0.0196", "", 1)},
		"a figure that nobody knows": {"pairs.tsv", keptPairs + "rho\t0.5\n"},
		"a word for a number":        {"pairs.tsv", strings.Replace(keptPairs, "0.0196", "much", 1)},
	} {
		folder := t.TempDir()
		writeFiles(t, folder, files...)
		if s, err := readSet(folder); err == nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
}
