// Looks at escprof's JSON reports for the tests.
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sort"
	"strconv"
	"strings"
)

type site struct {
	Rank         int
	Function     string
	File         string
	Line         int
	Class        string
	Category     string
	Type         string
	Entry        string
	Tiny         bool
	Difference   string
	Refused      bool
	Advice       string
	AllocBytes   float64    `json:"alloc_bytes"`
	AllocBytesCI [2]float64 `json:"alloc_bytes_ci"`
	AllocObjects float64    `json:"alloc_objects"`
	Saved        float64    `json:"gc_saved_share"`
	SavedCI      [2]float64 `json:"gc_saved_share_ci"`
	AllocCPU     float64    `json:"alloc_cpu_seconds"`
	AllocCPUCI   [2]float64 `json:"alloc_cpu_seconds_ci"`
	AssistCPU    float64    `json:"assist_cpu_seconds"`
	Verdict      *struct{ Message string }
	Shown        struct {
		Function string
		Line     int
	}
	Inline []struct {
		Function, File string
		Line           int
	}
	Labels []struct {
		Set   int
		Bytes float64 `json:"alloc_bytes"`
	}
}

type report struct {
	GC struct {
		Samples    int                `json:"cpu_samples"`
		Parts      map[string]float64 `json:"cpu_parts"`
		Share      float64            `json:"cpu_share"`
		ProcessCPU float64            `json:"process_cpu_seconds"`
		Assists    float64            `json:"assist_seconds"`
	}
	Totals struct {
		AllocBytes   float64 `json:"alloc_bytes"`
		AllocObjects float64 `json:"alloc_objects"`
		Lost         float64
	}
	Classes []struct {
		Class      string
		BytesShare float64 `json:"bytes_share"`
	}
	Selection struct {
		Saved      *float64 `json:"gc_saved_share"`
		BytesShare float64  `json:"bytes_share"`
		TimeShare  float64  `json:"time_share"`
	}
	Timeline *timeline
	Sites    []site
	Labels   []labelSet
	C        *cPart
}

func fail(format string, arguments ...any) {
	fmt.Printf(format+"\n", arguments...)
	os.Exit(1)
}

func read(path string) report {
	var r report
	data, err := os.ReadFile(path)
	if err != nil {
		fail("%v", err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		fail("%s: %v", path, err)
	}
	return r
}

func number(text string) float64 {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		fail("%v", err)
	}
	return n
}

// total FILE BYTES TOLERANCE: the report's total is within TOLERANCE (a fraction) of BYTES; classes sum to 1.
func total(r report, bytes, tolerance float64) {
	if math.Abs(r.Totals.AllocBytes-bytes) > tolerance*bytes {
		fail("allocated %.0f bytes, reported %.0f, more than %.1f %% off", bytes, r.Totals.AllocBytes, 100*tolerance)
	}
	sum := 0.0
	for _, c := range r.Classes {
		sum += c.BytesShare
	}
	if math.Abs(sum-1) > 1e-6 {
		fail("the classes' shares sum to %v", sum)
	}
}

// within tells whether VALUE lies between LOW and HIGH of "LOW..HIGH".
func within(value float64, text string) bool {
	low, high, is := strings.Cut(text, "..")
	return is && number(low) <= value && value <= number(high)
}

// site FILE FUNCTION LINE KEY VALUE…: there is a site there, and its fields are as said; objects may be LOW..HIGH.
func checkSite(r report, function string, line int, wanted []string) {
	checkSites(r, function, line, wanted, func(s site) bool { return s.Function == function && s.Line == line })
}

// shown FILE FUNCTION LINE KEY VALUE…: the same of a site, in a package of others, that the program's own line there led to.
func checkShown(r report, function string, line int, wanted []string) {
	checkSites(r, function, line, wanted,
		func(s site) bool { return s.Shown.Function == function && s.Shown.Line == line })
}

func checkSites(r report, function string, line int, wanted []string, is func(site) bool) {
	var found []site
	for _, s := range r.Sites {
		if is(s) {
			found = append(found, s)
		}
	}
	if len(found) == 0 {
		fail("no site at %s line %d", function, line)
	}
	problems := []string{}
	for _, s := range found {
		problem := ""
		for i := 0; i+1 < len(wanted); i += 2 {
			got := map[string]string{
				"class": s.Class, "category": s.Category, "entry": s.Entry, "type": s.Type,
				"objects": fmt.Sprintf("%.0f", s.AllocObjects), "bytes": fmt.Sprintf("%.0f", s.AllocBytes),
				"tiny": fmt.Sprint(s.Tiny), "advice": s.Advice,
				"difference": s.Difference,
			}
			if s.Verdict != nil {
				got["verdict"] = s.Verdict.Message
			}
			value, has := got[wanted[i]], strings.Contains(got[wanted[i]], wanted[i+1])
			if (wanted[i] == "advice" || wanted[i] == "difference") && has {
				continue
			}
			if wanted[i] == "objects" && within(s.AllocObjects, wanted[i+1]) {
				continue
			}
			if value != wanted[i+1] {
				problem += fmt.Sprintf(" %s is %q, not %q;", wanted[i], value, wanted[i+1])
			}
		}
		if problem == "" {
			return
		}
		problems = append(problems, problem)
	}
	fail("%s line %d:%s", function, line, strings.Join(problems, " or"))
}

