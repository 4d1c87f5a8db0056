package main

import (
	"strconv"
	"strings"

	"escprof.test/validate/run"
)

// template is the text of modules that are alike: there is another digit at each of its marks in each version of each
// of them.
type template struct {
	text  []byte
	marks []int
}

// A writer makes up the text of a template.
type writer struct {
	text      strings.Builder
	random    run.Random
	constants int
	functions int
	locals    int
}

func (w *writer) choose(count int) int { return int(w.random.Next() >> 20 % uint64(count)) }

func (w *writer) write(parts ...string) {
	for _, part := range parts {
		w.text.WriteString(part)
	}
}

func (w *writer) number() {
	w.write(strconv.Itoa(1 + w.choose(400)))
	if w.choose(4) == 0 {
		w.write("@")
	}
}

// fixed writes an expression that the compiler knows the value of.
func (w *writer) fixed(depth int) {
	if depth == 0 || w.choose(4) == 0 {
		if w.constants > 0 && w.choose(3) == 0 {
			w.write("limit_", strconv.Itoa(w.choose(w.constants)))
		} else {
			w.number()
		}
		return
	}
	w.write("(")
	w.fixed(depth - 1)
	w.write([]string{" + ", " - ", " * ", " / ", " % "}[w.choose(5)])
	w.fixed(depth - 1)
	w.write(")")
}

func (w *writer) call(depth int) {
	if w.choose(3) == 0 {
		w.write("other_", strconv.Itoa(w.choose(mostImports)), ".")
	}
	w.write("handle_", strconv.Itoa(w.choose(w.functions+2)), "(")
	for i := w.choose(4); i >= 0; i-- {
		w.expression(depth - 1)
		if i > 0 {
			w.write(", ")
		}
	}
	w.write(")")
}

func (w *writer) expression(depth int) {
	switch choice := w.choose(10); {
	case depth <= 0 && choice < 5, choice < 2:
		w.write("local_", strconv.Itoa(w.choose(w.locals)))
	case depth <= 0, choice < 4:
		w.fixed(2)
	case choice < 6:
		w.call(depth)
	default:
		w.expression(depth - 1)
		w.write([]string{" + ", " - ", " * ", " < ", " == "}[w.choose(5)])
		w.expression(depth - 1)
	}
}

func (w *writer) block(depth int) {
	locals := w.locals
	w.write(" {\n")
	for i := 1 + w.choose(4); i > 0; i-- {
		w.statement(depth)
	}
	w.write("}")
	w.locals = locals
}

func (w *writer) statement(depth int) {
	switch choice := w.choose(8); {
	case choice == 0 && depth > 0:
		w.write("while ")
		w.expression(1)
		w.block(depth - 1)
		w.write("\n")
	case choice < 3 && depth > 0:
		w.write("if ")
		w.expression(2)
		w.block(depth - 1)
		if choice == 1 {
			w.write(" else")
			w.block(depth - 1)
		}
		w.write("\n")
	case choice == 3 && w.locals < 20:
		w.write("let local_", strconv.Itoa(w.locals), " = ")
		w.expression(2)
		w.write(";\n")
	default:
		w.write("local_", strconv.Itoa(w.choose(w.locals)), " = ")
		w.expression(3)
		w.write(";\n")
	}
}

func (w *writer) function() {
	if w.choose(3) > 0 {
		w.write("pub ")
	}
	w.write("func handle_", strconv.Itoa(w.functions), "(local_0")
	w.locals = 1 + w.choose(4)
	for i := 1; i < w.locals; i++ {
		w.write(", local_", strconv.Itoa(i))
	}
	w.write(")")
	w.block(2)
	w.write("\n")
	w.functions++
}

func newTemplate(random run.Random) template {
	w := writer{random: random}
	for i := 0; i < mostImports; i++ {
		w.write("import ", strconv.Itoa(1+w.choose(modules-1)), " as other_", strconv.Itoa(i), ";\n")
	}
	for i := 4 + w.choose(20); i > 0; i-- {
		w.write("pub const limit_", strconv.Itoa(w.constants), " = ")
		w.fixed(3)
		w.write(";\n")
		w.constants++
	}
	for i := 2 + w.choose(mostFunctions-3)*w.choose(mostFunctions-3)/mostFunctions; i > 0; i-- {
		w.function()
	}
	t := template{text: []byte(w.text.String())}
	for i, letter := range t.text {
		if letter == '@' {
			t.marks = append(t.marks, i)
		}
	}
	return t
}
