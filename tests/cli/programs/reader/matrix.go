package main

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"strings"
)

const (
	figureTolerance = 0.01  // of what runtime/metrics says
	totalTolerance  = 0.002 // what is allocated before the first sample, or while the program writes down what it knows
)

// What a matrix program knows of a GC cycle, in the order in which it says so and print_trace does, and the Go version
// that first tells of it.
var cycleFigures = []struct {
	name  string
	since int
}{
	{"goal", 18}, {"total pause", 18}, {"live heap", 21}, {"GC CPU", 20}, {"scanned stacks", 21}, {"scanned globals", 21},
	{"count of cycles asked for", 18},
}

// A site as the program knows it or as a trace has it.
type counts struct {
	objects, bytes, followed, deaths float64
}

// What tests/tools/print_trace says of a trace.
type rawTrace struct {
	sites      map[string]counts // by function, without its package
	cycles     map[string][]string
	bytes      float64
	goroutines float64
	rest       []string // lines on losses and the end
}

var problems int

func problem(format string, arguments ...any) {
	fmt.Printf(format+"\n", arguments...)
	problems++
}

// lines calls EACH with the words of every line.
func lines(path string, each func(words []string)) {
	file, err := os.Open(path)
	if err != nil {
		fail("%v", err)
	}
	defer file.Close()
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		each(strings.Fields(scanner.Text()))
	}
}

func baseName(function string) string { return function[strings.LastIndexByte(function, '.')+1:] }

func readRaw(path string) rawTrace {
	raw := rawTrace{sites: map[string]counts{}, cycles: map[string][]string{}}
	lines(path, func(words []string) {
		switch words[0] {
		case "stack":
			name := baseName(words[5])
			sum := raw.sites[name]
			sum.objects += number(words[1])
			sum.bytes += number(words[2])
			sum.followed += number(words[3])
			sum.deaths += number(words[4])
			raw.sites[name] = sum
			raw.bytes += number(words[2])
		case "gc":
			raw.cycles[words[1]] = words[2:]
		case "goroutines":
			raw.goroutines = number(words[1])
		case "followed": // what the sites' counts are of
		default:
			raw.rest = append(raw.rest, strings.Join(words, " "))
		}
	})
	return raw
}

func near(have, want, tolerance float64) bool { return math.Abs(have-want) <= tolerance*want }

// known: a line "site NAME OBJECTS BYTES dead|kept"; BYTES, of an object, is 0 where they differ.
func checkKnownSite(r report, raw rawTrace, followed bool, words []string) {
	name, objects, bytes := words[1], number(words[2]), number(words[3])*number(words[2])
	var shown counts
	for _, s := range r.Sites {
		if baseName(s.Function) != name || s.Class == "runtime" {
			continue
		}
		shown.objects += s.AllocObjects
		shown.bytes += s.AllocBytes
		if !strings.HasSuffix(s.File, ".go") || s.Line == 0 {
			problem("%s: the report has it in %s, line %d", name, s.File, s.Line)
		}
	}
	if shown.objects != objects || bytes > 0 && shown.bytes != bytes {
		problem("%s: the report has %.0f objects of %.0f bytes, not %.0f of %.0f", name, shown.objects, shown.bytes, objects,
			bytes)
	}
	deaths := objects
	if words[4] == "kept" {
		deaths = 0
	}
	if !followed {
		return
	}
	if got := raw.sites[name]; got.objects != objects || got.followed != objects || got.deaths != deaths {
		problem("%s: of %.0f objects %.0f are in the trace, %.0f are followed, %.0f deaths are seen, not %.0f", name, objects,
			got.objects, got.followed, got.deaths, deaths)
	}
}

// known: a line "gc CYCLE FIGURES…".
func checkKnownCycle(raw rawTrace, minor int, words []string) {
	have := raw.cycles[words[1]]
	if have == nil {
		problem("cycle %s: not in the trace", words[1])
		return
	}
	for i, figure := range cycleFigures {
		want := words[2+i]
		if (want == "none") != (minor < figure.since) {
			problem("cycle %s: the program says %s of its %s", words[1], want, figure.name)
		} else if want != "none" && (have[i] == "none" || !near(number(have[i]), number(want), figureTolerance)) {
			problem("cycle %s: the trace has %s as the %s, not %s", words[1], have[i], figure.name, want)
		}
	}
}

// known: a line "label FUNCTION KEY VALUE": all that it allocated and whose labels are known is under this one.
func checkKnownLabel(r report, words []string) {
	under := 0.0
	for _, s := range r.Sites {
		if baseName(s.Function) != words[1] {
			continue
		}
		for _, part := range s.Labels {
			set := r.Labels[part.Set]
			if set.Labels[words[2]] == words[3] {
				under += part.Bytes
			} else if set.Known && part.Bytes > 0 {
				problem("%s: %.0f bytes under the labels %v", words[1], part.Bytes, set.Labels)
			}
		}
	}
	if under == 0 {
		problem("%s: nothing under the label %s=%s", words[1], words[2], words[3])
	}
}

// cell REPORT KNOWN RAW run|attach|counted: a trace at rate 1, by its report and by print_trace (RAW), is what the matrix
// program has written down in KNOWN. Of what is counted, deaths and labels are not known.
func cell(r report, known, rawPath, way string) {
	raw, followed, minor, sites, cycles := readRaw(rawPath), way != "counted", 0, 0, 0
	lines(known, func(words []string) {
		switch words[0] {
		case "version":
			fmt.Sscanf(words[1], "go1.%d", &minor)
		case "site":
			checkKnownSite(r, raw, followed, words)
			sites++
		case "label":
			if followed {
				checkKnownLabel(r, words)
			}
		case "goroutines":
			if want := number(words[1]); raw.goroutines < want-1 || raw.goroutines > want+1 {
				problem("at most %.0f goroutines, not %.0f", raw.goroutines, want)
			}
		case "gc":
			checkKnownCycle(raw, minor, words)
			cycles++
		case "allocated":
			want := number(words[1])
			if way == "attach" {
				want = number(words[2])
			}
			if !near(raw.bytes, want, totalTolerance) {
				problem("%.0f bytes are in the trace, not %.0f", raw.bytes, want)
			}
		}
	})
	if got := strings.Join(raw.rest, ", "); got != "lost 0 0 0 0, complete yes" {
		problem("the trace: %s", got)
	}
	if sites < 13 || cycles < 4 {
		problem("the program has said too little: %d sites, %d cycles", sites, cycles)
	}
	if problems > 0 {
		os.Exit(1)
	}
}
