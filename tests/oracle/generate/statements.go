package main

import (
	"fmt"
	"math/rand"
	"sort"
	"strings"
)

// writer makes one program.
type writer struct {
	*rand.Rand
	minor, inner int
	variable     int
	sinks        map[string]string // a type, and the variable of the package that keeps its values
}

func newWriter(seed int64, minor int) *writer {
	return &writer{Rand: rand.New(rand.NewSource(seed)), minor: minor, inner: 8, sinks: map[string]string{}}
}

func (w *writer) one(of ...string) string { return of[w.Intn(len(of))] }

func (w *writer) fraction(of int) bool { return w.Intn(of) == 0 }

// sink is a place that keeps a value of TYP.
func (w *writer) sink(typ string) string {
	if w.sinks[typ] == "" {
		w.sinks[typ] = fmt.Sprintf("keep%d", len(w.sinks))
	}
	return fmt.Sprintf("%s[%d]", w.sinks[typ], w.Intn(4))
}

func (w *writer) name() string {
	w.variable++
	return fmt.Sprintf("v%d", w.variable)
}

func (w *writer) expressions() []expression {
	list := make([]expression, 1+w.Intn(4))
	for i := range list {
		list[i] = w.expression()
	}
	return list
}

func codes(list []expression) string {
	var all []string
	for _, e := range list {
		all = append(all, e.code)
	}
	return strings.Join(all, ", ")
}

// assign is "keep1[0], keep2[3] = a, b".
func (w *writer) assign(list []expression) string {
	var left []string
	for _, e := range list {
		left = append(left, w.sink(e.typ))
	}
	return strings.Join(left, ", ") + " = " + codes(list)
}

// statement is one line, or a few.
func (w *writer) statement() string {
	list := w.expressions()
	x := w.expression()
	name, other := w.name(), w.name()
	switch w.Intn(w.statements()) {
	case 0, 1, 2, 3:
		return w.assign(list)
	case 4, 5:
		return "keep(" + codes(list) + ")"
	case 6:
		var names, keeps []string
		for _, e := range list {
			v := w.name()
			names, keeps = append(names, v), append(keeps, w.sink(e.typ)+" = "+v)
		}
		return strings.Join(names, ", ") + " := " + codes(list) + "\n" + strings.Join(keeps, "; ")
	case 7:
		return fmt.Sprintf("var %s, %s = %s, %s\nkeepAll(&%s, &%s)", name, other, x.code, list[0].code, name, other)
	case 8:
		return fmt.Sprintf("%s := func() int { %s; return n + len(s) }\n%s(); %s = %s", name, w.assign(list), name, w.sink("func() int"), name)
	case 9:
		return w.sink("*struct { a, b any }") + fmt.Sprintf(" = &struct { a, b any }{%s, %s}", x.code, list[0].code)
	case 10:
		return fmt.Sprintf("%s := make(chan bool)\ngo func() { %s; %s <- true }()\n<-%s", name, w.assign(list), name, name)
	case 11:
		return fmt.Sprintf("%s := make(chan bool)\ngo func(x any, y string) { kOne[0], kString[0] = x, y; %s <- true }(%s, %s)\n<-%s", name, name, x.code, w.text(2), name)
	case 12:
		return fmt.Sprintf("func() { defer keep(%s); defer func() { %s }() }()", codes(list), w.assign([]expression{x}))
	case 13:
		return fmt.Sprintf("%s, %s := n, %s; %s = func() int { %s++; return %s + len(%s) }\n%s = s", name, other, w.text(1), w.sink("func() int"), name, name, other, other)
	case 14:
		return fmt.Sprintf("kMap[%s] = n; %s", w.text(2), w.assign(list))
	case 15:
		return fmt.Sprintf("if %s := %s; len(%s) > n&7 { %s }", name, w.text(2), name, w.assign(list))
	case 16:
		return fmt.Sprintf("kInt[1] = stays(%s, %s) + stays(%s, %s)", w.one("[]byte(s)", "make([]byte, n)", "append(b[:0:0], s...)"), w.text(2), w.one("[]byte(t)", "make([]byte, n+1)"), w.text(2))
	case 17:
		return fmt.Sprintf("for i := 0; i < 2; i++ { %s := i + n; defer func() { kInt[2] = %s }(); %s }", name, name, w.assign(list))
	case 18:
		return fmt.Sprintf("%s, %s := Two(%s, %s); keepAll(%s, %s)", name, other, x.code, list[0].code, name, other)
	case 19:
		return fmt.Sprintf("var %s, %s int; var %s1 P2; keepAll(&%s, &%s, &%s1)", name, other, name, name, other, name)
	case 20:
		return fmt.Sprintf("%s += %s", w.sink("string"), w.text(2)) + "[:4]"
	case 21:
		return fmt.Sprintf("for i := range upTo(2) { n := n + i; kInt[3] = n; %s }", w.assign(list))
	default:
		return fmt.Sprintf("for i, x := range pairs(2, s) { n, s := n + i, s + x; kString[3] = s; %s; defer func() { kInt[3] = n }() }", w.assign(list))
	}
}

