package main

import (
	"fmt"
	"math"
	"strings"
)

type frame struct {
	Function, File string
	Line           int
}

// A site of C allocations.
type cSite struct {
	Function     string
	File         string
	Line         int
	Through      string
	AllocBytes   float64 `json:"alloc_bytes"`
	AllocObjects float64 `json:"alloc_objects"`
	KeptBytes    float64 `json:"kept_bytes"`
	KeptObjects  float64 `json:"kept_objects"`
	GoCaller     *frame  `json:"go_caller"`
	Inline       []frame
	Stack        []frame
}

type cPart struct {
	Rate         float64
	AllocBytes   float64 `json:"alloc_bytes"`
	AllocObjects float64 `json:"alloc_objects"`
	KeptObjects  float64 `json:"kept_objects"`
	Untracked    float64 `json:"untracked_objects"`
	Sites        []cSite
}

// c_totals FILE prints what C allocated: bytes and objects.
func cTotals(r report) {
	if r.C == nil {
		fail("no C allocations")
	}
	fmt.Printf("%.0f %.0f\n", r.C.AllocBytes, r.C.AllocObjects)
}

// c_functions FILE prints a line for each function of C: its name, objects, bytes, and the objects that were not freed.
func cFunctions(r report) {
	sums := map[string][3]float64{}
	if r.C == nil {
		fail("no C allocations")
	}
	for _, s := range r.C.Sites {
		sum := sums[s.Function]
		sums[s.Function] = [3]float64{sum[0] + s.AllocObjects, sum[1] + s.AllocBytes, sum[2] + s.KeptObjects}
	}
	for function, sum := range sums {
		fmt.Printf("%s %.0f %.0f %.0f\n", function, sum[0], sum[1], sum[2])
	}
}

// c_callers FILE PREFIX…: Go has allocated too, and nearly all bytes of C are called by Go functions that begin so.
func cCallers(r report, prefixes []string) {
	if r.C == nil || r.Totals.AllocBytes <= 0 {
		fail("not both of Go and C")
	}
	var called, all float64
	for _, s := range r.C.Sites {
		all += s.AllocBytes
		for _, prefix := range prefixes {
			if s.GoCaller != nil && strings.HasPrefix(s.GoCaller.Function, prefix) {
				called += s.AllocBytes
				break
			}
		}
	}
	if called < 0.99*all {
		fail("Go called for %.0f of %.0f bytes of C", called, all)
	}
	fmt.Printf("%.0f MB of Go, %.0f MB of C, %.1f %% of it under the Go that called\n", r.Totals.AllocBytes/1e6, r.C.AllocBytes/1e6, 100*called/all)
}

// c FILE FUNCTION KEY VALUE…: all C sites of FUNCTION together are as said; numbers may be LOW..HIGH. A stack is a list
// of functions, parted by commas, that stand in the largest one's stack in this order.
func checkC(r report, function string, wanted []string) {
	var sum cSite
	var stack []string
	if r.C == nil {
		fail("no C allocations")
	}
	for _, s := range r.C.Sites {
		if s.Function != function {
			continue
		}
		if s.AllocBytes > sum.AllocBytes || stack == nil {
			stack = nil
			for _, f := range s.Stack {
				stack = append(stack, f.Function)
			}
			sum.GoCaller, sum.Through, sum.File, sum.Inline = s.GoCaller, s.Through, s.File, s.Inline
		}
		sum.AllocBytes += s.AllocBytes
		sum.AllocObjects += s.AllocObjects
		sum.KeptBytes += s.KeptBytes
		sum.KeptObjects += s.KeptObjects
	}
	if len(wanted) == 1 && wanted[0] == "none" {
		if sum.AllocObjects != 0 {
			fail("%s allocates %v objects", function, sum.AllocObjects)
		}
		return
	}
	if stack == nil {
		fail("no C site in %s", function)
	}
	for i := 0; i+1 < len(wanted); i += 2 {
		if !sum.is(wanted[i], wanted[i+1], stack) {
			fail("%s: not %s %s: %+v, caller %+v, stack %v", function, wanted[i], wanted[i+1], sum, sum.GoCaller, stack)
		}
	}
}

func (s cSite) is(key, value string, stack []string) bool {
	fits := func(have float64) bool {
		if strings.Contains(value, "..") {
			return within(have, value)
		}
		return same(have, value)
	}
	switch key {
	case "objects":
		return fits(s.AllocObjects)
	case "bytes":
		return fits(s.AllocBytes)
	case "kept":
		return fits(s.KeptObjects)
	case "kept_bytes":
		return fits(s.KeptBytes)
	case "caller":
		return s.GoCaller != nil && s.GoCaller.Function == value || s.GoCaller == nil && value == ""
	case "through":
		return strings.Contains(s.Through, value)
	case "file":
		return strings.HasSuffix(s.File, value)
	case "levels":
		return same(float64(len(s.Inline)), value)
	case "stack":
		at := 0
		for _, name := range strings.Split(value, ",") {
			for at < len(stack) && stack[at] != name {
				at++
			}
			if at == len(stack) {
				return false
			}
		}
		return true
	}
	fail("what is %s?", key)
	return false
}

// same tells whether HAVE is the one that VALUE says, as far as a report has digits.
func same(have float64, value string) bool {
	wanted := number(value)
	return math.Abs(have-wanted) <= 1e-8*math.Abs(wanted)
}
