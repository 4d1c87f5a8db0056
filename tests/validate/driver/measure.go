package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// measurement is one run: CPU in seconds, what it allocated, and what its work came to.
type measurement struct {
	cpu, wall, gc, bytes float64
	checksum             string
}

var resultPattern = regexp.MustCompile(`result checksum=([0-9a-f]+) alloc_bytes=(\d+)`)

func measuredPath(o *options) string { return filepath.Join(o.out, "measured.tsv") }

// run measures the program once without a site ("" for the full program).
func (w *workload) run(o *options, without string) (measurement, error) {
	var m measurement
	file := filepath.Join(o.out, "measure.tmp")
	os.Remove(file)
	text, err := w.command(without, o.measure, "-o", file, "--").Output()
	if err != nil {
		return m, fmt.Errorf("without %q: %w", without, err)
	}
	result := resultPattern.FindStringSubmatch(string(text))
	if result == nil {
		return m, fmt.Errorf("without %q: no line with the result: %q", without, text)
	}
	m.checksum = result[1]
	if m.bytes, err = strconv.ParseFloat(result[2], 64); err != nil {
		return m, err
	}
	line, err := os.ReadFile(file)
	if err != nil {
		return m, err
	}
	values := map[string]float64{}
	for _, word := range strings.Fields(string(line)) {
		key, value, _ := strings.Cut(word, "=")
		if values[key], err = strconv.ParseFloat(value, 64); err != nil {
			return m, err
		}
	}
	m.cpu, m.wall = values["user"]+values["system"], values["wall"]
	if values["samples"] == 0 {
		return m, fmt.Errorf("no sample of CPU was taken")
	}
	m.gc = m.cpu * values["gc"] / values["samples"]
	return m, nil
}

// checkBytes compares the bytes that a site's removal really took away with those that the trace says it has: they tell
// whether the removal is the site's.
func checkBytes(name string, predicted [][]string, full, without float64) error {
	for _, line := range predicted {
		if line[2] != name || full == 0 {
			continue
		}
		site, err := strconv.ParseFloat(line[7], 64)
		if err != nil {
			return err
		}
		if gone := full - without; math.Abs(gone-site) > 0.1*site+0.01*full {
			return fmt.Errorf("without %s %.1f MB are gone, but the stacks of its expression have %.1f MB: it is another site",
				name, gone/1e6, site/1e6)
		}
	}
	return nil
}

// measurePair measures the program with and without a site, one right after the other: how fast a machine is changes
// within minutes. Every other round goes the other way round.
func (w *workload) measurePair(o *options, name string, round int) (full, without measurement, err error) {
	order := []string{"", name}
	if round%2 == 1 {
		slices.Reverse(order)
	}
	for _, one := range order {
		m, err := w.run(o, one)
		if err != nil {
			return full, without, err
		}
		if one == "" {
			full = m
		} else {
			without = m
		}
	}
	if without.checksum != full.checksum {
		err = fmt.Errorf("without %q the program does other work: checksum %s, not %s", name, without.checksum, full.checksum)
	}
	return full, without, err
}

// measureAll measures each site's removal in all rounds.
func (w *workload) measureAll(o *options) error {
	predicted, err := linesOf(predictionsPath(o), w.name())
	if err != nil || len(predicted) != len(w.sites) {
		return fmt.Errorf("what is not predicted is not measured: %d of %d sites are (%v)", len(predicted), len(w.sites), err)
	}
	done, err := linesOf(measuredPath(o), w.name())
	if err != nil {
		return err
	}
	have := map[string]bool{}
	for _, line := range done {
		have[line[1]+"\t"+line[2]] = true
	}
	for round := 0; round < o.rounds; round++ {
		for _, s := range w.sites {
			if have[s.name+"\t"+strconv.Itoa(round)] {
				continue
			}
			var full, without measurement
			if err := quietly(o, func() (err error) {
				full, without, err = w.measurePair(o, s.name, round)
				return err
			}); err != nil {
				return err
			}
			if err := checkBytes(s.name, predicted, full.bytes, without.bytes); err != nil {
				return err
			}
			if err := appendLine(measuredPath(o), w.name(), s.name, round, without.cpu, without.wall, without.gc,
				full.cpu, full.wall, full.gc); err != nil {
				return err
			}
		}
	}
	fmt.Printf("measured   %s\n", w.name())
	return nil
}
