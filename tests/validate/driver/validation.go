package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

const validationHead = "# The validation's tables\n" + `
<!-- Made by make validate-tables from tests/validate/results. Don't edit it: change those, and make it anew. -->

` + "Made by `make validate-tables` from the results that are kept in `tests/validate/results`. How they were measured, and what they\n" +
	`mean, says [ESTIMATOR.md](ESTIMATOR.md#what-is-known-of-its-errors).

- A **pair** is one site of one program at one setting: what was predicted from one trace of the full program, and what the GC's CPU
  was less without the site. Savings are % of the full program's GC CPU.
- **ρ** is Spearman's rank correlation of predictions with measured savings, over all pairs of a line; **by bytes** that of allocated
  bytes; **split-half** that of the even rounds with the odd ones, where there are several; **of total** that of GC and allocation CPU
  together.
- **Sign right** is of savings over 5 %, the **relative error** (the median) of those over 4 %; **absolute** is the mean error, as a
  part of 1, the **measurement's own** the median standard error. Where there was but one round, that is taken from how far apart the
  runs of the full program are.
- **All programs** counts a site that several sets predict once, as the first of them does.
- **Covered** are the pairs whose measured saving lies in the 95 % interval, **with noise** in the interval and the measurement's.
- **Reused** are sites whose fix uses their objects again instead of allocating them: what is predicted of them is
  ` + "`gc_saved_share_reused`" + `.
`

// A line is some pairs that tables have a row for.
type line struct {
	title string
	pairs []pair
	score score
}

// linesOfSets are a line for each set, and for the untuned programs of all sets, without modules' changes: one for all of
// them, and where they ran at several settings, one for each that several ran at.
func linesOfSets(sets []set) []line {
	var lines []line
	blind := blindLine(sets)
	for i := range sets {
		lines = append(lines, line{sets[i].title, sets[i].pairs, sets[i].score()})
	}
	if len(blind.pairs) == 0 {
		return lines
	}
	if settings := bySetting(blind.pairs); len(settings) > 1 {
		for _, l := range settings {
			if l.programs() > 1 {
				l.title = "**" + blindTitle + " at " + l.pairs[0].part(1) + ", " + l.pairs[0].part(2) + "**"
				lines = append(lines, l)
			}
		}
	}
	return append(lines, blind)
}

const blindTitle = "all programs that the model was not made on"

func blindLine(sets []set) line {
	pairs := judged(firstOf(sets))
	return line{"**" + blindTitle + "**", pairs, scoreOf(pairs)}
}

// firstOf are the pairs of all sets. Where several have predictions of the same, as when a set is predicted anew from
// other traces, those of the first one count.
func firstOf(sets []set) (pairs []pair) {
	owner := map[string]string{}
	for i := range sets {
		for _, p := range sets[i].pairs {
			key := p.workload + "\t" + p.site
			if owner[key] == "" {
				owner[key] = p.set
			}
			if owner[key] == p.set {
				pairs = append(pairs, p)
			}
		}
	}
	return pairs
}

// judged are those of which is asked what predictions have to be: sites of programs that the model was not made on.
func judged(pairs []pair) (result []pair) {
	for _, p := range pairs {
		if !p.tuned && p.site != changeSite {
			result = append(result, p)
		}
	}
	return result
}

func (l *line) programs() int {
	names := map[string]bool{}
	for i := range l.pairs {
		names[l.pairs[i].part(0)] = true
	}
	return len(names)
}

// writeTable writes a table: the cells of its head, then of each row.
func writeTable(out io.Writer, rows ...[]string) {
	for i, row := range rows {
		fmt.Fprintf(out, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(out, "|%s\n", strings.Repeat("---|", len(row)))
		}
	}
	fmt.Fprintln(out)
}

func writeSummary(out io.Writer, lines []line) {
	fmt.Fprintf(out, "\n## All sets\n\n%s", scoreHead("set | programs"))
	for _, l := range lines {
		fmt.Fprintf(out, "| %s | %d | %s |\n", l.title, l.programs(), l.score.row())
	}
	fmt.Fprintf(out, "\n![predicted against measured savings](validation-all.svg)\n")
}

// writeAsked has what is asked of programs that the model was not made on: a row for each set of them.
func writeAsked(out io.Writer, lines []line) {
	rows := [][]string{{"set"}}
	for _, c := range criteriaOf(score{}) {
		rows[0] = append(rows[0], c.what)
	}
	covered, changes := 0, 0
	for _, l := range lines {
		held, all := changesCovered(l.pairs)
		covered, changes = covered+held, changes+all
		s := l.score
		switch asked := judged(l.pairs); {
		case len(asked) < 3:
			continue
		case len(asked) < len(l.pairs):
			s = scoreOf(asked)
		}
		row := []string{l.title}
		for _, c := range criteriaOf(s) {
			switch {
			case !c.known:
				row = append(row, "–")
			case c.met:
				row = append(row, c.figure+" met")
			default:
				row = append(row, "**"+c.figure+" missed**")
			}
		}
		rows = append(rows, row)
	}
	fmt.Fprintf(out, "\n## What is asked of programs that the model was not made on\n\n")
	writeTable(out, rows...)
	if changes > 0 {
		fmt.Fprintf(out, "Of changes of public modules the intervals cover %d of %d; at least two, and 85 %%, are asked for.\n", covered, changes)
	}
}

