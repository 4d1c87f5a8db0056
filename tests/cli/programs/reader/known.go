package main

import (
	"fmt"
	"math"
	"os"
	"sort"
	"strings"
)

// A place whose objects the profiled program has counted itself: a line "site FUNCTION OBJECTS SIZE PROFILED OWN" of
// its output. OWN is the mean of its own heap profile, in which PROFILED of the objects were.
type knownSite struct {
	function                     string
	objects, size, profiled, own float64
}

func knownSites(path string) []knownSite {
	text, err := os.ReadFile(path)
	if err != nil {
		fail("%v", err)
	}
	var sites []knownSite
	for _, line := range strings.Split(string(text), "\n") {
		words := strings.Fields(line)
		if len(words) != 6 || words[0] != "site" {
			continue
		}
		sites = append(sites, knownSite{words[1], number(words[2]), number(words[3]), number(words[4]), number(words[5])})
	}
	sort.Slice(sites, func(i, j int) bool { return sites[i].objects*sites[i].size > sites[j].objects*sites[j].size })
	return sites
}

// known FILE OUTPUT: for the five places of OUTPUT with most bytes, a line each: the function, whether FILE's interval of
// bytes holds what was made there (-1, 1: it lies below, above; 0: it does), and how far the program's own profile is from
// what is to be expected, in standard deviations.
func known(r report, path string) {
	sites := knownSites(path)
	if len(sites) < 5 {
		fail("%s has %d places", path, len(sites))
	}
	for _, k := range sites[:5] {
		where, most, made := "missing", 0., k.objects*k.size
		for _, s := range r.Sites {
			// The runtime, too, may make something at the same place: a thread, when there are too few.
			if s.Function != k.function || s.AllocBytes <= most {
				continue
			}
			most, where = s.AllocBytes, "0"
			if s.AllocBytesCI[0] > made {
				where = "-1"
			} else if s.AllocBytesCI[1] < made {
				where = "1"
			}
		}
		p := -math.Expm1(-k.size / k.own)
		fmt.Println("known", k.function, where, (k.profiled-k.objects*p)/math.Sqrt(k.objects*p*(1-p)))
	}
}
