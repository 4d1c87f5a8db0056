package main

import (
	"fmt"
	"math"
)

// A score is how well the predictions of some pairs did; NaN where the pairs don't tell.
type score struct {
	pairs                                    int
	rho, bytes, split, total                 float64 // Spearman's, against the saving
	signs, relative, absolute, noise         float64
	coverage, coverageWithNoise, medianWidth float64
}

// knownPairs are those of a and b where both are known.
func knownPairs(a, b []float64) (knownA, knownB []float64) {
	for i := range a {
		if !math.IsNaN(a[i]) && !math.IsNaN(b[i]) {
			knownA, knownB = append(knownA, a[i]), append(knownB, b[i])
		}
	}
	return knownA, knownB
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
		absolute = append(absolute, math.Abs(p.predicted-p.saved))
		widths = append(widths, p.high-p.low)
		doubt := 0.0
		if !math.IsNaN(p.noise) {
			noise, doubt = append(noise, p.noise), 1.96*p.noise
		}
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
		if p.low-doubt <= p.saved && p.saved <= p.high+doubt {
			coveredWithNoise++
		}
	}
	n := float64(len(pairs))
	return score{len(pairs), spearman(predicted, saved), spearman(bytes, saved), spearman(knownPairs(first, second)),
		spearman(knownPairs(totalPredicted, totalSaved)), right / large, median(relative), mean(absolute), median(noise),
		covered / n, coveredWithNoise / n, median(widths)}
}

// score is that of all the set's pairs, with what is written down of it where its rounds are not kept.
func (s *set) score() score {
	result := scoreOf(s.pairs)
	if math.IsNaN(result.split) {
		result.split = s.split
	}
	if math.IsNaN(result.total) {
		result.total = s.total
	}
	return result
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

// A criterion is one thing that is asked of the predictions.
type criterion struct {
	what, figure string
	known, met   bool
}

// criteriaOf are those that a score tells of, always the same ones in the same order.
func criteriaOf(s score) []criterion {
	above := s.rho - s.bytes
	of := func(what string, value float64, format string, met bool) criterion {
		return criterion{what, figure(format, value), !math.IsNaN(value), met}
	}
	return []criterion{
		of("Spearman's ρ at least 0.85, or within 0.05 of split-half", s.rho, "%.2f", s.rho >= 0.85 || s.rho >= s.split-0.05),
		of("ρ at least 0.4 above ranking by bytes", above, "%.2f", above >= 0.4),
		of("sign right for 95 % of changes over 5 %", 100*s.signs, "%.0f %%", s.signs >= 0.95),
		of("median relative error at most 0.20", s.relative, "%.3f", s.relative <= 0.2),
		of("intervals cover 85 %", 100*s.coverage, "%.0f %%", s.coverage >= 0.85),
		of("ρ of the total at least 0.80", s.total, "%.2f", s.total >= 0.8),
	}
}

// figure is value in its format, or a dash when it is not known.
func figure(format string, value float64) string {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return "–"
	}
	text := fmt.Sprintf(format, value)
	if zero := fmt.Sprintf(format, 0.0); text == "-"+zero {
		return zero
	}
	return text
}
