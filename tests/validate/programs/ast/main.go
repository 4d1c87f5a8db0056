// A linter's heart: it parses the files of a large program, keeps the syntax trees of the last ones, and walks them.
// What its sites allocate is the standard library's: go/parser makes comments, objects and scopes only when asked to.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"

	"escprof.test/validate/run"
)

const kept = 120 // trees that stay in memory

// source is one file of the program: functions, comments, types.
func source(number int) []byte {
	text := fmt.Appendf(nil, "// Package p%d is one of many.\npackage p%d\n\nimport \"fmt\"\n\n", number, number)
	for i := 0; i < 40; i++ {
		text = fmt.Appendf(text, `// Type%[1]d holds the values of step %[1]d, and says so at some length.
type Type%[1]d struct {
	name  string // what it is called
	count int    // how many there are
	next  *Type%[1]d
}

// Method%[1]d adds them up; it does not check that they fit.
func (t *Type%[1]d) Method%[1]d(values []int, limit int) (sum int, err error) {
	for i, value := range values {
		// a value over the limit ends it
		if value > limit && i > %[1]d {
			return sum, fmt.Errorf("value %%d of %%s is over %%d", i, t.name, limit)
		}
		sum += value * t.count
	}
	return sum, nil
}

`, i)
	}
	return text
}

type linter struct {
	mode    parser.Mode
	reuse   bool
	files   *token.FileSet
	trees   []*ast.File
	names   map[string]int
	visited []string
}

//go:noinline
func newNames() map[string]int { return make(map[string]int) }

//go:noinline
func (l *linter) countInNew(file *ast.File) uint64 { return count(newNames(), file) }

//go:noinline
func count(names map[string]int, file *ast.File) uint64 {
	ast.Inspect(file, func(node ast.Node) bool {
		if name, ok := node.(*ast.Ident); ok {
			names[name.Name]++
		}
		return true
	})
	sum := uint64(len(names))
	for name, times := range names {
		sum += run.Hash(uint64(times), name)
	}
	return sum
}

// lint counts a file's names, in a map of its own or in one that is cleared.
func (l *linter) lint(file *ast.File) uint64 {
	if !l.reuse {
		return l.countInNew(file)
	}
	clear(l.names)
	return count(l.names, file)
}

// copyOf is a file as an editor would hand it over.
//
//go:noinline
func copyOf(text []byte) []byte { return append([]byte(nil), text...) }

func (l *linter) file(number int, text []byte, copied bool) uint64 {
	if copied {
		text = copyOf(text)
	}
	if number%64 == 0 {
		l.files = token.NewFileSet()
	}
	tree, err := parser.ParseFile(l.files, "file.go", text, l.mode)
	if err != nil {
		panic(err)
	}
	l.trees[number%len(l.trees)] = tree
	return l.lint(tree) ^ l.lint(l.trees[0])
}

func main() {
	run.Start()
	texts := make([][]byte, 16)
	for i := range texts {
		texts[i] = source(i)
	}
	mode := parser.ParseComments
	if run.Without("comments") {
		mode = 0
	}
	if run.Without("objects") {
		mode |= parser.SkipObjectResolution
	}
	run.End(run.Work(func(int) (sum uint64) {
		l := &linter{mode: mode, reuse: run.Without("names"), names: make(map[string]int)}
		l.trees = make([]*ast.File, kept/run.Workers)
		for i := 0; i < run.Scaled(2700); i++ {
			sum += l.file(i, texts[i%len(texts)], !run.Without("copies"))
		}
		return sum
	}))
}