// statements is how many kinds there are for the version.
func (w *writer) statements() int {
	if w.minor >= 23 {
		return 23
	}
	return 21
}

// function has some statements, or is a line that returns several values and may be inlined.
func (w *writer) function(number int) string {
	noinline := ""
	if w.fraction(2) {
		noinline = "//go:noinline\n"
	}
	if w.fraction(3) {
		list := w.expressions()
		var types, left []string
		for _, e := range list {
			types, left = append(types, e.typ), append(left, w.sink(e.typ))
		}
		return fmt.Sprintf("\n%sfunc many%d(n int, s, t string, b []byte, r []rune, p *P1) (%s) { return %s }\n\nfunc f%d(n int, s, t string, b []byte, r []rune, p *P1) { %s = many%d(n, s, t, b, r, p) }\n",
			noinline, number, strings.Join(types, ", "), codes(list), number, strings.Join(left, ", "), number)
	}
	var body strings.Builder
	for i := 1 + w.Intn(4); i > 0; i-- {
		body.WriteString(w.statement() + "\n")
	}
	return fmt.Sprintf("\n%sfunc f%d(n int, s, t string, b []byte, r []rune, p *P1) {\n%s}\n", noinline, number, body.String())
}

// innerFunction is inlined wherever it is called; those with higher numbers call lower ones.
func (w *writer) innerFunction(number int) string {
	call := "make1(n, s)"
	if number > 0 {
		call = fmt.Sprintf("inner%d(n, s)", w.Intn(number))
	}
	return fmt.Sprintf("\nfunc inner%d(n int, s string) *P1 { p, q := %s, %s; kP1[%d] = q; return p }\n", number, call,
		w.one("&P1{n, s + s}", "Box(P1{n, s})", "make3(n, s)", "make1(n + 1, twice(s))"), number&3)
}

func (w *writer) program(functions int) map[string]string {
	var body, calls strings.Builder
	body.WriteString("package main\n")
	for i := 0; i < w.inner; i++ {
		body.WriteString(w.innerFunction(i))
	}
	for i := 0; i < functions; i++ {
		body.WriteString(w.function(i))
		fmt.Fprintf(&calls, "f%d(n, s, t, b, r, p)\n", i)
	}
	sinks := "\nvar kMap = map[string]int{}\n"
	var types []string
	for typ := range w.sinks {
		types = append(types, typ)
	}
	sort.Strings(types)
	for _, typ := range types {
		sinks += fmt.Sprintf("\nvar %s [4]%s\n", w.sinks[typ], typ)
	}
	files := map[string]string{
		"prelude.go":   prelude,
		"generated.go": body.String() + sinks,
		"main.go": `package main

func main() {
	s, t := "0123456789012345678901234567890123456789", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrst"
	for n := 1000; n < 1010; n++ {
		b, r, p := []byte(t), []rune(s), &P1{n, s}
		all(n, s, t, b, r, p)
	}
}

//go:noinline
func all(n int, s, t string, b []byte, r []rune, p *P1) {
` + calls.String() + "}\n",
	}
	if w.minor >= 23 {
		files["ranges.go"] = prelude23
	}
	return files
}
