// A log shipper: lines are read from files, taken apart, held against rules, counted, and sent on as JSON. What templates
// the lines of a file are made of is learned, and what was read lately is kept for those who look into an alarm.
package main

import (
	"fmt"
	"strconv"
	"strings"

	"escprof.test/validate/outside"
	"escprof.test/validate/run"
	"github.com/cespare/xxhash/v2"
)

const (
	files   = 80
	chunk   = 64 << 10 // bytes of a file
	users   = 24000
	regular = 110 // users of a file
	texts   = 500
	common  = 50 // texts of a file
	fewest  = 10 // lines of a batch
	most    = 340
	pages   = 420 // batches that are kept
	windows = 1 << 16
	span    = 900 // batches that a window is open for
	past    = 3   // tallies of a file
	counted = 200 // users of a tally, at most
	slots   = 512 // of a tally that is no map
	relearn = 5   // batches until the templates of another file are learned anew
	nodes   = 700 // of a file, at most
	longest = 1024
	step    = 0x9e3779b97f4a7c15
)

// entry is a line that was taken apart.
type entry struct {
	of                                     *file
	line, host, level, user, path, message string
	took                                   float64
	status, size                           int32
}

// window is what a user did for some time, at some level or on some path.
type window struct {
	key           uint64
	start         int64
	count, errors uint32
	took, longest float64
}

// node is a word of a template: what goes on after it, and what else there may be.
type node struct {
	word        uint64
	child, next *node
	count, last uint32
}

// record is a line as it is kept for alarms.
type record struct {
	line, user string
	time       int64
	status     int32
}

// mark is where a line is: all the rest is in there.
type mark struct {
	file, at, end uint16
	status        int16
	time          int64
}

// slot counts the user whose name is there in the file.
type slot struct {
	at, end uint16
	count   uint32
}

type rule struct {
	field  byte
	number float64
	text   string
}

type file struct {
	number int
	text   string
	starts []uint16 // of lines
	rules  []rule
}

// state is what one worker knows of a file.
type state struct {
	tree    *node
	reads   int
	tallies [past]map[string]uint32
}

type shipper struct {
	files   []file
	states  [files]state
	windows [2][windows]*window // the open ones, and those before them
	pages   [pages][]record
	random  run.Random
	now     int64
	sum     uint64
	digest  xxhash.Digest

	windowsOutside []window
	nodesOutside   outside.Store[node]
	slotsOutside   []slot
	marksOutside   outside.Ring[mark]
	marks          [][]mark

	noBatches, noEntries, noWindows, noNodes, noTallies, noValues, noPages bool
}

//go:noinline
func newBatch(size int) []byte { return make([]byte, 0, size) }

//go:noinline
func newEntry() *entry { return new(entry) }

//go:noinline
func newWindow() *window { return new(window) }

//go:noinline
func newNode() *node { return new(node) }

//go:noinline
func newTally() map[string]uint32 { return make(map[string]uint32, counted) }

//go:noinline
func newNumber(number float64) any { return number }

//go:noinline
func newText(text string) any { return text }

//go:noinline
func newPage(count int) []record { return make([]record, count) }

// newFiles makes the files that both workers read.
func newFiles() []file {
	random := run.Random(307)
	words := strings.Fields("the connection request to upstream of was closed by peer after tries could not open lock " +
		"held cache miss for key retry in ms slow query on shard token expired while waiting queue full worker started stopped")
	var messages []string
	for i := 0; i < texts; i++ {
		var text []string
		for length := 4 + random.Next()>>20%7; length > 0; length-- {
			text = append(text, words[random.Next()>>20%uint64(len(words))])
		}
		messages = append(messages, strings.Join(text, " "))
	}
	made := make([]file, files)
	for i := range made {
		var text []byte
		f := &made[i]
		f.number = i
		for len(text) < chunk-longest {
			f.starts = append(f.starts, uint16(len(text)))
			text = appendLine(text, &random, i, messages)
		}
		f.text = string(text)
		f.starts = append(f.starts, uint16(len(text)))
		for j := 0; j < 2+i%3; j++ {
			r := rule{field: "stub"[random.Next()>>20%4], text: "u" + strconv.Itoa(i*17%users)}
			r.number = map[byte]float64{'s': 500, 't': 40 + float64(i), 'b': 9000}[r.field]
			f.rules = append(f.rules, r)
		}
	}
	return made
}

