// Holds a report against the truth: the report of the same program, at the same work, built so that every token is a
// line (../columns). There a place has at most the verdicts of one token, so what escprof tells apart by entry, type and
// size in the first is told apart by position in the second.
//
//	compare TABLE REPORT TRUTH
//
// prints what share of the bytes with a verdict has the right one, and the sites that have not; the status is 1 when
// that is below 99.5 %, or nothing could be judged.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
)

type place struct {
	Function, File string
	Line           int
}

type verdict struct {
	Message, File string
	Line, Column  int
}

type site struct {
	Function, File, Class, Entry, Type string
	Line                               int
	AllocBytes                         float64 `json:"alloc_bytes"`
	Verdict                            *verdict
	Inline                             []place
}

type report struct {
	Sites []site
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(2)
	}
}

func read(path string) report {
	var r report
	data, err := os.ReadFile(path)
	check(err)
	check(json.Unmarshal(data, &r))
	return r
}

type word struct {
	line, column int
	text         string // of operators, and func
}

// The tokens of each file.
type table map[string][]word

func readTable(path string) table {
	file, err := os.Open(path)
	check(err)
	defer file.Close()
	t := table{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<28)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), " ")
		for _, field := range fields[1:] {
			parts := strings.SplitN(field, ":", 3)
			line, err := strconv.Atoi(parts[0])
			check(err)
			column, err := strconv.Atoi(parts[1])
			check(err)
			t[fields[0]] = append(t[fields[0]], word{line, column, parts[2]})
		}
	}
	check(lines.Err())
	return t
}

// source is where an allocation stands in the source, and its bytes.
type source struct {
	bytes float64
	known bool
	// The innermost token; not known where the file was left alone.
	at string
	// Verdicts stand here too: see source(). A line: those of parameters that move.
	also       map[string]bool
	parameters int
}

func spell(file string, line, column int) string {
	return fmt.Sprintf("%s:%d:%d", file, line, column)
}

// bracket is the opening bracket that number stands in; -1 for none.
func bracket(words []word, number int) int {
	for depth := 0; number > 0; {
		number--
		switch words[number].text {
		case ")", "]", "}":
			depth++
		case "(", "[", "{":
			if depth == 0 {
				return number
			}
			depth--
		}
	}
	return -1
}

// add says where else the verdict of an allocation at the token number may stand.
func (made *source) add(s *site, words []word, number int) {
	file, other := s.Inline[0].File, -1
	switch {
	case s.Entry == "runtime.growslice" && strings.HasSuffix(words[number].text, "="):
		other = number + 2
	case strings.HasPrefix(s.Entry, "runtime.stringtoslice") || strings.HasPrefix(s.Entry, "runtime.slicebytetostring") ||
		strings.HasPrefix(s.Entry, "runtime.slicerunetostring") || strings.HasPrefix(s.Entry, "runtime.concatbyte"):
		other = bracket(words, number)
	}
	if other >= 0 && other < len(words) {
		made.also[spell(file, words[other].line, words[other].column)] = true
	}
	if s.Entry == "runtime.newobject" && number > 0 && (words[number].text == "func" || words[number-1].text == "func" || words[number-1].text == ")") {
		made.parameters = words[number].line
	}
}

// source takes a site of the truth, and gives its levels the lines that they have in the source. The compiler puts
// verdict and call at the same token, but for:
//   - x = append(y, …): the call that grows stands at the "=", the verdict at the bracket two tokens on;
//   - string(b), []byte(a + b): the call stands at what is converted, the verdict at the bracket around it;
//   - a parameter that moves: the call stands at the function's name;
//   - what -m alone says (all that does not escape): it has only the place of the outermost call of an inlined body.
//
// Not known here, so counted as wrong: the slice of f(a, b) with f(...T) and a map literal among package variables, whose
// calls stand at the call and at the "=". Where sites share a key, a swap among them is not seen.
func (t table) source(s *site) *source {
	made := &source{bytes: s.AllocBytes, also: map[string]bool{}}
	for i := range s.Inline {
		p := &s.Inline[i]
		tokens := t[p.File]
		if p.Line < 1 || p.Line > len(tokens) {
			continue
		}
		number := p.Line - 1
		p.Line = tokens[number].line
		if i > 0 {
			made.also[spell(p.File, tokens[number].line, tokens[number].column)] = true
			continue
		}
		made.known = true
		made.at = spell(p.File, tokens[number].line, tokens[number].column)
		made.add(s, tokens, number)
	}
	return made
}

// key is the site as the line table has it: what can be told without columns.
func key(s site) string {
	var b strings.Builder
	for _, p := range s.Inline {
		fmt.Fprintf(&b, "%s %s:%d|", p.Function, p.File, p.Line)
	}
	return b.String() + s.Entry + "|" + s.Type
}

func (v *verdict) String() string {
	if v == nil {
		return "none"
	}
	return fmt.Sprintf("%s:%d:%d: %s", v.File, v.Line, v.Column, v.Message)
}

func (v *verdict) at() string {
	return spell(v.File, v.Line, v.Column)
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: compare TABLE REPORT TRUTH")
		os.Exit(2)
	}
	t := readTable(os.Args[1])
	truth := map[string][]*source{}
	for _, s := range read(os.Args[3]).Sites {
		made := t.source(&s)
		truth[key(s)] = append(truth[key(s)], made)
	}

	var total, ambiguous, attributed, right, unjudged float64
	type wrong struct {
		bytes float64
		words string
	}
	var wrongs []wrong
	for _, s := range read(os.Args[2]).Sites {
		total += s.AllocBytes
		if s.Class == "ambiguous" {
			ambiguous += s.AllocBytes
		}
		if s.Verdict == nil {
			continue
		}
		attributed += s.AllocBytes
		// Sites of one key can't be told apart here: bytes of each are taken as the shown verdict's first.
		left, same, open, other := s.AllocBytes, 0.0, 0.0, 0.0
		truly := ""
		for _, source := range truth[key(s)] {
			switch shown := s.Verdict.at(); {
			case !source.known:
				open += source.bytes
			case source.at == shown || source.also[shown] ||
				strings.HasPrefix(s.Verdict.Message, "moved to heap: ") && s.Verdict.Line == source.parameters:
				same += source.bytes
			default:
				other += source.bytes
				truly += " " + source.at
			}
		}
		same = min(same, left)
		other = min(other, left-same-min(open, left-same))
		right += same
		unjudged += left - same - other // also what one of the runs has more of
		if other > 0 {
			wrongs = append(wrongs, wrong{other, fmt.Sprintf("%s %s:%d %s %s: shown %v, truly at%s", s.Function, s.File, s.Line, s.Entry, s.Type, s.Verdict, truly)})
		}
	}
	sort.Slice(wrongs, func(i, j int) bool { return wrongs[i].bytes > wrongs[j].bytes })
	for i, w := range wrongs {
		if i == 20 {
			fmt.Printf("and %d more\n", len(wrongs)-i)
			break
		}
		fmt.Printf("%.4f %% of the bytes: %s\n", 100*w.bytes/total, w.words)
	}
	judged := attributed - unjudged
	fmt.Printf("%.0f bytes, %.2f %% with a verdict; of these %.2f %% judged, and %.4f %% right; %.3f %% ambiguous\n",
		total, 100*attributed/total, 100*judged/attributed, 100*right/judged, 100*ambiguous/total)
	if judged == 0 || right/judged < 0.995 {
		os.Exit(1)
	}
}
