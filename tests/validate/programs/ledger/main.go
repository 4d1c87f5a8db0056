// A service that logs: log/slog writes every request, the last records are kept to be looked at, and counters of many
// names are kept sorted. Go's own interfaces and closures as garbage, records and counters that live on.
package main

import (
	"context"
	"io"
	"log/slog"
	"time"

	"escprof.test/validate/run"

	"github.com/google/btree"
)

const (
	recordsKept = 40000 // of a worker
	fields      = 6     // of a record
	customers   = 30000 // of a worker
)

// field is one of a record's: an interface, as loggers have them.
type field struct {
	key   string
	value any
}

type record struct {
	at      int
	message string
	fields  []*field
}

// counter counts what a customer did; counters are kept in the order of their customers.
type counter struct {
	customer int
	count    [6]int
}

type amount struct{ cents int }

type service struct {
	logger   *slog.Logger
	records  [recordsKept]*record
	turn     int
	counters *btree.BTreeG[*counter]
	random   run.Random
	receipts [customers][]byte
	receipt  [400]byte
	body     []byte

	noFields, noReceipts, noLog, noBodies, noEntries bool
}

var keys = [fields]string{"customer", "path", "cents", "status", "retries", "region"}

func valueOf(at, i int) int { return (at*17 + i*i*31) % 1000 }

//go:noinline
func newField(at, i int) *field { return &field{keys[i], &amount{valueOf(at, i)}} }

//go:noinline
func newRecord(at int) *record {
	return &record{at: at, message: "request served", fields: make([]*field, 0, fields)}
}

//go:noinline
func newBody() []byte { return make([]byte, 1500) }

//go:noinline
func newReceipt() []byte { return make([]byte, 400) }

func fillReceipt(receipt []byte, customer int) {
	for i := range receipt {
		receipt[i] = byte(customer>>3 + i*customer)
	}
}

// note writes the request to the log.
//
//go:noinline
func note(logger *slog.Logger, customer, cents int) {
	logger.LogAttrs(context.Background(), slog.LevelInfo, "request served", slog.Int("customer", customer),
		slog.Any("amount", amount{cents}), slog.String("path", "/buy"), slog.Duration("took", time.Duration(cents)),
		slog.Int("status", 200), slog.Int("retries", cents%3))
}

func (s *service) keep(at int) uint64 {
	r := newRecord(at)
	if !s.noFields {
		for i := 0; i < fields; i++ {
			r.fields = append(r.fields, newField(at, i))
		}
	}
	s.records[s.turn%recordsKept] = r
	s.turn++
	// Someone looks at an old one.
	old := s.records[int(s.random.Next()%uint64(min(s.turn, recordsKept)))]
	sum := uint64(len(old.message))
	for i := 0; i < fields; i++ {
		if s.noFields {
			sum = sum*3 + uint64(valueOf(old.at, i))
		} else {
			sum = sum*3 + uint64(old.fields[i].value.(*amount).cents)
		}
	}
	return sum
}

//go:noinline
func newEntry(customer int) *counter { return &counter{customer: customer} }

// count counts for the customer; every time a new counter takes the old one's place, as snapshots are taken of them.
func (s *service) count(customer int) uint64 {
	old, found := s.counters.Get(&counter{customer: customer})
	if found && s.noEntries {
		old.count[customer%6]++
		return uint64(old.count[customer%6])
	}
	next := newEntry(customer)
	if found {
		next.count = old.count
	}
	next.count[customer%6]++
	s.counters.ReplaceOrInsert(next)
	return uint64(next.count[customer%6])
}

func (s *service) receiptOf(customer int) []byte {
	if s.noReceipts {
		fillReceipt(s.receipt[:], customer)
		return s.receipt[:]
	}
	if s.receipts[customer] == nil || customer%4 == 0 {
		s.receipts[customer] = newReceipt()
		fillReceipt(s.receipts[customer], customer)
	}
	return s.receipts[customer]
}

func (s *service) serve(at int) uint64 {
	customer := int(s.random.Next() % customers)
	body := s.body
	if !s.noBodies {
		body = newBody()
	}
	for i := range body {
		body[i] = byte(i + customer)
	}
	sum := uint64(body[at%len(body)]) + s.keep(at) + s.count(customer)
	receipt := s.receiptOf(customer)
	sum = sum*31 + uint64(receipt[at%len(receipt)])
	if !s.noLog {
		note(s.logger, customer, valueOf(at, 1))
	}
	return sum
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		s := &service{random: run.Random(w + 41), body: make([]byte, 1500),
			logger:   slog.New(slog.NewJSONHandler(io.Discard, nil)),
			counters: btree.NewG(32, func(a, b *counter) bool { return a.customer < b.customer }),
			noFields: run.Without("fields"), noReceipts: run.Without("receipts"), noLog: run.Without("log"),
			noBodies: run.Without("bodies"), noEntries: run.Without("entries")}
		for i := 0; i < run.Scaled(700000); i++ {
			sum = sum*31 + s.serve(i)
		}
		return sum
	}))
}