func appendLine(text []byte, random *run.Random, number int, messages []string) []byte {
	r := random.Next()
	user := (number*131 + int(r>>8%regular)*int(1+r>>16%2)) % users
	status := 200
	if r>>24%9 == 0 {
		status = 400 + int(r>>28%4)*50
	}
	level := []string{"info", "warn", "debug", "error"}[r>>50%4]
	text = fmt.Appendf(text, "2026-02-03T10:%02d:%02d.%03dZ host%d level=%s user=u%d path=/v%d/items/%d ", r>>30%60, r>>36%60,
		r>>40%1000, number%40, level, user, r>>52%3, r>>12%90)
	text = fmt.Appendf(text, "status=%d took=%.2f size=%d msg=", status, float64(r>>20%6000)/64, r>>34%10000)
	message := messages[(number*29+int(r>>44%common))%texts]
	text = append(text, message...)
	if r>>56%3 == 0 {
		text = append(text, ' ')
		text = strconv.AppendUint(text, r>>32%5000, 10)
	}
	return append(text, '\n')
}

func newShipper(w int, of []file) *shipper {
	s := &shipper{files: of, random: run.Random(w + 89), noBatches: run.Without("batches"),
		noEntries: run.Without("entries"), noWindows: run.Without("windows"), noNodes: run.Without("nodes"),
		noTallies: run.Without("tallies"), noValues: run.Without("values"), noPages: run.Without("pages")}
	if s.noWindows {
		s.windowsOutside = outside.Slice[window](2 * windows)
	}
	if s.noNodes {
		s.nodesOutside = outside.NewStore[node](files * nodes)
	}
	if s.noTallies {
		s.slotsOutside = outside.Slice[slot](files * past * slots)
	}
	if s.noPages {
		s.marksOutside = outside.NewRing[mark](pages, most)
		s.marks = outside.Slice[[]mark](pages)
	}
	return s
}

func number(text string) (value float64) {
	part := 0.0
	for i := 0; i < len(text); i++ {
		if text[i] == '.' {
			part = 1
			continue
		}
		value = value*10 + float64(text[i]-'0')
		part *= 10
	}
	if part > 1 {
		value /= part
	}
	return value
}

// value is what follows a name in a line, and the rest of the line.
func value(line string) (of, rest string) {
	line = line[strings.IndexByte(line, '=')+1:]
	end := strings.IndexByte(line, ' ')
	return line[:end], line[end+1:]
}

func (e *entry) parse(of *file, line string) {
	e.of, e.line = of, line
	rest := line[strings.IndexByte(line, ' ')+1:]
	end := strings.IndexByte(rest, ' ')
	e.host, rest = rest[:end], rest[end+1:]
	e.level, rest = value(rest)
	e.user, rest = value(rest)
	e.path, rest = value(rest)
	status, rest := value(rest)
	took, rest := value(rest)
	size, rest := value(rest)
	e.status, e.took, e.size = int32(number(status)), number(took), int32(number(size))
	e.message = rest[strings.IndexByte(rest, '=')+1:]
}

func appendField(to []byte, name, value string) []byte {
	to = append(append(append(to, '"'), name...), `":"`...)
	return append(append(to, value...), `",`...)
}

// encode has an entry as JSON.
func (e *entry) encode(to []byte) []byte {
	to = append(to, '{')
	to = appendField(to, "time", e.line[:24])
	to = appendField(to, "host", e.host)
	to = appendField(to, "level", e.level)
	to = appendField(to, "user", e.user)
	to = appendField(to, "path", e.path)
	to = strconv.AppendInt(append(to, `"status":`...), int64(e.status), 10)
	to = strconv.AppendInt(append(to, `,"size":`...), int64(e.size), 10)
	to = strconv.AppendInt(append(to, `,"took":`...), int64(e.took*1000), 10)
	return append(appendField(append(to, ','), "message", e.message), "}\n"...)
}

// ship sends an entry by itself.
//
//go:noinline
func (s *shipper) ship(e *entry) {
	var line [longest]byte
	s.digest.Write(e.encode(line[:0]))
}

