// An ordered store in memory: a B-tree of records that are found by key and by range, replaced, and deleted. The live
// heap is large and full of pointers; a key put into an interface costs an object for every look.
package main

import (
	"escprof.test/validate/run"

	"github.com/google/btree"
)

const records = 150000

type record struct {
	key     uint64
	tags    *tags
	payload [24]byte
}

type tags struct{ a, b, c, d uint64 }

// item is a record as google/btree's first interface wants it; a key to look for is an item too.
type item interface{ order() uint64 }

func (r *record) order() uint64 { return r.key }

type keyItem uint64

func (k keyItem) order() uint64 { return uint64(k) }

type store struct {
	tree   *btree.BTreeG[item]
	random run.Random
	probe  *record

	noKeys, noVersions, noTags, noResults bool
	versions                              []*version
	results                               []uint64
	at                                    int
	shared                                *tags
}

// version is what a replaced record was, kept for a while.
type version struct {
	record record
	number int
}

//go:noinline
func boxedKey(key uint64) item { return keyItem(key) }

func (s *store) key(key uint64) item {
	if !s.noKeys {
		return boxedKey(key)
	}
	s.probe.key = key
	return s.probe
}

//go:noinline
func newRecord(key uint64) *record { return &record{key: key} }

//go:noinline
func newTags(key uint64) *tags { return &tags{a: key} }

//go:noinline
func newVersion(r *record, number int) *version { return &version{*r, number} }

//go:noinline
func newResults(count int) []uint64 { return make([]uint64, 0, count) }

func (s *store) make(key uint64) *record {
	r := newRecord(key)
	if s.noTags {
		r.tags = s.shared
	} else {
		r.tags = newTags(key)
	}
	return r
}

func (s *store) replace(key uint64, number int) uint64 {
	old, _ := s.tree.ReplaceOrInsert(s.make(key))
	if old == nil {
		return 0
	}
	if !s.noVersions {
		s.versions[s.at%len(s.versions)] = newVersion(old.(*record), number)
		s.at++
	}
	return old.order()
}

func (s *store) scan(from uint64) uint64 {
	var found []uint64
	if s.noResults {
		found = s.results[:0]
	} else {
		found = newResults(64)
	}
	s.tree.AscendGreaterOrEqual(s.key(from), func(i item) bool {
		found = append(found, i.order())
		return len(found) < 64
	})
	sum := uint64(0)
	for _, key := range found {
		sum = sum*31 + key
	}
	return sum
}

func (s *store) work(rounds int) uint64 {
	sum := uint64(0)
	for i := 0; i < rounds; i++ {
		key := s.random.Next() % records
		for k := uint64(0); k < 4; k++ {
			if found, ok := s.tree.Get(s.key((key + k*977) % records)); ok {
				sum += found.order()
			}
		}
		sum += s.replace((key*7919)%records, i)
		if i%4 == 0 {
			sum += s.scan(key)
		}
	}
	return sum
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) uint64 {
		s := &store{random: run.Random(w + 77), probe: &record{}, versions: make([]*version, 40000),
			noKeys: run.Without("keys"), noVersions: run.Without("versions"),
			noTags: run.Without("tags"), noResults: run.Without("results"),
			results: make([]uint64, 0, 64), shared: &tags{}}
		s.tree = btree.NewG(16, func(a, b item) bool { return a.order() < b.order() })
		for key := uint64(0); key < records; key++ {
			s.tree.ReplaceOrInsert(s.make(key))
		}
		return s.work(run.Scaled(840000))
	}))
}
