package main

import (
	"fmt"
	"strings"
)

const (
	shown   = 40   // findings that are printed
	least   = 99.5 // of the bytes known, those that must be right, in percent
	alike   = 95   // of the bytes, those that the rewritten program must allocate alike
	unclear = 1    // of the bytes attributed, those that the oracle may not know
	open    = 75   // of the bytes that have a verdict, those that may stay ambiguous: a join that dares nothing is never wrong
)

func share(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * part / whole
}

func compareReports(arguments []string) (bool, error) {
	if len(arguments) != 3 {
		return false, fmt.Errorf("compare takes a folder and two reports")
	}
	p, err := openProgram(arguments[0])
	if err != nil {
		return false, err
	}
	plain, err := readSites(arguments[1])
	if err != nil {
		return false, err
	}
	columns, err := readSites(arguments[2])
	if err != nil {
		return false, err
	}
	r, err := p.compare(plain, columns)
	if err != nil {
		return false, err
	}
	return p.show(r), nil
}

// show prints the result, and tells whether it is good enough.
func (p *program) show(r *result) bool {
	wrong := 0.0
	for i, f := range r.wrong {
		wrong += f.bytes
		if i < shown {
			p.print("wrong", f)
		}
	}
	for i, f := range r.open {
		if i < shown {
			p.print("not known", f)
		}
	}
	known := r.attributed - r.unknown
	fmt.Printf("%.0f bytes, %.2f %% of them allocated alike by the rewritten program\n", r.total, share(r.alike, r.total))
	fmt.Printf("attributed to a verdict %.2f %%, ambiguous %.3f %% (the oracle knows %.3f %%)\n", share(r.attributed, r.total),
		share(r.ambiguous, r.total), share(r.resolvable, r.total))
	fmt.Printf("of the attributed: right %.4f %% (%.4f %% shown at another place of the line that says the same), wrong %.4f %% in %d sites, not known %.4f %%\n",
		share(r.right+r.twin, known), share(r.twin, known), share(wrong, known), len(r.wrong), share(r.unknown, r.attributed))
	fmt.Print("known by: ")
	for _, how := range []string{"token", "statement", "head", "body", "stays", "none"} {
		fmt.Printf(" %s %.2f %%", how, share(r.how[how], r.attributed))
	}
	fmt.Println()
	return r.attributed > 0 && share(r.right+r.twin, known) >= least && len(r.wrong) == 0 &&
		share(r.alike, r.total) >= alike && share(r.unknown, r.attributed) <= unclear &&
		share(r.resolvable, r.attributed+r.resolvable) <= open
}

func (p *program) print(title string, f finding) {
	fmt.Printf("%s: %.0f of %.0f bytes, %s %q in", title, f.bytes, f.site.AllocBytes, f.site.Entry, f.site.Type)
	for _, level := range f.site.Inline {
		fmt.Printf(" %s:%d", level.File, level.Line)
	}
	v := f.site.Verdict
	fmt.Printf("\n    shown (%s): %s:%d:%d: %s\n", f.site.Class, v.File, v.Line, v.Column, v.Message)
	for _, t := range f.truth {
		fmt.Printf("    %.0f bytes at %s, by %s:", t.bytes, p.position(t.chain[0]), t.how)
		for _, v := range t.verdicts {
			fmt.Printf(" %s %q", strings.TrimPrefix(p.position(v.chain[0]), t.chain[0].file+":"), v.what)
		}
		fmt.Println()
	}
}

func (p *program) position(at spot) string {
	if r := p.rewritten[at.file]; r != nil && at.token > 0 {
		return fmt.Sprintf("%s:%d:%d", at.file, at.line, r.tokens[at.token-1].column)
	}
	return fmt.Sprintf("%s:%d", at.file, at.line)
}