// refused FILE FUNCTION…: the verdicts of these functions are refused, and of no others.
func refused(r report, wanted []string) {
	found := map[string]bool{}
	for _, s := range r.Sites {
		if s.Refused {
			found[s.Inline[len(s.Inline)-1].Function] = true
		}
		if s.Refused && s.Verdict != nil {
			fail("%s line %d is refused and has a verdict", s.Function, s.Line)
		}
	}
	names := []string{}
	for name := range found {
		names = append(names, name)
	}
	sort.Strings(names)
	if got := strings.Join(names, " "); got != strings.Join(wanted, " ") {
		fail("refused are %q, not %q", got, strings.Join(wanted, " "))
	}
}

// cells FILE FUNCTION LINE OPERATIONS: the site there as cells of a Markdown table; exit status 1 when there is none.
func cells(r report, function string, line int, operations float64) {
	for _, s := range r.Sites {
		if s.Function != function || s.Line != line || s.AllocObjects < operations/100 {
			continue
		}
		verdict := "–"
		if s.Verdict != nil {
			verdict = "`" + s.Verdict.Message + "`"
		}
		fmt.Printf("%s | `%s`, `%s` | %.1f, %.0f | %.1f (%.1f to %.1f)\n", verdict, s.Class, s.Category,
			s.AllocObjects/operations, s.AllocBytes/operations, 100*s.Saved, 100*s.SavedCI[0], 100*s.SavedCI[1])
		return
	}
	os.Exit(1)
}

// cover FILE EXACT [PREFIX]: of the 20 sites with most bytes in EXACT, whose counts are true, the intervals of FILE hold
// 90 %. With PREFIX only sites in functions that begin so count: what the runtime allocates differs from run to run.
func cover(r, exact report, prefix string) {
	intervals := map[string][2]float64{}
	for _, s := range r.Sites {
		intervals[fmt.Sprint(s.Inline, s.Type, s.Entry)] = s.AllocBytesCI
	}
	sort.Slice(exact.Sites, func(i, j int) bool { return exact.Sites[i].AllocBytes > exact.Sites[j].AllocBytes })
	sites, held, misses := 0, 0, ""
	for _, s := range exact.Sites {
		if s.Tiny || sites == 20 || !strings.HasPrefix(s.Function, prefix) || s.AllocBytes < 100_000 {
			continue
		}
		interval, seen := intervals[fmt.Sprint(s.Inline, s.Type, s.Entry)]
		sites++
		if !seen {
			misses += fmt.Sprintf("\n%s line %d is not there", s.Function, s.Line)
			continue
		}
		if interval[0] <= s.AllocBytes && s.AllocBytes <= interval[1] {
			held++
		} else {
			misses += fmt.Sprintf("\n%s line %d: %.0f is not in %.0f", s.Function, s.Line, s.AllocBytes, interval)
		}
	}
	fmt.Printf("%d of %d held%s\n", held, sites, misses)
	if sites < 4 || float64(held) < 0.9*float64(sites)-0.5 {
		os.Exit(1)
	}
}

func main() {
	if os.Args[1] == "chains" { // no reports
		checkChains(os.Args[2], os.Args[3], int(number(os.Args[4])))
		return
	}
	r := read(os.Args[2])
	switch os.Args[1] {
	case "total":
		total(r, number(os.Args[3]), number(os.Args[4]))
	case "c_totals":
		cTotals(r)
	case "c_functions":
		cFunctions(r)
	case "c_callers":
		cCallers(r, os.Args[3:])
	case "site":
		checkSite(r, os.Args[3], int(number(os.Args[4])), os.Args[5:])
	case "shown":
		checkShown(r, os.Args[3], int(number(os.Args[4])), os.Args[5:])
	case "cells":
		cells(r, os.Args[3], int(number(os.Args[4])), number(os.Args[5]))
	case "objects":
		if !within(r.Totals.AllocObjects, os.Args[3]) {
			fail("%v objects, not %s", r.Totals.AllocObjects, os.Args[3])
		}
	case "cover":
		cover(r, read(os.Args[3]), strings.Join(os.Args[4:], ""))
	case "refused":
		refused(r, os.Args[3:])
	case "complete":
		complete(r)
	case "covers":
		var runs []report
		for _, path := range os.Args[3:] {
			runs = append(runs, read(path))
		}
		covers(r, runs)
	case "known":
		known(r, os.Args[3])
	case "cpu":
		period := samplePeriod
		if len(os.Args) > 3 {
			period = number(os.Args[3])
		}
		cpu(r, period)
	case "goroutines":
		goroutines(r, number(os.Args[3]))
	case "labels":
		labels(r, os.Args[3], os.Args[4], os.Args[5], number(os.Args[6]))
	case "part":
		part(r, os.Args[3], os.Args[4], number(os.Args[5]), number(os.Args[6]))
	case "sum":
		sum(r, read(os.Args[3]), read(os.Args[4]))
	case "cell":
		cell(r, os.Args[3], os.Args[4], os.Args[5])
	case "c":
		checkC(r, os.Args[3], os.Args[4:])
	case "top":
		for i, s := range r.Sites {
			if i == 20 {
				break
			}
			verdict := ""
			if s.Verdict != nil {
				verdict = s.Verdict.Message
			}
			fmt.Println(s.Rank, s.Class, s.Category, s.Function, s.Line, s.Type, s.AllocObjects, s.AllocBytes, verdict)
		}
	default:
		fail("what is %s?", os.Args[1])
	}
}
