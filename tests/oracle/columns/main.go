// Rewrites the sources of a Go program so that every token stands on a line of its own for the compiler, while the
// program stays the same: before each token goes a comment /*line :N:1*/ with N the token's number in its file. Line
// tables have no columns; of what is built this way their lines tell the column.
//
//	columns DIR PACKAGE [go list arguments…]
//
// writes the files to DIR, and DIR/overlay.json for go build -overlay, and DIR/table: for each file its path, and the
// line and column of its tokens in their order, each with the token if it is an operator or func. What is left alone: the runtime and what it imports, cgo files, and files
// with line directives of their own.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"go/scanner"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// The compiler's line numbers have 20 bits (cmd/internal/src/xpos.go, lineBits).
const maxTokens = 1<<20 - 2

type listed struct {
	Dir, ImportPath string
	GoFiles         []string
	Standard        bool
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "columns:", err)
		os.Exit(1)
	}
}

func list(arguments []string) []listed {
	command := exec.Command("go", append([]string{"list", "-deps", "-json=Dir,ImportPath,GoFiles,Standard"}, arguments...)...)
	command.Stderr = os.Stderr
	output, err := command.Output()
	check(err)
	var packages []listed
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var p listed
		err := decoder.Decode(&p)
		if err == io.EOF {
			return packages
		}
		check(err)
		packages = append(packages, p)
	}
}

// rewrite returns the text with each token's directive, and where the tokens stood; nil where it can't be done.
func rewrite(path string, source []byte) ([]byte, []string) {
	if bytes.Contains(source, []byte("//line ")) || bytes.Contains(source, []byte("/*line ")) {
		return nil, nil
	}
	var (
		out       bytes.Buffer
		positions []string
		s         scanner.Scanner
		last      int
	)
	file := token.NewFileSet().AddFile(path, -1, len(source))
	s.Init(file, source, nil, 0)
	for {
		pos, tok, literal := s.Scan()
		if tok == token.EOF {
			break
		}
		if tok == token.SEMICOLON && literal != ";" { // a newline's
			continue
		}
		at := file.Offset(pos)
		out.Write(source[last:at])
		last = at
		word := ""
		if tok.IsOperator() || tok == token.FUNC {
			word = tok.String()
		}
		positions = append(positions, fmt.Sprintf("%d:%d:%s", file.Position(pos).Line, file.Position(pos).Column, word))
		// A blank before: behind a division it would be another comment.
		fmt.Fprintf(&out, " /*line :%d:1*/", len(positions))
	}
	out.Write(source[last:])
	if s.ErrorCount > 0 || len(positions) > maxTokens {
		return nil, nil
	}
	return out.Bytes(), positions
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: columns DIR PACKAGE [go list arguments…]")
		os.Exit(2)
	}
	directory, err := filepath.Abs(os.Args[1])
	check(err)
	check(os.MkdirAll(directory, 0o777))
	left := map[string]bool{"unsafe": true}
	for _, p := range list([]string{"runtime"}) {
		left[p.ImportPath] = true
	}
	overlay := map[string]map[string]string{"Replace": {}}
	file, err := os.Create(filepath.Join(directory, "table"))
	check(err)
	table := bufio.NewWriter(file)
	for _, p := range list(os.Args[2:]) {
		if left[p.ImportPath] {
			continue
		}
		for _, name := range p.GoFiles {
			path := filepath.Join(p.Dir, name)
			source, err := os.ReadFile(path)
			check(err)
			text, positions := rewrite(path, source)
			if text == nil {
				continue
			}
			written := filepath.Join(directory, fmt.Sprintf("%d_%s", len(overlay["Replace"]), name))
			check(os.WriteFile(written, text, 0o666))
			overlay["Replace"][path] = written
			fmt.Fprintf(table, "%s", path)
			for _, position := range positions {
				fmt.Fprint(table, " ", position)
			}
			fmt.Fprintln(table)
		}
	}
	check(table.Flush())
	check(file.Close())
	data, err := json.Marshal(overlay)
	check(err)
	check(os.WriteFile(filepath.Join(directory, "overlay.json"), data, 0o666))
}
