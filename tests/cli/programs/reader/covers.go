package main

import (
	"fmt"
	"os"
	"sort"
)

const (
	top            = 20    // sites looked at, those with most bytes
	wanted         = 18    // of them, by the mean of all runs
	unmatchedLimit = 0.001 // of the bytes
)

// complete FILE: nothing is lost, and next to nothing is unmatched.
func complete(r report) {
	if r.Totals.Lost != 0 {
		fail("%.0f samples lost", r.Totals.Lost)
	}
	for _, c := range r.Classes {
		if c.Class == "unmatched" {
			fmt.Printf("unmatched %.4f %%\n", 100*c.BytesShare)
			if !(c.BytesShare <= unmatchedLimit) {
				os.Exit(1)
			}
			return
		}
	}
	fail("the report has no class unmatched")
}

// place is a name that a site has in all runs; two calls on one line may share it.
func (s site) place() string { return fmt.Sprint(s.Inline, s.Type, s.Entry, s.Class) }

func byPlace(r report) map[string][]site {
	sites := map[string][]site{}
	for _, s := range r.Sites {
		sites[s.place()] = append(sites[s.place()], s)
	}
	return sites
}

// covers EXACT FILE…: each interval of each run against the exact count; tests/cli/real_program.sh says why the runs go together.
func covers(exact report, runs []report) {
	there, sampled := byPlace(exact), []map[string][]site{}
	for _, r := range runs {
		sampled = append(sampled, byPlace(r))
	}
	sort.Slice(exact.Sites, func(i, j int) bool { return exact.Sites[i].AllocBytes > exact.Sites[j].AllocBytes })
	sites, held, bad, perRun := 0, 0, false, make([]int, len(runs))
	for _, s := range exact.Sites {
		if sites == top {
			break
		}
		if len(there[s.place()]) > 1 {
			continue
		}
		sites++
		here, sum := 0, 0.0
		for i, run := range sampled {
			for _, got := range run[s.place()] {
				sum += got.AllocBytes
				if got.AllocBytesCI[0] <= s.AllocBytes && s.AllocBytes <= got.AllocBytesCI[1] {
					here++
					perRun[i]++
				}
			}
		}
		held += here
		bad = bad || 2*here < len(runs)
		fmt.Printf("%2d of %d hold, mean %+6.2f %% off: %s line %d, %.0f bytes\n", here, len(runs),
			100*(sum/float64(len(runs))/s.AllocBytes-1), s.Inline[0].Function, s.Inline[0].Line, s.AllocBytes)
	}
	fmt.Printf("%d of %d sites: %d of %d intervals hold, by run %v\n", sites, top, held, sites*len(runs), perRun)
	if bad || sites < top || held*top < wanted*sites*len(runs) {
		os.Exit(1)
	}
}