// writeAnew has the scores of sets that a later model has predicted once more.
func writeAnew(out io.Writer, sets []set) {
	var rows strings.Builder
	for i := range sets {
		if s := &sets[i]; len(s.anew) > 0 {
			fmt.Fprintf(&rows, "| %s | then | %s |\n| | as it is | %s |\n", s.title, s.score().row(), scoreOf(s.anew).row())
		}
	}
	if rows.Len() == 0 {
		return
	}
	fmt.Fprintf(out, "\n## By the model as it is\n\nPredicted anew from the same traces, with what these sets told in it: to be held against "+
		"what was predicted then, but no proof.\n\n%s%s", scoreHead("set | model"), rows.String())
}

const bytesText = `
## Against ranking by bytes

No ranking is more than 1 − ρ of bytes above bytes, and a perfect one is not even that, as what it is held against was measured with
an error. Of what two halves of the measurement have in common, r, follows what a perfect prediction can expect: √(2r/(1+r)) (Spearman
and Brown's formula for the whole's reliability, of which a value without error sees the root). The interval is of how far the model
is above bytes, over programs: as many are drawn from those there are, with all their sites, ` + "%d" + ` times.

`

func writeAgainstBytes(out io.Writer, lines []line) {
	rows := [][]string{{"set", "split-half", "a perfect ρ", "by bytes", "perfect above bytes", "the model's ρ", "above bytes",
		"interval", "of what is possible"}}
	within := [][]string{{"set", "workloads", "ρ in the mean", "by bytes", "split-half", "all pairs, by share of the program's bytes"}}
	for _, l := range lines {
		ceiling := ceilingOf(l.score.split)
		possible, above := ceiling-l.score.bytes, l.score.rho-l.score.bytes
		low, high := bootstrap(l.pairs)
		interval := figure("%.2f", low) + " to " + figure("%.2f", high)
		if math.IsNaN(low) {
			interval = "–"
		}
		rows = append(rows, []string{l.title, figure("%.2f", l.score.split), figure("%.2f", ceiling), figure("%.2f", l.score.bytes),
			figure("%.2f", possible), figure("%.2f", l.score.rho), figure("%.2f", above), interval,
			figure("%.0f %%", 100*above/possible)})
		count, rho, bytes, split := withinWorkloads(groupsOf(l.pairs))
		share, exact := byShare(l.pairs)
		cell := figure("%.2f", share)
		if !exact {
			cell += " (*)"
		}
		within = append(within, []string{l.title, fmt.Sprint(count), figure("%.2f", rho), figure("%.2f", bytes), figure("%.2f", split), cell})
	}
	fmt.Fprintf(out, bytesText, bootstrapDraws)
	writeTable(out, rows...)
	fmt.Fprintf(out, "Within a workload, and of all pairs by the share of its program's bytes that a site has instead of by bytes "+
		"((*): the share of\nits workload's sites, where the program's bytes were not written down):\n\n")
	writeTable(out, within...)
}

func writeDisagreements(out io.Writer, lines []line) {
	rows := [][]string{{"set", "pairs of sites", "the model is right", "bytes are right"}}
	for _, l := range lines {
		right, all := disagreements(groupsOf(l.pairs))
		share := 100 * float64(right) / float64(all)
		rows = append(rows, []string{l.title, fmt.Sprint(all), figure("%.0f %%", share), figure("%.0f %%", 100-share)})
	}
	fmt.Fprintf(out, "### Where the two disagree\n\nPairs of sites of one workload that the model and bytes put in a different order, "+
		"and that were measured further apart than two\nstandard errors of their difference:\n\n")
	writeTable(out, rows...)
}

func writeTopSaved(out io.Writer, lines []line) {
	rows := [][]string{{"set", "the first, by the model", "by bytes", "the first two", "by bytes", "the first three", "by bytes"}}
	predicted := func(p *pair) float64 { return p.predicted }
	bytes := func(p *pair) float64 { return p.bytes }
	for _, l := range lines {
		row := []string{l.title}
		groups := groupsOf(l.pairs)
		for count := 1; count <= 3; count++ {
			row = append(row, figure("%.0f %%", 100*topSaved(groups, count, predicted)), figure("%.0f %%", 100*topSaved(groups, count, bytes)))
		}
		rows = append(rows, row)
	}
	fmt.Fprintf(out, "### What mending the first ones saves\n\nIn each workload the first sites by each ranking are mended: "+
		"the sum of what was measured of them, one by one, as a part of what the\nbest choice of as many saves:\n\n")
	writeTable(out, rows...)
}

