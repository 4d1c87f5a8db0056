package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// measurement is one run: CPU in seconds.
type measurement struct {
	cpu, wall, gc float64
	checksum      string
}

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
	if _, m.checksum, _ = strings.Cut(string(text), "checksum="); m.checksum != "" {
		m.checksum = strings.Fields(m.checksum)[0]
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

// measureAll measures each site's removal in all rounds; every other round goes the other way round.
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
	names := []string{""}
	for _, s := range w.sites {
		names = append(names, s.name)
	}
	checksum := ""
	for round := 0; round < o.rounds; round++ {
		for _, name := range names {
			if have[name+"\t"+strconv.Itoa(round)] {
				continue
			}
			m, err := w.run(o, name)
			if err != nil {
				return err
			}
			if checksum == "" {
				checksum = m.checksum
			}
			if m.checksum == "" || m.checksum != checksum {
				return fmt.Errorf("without %q the program does other work: checksum %s, not %s", name, m.checksum, checksum)
			}
			if err := appendLine(measuredPath(o), w.name(), name, round, m.cpu, m.wall, m.gc); err != nil {
				return err
			}
		}
		slices.Reverse(names)
	}
	fmt.Printf("measured   %s\n", w.name())
	return nil
}
