package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

const scoreColumns = `pairs | ρ | ρ by bytes | split-half | sign right | relative error | absolute | measurement's own | covered | with noise | ρ of total |
`

// scoreHead begins a table whose columns are FIRST and those of scores.
func scoreHead(first string) string {
	head := "| " + first + " | " + scoreColumns
	return head + "|" + strings.Repeat("---|", strings.Count(head, "|")-1) + "\n"
}

func (s score) row() string {
	return strings.Join([]string{fmt.Sprint(s.pairs), figure("%.2f", s.rho), figure("%.2f", s.bytes), figure("%.2f", s.split),
		figure("%.0f %%", 100*s.signs), figure("%.2f", s.relative), figure("%.3f", s.absolute), figure("%.3f", s.noise),
		figure("%.0f %%", 100*s.coverage), figure("%.0f %%", 100*s.coverageWithNoise), figure("%.2f", s.total)}, " | ")
}

// writeWorkloads has a line for each workload, and one for all.
func writeWorkloads(out io.Writer, pairs []pair, all score) {
	groups := groupsOf(pairs)
	fmt.Fprintf(out, "\n%s", scoreHead("workload"))
	for _, group := range groups {
		fmt.Fprintf(out, "| %s | %s |\n", group[0].workload, scoreOf(group).row())
	}
	fmt.Fprintf(out, "| **all** | %s |\n", all.row())
	if count, rho, bytes, split := withinWorkloads(groups); count > 0 {
		fmt.Fprintf(out, "\nWithin a workload, in the mean of %d: ρ %s, by bytes %s, split-half %s.\n", count,
			figure("%.2f", rho), figure("%.2f", bytes), figure("%.2f", split))
	}
	if changes := changesOver(pairs, 0.05); len(changes) > 2 {
		s := scoreOf(changes)
		fmt.Fprintf(out, "\nOf the %d sites that change more than 5 %%: ρ %s, by bytes %s, split-half %s.\n",
			len(changes), figure("%.2f", s.rho), figure("%.2f", s.bytes), figure("%.2f", s.split))
	}
}

// writeSites has a line for each site, those that saved most first.
func writeSites(out io.Writer, pairs []pair) {
	fmt.Fprintf(out, "\n| workload | site | kind | predicted | interval | measured, ± 95 %% | covered | bytes | of all bytes |\n%s\n",
		"|---|---|---|---|---|---|---|---|---|")
	for _, group := range groupsOf(pairs) {
		sort.SliceStable(group, func(a, b int) bool { return group[a].saved > group[b].saved })
		for _, p := range group {
			covered := map[bool]string{true: "yes", false: "no"}[p.covered()]
			reused := map[bool]string{true: ", reused", false: ""}[p.reused]
			fmt.Fprintf(out, "| %s | %s | %s%s | %s | %s to %s | %s ±%s | %s | %.0f MB | %s |\n", p.workload, p.site, p.kind,
				reused, figure("%.1f", 100*p.predicted), figure("%.1f", 100*p.low), figure("%.1f", 100*p.high),
				figure("%.1f", 100*p.saved), figure("%.1f", 196*p.noise), covered, p.bytes/1e6, figure("%.1f %%", 100*p.share))
		}
	}
}

// criteria says of each thing that is asked of the predictions whether it is so.
func criteria(out io.Writer, pairs []pair) bool {
	all, s := true, scoreOf(pairs)
	held, changes := changesCovered(pairs)
	asked := append(criteriaOf(s), criterion{"intervals cover at least two changes of public modules, and 85 % of them",
		fmt.Sprintf("%d of %d", held, changes), true, held >= 2 && float64(held) >= 0.85*float64(changes)})
	for _, c := range asked {
		word := "ok"
		if !c.met {
			word, all = "not ok", false
		}
		fmt.Fprintf(out, "%-6s  %s: %s\n", word, c.what, c.figure)
	}
	fmt.Fprintf(out, "        A perfect prediction would have ρ %s, %s above bytes.\n", figure("%.2f", ceilingOf(s.split)),
		figure("%.2f", ceilingOf(s.split)-s.bytes))
	return all
}

// writeScore is what make validate ends with: tables and plots of the programs that the model was made on, and of the
// others.
func writeScore(pairs []pair, path, folder string) error {
	var tuned, others []pair
	for _, p := range pairs {
		if p.tuned {
			tuned = append(tuned, p)
		} else {
			others = append(others, p)
		}
	}
	var text strings.Builder
	fmt.Fprintf(&text, "# Predicted and measured savings of GC CPU\n")
	for _, part := range []struct {
		name, title string
		pairs       []pair
	}{{"tuned", "Programs that the model was made on", tuned}, {"untuned", "Programs that it was not made on", others}} {
		if len(part.pairs) == 0 {
			continue
		}
		fmt.Fprintf(&text, "\n## %s\n", part.title)
		writeWorkloads(&text, part.pairs, scoreOf(part.pairs))
		writeSites(&text, part.pairs)
		if err := os.WriteFile(filepath.Join(folder, part.name+".svg"), plot(part.title, part.pairs), 0o666); err != nil {
			return err
		}
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o666); err != nil {
		return err
	}
	fmt.Print(text.String(), "\n")
	if len(others) > 0 && !criteria(os.Stdout, others) {
		return errors.New("not all that is asked of the untuned programs is so")
	}
	return nil
}
