package main

// retry is a record that is delivered again when it is due. Those that wait are a skew heap, of objects or of numbers.
type retry struct {
	due, position    int64
	key              int64 // of what was fetched together
	left, right      *retry
	session, attempt int32
}

// plainRetry is the same in memory beside the heap, its children by their numbers and one.
type plainRetry struct {
	due, position    int64
	key              int64
	left, right      int32
	session, attempt int32
}

const pending = 1 << 17 // retries beside the heap, at most

type retries struct {
	first *retry

	plain []plainRetry
	root  int32
	free  int32 // those given back, a list by their left
	used  int32
}

//go:noinline
func newRetry() *retry { return new(retry) }

func merge(a, b *retry) *retry {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	if b.due < a.due {
		a, b = b, a
	}
	a.left, a.right = merge(b, a.right), a.left
	return a
}

func (r *retries) mergePlain(a, b int32) int32 {
	if a == 0 {
		return b
	}
	if b == 0 {
		return a
	}
	if r.plain[b-1].due < r.plain[a-1].due {
		a, b = b, a
	}
	at := &r.plain[a-1]
	at.left, at.right = r.mergePlain(b, at.right), at.left
	return a
}

func (r *retries) push(n plainRetry) {
	if r.plain == nil {
		o := newRetry()
		o.due, o.position, o.key, o.session, o.attempt = n.due, n.position, n.key, n.session, n.attempt
		r.first = merge(r.first, o)
		return
	}
	number := r.free
	if number != 0 {
		r.free = r.plain[number-1].left
	} else {
		r.used++
		number = r.used
	}
	r.plain[number-1] = n
	r.root = r.mergePlain(r.root, number)
}

// pop takes the first away, if it is due.
func (r *retries) pop(now int64) (n plainRetry, ok bool) {
	if r.plain == nil {
		o := r.first
		if o == nil || o.due > now {
			return n, false
		}
		r.first = merge(o.left, o.right)
		return plainRetry{due: o.due, position: o.position, key: o.key, session: o.session, attempt: o.attempt}, true
	}
	if r.root == 0 || r.plain[r.root-1].due > now {
		return n, false
	}
	number := r.root
	n = r.plain[number-1]
	r.root = r.mergePlain(n.left, n.right)
	r.plain[number-1].left = r.free
	r.free = number
	return n, true
}
