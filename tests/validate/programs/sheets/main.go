// A sheet of cells that depend on each other: a change makes what depends on it compute again. Cells live on, with lists
// of whom they depend on; values are put into interfaces, and computing makes slices of arguments.
package main

import (
	"strconv"

	"escprof.test/validate/run"
)

const (
	cells     = 60000 // of a worker's sheet
	inputs    = 4     // cells that a cell depends on
	histories = 3     // values that a cell remembers
)

type reference struct {
	cell  int
	place string
	next  *reference
}

type version struct {
	value  float64
	before *version
}

type cell struct {
	references *reference
	values     *version
	versions   [histories]float64
	shown      string
	style      []byte
	value      float64
}

type sheet struct {
	cells  []cell
	random run.Random
	args   []any
	style  [128]byte

	noReferences, noVersions, noArgs, noStyles, noShown bool
}

func referenceOf(at, i int) int { return (at*31 + i*977 + 13) % cells }

//go:noinline
func newReferences(at int) *reference {
	var first *reference
	for i := inputs - 1; i >= 0; i-- {
		first = &reference{referenceOf(at, i), "sheet", first}
	}
	return first
}

//go:noinline
func newVersion(value float64, before *version) *version { return &version{value, before} }

//go:noinline
func newArgs() []any { return make([]any, 0, inputs) }

//go:noinline
func boxed(args []any, value float64) []any { return append(args, value) }

//go:noinline
func newStyle() []byte { return make([]byte, 128) }

//go:noinline
func shown(value float64) string { return strconv.FormatFloat(value, 'e', 12, 64) }

func fillStyle(style []byte, at int) {
	for i := range style {
		style[i] = byte(at>>2 + i)
	}
}

// sum adds what is in the interfaces, as a function of a sheet does that takes any arguments.
//
//go:noinline
func sum(args []any) (total float64) {
	for _, arg := range args {
		if value, ok := arg.(float64); ok {
			total += value
		}
	}
	return total
}

func (s *sheet) inputsOf(at int) float64 {
	if s.noArgs {
		total := 0.0
		for i := 0; i < inputs; i++ {
			total += s.cells[s.input(at, i)].value
		}
		return total
	}
	args := newArgs()
	for i := 0; i < inputs; i++ {
		args = boxed(args, s.cells[s.input(at, i)].value)
	}
	return sum(args)
}

func (s *sheet) input(at, i int) int {
	if s.noReferences {
		return referenceOf(at, i)
	}
	r := s.cells[at].references
	for ; i > 0; i-- {
		r = r.next
	}
	return r.cell
}

// remember notes the new value before the last ones, and adds those up.
func (s *sheet) remember(c *cell, value float64) float64 {
	total := 0.0
	if s.noVersions {
		copy(c.versions[1:], c.versions[:histories-1])
		c.versions[0] = value
		for _, v := range c.versions {
			total = total/2 + v
		}
		return total
	}
	c.values = newVersion(value, c.values)
	v := c.values
	for i := 0; i < histories; i++ {
		total = total / 2
		if v != nil {
			total += v.value
			if i == histories-1 {
				v.before = nil
			}
			v = v.before
		}
	}
	return total
}

func (s *sheet) compute(at int) uint64 {
	c := &s.cells[at]
	value := s.inputsOf(at)/inputs + float64(at%17)
	for value > 1e6 {
		value /= 1e3
	}
	c.value = value
	result := uint64(s.remember(c, value) * 16)
	if s.noShown {
		var text [32]byte
		result += uint64(len(strconv.AppendFloat(text[:0], value, 'e', 12, 64)))
	} else {
		c.shown = shown(value)
		result += uint64(len(c.shown))
	}
	style := c.style
	if s.noStyles {
		style = s.style[:]
		fillStyle(style, at)
	}
	return result + uint64(style[at%len(style)])
}

func (s *sheet) fill() {
	for at := range s.cells {
		c := &s.cells[at]
		if !s.noReferences {
			c.references = newReferences(at)
		}
		if !s.noStyles {
			c.style = newStyle()
			fillStyle(c.style, at)
		}
		c.value = float64(at % 101)
	}
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		s := &sheet{cells: make([]cell, cells), random: run.Random(w + 71), noReferences: run.Without("references"),
			noVersions: run.Without("versions"), noArgs: run.Without("arguments"), noStyles: run.Without("styles"),
			noShown: run.Without("shown")}
		s.fill()
		for i := 0; i < run.Scaled(3000000); i++ {
			if i%100 == 0 { // a row is copied: its cells are new
				at := int(s.random.Next() % cells)
				c := &s.cells[at]
				if !s.noReferences {
					c.references = newReferences(at)
				}
				if !s.noStyles {
					c.style = newStyle()
					fillStyle(c.style, at)
				}
			}
			sum = sum*31 + s.compute(int(s.random.Next()%cells))
		}
		return sum
	}))
}
