// Columns tells which verdict an allocation really has, for holding escprof's join against it.
//
// Go's line tables have lines and no columns. So a program is rewritten: a line directive before each token makes the
// compiler take the token's number for the line. Everything else stays what it was, and what the rewritten program
// allocates, seen with escprof's own collector, has the token in its line table; the compiler's verdicts have it too.
// Verdict and allocation of the original program then are held against those of the same token.
//
//	columns rewrite [-std] FOLDER PACKAGE  the overlay and the arguments for go build, to FOLDER
//	columns same FOLDER LOG                whether the verdicts of both programs are the same
//	columns compare FOLDER PLAIN COLUMNS   what the report PLAIN shows, held against the report COLUMNS
//	columns shift REPORT WRONG             a report whose verdicts stand at other sites, to WRONG
//
// FOLDER/compiler.log must have what the go command printed for the rewritten program.
package main

import (
	"fmt"
	"os"
)

func main() {
	run := map[string]func([]string) (bool, error){"rewrite": rewriteProgram, "same": sameVerdicts, "compare": compareReports,
		"shift": shiftVerdicts}
	if len(os.Args) < 3 || run[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: columns rewrite|same|compare|shift …")
		os.Exit(2)
	}
	good, err := run[os.Args[1]](os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "columns:", err)
		os.Exit(2)
	}
	if !good {
		os.Exit(1)
	}
}
