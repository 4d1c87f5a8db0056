// Sessions of a web site: each request finds its session or opens one, reads its cookies, changes an attribute, and writes
// a page; sessions that nobody came back to are closed.
package main

import (
	"strconv"

	"escprof.test/validate/run"
)

const (
	open       = 60000 // sessions
	attributes = 3
	cookies    = 5
)

type session struct {
	id      uint64
	token   string
	basket  map[int]int
	fixed   [attributes]int // the same without a map
	visitor *visitor
	visited int
}

type visitor struct {
	language, zone string
	visits         int
}

type cookie struct{ name, value string }

type site struct {
	byID   map[uint64]*session
	order  [open]*session
	turn   int
	random run.Random
	page   []byte
	jar    [cookies]cookie
	shared [64]visitor
	free   []*session

	noTokens, noBaskets, noVisitors, noCookies, noPages, noSessions bool
}

//go:noinline
func newSession() *session { return new(session) }

//go:noinline
func newToken(id uint64) string { return "session-" + strconv.FormatUint(id*0x9E3779B97F4A7C15, 16) }

//go:noinline
func newBasket() map[int]int { return make(map[int]int, attributes) }

//go:noinline
func newVisitor(id uint64) *visitor { return &visitor{language: languages[id%4], zone: "UTC"} }

//go:noinline
func newPage() []byte { return make([]byte, 0, 1500) }

var languages = [...]string{"de", "en", "fr", "zh"}

//go:noinline
func readCookies(id uint64) []*cookie {
	jar := make([]*cookie, 0, cookies)
	for i := 0; i < cookies; i++ {
		jar = append(jar, &cookie{languages[(id+uint64(i))%4], "yes"})
	}
	return jar
}

func (s *site) cookiesOf(id uint64) (sum uint64) {
	if s.noCookies {
		for i := range s.jar {
			s.jar[i] = cookie{languages[(id+uint64(i))%4], "yes"}
		}
		for i := range s.jar {
			sum = sum*3 + uint64(s.jar[i].name[0]) + uint64(len(s.jar[i].value))
		}
		return sum
	}
	for _, c := range readCookies(id) {
		sum = sum*3 + uint64(c.name[0]) + uint64(len(c.value))
	}
	return sum
}

// openSession opens a session in the place of the one that was opened first.
func (s *site) openSession(id uint64) *session {
	at := &s.order[s.turn%open]
	s.turn++
	if *at != nil {
		delete(s.byID, (*at).id)
		if s.noSessions {
			s.free = append(s.free, *at)
		}
	}
	var n *session
	if last := len(s.free) - 1; s.noSessions && last >= 0 {
		n, s.free = s.free[last], s.free[:last]
		*n = session{}
	} else if s.noSessions {
		n = new(session)
	} else {
		n = newSession()
	}
	n.id = id
	if !s.noTokens {
		n.token = newToken(id)
	}
	if !s.noBaskets {
		n.basket = newBasket()
	}
	if s.noVisitors {
		n.visitor = &s.shared[id%4]
	} else {
		n.visitor = newVisitor(id)
	}
	*at = n
	s.byID[id] = n
	return n
}

func (s *site) change(n *session, number int) uint64 {
	n.visited++
	key := number % attributes
	if s.noBaskets {
		n.fixed[key] += number
		return uint64(n.fixed[key])
	}
	n.basket[key] += number
	return uint64(n.basket[key])
}

// write writes the page, and is its hash.
func (s *site) write(n *session, number int) uint64 {
	page := s.page[:0]
	if !s.noPages {
		page = newPage()
	}
	page = append(page, "<html lang="...)
	page = append(page, languages[n.id%4]...)
	for i := 0; i < 12; i++ {
		page = append(page, "<tr><td>"...)
		page = strconv.AppendInt(page, int64(number*i), 10)
	}
	token := n.token
	if s.noTokens {
		page = append(page, "session-"...)
		page = strconv.AppendUint(page, n.id*0x9E3779B97F4A7C15, 16)
	}
	page = append(page, token...)
	return run.Hash(0, page)
}

func (s *site) request(number int) uint64 {
	id := s.random.Next()%(open/4) + uint64(number/3) // of those opened lately, or new
	n := s.byID[id]
	if n == nil {
		n = s.openSession(id)
	}
	sum := s.cookiesOf(id)
	sum = sum*3 + s.change(n, number)
	return sum*3 + s.write(n, number)
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		s := &site{byID: map[uint64]*session{}, random: run.Random(w + 79), page: make([]byte, 0, 1500),
			noTokens: run.Without("tokens"), noBaskets: run.Without("baskets"), noVisitors: run.Without("visitors"),
			noCookies: run.Without("cookies"), noPages: run.Without("pages"), noSessions: run.Without("sessions")}
		for i := range s.shared {
			s.shared[i] = visitor{language: languages[i%4], zone: "UTC"}
		}
		for i := 0; i < run.Scaled(900000); i++ {
			sum = sum*31 + s.request(i)
		}
		return sum
	}))
}
