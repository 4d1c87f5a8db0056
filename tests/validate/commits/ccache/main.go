// A store of sessions, each replaced as its user goes on: karlseguin/ccache, before and after what it keeps was linked
// by itself instead of by a list's nodes.
package main

import (
	"fmt"
	"time"

	"escprof.test/validate/run"

	"github.com/karlseguin/ccache/v3"
)

const users = 150000

// session is what a user did last.
type session struct {
	user, visits int
	path         string
	basket       []int
}

// visit is the session after one more step of the user.
func visit(user, visits, path int) *session {
	return &session{user: user, visits: visits, path: paths[path], basket: make([]int, 1+visits%3)}
}

var paths = []string{"/", "/search", "/item", "/basket", "/pay"}

// page is the reply to a request.
//
//go:noinline
func page(of *session) []byte {
	return fmt.Appendf(make([]byte, 0, 96), "<h1>%s</h1><p>%d in the basket of %d", of.path, len(of.basket), of.user)
}

// serve answers requests of the users that a worker has, and returns what the replies came to.
func serve(cache *ccache.Cache[*session], keys []string, seed int) (sum uint64) {
	random := run.Random(seed)
	for user, key := range keys {
		cache.Set(key, visit(user, 0, 0), time.Hour)
	}
	for request := 0; request < run.Scaled(2000000); request++ {
		user := int(random.Next() % uint64(len(keys)))
		last := cache.Get(keys[user]).Value()
		if request%2 == 0 {
			last = visit(user, last.visits+1, int(random.Next()%uint64(len(paths))))
			cache.Set(keys[user], last, time.Hour)
		}
		sum = run.Hash(sum, page(last))
	}
	return sum
}

func main() {
	run.Start()
	cache := ccache.New(ccache.Configure[*session]().MaxSize(2 * users))
	total := run.Work(func(w int) uint64 {
		keys := make([]string, users/run.Workers)
		for i := range keys {
			keys[i] = fmt.Sprintf("session-%d-%06d", w, i)
		}
		return serve(cache, keys, w+11)
	})
	cache.Stop()
	run.End(total)
}