// field is what an entry has for a rule.
func (e *entry) field(name byte) any {
	switch name {
	case 's':
		return newNumber(float64(e.status))
	case 't':
		return newNumber(e.took)
	case 'b':
		return newNumber(float64(e.size))
	}
	return newText(e.user)
}

func (r *rule) holds(value any) bool {
	switch value := value.(type) {
	case float64:
		return value >= r.number
	case string:
		return value == r.text
	}
	return false
}

func (e *entry) matches(r *rule) bool {
	switch r.field {
	case 's':
		return float64(e.status) >= r.number
	case 't':
		return e.took >= r.number
	case 'b':
		return float64(e.size) >= r.number
	}
	return e.user == r.text
}

// judge holds an entry against the rules of its file.
func (s *shipper) judge(e *entry) (held uint64) {
	for i := range e.of.rules {
		r := &e.of.rules[i]
		if s.noValues && e.matches(r) || !s.noValues && r.holds(e.field(r.field)) {
			held++
		}
	}
	return held
}

// open has a new window in the place of one, which is now the one before.
func (s *shipper) open(at uint64) *window {
	if !s.noWindows {
		s.windows[0][at], s.windows[1][at] = newWindow(), s.windows[0][at]
		return s.windows[0][at]
	}
	w, before := &s.windowsOutside[at], &s.windowsOutside[windows+at]
	*before, *w = *w, window{}
	s.windows[0][at], s.windows[1][at] = w, before
	return w
}

// observe counts an entry in a window, and says what is unlike the window before.
func (s *shipper) observe(e *entry, key uint64) (unlike uint64) {
	at := key >> 48
	w := s.windows[0][at]
	if w == nil || w.key != key || s.now-w.start > span {
		w = s.open(at)
		w.key, w.start = key, s.now
	}
	if before := s.windows[1][at]; before != nil && before.key == key {
		unlike = uint64(before.count) + uint64(before.errors)<<8
	}
	w.count++
	if e.status >= 400 {
		w.errors++
	}
	w.took += e.took
	w.longest = max(w.longest, e.took)
	return unlike + uint64(w.longest)
}

// word goes on from a node, or from the beginning, to the word that follows.
func (s *shipper) word(from **node, word uint64) *node {
	for n := *from; n != nil; n = n.next {
		if n.word == word {
			return n
		}
	}
	var n *node
	if s.noNodes {
		n = s.nodesOutside.Take()
	} else {
		n = newNode()
	}
	n.word, n.next = word, *from
	*from = n
	return n
}

// learn finds the template of a message, in which all numbers are alike.
func (s *shipper) learn(of *state, message string) uint64 {
	at := &of.tree
	for {
		end := strings.IndexByte(message, ' ')
		word := message
		if end >= 0 {
			word = message[:end]
		}
		sum := uint64(1)
		if word[0] < '0' || word[0] > '9' {
			sum = run.Hash(7, word)
		}
		n := s.word(at, sum)
		n.count++
		n.last = uint32(s.now)
		if end < 0 {
			return uint64(n.count)
		}
		at, message = &n.child, message[end+1:]
	}
}

func (s *shipper) forget(n *node) {
	for n != nil {
		next := n.next
		s.forget(n.child)
		s.nodesOutside.Give(n)
		n = next
	}
}

func (s *shipper) slots(of *file, turn int) []slot {
	at := (of.number*past + turn%past) * slots
	return s.slotsOutside[at : at+slots]
}

// begin starts the tally of a file in the place of its oldest.
func (s *shipper) begin(of *file, in *state) {
	if s.noTallies {
		clear(s.slots(of, in.reads))
	} else {
		in.tallies[in.reads%past] = newTally()
	}
}

func (s *shipper) slot(of *file, turn int, user string, key uint64) *slot {
	table := s.slots(of, turn)
	for at := key >> 40 % slots; ; at = (at + 1) % slots {
		if c := &table[at]; c.count == 0 || of.text[c.at:c.end] == user {
			return c
		}
	}
}

// tally counts the user of an entry, and says how often he was there before; AT is where the line begins.
func (s *shipper) tally(e *entry, in *state, at int, key uint64) uint64 {
	if !s.noTallies {
		in.tallies[in.reads%past][e.user]++
		return uint64(in.tallies[(in.reads+1)%past][e.user])
	}
	c := s.slot(e.of, in.reads, e.user, key)
	if c.count == 0 {
		at += strings.Index(e.line, "user=") + len("user=")
		c.at, c.end = uint16(at), uint16(at+len(e.user))
	}
	c.count++
	return uint64(s.slot(e.of, in.reads+1, e.user, key).count)
}

