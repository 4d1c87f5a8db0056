package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// What escprof says of the stacks that an expression keeps; of its report only what is needed here.
type report struct {
	GC struct {
		CPU        float64 `json:"cpu_seconds"`
		Share      float64 `json:"cpu_share"`
		ProcessCPU float64 `json:"process_cpu_seconds"`
	} `json:"gc"`
	Totals struct {
		Bytes float64 `json:"alloc_bytes"`
	} `json:"totals"`
	Selection struct {
		Share    float64    `json:"bytes_share"`
		Saved    float64    `json:"gc_saved_share"`
		Interval [2]float64 `json:"gc_saved_share_ci"`
		Reused   float64    `json:"gc_saved_share_reused"`
		AllocCPU float64    `json:"alloc_cpu_seconds"`
		MissCPU  float64    `json:"miss_cpu_seconds"`
	} `json:"selection"`
}

func predictionsPath(o *options) string { return filepath.Join(o.out, "predictions.tsv") }

// appendLine adds a line to a file at once, so that what is there is whole.
func appendLine(path string, fields ...any) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	words := make([]string, len(fields))
	for i, field := range fields {
		words[i] = fmt.Sprint(field)
	}
	_, err = fmt.Fprintln(file, strings.Join(words, "\t"))
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

// linesOf are the fields of the lines of a file that begin with those of a workload; none when there is no file.
func linesOf(path string, key string) ([][]string, error) {
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	var lines [][]string
	for _, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if strings.HasPrefix(line, key+"\t") || key == "" {
			lines = append(lines, strings.Split(line, "\t"))
		}
	}
	return lines, err
}

// predict writes down what the full program's trace says of each site.
func (w *workload) predict(o *options) error {
	if err := w.build(o); err != nil {
		return err
	}
	done, err := linesOf(predictionsPath(o), w.name())
	if err != nil || len(done) == len(w.sites) {
		return err
	}
	if len(done) > 0 {
		return fmt.Errorf("%s holds a part of its predictions: remove them, or all", predictionsPath(o))
	}
	trace := filepath.Join(o.out, strings.ReplaceAll(w.name(), "/", "-")+".escprof")
	if err := quietly(o, func() error {
		text, err := w.command("", o.escprof, "run", "-q", "--rate", "4096", "-o", trace, "--").CombinedOutput()
		if err != nil {
			return fmt.Errorf("escprof run: %w\n%s", err, text)
		}
		return nil
	}); err != nil {
		return err
	}
	for _, s := range w.sites {
		if err := w.predictSite(o, trace, s); err != nil {
			return err
		}
	}
	fmt.Printf("predicted  %s: %d sites\n", w.name(), len(w.sites))
	return nil
}

func (w *workload) predictSite(o *options, trace string, s site) error {
	var r report
	text, err := exec.Command(o.escprof, "report", trace, "--focus", s.focus, "--format", "json").Output()
	if err != nil {
		return fmt.Errorf("escprof report --focus '%s': %w", s.focus, err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return err
	}
	if r.Totals.Bytes <= 0 {
		return fmt.Errorf("no sample has a stack with '%s': the site %s is not what its expression says", s.focus, s.name)
	}
	saved, low, high := r.Selection.Saved, r.Selection.Interval[0], r.Selection.Interval[1]
	if s.reused { // the interval is as wide, around the other figure
		low, high = low+r.Selection.Reused-saved, high+r.Selection.Reused-saved
		saved = r.Selection.Reused
	}
	return appendLine(predictionsPath(o), w.name(), w.tuned, s.name, s.kind, saved, low, high, r.Totals.Bytes,
		(r.Selection.AllocCPU+r.Selection.MissCPU)/r.GC.ProcessCPU, r.Selection.Share, r.Selection.Saved)
}
