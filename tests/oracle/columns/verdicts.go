package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// A spot is a token of an original file. For files that were left alone, token is 0 and line is the line.
type spot struct {
	file        string
	token, line int
}

// A verdict is what the compiler said about the rewritten program, in the original's places.
type verdict struct {
	what  string // "&E{...}", "x"
	chain []spot // innermost first
	last  string // the last step of its flow: "return", "call parameter", …
	moved bool   // it is a variable
}

func (v verdict) String() string { return fmt.Sprintf("%q at %v", v.what, v.chain) }

// A program knows the rewritten files, by the names that the compiler gives them.
type program struct {
	rewritten map[string]*rewritten // by original name
	original  map[string]string     // by new name
	verdicts  map[string][]verdict  // by chainKey
	around    map[string][]verdict  // by the key of all but the innermost level, and its file
	inside    map[string][]verdict  // by the key of all but the innermost level
	stay      map[spot][]verdict    // "does not escape", by the outermost place, which is all that is known of it
	covers    map[string]covers     // by original name
}

func openProgram(folder string) (*program, error) {
	var kept record
	text, err := os.ReadFile(filepath.Join(folder, "files.json"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, err
	}
	p := &program{map[string]*rewritten{}, kept.Files, map[string][]verdict{}, map[string][]verdict{},
		map[string][]verdict{}, map[spot][]verdict{}, map[string]covers{}}
	for _, name := range kept.Files {
		if p.rewritten[name], err = rewriteFile(name); err != nil {
			return nil, err
		}
	}
	logs, err := filepath.Glob(filepath.Join(kept.Logs, "*", "*.json"))
	if err != nil {
		return nil, err
	}
	for _, log := range logs {
		if err := p.readLog(log); err != nil {
			return nil, fmt.Errorf("%s: %v", log, err)
		}
	}
	if len(p.verdicts) == 0 {
		return nil, fmt.Errorf("%s has no verdicts", kept.Logs)
	}
	return p, p.readText(filepath.Join(folder, "compiler.log"))
}

// spotOf is the spot of a line in the line tables of the rewritten program.
func (p *program) spotOf(file string, line int) spot {
	original, ok := p.original[file]
	if !ok {
		return spot{file, 0, line}
	}
	return spot{original, line, p.rewritten[original].lineOf(line)}
}

func (r *rewritten) lineOf(token int) int {
	if token < 1 || token > len(r.tokens) {
		return 0
	}
	return r.tokens[token-1].line
}

// spotIn is the spot of a position in the text of a rewritten file.
func (p *program) spotIn(file string, at place) (spot, error) {
	original, ok := p.original[file]
	if !ok {
		return spot{file, 0, at.line}, nil
	}
	number, ok := p.rewritten[original].at[at]
	if !ok {
		return spot{}, fmt.Errorf("%s:%d:%d: no token begins here", file, at.line, at.column)
	}
	return spot{original, number, p.rewritten[original].lineOf(number)}, nil
}

type location struct {
	URI   string
	Range span
}

type span struct{ Start struct{ Line, Character int } }

type diagnostic struct {
	File               string // of the header
	Range              span
	Code, Message      string
	RelatedInformation []struct {
		Location location
		Message  string
	}
}

// verdictOf reads a line; "" for what when it is no verdict.
func (p *program) verdictOf(file string, d diagnostic) (v verdict, err error) {
	what, ok := strings.CutSuffix(d.Message, " escapes to heap")
	if d.Code != "escape" && d.Code != "escapes" || !ok {
		return v, nil
	}
	add := func(file string, s span) {
		var at spot
		if at, err = p.spotIn(file, place{s.Start.Line, s.Start.Character}); err == nil {
			v.chain = append([]spot{at}, v.chain...)
		}
	}
	v.what = what
	add(file, d.Range)
	leading := true
	for _, related := range d.RelatedInformation {
		v.moved = v.moved || strings.HasPrefix(related.Message, "escflow:    flow: ") && strings.HasSuffix(related.Message, " ← &"+what+":")
		if leading = leading && related.Message == "inlineLoc"; leading && err == nil {
			var uri *url.URL
			if uri, err = url.Parse(related.Location.URI); err == nil {
				add(uri.Path, related.Location.Range)
			}
		}
		if at := strings.LastIndex(related.Message, " ("); at >= 0 && strings.HasPrefix(related.Message, "escflow:      from ") {
			v.last = strings.TrimSuffix(related.Message[at+2:], ")")
		}
	}
	return v, err
}

func (p *program) readLog(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<26)
	source := ""
	for lines.Scan() {
		var d diagnostic
		if err := json.Unmarshal(lines.Bytes(), &d); err != nil {
			return err
		}
		if source == "" {
			source = d.File
			continue
		}
		v, err := p.verdictOf(source, d)
		if err != nil {
			return err
		}
		if v.what != "" {
			p.add(v)
		}
	}
	return lines.Err()
}

func (p *program) add(v verdict) {
	key := chainKey(v.chain)
	for i, other := range p.verdicts[key] {
		if other.what == v.what && (other.moved == v.moved || v.last == "") {
			if other.last == "" {
				p.verdicts[key][i] = v
			}
			return
		}
	}
	p.verdicts[key] = append(p.verdicts[key], v)
	key = aroundKey(v.chain)
	p.around[key] = append(p.around[key], v)
	key = chainKey(v.chain[1:])
	p.inside[key] = append(p.inside[key], v)
}

var staying = regexp.MustCompile(`^(.+\.go):(\d+):1: (.+) does not escape$`)

// readText takes "does not escape" from what -m printed; JSON has none of that.
func (p *program) readText(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, line := range strings.Split(string(text), "\n") {
		found := staying.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		name, err := filepath.Abs(found[1])
		if err != nil {
			return err
		}
		number, _ := strconv.Atoi(found[2])
		if at := p.spotOf(name, number); at.token > 0 {
			p.stay[at] = append(p.stay[at], verdict{what: found[3], chain: []spot{at}})
		}
	}
	return nil
}

func (s spot) key() string {
	if s.token > 0 {
		return fmt.Sprintf("%s#%d\n", s.file, s.token)
	}
	return fmt.Sprintf("%s:%d\n", s.file, s.line)
}

func chainKey(chain []spot) string {
	key := ""
	for _, s := range chain {
		key += s.key()
	}
	return key
}

// aroundKey is the same for all verdicts of one inlined body at one call.
func aroundKey(chain []spot) string { return chain[0].file + "\n" + chainKey(chain[1:]) }
