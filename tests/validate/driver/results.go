package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// A pair is one site of one workload: what was predicted, and what its removal saved. Shares are of the full program's
// GC CPU, and of its whole CPU where they are total. What is not known is NaN.
type pair struct {
	set, workload, site, kind  string
	tuned, reused              bool
	predicted, low, high       float64
	printed                    float64 // what the report shows first, where predicted is the figure for objects used again
	bytes, share               float64 // the share is of all that the program allocates
	rounds                     int
	saved, noise               float64 // median over the rounds, and its standard error
	halves                     [2]float64
	totalPredicted, totalSaved float64
	gcShare                    float64 // of the full program's CPU
}

func (p *pair) covered() bool { return p.low <= p.saved && p.saved <= p.high }

// part is a part of the workload's name: 0 the program, 1 the setting, 2 the version of Go.
func (p *pair) part(i int) string {
	parts := strings.Split(p.workload, "/")
	if i >= len(parts) {
		return ""
	}
	return parts[i]
}

// A set is what was measured together: a folder of results.
type set struct {
	name, title, about string
	pairs              []pair
	anew               []pair  // the same, predicted from the same traces by a later model; none: they were not
	split, total       float64 // written down, where the rounds are not kept; NaN else
}

func numbers(words []string) ([]float64, error) {
	values := make([]float64, len(words))
	for i, word := range words {
		value, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return nil, err
		}
		values[i] = value
	}
	return values, nil
}

// runs are the rounds of one site: CPU, wall time and GC CPU without it, and the same three with it.
type runs map[int][]float64

// rounds gathers lines of measurements: by workload and site, and for each workload how far apart the runs of the full
// program are, as a part of their mean (NaN with fewer than three).
func rounds(measured [][]string) (bySite map[string]runs, spread map[string]float64, err error) {
	bySite, spread = map[string]runs{}, map[string]float64{}
	full := map[string][]float64{}
	for _, line := range measured {
		values, err := numbers(line[2:])
		if err != nil {
			return nil, nil, err
		}
		if len(values) != 7 {
			return nil, nil, fmt.Errorf("a measurement has %d figures, not 7: %q", len(values), line)
		}
		key := line[0] + "\t" + line[1]
		if bySite[key] == nil {
			bySite[key] = runs{}
		}
		bySite[key][int(values[0])] = values[1:]
		full[line[0]] = append(full[line[0]], values[6])
	}
	for workload, gc := range full {
		spread[workload] = math.NaN()
		if len(gc) >= 3 {
			spread[workload] = deviation(gc) / mean(gc)
		}
	}
	return bySite, spread, nil
}

// join puts the lines of predictions and of measurements together. A prediction without a measurement is left out.
func join(predictions, measured [][]string) ([]pair, error) {
	bySite, spread, err := rounds(measured)
	if err != nil {
		return nil, err
	}
	var pairs []pair
	for _, line := range predictions {
		if len(line) < 9 {
			return nil, fmt.Errorf("a prediction has %d fields, not 9 or 11: %q", len(line), line)
		}
		values, err := numbers(line[4:])
		if err != nil {
			return nil, err
		}
		p := pair{workload: line[0], tuned: line[1] == "true", site: line[2], kind: line[3], predicted: values[0],
			low: values[1], high: values[2], bytes: values[3], share: math.NaN(), printed: math.NaN()}
		if len(values) > 6 {
			p.share, p.printed = values[5], values[6]
		}
		if p.measure(bySite[line[0]+"\t"+line[2]], spread[line[0]]) {
			p.totalPredicted = p.predicted*p.gcShare + values[4]
			pairs = append(pairs, p)
		}
	}
	return pairs, nil
}

// measure takes the rounds of the program without the site and with it; false when there are none. A single round says
// nothing of its error: then SPREAD does, how far apart runs of the full program are, which is rather too much, since
// those of a pair come one right after the other.
func (p *pair) measure(rounds runs, spread float64) bool {
	var saved, total, shares []float64
	var halves [2][]float64
	var order []int
	for round := range rounds {
		order = append(order, round)
	}
	sort.Ints(order)
	for _, round := range order {
		a, b := rounds[round][:3], rounds[round][3:]
		saved = append(saved, 1-a[2]/b[2])
		halves[round%2] = append(halves[round%2], 1-a[2]/b[2])
		total = append(total, 1-a[0]/b[0])
		shares = append(shares, b[2]/b[0])
	}
	p.rounds = len(saved)
	if p.rounds == 0 {
		return false
	}
	p.saved, p.totalSaved, p.gcShare = median(saved), median(total), median(shares)
	p.noise = deviation(saved) / math.Sqrt(float64(len(saved)))
	if p.rounds == 1 {
		p.noise = (1 - p.saved) * math.Sqrt2 * spread
	}
	p.halves = [2]float64{median(halves[0]), median(halves[1])}
	return true
}

