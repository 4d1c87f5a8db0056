// A web site's pages: text/template renders them, those asked for last are kept, and each visitor has a session. The
// templates' own garbage is reflection's; pages and sessions live on.
package main

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"text/template"

	"escprof.test/validate/run"
)

const (
	articles = 4000
	cached   = 1200  // pages of a worker
	visitors = 30000 // of a worker
	clicks   = 10    // that a session remembers
)

var page = template.Must(template.New("page").Parse(`<html><title>{{.title}}</title><p>{{.visitor}}</p>
{{range .paragraphs}}<p>{{.}}</p>
{{end}}</html>`))

// click is a page that a visitor was on: the last ones, newest first.
type click struct {
	article  int
	at       uint64
	previous *click
}

type session struct {
	visitor int
	last    *click
	clicks  int
	token   []byte
}

type site struct {
	sessions [visitors]session
	pages    [articles][]byte
	order    [cached]int
	turn     int
	random   run.Random
	out      bytes.Buffer
	ring     [visitors][clicks]small
	token    [160]byte

	noClicks, noTokens, noBuffers, noPaths, noTemplates bool
}

type small struct {
	article int32
	at      uint64
}

func paragraph(article, i int) string {
	from := (article*7 + i*3) % 200
	return words[from : from+100+(article+i)%90]
}

var words = strings.Repeat("the quick brown fox jumps over the lazy dog and then it rests a while; ", 6)

//go:noinline
func dataOf(article, visitor int) map[string]any {
	paragraphs := make([]string, 12)
	for i := range paragraphs {
		paragraphs[i] = paragraph(article, i)
	}
	return map[string]any{"title": "article " + strconv.Itoa(article), "visitor": visitor % 10, "paragraphs": paragraphs}
}

//go:noinline
func rendered(to io.Writer, data map[string]any) {
	if err := page.Execute(to, data); err != nil {
		panic(err)
	}
}

// renderHere writes what the template does.
func renderHere(to *bytes.Buffer, article, visitor int) {
	to.WriteString("<html><title>article ")
	to.Write(strconv.AppendInt(to.AvailableBuffer(), int64(article), 10))
	to.WriteString("</title><p>")
	to.Write(strconv.AppendInt(to.AvailableBuffer(), int64(visitor%10), 10))
	to.WriteString("</p>\n")
	for i := 0; i < 12; i++ {
		to.WriteString("<p>")
		to.WriteString(paragraph(article, i))
		to.WriteString("</p>\n")
	}
	to.WriteString("</html>")
}

//go:noinline
func newBuffer() *bytes.Buffer { return bytes.NewBuffer(make([]byte, 0, 6<<10)) }

//go:noinline
func keptPage(text []byte) []byte { return append(make([]byte, 0, len(text)), text...) }

//go:noinline
func newClick(article int, at uint64, previous *click) *click { return &click{article, at, previous} }

//go:noinline
func newToken() []byte { return make([]byte, 160) }

func fillToken(token []byte, visitor int) {
	for i := range token {
		token[i] = byte(visitor*(i+1) + i)
	}
}

//go:noinline
func pathOf(article int) string {
	return "/articles/of/this/site/number-" + strconv.Itoa(article) + ".html"
}

// visit notes that a visitor is on an article, and adds up where it was before.
func (s *site) visit(visitor, article int, at uint64) uint64 {
	v := &s.sessions[visitor]
	sum := uint64(0)
	if s.noClicks {
		ring := &s.ring[visitor]
		copy(ring[1:], ring[:clicks-1])
		ring[0] = small{int32(article), at}
		v.clicks = min(v.clicks+1, clicks)
		for i := 0; i < v.clicks; i++ {
			sum = sum*3 + uint64(ring[i].article) + ring[i].at
		}
	} else {
		v.last = newClick(article, at, v.last)
		v.clicks = min(v.clicks+1, clicks)
		c := v.last
		for i := 1; ; i++ {
			sum = sum*3 + uint64(c.article) + c.at
			if i == v.clicks {
				c.previous = nil
				break
			}
			c = c.previous
		}
	}
	token := s.token[:]
	if s.noTokens {
		fillToken(token, visitor)
	} else {
		if v.token == nil {
			v.token = newToken()
			fillToken(v.token, visitor)
		}
		token = v.token
	}
	return sum + uint64(token[at%uint64(len(token))])
}

func (s *site) make(article, visitor int) []byte {
	out := &s.out
	out.Reset()
	if !s.noBuffers {
		out = newBuffer()
	}
	if s.noTemplates {
		renderHere(out, article, visitor)
	} else {
		rendered(out, dataOf(article, visitor))
	}
	return out.Bytes()
}

// show is the page of an article: kept, or made.
func (s *site) show(article, visitor int) []byte {
	if s.pages[article] != nil {
		return s.pages[article]
	}
	text := keptPage(s.make(article, article))
	s.pages[s.order[s.turn%cached]] = nil
	s.order[s.turn%cached] = article
	s.turn++
	s.pages[article] = text
	return text
}

func (s *site) path(article int) int {
	if s.noPaths {
		n := len("/articles/of/this/site/number-.html") + 1
		for a := article; a >= 10; a /= 10 {
			n++
		}
		return n
	}
	return len(pathOf(article))
}

func (s *site) serve(count int) uint64 {
	sum := uint64(0)
	for i := 0; i < count; i++ {
		visitor := int(s.random.Next() % visitors)
		article := int(s.random.Next()%articles) * int(s.random.Next()%articles) / articles
		text := s.show(article, visitor)
		sum = sum*31 + s.visit(visitor, article, uint64(i)) + uint64(s.path(article))
		if i%4 == 0 {
			sum += run.Hash(1, text[len(text)/2:])
		}
	}
	return sum
}

func main() {
	run.Start()
	run.End(run.Work(func(i int) uint64 {
		s := &site{random: run.Random(i + 23), noClicks: run.Without("clicks"), noTokens: run.Without("tokens"),
			noBuffers: run.Without("buffers"), noPaths: run.Without("paths"), noTemplates: run.Without("templates")}
		return s.serve(run.Scaled(600000))
	}))
}
