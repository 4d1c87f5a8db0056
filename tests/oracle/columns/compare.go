package main

import (
	"fmt"
	"path/filepath"
	"sort"
	"strings"
)

// A finding is a site that shows a verdict as certain, and shows a wrong one.
type finding struct {
	site  site
	bytes float64 // that have another verdict, or none
	truth []truth
}

// A result has the bytes of the report by what became of them.
type result struct {
	total      float64 // of sites in rewritten files
	attributed float64 // a verdict is shown as certain
	right      float64
	twin       float64 // right but for the place: another verdict of the line says the very same
	unknown    float64 // attributed, and the oracle can't tell
	ambiguous  float64
	resolvable float64 // ambiguous, and the oracle knows the one
	alike      float64 // that the rewritten program allocates in the same line, by the same function, of the same type
	wrong      []finding
	open       []finding // of the unknown
	how        map[string]float64
}

func siteKey(s site, file func(string) string, line func(frame) int) string {
	var key strings.Builder
	fmt.Fprintf(&key, "%s\n%s\n", s.Entry, s.Type)
	for _, f := range s.Inline {
		fmt.Fprintf(&key, "%s %s:%d\n", f.Function, file(f.File), line(f))
	}
	return key.String()
}

// truthOf finds what is known of a site of the rewritten program.
func (p *program) truthOf(s site) (t truth, err error) {
	t.bytes = s.AllocBytes
	for _, f := range s.Inline {
		t.chain = append(t.chain, p.spotOf(f.File, f.Line))
	}
	if t.verdicts, t.how, err = p.candidates(t.chain, s.Entry, s.Type); err != nil {
		return t, err
	}
	if len(t.verdicts) == 0 || t.how == "body" {
		stay, err := p.staying(t.chain, s)
		if err != nil {
			return t, err
		}
		if len(stay) > 0 {
			t.verdicts, t.how = stay, "stays"
		}
	}
	if len(t.verdicts) == 0 {
		t.how = "none"
	}
	t.decided = onePlace(t.verdicts) || len(t.verdicts) == 0 && hasNone(s.Entry)
	return t, nil
}

// staying are the verdicts that keep it off the heap, were it not too large for its buffer.
func (p *program) staying(chain []spot, s site) ([]verdict, error) {
	outermost := chain[len(chain)-1]
	fitting := func(all []verdict) []verdict {
		var found []verdict
		for _, v := range all {
			if can(s.Entry, s.Type, v) {
				found = append(found, v)
			}
		}
		return found
	}
	found := fitting(p.stay[outermost])
	if len(found) > 0 || len(chain) > 1 || outermost.token == 0 {
		return found, nil
	}
	covers, err := p.coversOf(outermost.file)
	if err != nil {
		return nil, err
	}
	e, ok := covers[outermost.token]
	for number := e.first; ok && number <= e.last; number++ {
		found = append(found, fitting(p.stay[p.spotOfToken(outermost.file, number)])...)
	}
	return found, nil
}

func (p *program) spotOfToken(file string, number int) spot {
	return spot{file, number, p.rewritten[file].lineOf(number)}
}

// says tells whether the verdict shown at S is the one of T: its words, at its place. Where a verdict's inline chain is
// not known, the place shown is the outermost.
func (p *program) says(s site, t truth) (right, twin bool) {
	file := p.fileNamed(s.Verdict.File, t.chain)
	stands := func(at spot) bool {
		r := p.rewritten[file]
		if r == nil || at.file != file || at.token == 0 || at.line != s.Verdict.Line {
			return false
		}
		column := r.tokens[at.token-1].column
		return column == s.Verdict.Column || column >= columnLimit && (s.Verdict.Column == 0 || s.Verdict.Column == columnLimit)
	}
	for _, v := range t.verdicts {
		if words(v.what) != words(s.Verdict.Message) {
			continue
		}
		twin = true
		places := append([]spot{v.chain[0]}, v.chain[len(v.chain)-1])
		for _, at := range places {
			right = right || stands(at)
		}
	}
	return right, twin
}

// fileNamed is the file of the chain, or of the program, that a verdict's file name means.
func (p *program) fileNamed(name string, chain []spot) string {
	if _, ok := p.rewritten[name]; ok {
		return name
	}
	tail := string(filepath.Separator) + strings.TrimPrefix(name, "./")
	for _, s := range chain {
		if strings.HasSuffix(s.file, tail) {
			return s.file
		}
	}
	for file := range p.rewritten {
		if strings.HasSuffix(file, tail) {
			return file
		}
	}
	return ""
}

func (p *program) compare(plain, columns []site) (*result, error) {
	r := &result{how: map[string]float64{}}
	truths := map[string][]truth{}
	for _, s := range columns {
		t, err := p.truthOf(s)
		if err != nil {
			return nil, err
		}
		key := siteKey(s, func(file string) string {
			if original, ok := p.original[file]; ok {
				return original
			}
			return file
		}, func(f frame) int { return p.spotOf(f.File, f.Line).line })
		truths[key] = append(truths[key], t)
	}
	for _, s := range plain {
		if p.rewritten[s.Inline[0].File] == nil {
			continue
		}
		key := siteKey(s, func(file string) string { return file }, func(f frame) int { return f.Line })
		r.total += s.AllocBytes
		there := 0.0
		for _, t := range truths[key] {
			there += t.bytes
		}
		r.alike += min(there, s.AllocBytes)
		switch {
		case s.Class == "ambiguous":
			r.ambiguous += s.AllocBytes
			r.resolvable += s.AllocBytes * decidedShare(truths[key])
		case s.Verdict != nil:
			p.judge(r, s, truths[key])
		}
	}
	byBytes := func(f []finding) { sort.SliceStable(f, func(i, j int) bool { return f[i].bytes > f[j].bytes }) }
	byBytes(r.wrong)
	byBytes(r.open)
	return r, nil
}

// sameWords: it does not matter which of the verdicts it is, all say the same.
func (t truth) sameWords() bool {
	for _, v := range t.verdicts {
		if words(v.what) != words(t.verdicts[0].what) || v.last != t.verdicts[0].last {
			return false
		}
	}
	return len(t.verdicts) > 0
}

func decidedShare(truths []truth) float64 {
	decided, all := 0.0, 0.0
	for _, t := range truths {
		all += t.bytes
		if t.decided && len(t.verdicts) > 0 {
			decided += t.bytes
		}
	}
	if all == 0 {
		return 0
	}
	return decided / all
}

// judge splits the bytes of S as those of the rewritten program's sites of the same line are split.
func (p *program) judge(r *result, s site, truths []truth) {
	right, twin, wrong, unknown := 0.0, 0.0, 0.0, 0.0
	for _, t := range truths {
		same, alike := p.says(s, t)
		switch {
		case !t.decided && len(t.verdicts) > 0 && !alike:
			wrong += t.bytes
		case !t.decided && !t.sameWords():
			unknown += t.bytes
		case same && t.decided:
			right += t.bytes
		case alike:
			twin += t.bytes
		default:
			wrong += t.bytes
		}
		r.how[t.how] += t.bytes
	}
	all := right + twin + wrong + unknown
	if all == 0 {
		unknown, all = 1, 1
	}
	r.attributed += s.AllocBytes
	share := s.AllocBytes / all
	r.right += right * share
	r.twin += twin * share
	r.unknown += unknown * share
	if wrong > 0 {
		r.wrong = append(r.wrong, finding{s, wrong * share, truths})
	}
	if unknown > 0 {
		r.open = append(r.open, finding{s, unknown * share, truths})
	}
}