// readResults joins the predictions in FOLDER's file NAME, none where there is no such file, with what was measured.
func readResults(folder, name string) ([]pair, error) {
	predictions, err := linesOf(filepath.Join(folder, name), "")
	if err != nil {
		return nil, err
	}
	measured, err := linesOf(filepath.Join(folder, "measured.tsv"), "")
	if err != nil {
		return nil, err
	}
	return join(predictions, measured)
}

// readPairs reads a file of pairs whose rounds are not kept: the first eight fields of a prediction, what was measured,
// and the 95 % way to each side of that; or a figure of the whole set, by name.
func (s *set) readPairs(lines [][]string) error {
	for _, line := range lines {
		switch {
		case strings.HasPrefix(line[0], "#"):
			continue
		case len(line) != 2 && len(line) != 10:
			return fmt.Errorf("neither a pair nor a figure: %q", line)
		}
		values, err := numbers(line[min(len(line)-1, 4):])
		if err != nil {
			return err
		}
		switch line[0] {
		case "split-half":
			s.split = values[0]
			continue
		case "total":
			s.total = values[0]
			continue
		}
		if len(line) != 10 {
			return fmt.Errorf("a figure that nobody knows: %q", line)
		}
		unknown := math.NaN()
		s.pairs = append(s.pairs, pair{workload: line[0], tuned: line[1] == "true", site: line[2], kind: line[3],
			predicted: values[0], low: values[1], high: values[2], bytes: values[3], saved: values[4],
			noise: values[5] / 1.96, share: unknown, printed: unknown, halves: [2]float64{unknown, unknown},
			totalPredicted: unknown, totalSaved: unknown, gcShare: unknown})
	}
	return nil
}

// readSet reads the results in FOLDER. Its file about, if there is one, has the set's title in its first line, and
// below what is to be said of it.
func readSet(folder string) (s set, err error) {
	s = set{name: filepath.Base(folder), split: math.NaN(), total: math.NaN()}
	s.title = s.name
	text, err := os.ReadFile(filepath.Join(folder, "about"))
	if err != nil && !os.IsNotExist(err) {
		return s, err
	}
	if len(text) > 0 {
		title, about, _ := strings.Cut(string(text), "\n")
		s.title, s.about = title, strings.TrimSpace(about)
	}
	lines, err := linesOf(filepath.Join(folder, "pairs.tsv"), "")
	if err == nil && lines != nil {
		err = s.readPairs(lines)
	} else if err == nil {
		s.pairs, err = readResults(folder, "predictions.tsv")
	}
	if err == nil {
		s.anew, err = readResults(folder, "anew.tsv")
	}
	if err == nil && len(s.pairs) == 0 {
		err = fmt.Errorf("nothing that was both predicted and measured")
	}
	if err != nil {
		return s, fmt.Errorf("%s: %w", folder, err)
	}
	for i := range s.pairs {
		s.pairs[i].set = s.name
	}
	return s, nil
}

// markReused says of each pair whether its site's fix uses the objects again, by the programs' files of sites.
func markReused(pairs []pair, programs string) error {
	known := map[string][]site{}
	for i := range pairs {
		p := &pairs[i]
		program := p.part(0)
		if _, ok := known[program]; !ok {
			sites, err := readSites(filepath.Join(programs, program, "sites"))
			if err != nil && !os.IsNotExist(err) { // a module's change has none there, nor a mark
				return err
			}
			known[program] = sites
		}
		for _, s := range known[program] {
			p.reused = p.reused || s.name == p.site && s.reused
		}
	}
	return nil
}

// readSets reads all sets in FOLDER, in the order of their names.
func readSets(folder, programs string) ([]set, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var sets []set
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		s, err := readSet(filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		if err := markReused(s.pairs, programs); err != nil {
			return nil, err
		}
		sets = append(sets, s)
	}
	if len(sets) == 0 {
		return nil, fmt.Errorf("%s: no results", folder)
	}
	return sets, nil
}
