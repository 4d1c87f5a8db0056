package main

import "fmt"

// An expression and its type. In its place stand n, an int; s and t, strings; b, bytes; r, runes; p, a *P1.
type expression struct{ code, typ string }

// structs of the generated program, with literals of them; some are of equal size, some without pointers.
var literals = []expression{
	{"P1{n, %s}", "P1"},
	{"P2{n, n + 1}", "P2"},
	{"P3{int32(n)}", "P3"},
	{"P4{%s, %s, n}", "P4"},
	{"P5{a: [5]int{n}}", "P5"},
	{"P6{byte(n), 2, 3}", "P6"},
	{"G[int]{n, nil}", "G[int]"},
	{"G[string]{%s, nil}", "G[string]"},
	{"G[P2]{P2{n, 1}, &P2{n, 2}}", "G[P2]"},
}

func (w *writer) literal() expression {
	l := literals[w.Intn(len(literals))]
	return expression{w.fill(l.code), l.typ}
}

// text is an expression of type string.
func (w *writer) text(depth int) string {
	if depth <= 0 {
		return w.one("s", "t", "s", `"a constant"`)
	}
	return w.one("s + t", "t + s", "string(b)", "string(r)", "s + string(b)", "string(b) + t", "join(s, t)", "named(s + t).again()",
		"string(append(b, s...))", "s[1:] + t[:5]", "string(Text(b))", "s", `"x" + s`, "twice(s)", "Pick(s, t) + s")
}

// fill puts texts for each %s in CODE.
func (w *writer) fill(code string) string {
	out := ""
	for i := 0; i < len(code); i++ {
		if code[i] == '%' && i+1 < len(code) && code[i+1] == 's' {
			out += w.text(w.Intn(3))
			i++
			continue
		}
		out += code[i : i+1]
	}
	return out
}

// expression makes one that allocates, most of the time.
func (w *writer) expression() expression {
	l := w.literal()
	switch w.Intn(34) {
	case 0, 1, 2:
		return expression{"&" + l.code, "*" + l.typ}
	case 3:
		return expression{"new(" + l.typ + ")", "*" + l.typ}
	case 4:
		return expression{w.one("new(int)", "Box(n)", "Box(n + 1)"), "*int"}
	case 5:
		return expression{fmt.Sprintf("make([]%s, %s)", l.typ, w.one("n&7+1", "3", "n&3+2, n&3+9")), "[]" + l.typ}
	case 6:
		return expression{w.one("make([]byte, n)", "make([]byte, 40)", "make([]byte, n&63, 100)", "[]byte(s)", "[]byte(t)",
			"append([]byte(s), t...)", "append(b, s...)", "append(b[:1:1], b...)", "bytesOf(s + t)", `[]byte("a constant")`), "[]byte"}
	case 7, 8, 9:
		return expression{w.text(2), "string"}
	case 10:
		return expression{w.one("[]rune(s)", "[]rune(t)", "append(r, 'x')"), "[]rune"}
	case 11:
		return expression{w.one("make(map[string]int)", "make(map[string]int, n)", "map[string]int{s: n, t: n + 1}", "map[string]int{}"), "map[string]int"}
	case 12:
		return expression{w.one("make(chan int)", "make(chan int, n&3)", "make(chan int, 3)"), "chan int"}
	case 13:
		return expression{w.fill(w.one("[]string{%s, %s}", "append([]string(nil), %s, %s)", "[]string{s}", "several(%s, %s)", "append(kStrings[0][:0:0], %s)")), "[]string"}
	case 14:
		return expression{w.one("[]int{n, n + 1}", "append([]int{n}, 1, 2, 3)", "Make(n, 3)", "Make(n, n&3)"), "[]int"}
	case 15, 16:
		return expression{w.one("func() int { return n }", "func() int { return n + len(s) }", "p.get", "(&P1{n, s}).get", "P2{n, 1}.sum",
			"adder(n)", "adder(n + 1)", "G[int]{n, nil}.size"), "func() int"}
	case 17, 18:
		return expression{"any(" + l.code + ")", "any"}
	case 19:
		return expression{w.fill(w.one("any(n)", "any(%s)", "any(b)", "any(n + 1)", "any(float64(n))", "any(uint16(n))", "any(r)", "any([2]int{n, 1})", "Any(n)", "Any(s)", "Any(P2{n, 3})")), "any"}
	case 20:
		return expression{w.fill(w.one("error(&failure{%s})", "error(failed(%s))", "fail(n, %s)", "error(failure{s})")), "error"}
	case 21:
		return expression{"Box(" + l.code + ")", "*" + l.typ}
	case 22:
		return expression{"Make(" + l.code + ", n&3+1)", "[]" + l.typ}
	case 23:
		return expression{w.fill(w.one("make1(n, %s)", "make2(n)", "make3(n, s)", "p.copy()", "pick(make1(n, s), &P1{n, t})")), "*P1"}
	case 24:
		if !w.fraction(6) {
			return expression{"&" + l.code, "*" + l.typ}
		}
		return expression{w.one("new([9000]int64)", "bigArray(n)"), "*[9000]int64"}
	case 25:
		return expression{w.fill(w.one("[]any{n, %s}", "[]any{%s, b}", "anys(n, %s)", "anys(P2{n, 1}, %s, b)")), "[]any"}
	case 26:
		return expression{"&[]" + l.typ + "{" + l.code + "}", "*[]" + l.typ}
	case 27:
		return expression{w.fill(w.one("func() string { return %s }()", "func() string { x := %s; return x + s }()")), "string"}
	case 28:
		return expression{w.one("List[int]{}.with(n)", "(&List[int]{}).with(n).with(n + 1)"), "*List[int]"}
	case 29:
		return expression{w.one("&[3]int{n}", "&[3]int{1, n, 3}"), "*[3]int"}
	case 30:
		return expression{w.one("value(n)", "valueOf(n, s)"), "P4"}
	case 31:
		return expression{w.one("new(bool)", "Box(n > 3)"), "*bool"}
	case 32:
		return expression{w.one("func() { kInt[0] = n }", "func() { kString[0] = s }", "func() { kString[0], kInt[0] = s, n }"), "func()"}
	}
	if w.fraction(3) {
		return expression{fmt.Sprintf("inner%d(n, s)", w.Intn(w.inner)), "*P1"}
	}
	return expression{w.one("text1(s, n)", "text2(s, t)"), "string"}
}