// keep has an entry in the page of its batch.
func (s *shipper) keep(e *entry, i, at int) {
	page := s.now % pages
	if s.noPages {
		s.marks[page][i] = mark{uint16(e.of.number), uint16(at), uint16(at + len(e.line)), int16(e.status), s.now}
	} else {
		s.pages[page][i] = record{e.line, e.user, s.now, e.status}
	}
}

// recall is the line of an old page.
func (s *shipper) recall(page, i uint64) (line, user string, status int32, time int64) {
	if !s.noPages {
		if old := s.pages[page]; len(old) > 0 {
			r := &old[i%uint64(len(old))]
			return r.line, r.user, r.status, r.time
		}
	} else if old := s.marks[page]; len(old) > 0 {
		m := &old[i%uint64(len(old))]
		line = s.files[m.file].text[m.at:m.end]
		user, _ = value(line[strings.Index(line, "user="):])
		return line, user, int32(m.status), m.time
	}
	return "", "", 0, 0
}

// alarm looks for what was like this before.
func (s *shipper) alarm(e *entry) (sum uint64) {
	random := s.random.Next()
	for i := uint64(0); i < 6; i++ {
		page := 1 + (random>>20+i*7)%(pages-1) // back from the one that is being filled
		line, user, status, time := s.recall((uint64(s.now)+page)%pages, random>>40+i)
		if status >= 400 || user == e.user {
			sum += uint64(len(line)) + uint64(time)
		}
	}
	return sum
}

// handle does all with a line, and puts it into the batch when there is one.
func (s *shipper) handle(e *entry, of *file, in *state, i, line int, batch []byte) []byte {
	at := int(of.starts[line])
	e.parse(of, of.text[at:of.starts[line+1]-1])
	key := xxhash.Sum64String(e.user)
	s.sum = s.sum*31 + s.observe(e, key+uint64(e.level[0])*step) + s.observe(e, key^xxhash.Sum64String(e.path))
	s.sum += s.learn(in, e.message) + s.tally(e, in, at, key)
	s.keep(e, i, at)
	if held := s.judge(e); held > 1 {
		s.sum += s.alarm(e)
	}
	if s.noBatches {
		s.ship(e)
		return nil
	}
	return e.encode(batch)
}

//go:noinline
func (s *shipper) handleLocal(of *file, in *state, i, line int, batch []byte) []byte {
	var e entry
	return s.handle(&e, of, in, i, line, batch)
}

// read takes lines of a file.
func (s *shipper) read() {
	random := s.random.Next()
	of := &s.files[random>>20%files]
	in := &s.states[of.number]
	count := fewest + int(random>>8%(most-fewest))
	first := int(random>>32) % (len(of.starts) - 1 - count)
	s.now++
	if s.now%relearn == 0 {
		forgotten := &s.states[s.now/relearn*37%files]
		if s.noNodes {
			s.forget(forgotten.tree)
		}
		forgotten.tree = nil
	}
	in.reads++
	s.begin(of, in)
	if s.noPages {
		s.marks[s.now%pages] = s.marksOutside.Next(count)
	} else {
		s.pages[s.now%pages] = newPage(count)
	}
	var batch []byte
	if s.noBatches {
		s.digest.Reset()
	} else {
		batch = newBatch(int(of.starts[first+count]-of.starts[first]) + count*48)
	}
	for i := 0; i < count; i++ {
		if s.noEntries {
			batch = s.handleLocal(of, in, i, first+i, batch)
		} else {
			batch = s.handle(newEntry(), of, in, i, first+i, batch)
		}
	}
	if s.noBatches {
		s.sum += s.digest.Sum64()
	} else {
		s.sum += xxhash.Sum64(batch)
	}
}

func main() {
	run.Start()
	of := newFiles()
	run.End(run.Work(func(worker int) uint64 {
		s := newShipper(worker, of)
		for i := 0; i < run.Scaled(16000); i++ {
			s.read()
		}
		return s.sum
	}))
}
