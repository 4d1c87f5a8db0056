package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

var printed = regexp.MustCompile(`^(.+\.go):(\d+)(?::(\d+))?: (.+)$`)

// readPrinted counts what -m printed, with each position as PLACE has it; what PLACE gives "" is left out.
func readPrinted(path string, place func(file string, line, column int) string) (map[string]int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	for _, row := range strings.Split(string(text), "\n") {
		found := printed.FindStringSubmatch(row)
		if found == nil {
			continue
		}
		name, err := filepath.Abs(found[1])
		if err != nil {
			return nil, err
		}
		line, _ := strconv.Atoi(found[2])
		column, _ := strconv.Atoi(found[3]) // none from columnLimit on
		if at := place(name, line, column); at != "" {
			count[at+": "+found[4]]++
		}
	}
	return count, nil
}

// printedAt is a position as the compiler prints it.
func printedAt(file string, line, column int) string {
	if column >= columnLimit {
		column = 0
	}
	return fmt.Sprintf("%s:%d:%d", file, line, column)
}

// sameVerdicts holds what -m says about the program as it is against what it says about the rewritten one.
func sameVerdicts(arguments []string) (bool, error) {
	if len(arguments) != 2 {
		return false, fmt.Errorf("same takes a folder and a log")
	}
	p, err := openProgram(arguments[0])
	if err != nil {
		return false, err
	}
	plain, err := readPrinted(arguments[1], func(file string, line, column int) string {
		if p.rewritten[file] == nil {
			return ""
		}
		return printedAt(file, line, column)
	})
	if err != nil {
		return false, err
	}
	columns, err := readPrinted(filepath.Join(arguments[0], "compiler.log"), func(file string, line, column int) string {
		at := p.spotOf(file, line)
		if at.token == 0 {
			return ""
		}
		return printedAt(at.file, at.line, p.rewritten[at.file].tokens[at.token-1].column)
	})
	if err != nil {
		return false, err
	}
	var different []string
	for text, n := range plain {
		if columns[text] != n {
			different = append(different, fmt.Sprintf("%d times, rewritten %d: %s", n, columns[text], text))
		}
	}
	for text, n := range columns {
		if plain[text] == 0 {
			different = append(different, fmt.Sprintf("0 times, rewritten %d: %s", n, text))
		}
	}
	sort.Strings(different)
	for i, text := range different {
		if i < shown {
			fmt.Println(text)
		}
	}
	fmt.Printf("%d verdicts, %d of them different in the rewritten program\n", len(plain), len(different))
	return len(plain) > 0 && len(different) == 0, nil
}
