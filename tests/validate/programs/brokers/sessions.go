package main

// batch is what was fetched together, as long as some of it waits to be delivered again.
type batch struct {
	waiting, failed int32
	since           int64
}

// session is a group's consumer of a partition.
type session struct {
	of       *partition
	number   int32
	patience uint64 // of so many turns, in one it fetches
	next     int64  // position
	held     int32
	fetched  int32
	lost     uint64
	delay    int64
	inflight map[int64]*batch
	plain    []slot
}

// slot is a place of the table beside the heap; its key is a batch's and one.
type slot struct {
	key int64
	batch
}

const (
	window = 48  // batches that a session has in flight, at most
	places = 128 // of the table beside the heap
	renew  = 16  // fetches of a session, before it connects again
)

//go:noinline
func newInflight(size int) map[int64]*batch { return make(map[int64]*batch, size) }

//go:noinline
func newBatch() *batch { return new(batch) }

//go:noinline
func insert(inflight map[int64]*batch, key int64, b *batch) { inflight[key] = b }

func home(key int64) int { return int(uint64(key)*0x9e3779b97f4a7c15>>57) % places }

// hold has a batch in flight.
func (s *session) hold(key int64, failed int32, now int64) {
	s.held++
	if s.plain != nil {
		at := home(key)
		for s.plain[at].key != 0 {
			at = (at + 1) % places
		}
		s.plain[at] = slot{key + 1, batch{failed, failed, now}}
		return
	}
	b := newBatch()
	*b = batch{failed, failed, now}
	insert(s.inflight, key, b)
}

// settle has one less of a batch wait, and says how long the batch took when that was the last.
func (s *session) settle(key int64, now int64) (took int64) {
	if s.plain != nil {
		at := home(key)
		for s.plain[at].key != key+1 {
			at = (at + 1) % places
		}
		b := &s.plain[at].batch
		if b.waiting--; b.waiting == 0 {
			took = now - b.since + int64(b.failed)
			s.remove(at)
			s.held--
		}
		return took
	}
	b := s.inflight[key]
	if b.waiting--; b.waiting == 0 {
		took = now - b.since + int64(b.failed)
		delete(s.inflight, key)
		s.held--
	}
	return took
}

// remove closes the gap that a place leaves in the table.
func (s *session) remove(at int) {
	for next := (at + 1) % places; s.plain[next].key != 0; next = (next + 1) % places {
		if (next-home(s.plain[next].key-1)+places)%places >= (next-at+places)%places {
			s.plain[at] = s.plain[next]
			at = next
		}
	}
	s.plain[at] = slot{}
}

// connect begins a session again, with what it has in flight.
func (s *session) connect() {
	s.fetched = 0
	if s.plain != nil {
		return
	}
	old := s.inflight
	s.inflight = newInflight(window)
	for key, b := range old {
		insert(s.inflight, key, b)
	}
}
