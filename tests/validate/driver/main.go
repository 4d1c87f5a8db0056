// The driver of make validate: what escprof predicts from one trace, against what removing a site really saves.
//
// For each workload (a program, a setting, a version of Go) it records a trace of the full program, writes down what is
// predicted for each of its sites, and only then measures the program without them. Both go to files as they come, so
// that a run that was cut goes on where it stopped.
//
// With -tables it measures nothing, but makes docs/VALIDATION.md and its plots of results that are kept.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

type options struct {
	escprof, measure, programs, out string
	lock                            string // a file that is locked while a program runs; "" for none
	rounds                          int
	only                            *regexp.Regexp
	gos                             map[string]string // version → go command
}

func main() {
	var o options
	var only string
	flag.StringVar(&o.escprof, "escprof", "", "the escprof command")
	flag.StringVar(&o.measure, "measure", "", "the measure_gc command")
	flag.StringVar(&o.programs, "programs", "", "the folder of the programs")
	flag.StringVar(&o.out, "out", "", "the folder for results")
	flag.StringVar(&o.lock, "lock", "", "a file to lock (flock) while a program runs, for other work to wait for")
	flag.IntVar(&o.rounds, "rounds", 3, "how often each is measured")
	flag.StringVar(&only, "only", ".", "workloads to take: a regular expression on \"program/setting/go1.26\"")
	tables := flag.String("tables", "", "a folder of folders of results: make tables of these, and measure nothing")
	docs := flag.String("docs", "docs", "the folder for the tables")
	flag.Parse()
	run := func() error { return drive(&o, only, flag.Args()) }
	if *tables != "" {
		run = func() error { return writeValidation(*tables, o.programs, *docs) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "validate:", err)
		os.Exit(1)
	}
}

func drive(o *options, only string, gos []string) (err error) {
	if o.only, err = regexp.Compile(only); err != nil {
		return err
	}
	if o.gos, err = goVersions(gos); err != nil {
		return err
	}
	if err = os.MkdirAll(o.out, 0o777); err != nil {
		return err
	}
	loads, err := workloads(o)
	if err != nil {
		return err
	}
	for i := range loads {
		if err := loads[i].predict(o); err != nil {
			return fmt.Errorf("%s: %w", loads[i].name(), err)
		}
	}
	fmt.Println("All predictions are written down; now the sites are removed, one by one.")
	for i := range loads {
		if err := loads[i].measureAll(o); err != nil {
			return fmt.Errorf("%s: %w", loads[i].name(), err)
		}
	}
	results, err := readResults(o.out, "predictions.tsv")
	if err != nil {
		return err
	}
	return writeScore(results, filepath.Join(o.out, "score.md"), o.out)
}