func reusedOf(pairs []pair) (reused []pair) {
	for _, p := range pairs {
		if p.reused {
			reused = append(reused, p)
		}
	}
	return reused
}

func writeReused(out io.Writer, lines []line) {
	fmt.Fprintf(out, "## Objects that are used again\n\nA site whose fix uses its objects again has its own figure in the JSON and HTML "+
		"reports, `gc_saved_share_reused`, which all other tables\nhere take for it. `gc_saved_share`, what every report prints of "+
		"every site, is as if the objects were gone:\n\n%s", scoreHead("set | what | predicted by"))
	for _, l := range lines {
		reused := reusedOf(l.pairs)
		if len(reused) == 0 {
			continue
		}
		fmt.Fprintf(out, "| %s | reused sites | `gc_saved_share_reused` | %s |\n", l.title, scoreOf(reused).row())
		printed, known := printedOf(l.pairs)
		if !known {
			fmt.Fprintf(out, "| | the same | `gc_saved_share`: was not written down |%s\n", strings.Repeat(" |", strings.Count(scoreColumns, "|")))
			continue
		}
		fmt.Fprintf(out, "| | the same | `gc_saved_share` | %s |\n", scoreOf(reusedOf(printed)).row())
		fmt.Fprintf(out, "| | all sites | `gc_saved_share` | %s |\n", scoreOf(printed).row())
	}
}

// bySetting groups pairs by version of Go and setting, in that order; without modules' changes.
func bySetting(pairs []pair) []line {
	groups := map[string][]pair{}
	var names []string
	for _, p := range pairs {
		if p.site == changeSite {
			continue
		}
		name := p.part(2) + " | " + p.part(1)
		if groups[name] == nil {
			names = append(names, name)
		}
		groups[name] = append(groups[name], p)
	}
	sort.Strings(names)
	lines := make([]line, len(names))
	for i, name := range names {
		lines[i] = line{name, groups[name], scoreOf(groups[name])}
	}
	return lines
}

func writeSettings(out io.Writer, pairs []pair) {
	fmt.Fprintf(out, "\n%s", scoreHead("Go | setting | programs"))
	for _, l := range bySetting(pairs) {
		fmt.Fprintf(out, "| %s | %d | %s |\n", l.title, l.programs(), l.score.row())
	}
}

func writeAllSettings(out io.Writer, sets []set) {
	var tuned, others []pair
	for _, p := range firstOf(sets) {
		if p.tuned {
			tuned = append(tuned, p)
		} else {
			others = append(others, p)
		}
	}
	fmt.Fprintf(out, "\n## By version of Go and setting\n")
	for _, part := range []struct {
		what  string
		pairs []pair
	}{{"not made on", others}, {"made on", tuned}} {
		if len(part.pairs) > 0 {
			fmt.Fprintf(out, "\nPrograms that the model was %s:\n", part.what)
			writeSettings(out, part.pairs)
		}
	}
}

func writeSet(out io.Writer, s *set) {
	fmt.Fprintf(out, "\n## %s\n", s.title)
	if s.about != "" {
		fmt.Fprintf(out, "\n%s\n", s.about)
	}
	fmt.Fprintf(out, "\n![predicted against measured savings](%s)\n", plotName(s.name))
	if len(bySetting(s.pairs)) > 1 {
		writeSettings(out, s.pairs)
	}
	writeWorkloads(out, s.pairs, s.score())
	writeSites(out, s.pairs)
}

// validation is the whole of VALIDATION.md.
func validation(sets []set) string {
	var text strings.Builder
	lines := linesOfSets(sets)
	text.WriteString(validationHead)
	writeSummary(&text, lines)
	writeAsked(&text, lines)
	writeAnew(&text, sets)
	writeAgainstBytes(&text, lines)
	writeDisagreements(&text, lines)
	writeTopSaved(&text, lines)
	writeReused(&text, lines)
	writeAllSettings(&text, sets)
	for i := range sets {
		writeSet(&text, &sets[i])
	}
	return text.String()
}

func plotName(set string) string { return "validation-" + set + ".svg" }

// writeValidation reads the sets in FOLDER, and writes VALIDATION.md and its plots into DOCS.
func writeValidation(folder, programs, docs string) error {
	sets, err := readSets(folder, programs)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(docs, 0o777); err != nil {
		return err
	}
	files := map[string][]byte{"VALIDATION.md": []byte(validation(sets))}
	for i := range sets {
		files[plotName(sets[i].name)] = plot(sets[i].title, sets[i].pairs)
	}
	files[plotName("all")] = plot(strings.ToUpper(blindTitle[:1])+blindTitle[1:], blindLine(sets).pairs)
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(docs, name), content, 0o666); err != nil {
			return err
		}
	}
	return nil
}
