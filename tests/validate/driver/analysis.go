package main

import (
	"math"
	"math/rand/v2"
	"sort"
)

// ceilingOf is the rank correlation with the measurement that a perfect prediction can expect, when two halves of the
// measurement have the correlation SPLIT: by Spearman and Brown the whole has the reliability 2r/(1+r), and what is
// measured without any error correlates with it by the root of that.
func ceilingOf(split float64) float64 {
	if !(split > 0) {
		return math.NaN()
	}
	return math.Sqrt(2 * split / (1 + split))
}

// groupsOf are the pairs of each workload, in the order of names.
func groupsOf(pairs []pair) [][]pair {
	groups := map[string][]pair{}
	var names []string
	for _, p := range pairs {
		name := p.set + "\t" + p.workload
		if groups[name] == nil {
			names = append(names, name)
		}
		groups[name] = append(groups[name], p)
	}
	sort.Strings(names)
	result := make([][]pair, len(names))
	for i, name := range names {
		result[i] = groups[name]
	}
	return result
}

// withinWorkloads are the means, over workloads, of how well each one's own sites are ranked: what somebody sees who has
// one program. Workloads of fewer than three sites have no say; split is of those that have halves.
func withinWorkloads(groups [][]pair) (count int, rho, bytes, split float64) {
	var rhos, byBytes, splits []float64
	for _, group := range groups {
		s := scoreOf(group)
		if len(group) < 3 || math.IsNaN(s.rho) || math.IsNaN(s.bytes) {
			continue
		}
		rhos, byBytes = append(rhos, s.rho), append(byBytes, s.bytes)
		if !math.IsNaN(s.split) {
			splits = append(splits, s.split)
		}
	}
	return len(rhos), mean(rhos), mean(byBytes), mean(splits)
}

// sharesOf are the parts of their programs' bytes that pairs have; of their workloads' sites' bytes where the programs'
// are not known, and then not exact.
func sharesOf(pairs []pair) (shares []float64, exact bool) {
	all := map[string]float64{}
	for _, p := range pairs {
		all[p.set+"\t"+p.workload] += p.bytes
	}
	exact = true
	for _, p := range pairs {
		share := p.share
		if math.IsNaN(share) {
			share, exact = p.bytes/all[p.set+"\t"+p.workload], false
		}
		shares = append(shares, share)
	}
	return shares, exact
}

// byShare is the rank correlation of the saving with the share of its program's bytes that a site has.
func byShare(pairs []pair) (rho float64, exact bool) {
	var saved []float64
	for _, p := range pairs {
		saved = append(saved, p.saved)
	}
	shares, exact := sharesOf(pairs)
	return spearman(shares, saved), exact
}

// disagreements counts the pairs of sites of one workload that the prediction and bytes put in a different order, and
// whose measured savings are further apart than two standard errors of their difference; right are those that the
// prediction has in the measured order.
func disagreements(groups [][]pair) (right, all int) {
	for _, group := range groups {
		for i := range group {
			for j := range group[:i] {
				a, b := &group[i], &group[j]
				saved, predicted := a.saved-b.saved, a.predicted-b.predicted
				if predicted*(a.bytes-b.bytes) >= 0 || !(math.Abs(saved) > 2*math.Hypot(a.noise, b.noise)) {
					continue
				}
				all++
				if predicted*saved > 0 {
					right++
				}
			}
		}
	}
	return right, all
}

// topSaved is what is saved by mending in each workload the first COUNT sites of a ranking, as a part of the most that
// as many could save. Savings are added up as they were measured, one site at a time; nobody has to mend what makes
// things worse to do best. Workloads of fewer than three sites have no say.
func topSaved(groups [][]pair, count int, by func(*pair) float64) float64 {
	var chosen, best float64
	for _, group := range groups {
		if len(group) < 3 {
			continue
		}
		ranked := append([]pair(nil), group...)
		sort.SliceStable(ranked, func(a, b int) bool { return by(&ranked[a]) > by(&ranked[b]) })
		for _, p := range ranked[:min(count, len(ranked))] {
			chosen += p.saved
		}
		sort.SliceStable(ranked, func(a, b int) bool { return ranked[a].saved > ranked[b].saved })
		for _, p := range ranked[:min(count, len(ranked))] {
			best += math.Max(0, p.saved)
		}
	}
	return chosen / best
}

const bootstrapDraws = 2000

// bootstrap is the 95 % interval of how far the ρ of the prediction is above that of bytes, when as many programs are
// drawn from those there are, with all their sites, again and again; the same every time. Not known with one program.
func bootstrap(pairs []pair) (low, high float64) {
	programs := map[string][]pair{}
	var names []string
	for _, p := range pairs {
		name := p.part(0)
		if programs[name] == nil {
			names = append(names, name)
		}
		programs[name] = append(programs[name], p)
	}
	if len(names) < 2 {
		return math.NaN(), math.NaN()
	}
	sort.Strings(names)
	random := rand.NewPCG(1, 2)
	var differences []float64
	for draw := 0; draw < bootstrapDraws; draw++ {
		var predicted, bytes, saved []float64
		for range names {
			for _, p := range programs[names[random.Uint64()%uint64(len(names))]] {
				predicted, bytes, saved = append(predicted, p.predicted), append(bytes, p.bytes), append(saved, p.saved)
			}
		}
		if d := spearman(predicted, saved) - spearman(bytes, saved); !math.IsNaN(d) {
			differences = append(differences, d)
		}
	}
	return quantile(differences, 0.025), quantile(differences, 0.975)
}

// printedOf are the pairs with what the report shows first as the prediction, also where objects are used again, and
// whether that is known of all. The interval goes along, as wide as it was.
func printedOf(pairs []pair) (printed []pair, known bool) {
	known = true
	for _, p := range pairs {
		if p.reused && math.IsNaN(p.printed) {
			known = false
		} else if p.reused {
			more := p.printed - p.predicted
			p.predicted, p.low, p.high = p.printed, p.low+more, p.high+more
			p.totalPredicted += more * p.gcShare
		}
		printed = append(printed, p)
	}
	return printed, known
}
