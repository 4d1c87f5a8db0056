package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// A pair is one site of one workload: what was predicted, and what its removal saved. Shares are of the full program's
// GC CPU, and of its whole CPU where they are total.
type pair struct {
	workload, site, kind       string
	tuned                      bool
	predicted, low, high       float64
	bytes                      float64
	saved, noise               float64 // median over the rounds, and its standard error
	halves                     [2]float64
	totalPredicted, totalSaved float64
	gcShare                    float64 // of the full program's CPU
}

func (p *pair) covered() bool { return p.low <= p.saved && p.saved <= p.high }

// changesCovered counts the changes of public modules, and those that saved what the interval says.
func changesCovered(pairs []pair) (covered, all int) {
	for i := range pairs {
		if pairs[i].site != changeSite {
			continue
		}
		all++
		if pairs[i].covered() {
			covered++
		}
	}
	return covered, all
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

// join puts the lines of predictions and of measurements together.
func join(predictions, measured [][]string) ([]pair, error) {
	runs := map[string]map[int][]float64{} // workload and site → round → CPU, wall, GC without it, and with it
	for _, line := range measured {
		values, err := numbers(line[2:])
		if err != nil {
			return nil, err
		}
		key := line[0] + "\t" + line[1]
		if runs[key] == nil {
			runs[key] = map[int][]float64{}
		}
		runs[key][int(values[0])] = values[1:]
	}
	var pairs []pair
	for _, line := range predictions {
		values, err := numbers(line[4:])
		if err != nil {
			return nil, err
		}
		p := pair{workload: line[0], tuned: line[1] == "true", site: line[2], kind: line[3],
			predicted: values[0], low: values[1], high: values[2], bytes: values[3]}
		if p.measure(runs[line[0]+"\t"+line[2]]) {
			p.totalPredicted = p.predicted*p.gcShare + values[4]
			pairs = append(pairs, p)
		}
	}
	return pairs, nil
}

// measure takes the rounds of the program without the site and with it; false when there are none.
func (p *pair) measure(rounds map[int][]float64) bool {
	var saved, total, shares []float64
	var halves [2][]float64
	for round, values := range rounds {
		a, b := values[:3], values[3:]
		saved = append(saved, 1-a[2]/b[2])
		halves[round%2] = append(halves[round%2], 1-a[2]/b[2])
		total = append(total, 1-a[0]/b[0])
		shares = append(shares, b[2]/b[0])
	}
	if len(saved) == 0 {
		return false
	}
	p.saved, p.totalSaved, p.gcShare = median(saved), median(total), median(shares)
	p.noise = deviation(saved) / math.Sqrt(float64(len(saved)))
	p.halves = [2]float64{median(halves[0]), median(halves[1])}
	return true
}

func readResults(o *options) ([]pair, error) {
	predictions, err := linesOf(predictionsPath(o), "")
	if err != nil {
		return nil, err
	}
	measured, err := linesOf(measuredPath(o), "")
	if err != nil {
		return nil, err
	}
	return join(predictions, measured)
}

// A score is how well the predictions of some pairs did.
type score struct {
	pairs                                    int
	rho, bytes, split, total                 float64 // Spearman's, against the saving
	signs, relative, absolute, noise         float64
	coverage, coverageWithNoise, medianWidth float64
}

func scoreOf(pairs []pair) score {
	var predicted, saved, bytes, first, second, totalPredicted, totalSaved []float64
	var relative, absolute, noise, widths []float64
	var right, large, covered, coveredWithNoise float64
	for i := range pairs {
		p := &pairs[i]
		predicted, saved, bytes = append(predicted, p.predicted), append(saved, p.saved), append(bytes, p.bytes)
		first, second = append(first, p.halves[0]), append(second, p.halves[1])
		if p.site != changeSite { // which saves other work too
			totalPredicted, totalSaved = append(totalPredicted, p.totalPredicted), append(totalSaved, p.totalSaved)
		}
		absolute, noise = append(absolute, math.Abs(p.predicted-p.saved)), append(noise, p.noise)
		widths = append(widths, p.high-p.low)
		if math.Abs(p.saved) > 0.05 {
			large++
			if p.predicted*p.saved > 0 {
				right++
			}
		}
		if math.Abs(p.saved) > 0.04 {
			relative = append(relative, math.Abs(p.predicted-p.saved)/math.Abs(p.saved))
		}
		if p.covered() {
			covered++
		}
		if p.low-1.96*p.noise <= p.saved && p.saved <= p.high+1.96*p.noise {
			coveredWithNoise++
		}
	}
	return score{len(pairs), spearman(predicted, saved), spearman(bytes, saved), spearman(first, second),
		spearman(totalPredicted, totalSaved), right / large, median(relative), mean(absolute), median(noise),
		covered / float64(len(pairs)), coveredWithNoise / float64(len(pairs)), median(widths)}
}

func (s score) row() string {
	return fmt.Sprintf("%d | %.2f | %.2f | %.2f | %.0f %% | %.2f | %.3f | %.3f | %.0f %% | %.0f %% | %.2f",
		s.pairs, s.rho, s.bytes, s.split, 100*s.signs, s.relative, s.absolute, s.noise, 100*s.coverage,
		100*s.coverageWithNoise, s.total)
}

// changesOver are those whose removal changed the GC's CPU by more than share, one way or the other.
func changesOver(pairs []pair, share float64) (changes []pair) {
	for _, p := range pairs {
		if math.Abs(p.saved) > share {
			changes = append(changes, p)
		}
	}
	return changes
}

// withinWorkloads are the means, over workloads, of how well each one's own sites are ranked: what somebody sees who has
// one program. Workloads of fewer than three sites have no say.
func withinWorkloads(groups map[string][]pair) (count int, rho, bytes, split float64) {
	for _, group := range groups {
		s := scoreOf(group)
		if len(group) < 3 || math.IsNaN(s.rho) || math.IsNaN(s.bytes) || math.IsNaN(s.split) {
			continue
		}
		count++
		rho, bytes, split = rho+s.rho, bytes+s.bytes, split+s.split
	}
	n := float64(count)
	return count, rho / n, bytes / n, split / n
}

const scoreHead = `| | pairs | ρ | ρ by bytes | split-half | sign right | relative error | absolute | measurement's own | covered | with noise | ρ of total |
|---|---|---|---|---|---|---|---|---|---|---|---|
`

// byWorkload groups pairs, in the order of names.
func byWorkload(pairs []pair) (names []string, groups map[string][]pair) {
	groups = map[string][]pair{}
	for _, p := range pairs {
		if groups[p.workload] == nil {
			names = append(names, p.workload)
		}
		groups[p.workload] = append(groups[p.workload], p)
	}
	sort.Strings(names)
	return names, groups
}

func writeGroup(out io.Writer, title string, pairs []pair) {
	names, groups := byWorkload(pairs)
	fmt.Fprintf(out, "\n## %s\n\n%s", title, scoreHead)
	for _, name := range names {
		fmt.Fprintf(out, "| %s | %s |\n", name, scoreOf(groups[name]).row())
	}
	fmt.Fprintf(out, "| **all** | %s |\n", scoreOf(pairs).row())
	if count, rho, bytes, split := withinWorkloads(groups); count > 0 {
		fmt.Fprintf(out, "\nWithin a workload, in the mean of %d: ρ %.2f, by bytes %.2f, split-half %.2f.\n", count, rho, bytes, split)
	}
	if changes := changesOver(pairs, 0.05); len(changes) > 2 {
		s := scoreOf(changes)
		fmt.Fprintf(out, "\nOf the %d sites that change more than 5 %%: ρ %.2f, by bytes %.2f, split-half %.2f.\n",
			len(changes), s.rho, s.bytes, s.split)
	}
	fmt.Fprintf(out, "\n| workload | site | kind | predicted | interval | measured | error of that | covered | bytes |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, name := range names {
		group := groups[name]
		sort.SliceStable(group, func(a, b int) bool { return group[a].saved > group[b].saved })
		for _, p := range group {
			covered := map[bool]string{true: "yes", false: "no"}[p.covered()]
			fmt.Fprintf(out, "| %s | %s | %s | %.1f | %.1f to %.1f | %.1f | ±%.1f | %s | %.0f MB |\n", p.workload, p.site,
				p.kind, 100*p.predicted, 100*p.low, 100*p.high, 100*p.saved, 196*p.noise, covered, p.bytes/1e6)
		}
	}
}

// criteria says of each thing that is asked of the predictions whether it is so.
func criteria(out io.Writer, pairs []pair) bool {
	all, s := true, scoreOf(pairs)
	held, changes := changesCovered(pairs)
	for _, c := range []struct {
		what string
		ok   bool
	}{
		{fmt.Sprintf("Spearman's ρ %.2f is at least 0.85, or within 0.05 of the measurement's own %.2f", s.rho, s.split),
			s.rho >= 0.85 || s.rho >= s.split-0.05},
		{fmt.Sprintf("ρ %.2f is at least 0.4 above that of bytes, %.2f (the measurement's own: %.2f above)", s.rho, s.bytes,
			s.split-s.bytes), s.rho >= s.bytes+0.4},
		{fmt.Sprintf("the sign is right for %.0f %% (at least 95) of changes over 5 %%", 100*s.signs), s.signs >= 0.95},
		{fmt.Sprintf("the median relative error %.2f is at most 0.20", s.relative), s.relative <= 0.2},
		{fmt.Sprintf("intervals cover %.0f %% (at least 85)", 100*s.coverage), s.coverage >= 0.85},
		{fmt.Sprintf("ρ of the total %.2f is at least 0.80", s.total), s.total >= 0.8},
		{fmt.Sprintf("intervals cover %d of the %d changes of public modules (at least two, and 85 %%)", held, changes),
			held >= 2 && float64(held) >= 0.85*float64(changes)},
	} {
		word := "ok"
		if !c.ok {
			word, all = "not ok", false
		}
		fmt.Fprintf(out, "%-6s  %s\n", word, c.what)
	}
	return all
}

func writeScore(pairs []pair, path, folder string) error {
	var tuned, others []pair
	for _, p := range pairs {
		if p.tuned {
			tuned = append(tuned, p)
		} else {
			others = append(others, p)
		}
	}
	var text strings.Builder
	fmt.Fprintf(&text, "# Predicted and measured savings of GC CPU\n")
	for _, part := range []struct {
		name, title string
		pairs       []pair
	}{{"tuned", "Programs that the model was made on", tuned}, {"untuned", "Programs that it was not made on", others}} {
		if len(part.pairs) == 0 {
			continue
		}
		writeGroup(&text, part.title, part.pairs)
		if err := os.WriteFile(filepath.Join(folder, part.name+".svg"), plot(part.title, part.pairs), 0o666); err != nil {
			return err
		}
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o666); err != nil {
		return err
	}
	fmt.Print(text.String(), "\n")
	if len(others) > 0 && !criteria(os.Stdout, others) {
		return errors.New("not all that is asked of the untuned programs is so")
	}
	return nil
}
