// Holds the tests of one package, run with and without escprof, against each other: two outputs of `go test -json`.
//
//	compare WITHOUT WITH
//
// Prints "counts", passed, failed and skipped without, and the same with; then a line for each test that differs: its
// name, what became of it without, and with. A test that was not run, or of which no end was told, is "missing"; the
// package itself is called "package".
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sort"
)

type event struct {
	Action, Test string
}

// outcomes returns what became of each test.
func outcomes(path string) (map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	found := map[string]string{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue // what the go command itself says
		}
		if e.Test == "" {
			e.Test = "package"
		}
		switch e.Action {
		case "pass", "fail", "skip":
			if found[e.Test] != "fail" { // run several times, one failure counts
				found[e.Test] = e.Action
			}
		}
	}
	return found, lines.Err()
}

func count(found map[string]string) (counts [3]int) {
	for test, outcome := range found {
		if test == "package" {
			continue
		}
		for i, name := range []string{"pass", "fail", "skip"} {
			if outcome == name {
				counts[i]++
			}
		}
	}
	return
}

func main() {
	without, err := outcomes(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	with, err := outcomes(os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	a, b := count(without), count(with)
	fmt.Println("counts", a[0], a[1], a[2], b[0], b[1], b[2])
	names := map[string]bool{"package": true} // a package must have an end
	for test := range without {
		names[test] = true
	}
	for test := range with {
		names[test] = true
	}
	var sorted []string
	for test := range names {
		sorted = append(sorted, test)
	}
	sort.Strings(sorted)
	for _, test := range sorted {
		one, other := without[test], with[test]
		if one == "" {
			one = "missing"
		}
		if other == "" {
			other = "missing"
		}
		if one != other || one == "missing" {
			fmt.Println(test, one, other)
		}
	}
}
