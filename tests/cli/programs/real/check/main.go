// Holds escprof's JSON reports against what the program says of itself, and reports of samples against exact ones.
//
//	check total REPORT BYTES    the total is the runtime's own, classes are complete, next to nothing is unmatched
//	check cover EXACT REPORT…   the intervals of the reports hold the exact counts
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sort"
	"strconv"
)

const (
	top            = 20    // sites looked at, those with most bytes
	wanted         = 18    // of them, by the mean of all runs
	tolerance      = 0.03  // of the total
	unmatchedLimit = 0.001 // of the bytes
)

type frame struct {
	Function, File string
	Line           int
}

type site struct {
	Inline       []frame
	Type, Entry  string
	Class        string
	AllocBytes   float64    `json:"alloc_bytes"`
	AllocBytesCI [2]float64 `json:"alloc_bytes_ci"`
}

type report struct {
	Totals struct {
		AllocBytes float64 `json:"alloc_bytes"`
		Lost       float64
		RateHigh   float64 `json:"rate_high"`
	}
	Classes []struct {
		Class      string
		BytesShare float64 `json:"bytes_share"`
	}
	Sites []site
}

func fail(format string, arguments ...any) {
	fmt.Printf(format+"\n", arguments...)
	os.Exit(1)
}

func read(path string) report {
	var r report
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		fail("%s: %v", path, err)
	}
	return r
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

func total(r report, truth float64) {
	got := r.Totals.AllocBytes
	fmt.Printf("rate %.0f: %.0f of %.0f bytes (%+.3f %%)\n", r.Totals.RateHigh, got, truth, 100*(got/truth-1))
	if math.Abs(got-truth) > tolerance*truth {
		fail("more than %.0f %% off", 100*tolerance)
	}
	if r.Totals.Lost != 0 {
		fail("%.0f samples lost", r.Totals.Lost)
	}
	sum, unmatched := 0.0, math.NaN()
	for _, c := range r.Classes {
		sum += c.BytesShare
		if c.Class == "unmatched" {
			unmatched = c.BytesShare
		}
	}
	fmt.Printf("shares sum to 1%+.1e, unmatched %.4f %%\n", sum-1, 100*unmatched)
	if !(math.Abs(sum-1) <= 1e-6) || !(unmatched <= unmatchedLimit) {
		os.Exit(1)
	}
}

// cover: each interval of each run against the exact count; tests/cli/real_program.sh says why the runs go together.
func cover(exact report, runs []report) {
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

func main() {
	if len(os.Args) < 4 {
		fail("usage: check total REPORT BYTES | check cover EXACT REPORT…")
	}
	first := read(os.Args[2])
	switch os.Args[1] {
	case "total":
		bytes, err := strconv.ParseFloat(os.Args[3], 64)
		if err != nil {
			fail("%v", err)
		}
		total(first, bytes)
	case "cover":
		runs := make([]report, 0, len(os.Args)-3)
		for _, path := range os.Args[3:] {
			runs = append(runs, read(path))
		}
		cover(first, runs)
	default:
		fail("what is %s?", os.Args[1])
	}
}
