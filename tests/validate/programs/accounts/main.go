// A server of accounts with a cache of those asked for last: what was parsed of an account's record is kept with it
// until a newer one takes its place. Much of the heap lives long, most of what is allocated dies at once.
package main

import (
	"fmt"
	"strconv"

	"escprof.test/validate/run"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	accounts = 60000 // that there are
	kept     = 25000 // that a worker's cache holds
	rights   = 12    // of an account
	pictureK = 700   // bytes of its picture
)

// right is one of the things that an account may do: a list, as it is parsed.
type right struct {
	name  string
	level int
	next  *right
}

type account struct {
	id      int
	name    string
	rights  *right
	picture []byte
	visits  int
}

type server struct {
	cache  *lru.Cache[int, *account]
	random run.Random

	noRights, noPictures, noNames, noPages, noFields bool
	picture                                          [pictureK]byte
	page                                             []byte
}

var rightNames = [...]string{"read", "write", "share", "pay", "refund", "invite", "export", "delete"}

func rightOf(id, i int) (name string, level int) {
	return rightNames[(id*7+i*3)%len(rightNames)], (id + i*i) % 5
}

//go:noinline
func parseRights(id int) *right {
	var first *right
	for i := rights - 1; i >= 0; i-- {
		name, level := rightOf(id, i)
		first = &right{name, level, first}
	}
	return first
}

func fillPicture(to []byte, id int) {
	for i := range to {
		to[i] = byte(id>>(i%16) + i)
	}
}

//go:noinline
func newPicture() []byte { return make([]byte, pictureK) }

//go:noinline
func nameOf(id int) string { return "account-" + strconv.Itoa(id) + "@example.com" }

//go:noinline
func newAccount(id int) *account { return &account{id: id} }

func (s *server) load(id int) *account {
	a := newAccount(id)
	if !s.noRights {
		a.rights = parseRights(id)
	}
	if !s.noPictures {
		a.picture = newPicture()
		fillPicture(a.picture, id)
	}
	if !s.noNames {
		a.name = nameOf(id)
	}
	return a
}

// levels adds up the account's rights: those that were parsed, or those that its record says.
func (s *server) levels(a *account) uint64 {
	sum := uint64(0)
	if s.noRights {
		for i := 0; i < rights; i++ {
			name, level := rightOf(a.id, i)
			sum = sum*3 + uint64(len(name)*level)
		}
		return sum
	}
	for r := a.rights; r != nil; r = r.next {
		sum = sum*3 + uint64(len(r.name)*r.level)
	}
	return sum
}

func (s *server) pictureOf(a *account) []byte {
	if s.noPictures {
		fillPicture(s.picture[:], a.id)
		return s.picture[:]
	}
	return a.picture
}

func (s *server) appendName(page []byte, a *account) []byte {
	if s.noNames {
		page = append(page, "account-"...)
		page = strconv.AppendInt(page, int64(a.id), 10)
		return append(page, "@example.com"...)
	}
	return append(page, a.name...)
}

//go:noinline
func newPage() []byte { return make([]byte, 0, 3000) }

//go:noinline
func fieldsOf(a *account, levels uint64) map[string]any {
	return map[string]any{"id": a.id, "levels": levels, "visits": a.visits}
}

func (s *server) answer(a *account) uint64 {
	page := s.page[:0]
	if !s.noPages {
		page = newPage()
	}
	page = s.appendName(page, a)
	page = append(page, s.pictureOf(a)...)
	sum := run.Hash(uint64(a.id), page)
	levels := s.levels(a)
	if s.noFields {
		return sum + uint64(a.id) + levels + uint64(a.visits)
	}
	fields := fieldsOf(a, levels)
	return sum + uint64(fields["id"].(int)) + fields["levels"].(uint64) + uint64(fields["visits"].(int))
}

func (s *server) work(count int) uint64 {
	sum := uint64(0)
	for i := 0; i < count; i++ {
		// Some are asked for much more often than others.
		id := int(s.random.Next()%accounts) * int(s.random.Next()%accounts) / accounts
		a, ok := s.cache.Get(id)
		if !ok {
			a = s.load(id)
			s.cache.Add(id, a)
		}
		a.visits++
		sum = sum*31 + s.answer(a)
	}
	return sum
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) uint64 {
		cache, err := lru.New[int, *account](kept)
		if err != nil {
			panic(fmt.Sprint("no cache: ", err))
		}
		s := &server{cache: cache, random: run.Random(w + 11), noRights: run.Without("rights"),
			noPictures: run.Without("pictures"), noNames: run.Without("names"), noPages: run.Without("pages"),
			noFields: run.Without("fields"), page: make([]byte, 0, 3000)}
		return s.work(run.Scaled(900000))
	}))
}
