// A report maker: CSV rows are read, grouped by a key, sorted out, and each group is written as a compressed page. It
// makes big buffers that hold no pointers, and many short strings.
package main

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"escprof.test/validate/run"
)

const rows = 3000 // of a table

func table(random *run.Random) []byte {
	var text bytes.Buffer
	for i := 0; i < rows; i++ {
		n := random.Next()
		fmt.Fprintf(&text, "customer-%d,%d,item number %d,%d,%d.%02d\n", n%97, i, n%1009, n%7, n%500, n%100)
	}
	return text.Bytes()
}

// A maker has what is used again, where its sites are switched off.
type maker struct {
	reuseWriter, reuseBuffer, reuseLine, reuseGroups bool

	writer *flate.Writer
	buffer *bufio.Writer
	line   []byte
	groups map[string]*group
	pages  [][]byte // the last ones, kept
	sum    uint64
}

type group struct {
	rows, pieces int
	cents        uint64
}

type counting struct{ sum, size uint64 }

func (c *counting) Write(data []byte) (int, error) {
	c.sum = run.Hash(c.sum, data)
	c.size += uint64(len(data))
	return len(data), nil
}

//go:noinline
func newCompressor(out io.Writer) *flate.Writer {
	writer, err := flate.NewWriter(out, flate.BestSpeed)
	if err != nil {
		panic(err)
	}
	return writer
}

func (m *maker) compressor(out io.Writer) *flate.Writer {
	if !m.reuseWriter {
		return newCompressor(out)
	}
	if m.writer == nil {
		m.writer = newCompressor(out)
	}
	m.writer.Reset(out)
	return m.writer
}

//go:noinline
func newBuffer(out io.Writer) *bufio.Writer { return bufio.NewWriterSize(out, 32<<10) }

func (m *maker) buffered(out io.Writer) *bufio.Writer {
	if !m.reuseBuffer {
		return newBuffer(out)
	}
	if m.buffer == nil {
		m.buffer = newBuffer(out)
	}
	m.buffer.Reset(out)
	return m.buffer
}

//go:noinline
func formatted(name string, g *group) string {
	return fmt.Sprintf("%s has %d rows of %d pieces for %d cents\n", name, g.rows, g.pieces, g.cents)
}

func (m *maker) write(out *bufio.Writer, name string, g *group) {
	if !m.reuseLine {
		out.WriteString(formatted(name, g))
		return
	}
	line := append(append(m.line[:0], name...), " has "...)
	line = append(strconv.AppendInt(line, int64(g.rows), 10), " rows of "...)
	line = append(strconv.AppendInt(line, int64(g.pieces), 10), " pieces for "...)
	line = append(strconv.AppendUint(line, g.cents, 10), " cents\n"...)
	out.Write(line)
	m.line = line
}

// newGroups makes the groups of a table anew.
//
//go:noinline
func (m *maker) newGroups(text []byte) map[string]*group {
	return m.read(text, make(map[string]*group))
}

func (m *maker) grouped(text []byte) map[string]*group {
	if !m.reuseGroups {
		return m.newGroups(text)
	}
	for _, g := range m.groups {
		*g = group{}
	}
	return m.read(text, m.groups)
}

//go:noinline
func (m *maker) read(text []byte, groups map[string]*group) map[string]*group {
	reader := csv.NewReader(bytes.NewReader(text))
	reader.ReuseRecord = true
	for {
		record, err := reader.Read()
		if err == io.EOF {
			return groups
		}
		g := groups[record[0]]
		if g == nil {
			g = addGroup(groups, record[0])
		}
		pieces, _ := strconv.Atoi(record[3])
		g.rows++
		g.pieces += pieces
		g.cents += uint64(record[4][0])
	}
}

//go:noinline
func addGroup(groups map[string]*group, name string) *group {
	g := &group{}
	groups[string(append([]byte(nil), name...))] = g
	return g
}

func (m *maker) make(text []byte, names []string) {
	var out counting
	compressed := m.compressor(&out)
	buffer := m.buffered(compressed)
	groups := m.grouped(text)
	for _, name := range names {
		if g := groups[name]; g != nil {
			for i := 0; i < 40; i++ {
				g.cents++
				m.write(buffer, name, g)
			}
		}
	}
	buffer.Flush()
	compressed.Close()
	m.sum += out.sum + out.size
}

func main() {
	run.Start()
	random := run.Random(42)
	texts := make([][]byte, 8)
	for i := range texts {
		texts[i] = table(&random)
	}
	names := make([]string, 97)
	for i := range names {
		names[i] = "customer-" + strconv.Itoa(i)
	}
	run.End(run.Work(func(w int) uint64 {
		m := &maker{reuseWriter: run.Without("writers"),
			reuseBuffer: run.Without("buffers"), reuseLine: run.Without("lines"),
			reuseGroups: run.Without("groups"), groups: make(map[string]*group)}
		for i := 0; i < run.Scaled(1440); i++ {
			m.make(texts[(i+w)%len(texts)], names)
		}
		return m.sum
	}))
}
