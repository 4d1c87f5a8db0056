// Generate writes a Go module with a program that allocates in all forms of the language, several to a line, through
// inlined calls, generics and closures, at fixed work. Equal seeds give equal programs. What its expressions make is
// kept in variables of the package, so most of it escapes.
//
//	generate [-seed N] [-functions N] FOLDER
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	seed := flag.Int64("seed", 1, "of the random choices")
	functions := flag.Int("functions", 60, "how many, beside those that are inlined into them")
	minor := flag.Int("minor", 22, "of the Go version that the program is for")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := write(flag.Arg(0), *minor, newWriter(*seed, *minor).program(*functions)); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func write(folder string, minor int, files map[string]string) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	files["go.mod"] = fmt.Sprintf("module escprof.test/generated\n\ngo 1.%d\n", min(minor, 23))
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}
