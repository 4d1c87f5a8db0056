// A mail server: messages are parsed as they come, texts are archived and attachments looked through, answers find their
// thread, and what goes to users waits in a queue. Who wrote to whom, and what was seen before, is remembered.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"

	"escprof.test/validate/outside"
	"escprof.test/validate/run"
)

const (
	users     = 20000
	samples   = 250 // bodies that messages are made of
	longest   = 12000
	archived  = 1800 // texts
	queued    = 9000 // messages
	most      = 48   // recipients of a message
	threads   = 6000
	replies   = 24 // of a thread
	sightings = 1 << 17
	lines     = 24  // of a header, at most
	block     = 32  // lines of base64 that are decoded together when there is no buffer
	judged    = 400 // bytes of a text that say whether it is spam
	boundary  = "=_part_0f3c"
)

// field is a line of a header; it refers to the message.
type field struct {
	name, value []byte
	next        *field
}

// header has the fields of a message or of a part, as a list or in a row.
type header struct {
	first *field
	row   []field
}

// sighting is when something was seen: a message, an attachment, or that one user wrote to another.
type sighting struct {
	key         uint64
	first, last int64
	count, size uint32
}

// reply is a message in its thread.
type reply struct {
	id          uint64
	time, size  int64
	child, next *reply
}

type thread struct {
	root *reply
	size int
}

// delivery is a message that waits for being delivered.
type delivery struct {
	id    uint64
	count int
	to    []string
}

type sample struct{ text, attachment []byte }

// shared is what both workers read.
type shared struct {
	users   []string
	numbers map[string]uint32 // of users
	samples [samples]sample
	spam    [256]byte
	values  [256]uint32 // of the letters of base64
}

type server struct {
	*shared
	input     []byte // what the network brings
	texts     [archived][]byte
	queue     [queued]delivery
	threads   [threads]thread
	sightings [sightings]*sighting
	random    run.Random
	now       int64
	turn      int
	started   int

	textsOutside      outside.Ring[byte]
	recipientsOutside [][most]uint32
	sightingsOutside  []sighting
	repliesOutside    outside.Store[reply]

	noDecoded, noFields, noSightings, noReplies, noRecipients, noReceipts, noTexts bool
}

//go:noinline
func newDecoded(size int) []byte { return make([]byte, size) }

//go:noinline
func newField(name, value []byte) *field { return &field{name: name, value: value} }

//go:noinline
func newSighting() *sighting { return new(sighting) }

//go:noinline
func newReply() *reply { return new(reply) }

//go:noinline
func newRecipients(count int) []string { return make([]string, count) }

//go:noinline
func newReceipt(user string, id uint64, queue, size int) string {
	return fmt.Sprintf("250 2.1.5 <%s> as %x in %d, %d bytes", user, id, queue, size)
}

//go:noinline
func newText(size int) []byte { return make([]byte, size) }

func newShared() *shared {
	random := run.Random(211)
	s := &shared{numbers: make(map[string]uint32, users)}
	for i := 0; i < users; i++ {
		user := "user." + strconv.Itoa(i*7919%100000) + "@unit" + strconv.Itoa(i%300) + ".example"
		s.users = append(s.users, user)
		s.numbers[user] = uint32(i)
	}
	for i := range s.spam {
		s.spam[i] = byte(random.Next() >> 30 % 5)
	}
	for i := range s.values {
		s.values[i] = 1 << 31
	}
	for i, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
		s.values[c] = uint32(i)
	}
	s.values['='] = 0
	for i := range s.samples {
		s.samples[i].text = quoted(&random, 300+int(random.Next()>>20%2000)*int(random.Next()>>30%5))
		if i%5 < 2 {
			s.samples[i].attachment = encoded(&random, 800+int(random.Next()>>20%9000)*int(1+random.Next()>>30%5))
		}
	}
	return s
}

// quoted is a text in quoted-printable.
func quoted(random *run.Random, length int) (text []byte) {
	for column := 0; len(text) < length; column++ {
		switch c := random.Next() >> 24; {
		case column >= 72:
			text, column = append(text, "=\r\n"...), -1
		case c%29 == 0:
			text = append(text, "=C3=A9"...)
		case c%6 == 0:
			text = append(text, ' ')
		default:
			text = append(text, 'a'+byte(c>>8%26))
		}
	}
	return append(text, '.')
}

// encoded is a file in base64, in lines.
func encoded(random *run.Random, length int) (text []byte) {
	var line [57]byte
	for ; length > 0; length -= len(line) {
		for i := range line {
			line[i] = byte(random.Next() >> 24)
		}
		text = append(base64.StdEncoding.AppendEncode(text, line[:min(length, len(line))]), "\r\n"...)
	}
	return text
}

func newServer(w int, of *shared) *server {
	s := &server{shared: of, random: run.Random(w + 151), input: make([]byte, 0, 96<<10),
		noDecoded: run.Without("decoded"), noFields: run.Without("fields"), noSightings: run.Without("sightings"),
		noReplies: run.Without("replies"), noRecipients: run.Without("recipients"),
		noReceipts: run.Without("receipts"), noTexts: run.Without("texts")}
	if s.noTexts {
		s.textsOutside = outside.NewRing[byte](archived, longest)
	}
	if s.noRecipients {
		s.recipientsOutside = outside.Slice[[most]uint32](queued)
	}
	if s.noSightings {
		s.sightingsOutside = outside.Slice[sighting](sightings)
	}
	if s.noReplies {
		s.repliesOutside = outside.NewStore[reply](threads * replies)
	}
	for i := range s.sightings {
		s.sight(uint64(i), 0)
	}
	for i := range s.threads {
		s.start(i, uint64(i))
	}
	return s
}

// sight remembers that something was seen, in the place of something else or of its last time.
func (s *server) sight(key uint64, size int) uint32 {
	at := key * 0x9e3779b97f4a7c15 >> 47
	seen := sighting{key: key, first: s.now}
	if old := s.sightings[at]; old != nil && old.key == key {
		seen = *old
	}
	seen.last, seen.size = s.now, uint32(size)
	seen.count++
	if s.noSightings {
		s.sightings[at] = &s.sightingsOutside[at]
	} else {
		s.sightings[at] = newSighting()
	}
	*s.sightings[at] = seen
	return seen.count
}

func (s *server) reply(id uint64, size int) *reply {
	var r *reply
	if s.noReplies {
		r = s.repliesOutside.Take()
	} else {
		r = newReply()
	}
	r.id, r.time, r.size = id, s.now, int64(size)
	return r
}

// start begins a thread in the place of another.
func (s *server) start(number int, id uint64) {
	t := &s.threads[number]
	if s.noReplies {
		s.drop(t.root)
	}
	t.root, t.size = s.reply(id, 0), 1
}

func (s *server) drop(r *reply) {
	for r != nil {
		next := r.next
		s.drop(r.child)
		s.repliesOutside.Give(r)
		r = next
	}
}

func (r *reply) find(id uint64) *reply {
	for ; r != nil; r = r.next {
		if r.id == id {
			return r
		}
		if found := r.child.find(id); found != nil {
			return found
		}
	}
	return nil
}

// answered is a message of a thread that somebody answers to.
func (s *server) answered(number int) uint64 {
	r := s.threads[number].root
	for way := s.random.Next() >> 12; way != 0; way /= 3 {
		if way%3 == 0 && r.child != nil {
			r = r.child
		} else if r.next != nil {
			r = r.next
		}
	}
	return r.id
}

// compose is the next message that somebody sends.
func (s *server) compose() []byte {
	random := s.random.Next()
	number := int(random >> 40 % threads)
	in, begins := s.input[:0], random>>8%4 == 0
	if begins {
		number = s.started % threads
		s.started++
	}
	body := &s.samples[random>>20%samples]
	in = append(in, "Return-Path: <bounces@lists.example>\r\nReceived: from mx7.example (192.0.2.7)\r\n\tby in3.example with ESMTPS\r\nFrom: <"...)
	in = append(in, s.users[random>>16%users]...)
	in = append(in, ">\r\nTo: "...)
	count := 1 + int(random>>50%4)
	if random>>30%16 == 0 {
		count = 1 + int(random>>50%most)
	}
	for i := 0; i < count; i++ {
		in = append(in, s.users[(random>>16+uint64(i*i*37+1))%users]...)
		if i+1 < count {
			in = append(in, ",\r\n "...)
		}
	}
	in = append(in, "\r\nSubject: =?utf-8?q?the_meeting_of_next_week?=\r\nDate: Mon, 02 Feb 2026 10:11:12 +0100\r\nMessage-ID: <"...)
	in = strconv.AppendUint(in, s.random.Next()<<16|uint64(number), 16)
	in = append(in, "@example>\r\n"...)
	if !begins {
		in = append(in, "References: <"...)
		in = strconv.AppendUint(in, s.answered(number), 16)
		in = append(in, "@example>\r\n"...)
	}
	in = append(in, "User-Agent: Mail/7.1\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\""+boundary+
		"\"\r\n\r\n--"+boundary+"\r\nContent-Type: text/plain; charset=utf-8\r\n"+
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n"...)
	in = append(in, body.text...)
	if body.attachment != nil {
		in = append(in, "\r\n--"+boundary+"\r\nContent-Type: application/pdf; name=\"report.pdf\"\r\n"+
			"Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n"...)
		in = append(in, body.attachment...)
	}
	in = append(in, "\r\n--"+boundary+"--\r\n"...)
	return in
}

// line is a line of a header, with those that go on with it.
func line(text []byte) (first, rest []byte) {
	end := 0
	for {
		next := bytes.IndexByte(text[end:], '\n')
		if next < 0 {
			return text, nil
		}
		end += next + 1
		if end < 3 || end == len(text) || text[end] != ' ' && text[end] != '\t' {
			return bytes.TrimRight(text[:end], "\r\n"), text[end:]
		}
	}
}

// parse is the header that a text begins with; ROOM is for its fields where they are in a row.
func (s *server) parse(text []byte, room []field) (h header, rest []byte) {
	last := &h.first
	count := 0
	for len(text) > 0 {
		var of []byte
		of, text = line(text)
		colon := bytes.IndexByte(of, ':')
		if colon < 0 {
			break
		}
		name, value := of[:colon], bytes.TrimSpace(of[colon+1:])
		if s.noFields {
			room[count].name, room[count].value = name, value
			count++
		} else {
			*last = newField(name, value)
			last = &(*last).next
		}
	}
	h.row = room[:count]
	return h, text
}

func same(a []byte, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i]|0x20 != b[i]|0x20 {
			return false
		}
	}
	return true
}

func (h *header) value(name string) []byte {
	for f := h.first; f != nil; f = f.next {
		if same(f.name, name) {
			return f.value
		}
	}
	for i := range h.row {
		if same(h.row[i].name, name) {
			return h.row[i].value
		}
	}
	return nil
}

// identifier is the number in <number@host>.
func identifier(text []byte) (id uint64) {
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9':
			id = id<<4 | uint64(c-'0')
		case c >= 'a' && c <= 'f':
			id = id<<4 | uint64(c-'a'+10)
		case c == '@':
			return id
		}
	}
	return id
}

// parameter is what a value says of a name: boundary="this".
func parameter(value []byte, name string) []byte {
	for i := 0; i+len(name)+2 < len(value); i++ {
		if same(value[i:i+len(name)], name) && value[i+len(name)] == '=' {
			value = value[i+len(name)+2:]
			return value[:max(bytes.IndexByte(value, '"'), 0)]
		}
	}
	return nil
}

func hex(c byte) byte {
	if c >= 'A' {
		return c - 'A' + 10
	}
	return c - '0'
}

// unquoted is how long a text is without quoted-printable.
func unquoted(text []byte) int {
	length := len(text)
	for {
		at := bytes.IndexByte(text, '=')
		if at < 0 {
			return length
		}
		length -= 2
		if text[at+1] == '\r' {
			length--
		}
		text = text[at+3:]
	}
}

// archive keeps a text, and says what it is like.
func (s *server) archive(text []byte) (sum uint64) {
	var to []byte
	if length := unquoted(text); s.noTexts {
		to = s.textsOutside.Next(length)
	} else {
		to = newText(length)
	}
	s.texts[s.turn%archived] = to
	for rest := to; ; {
		at := bytes.IndexByte(text, '=')
		if at < 0 {
			copy(rest, text)
			break
		}
		copy(rest, text[:at])
		rest = rest[at:]
		if text[at+1] != '\r' {
			rest[0] = hex(text[at+1])<<4 | hex(text[at+2])
			rest = rest[1:]
		}
		text = text[at+3:]
	}
	for _, c := range to[:min(len(to), judged)] {
		sum += uint64(s.spam[c])
	}
	if old := s.texts[s.random.Next()>>20%archived]; len(old) > 0 {
		sum += uint64(old[len(old)/2])
	}
	return sum
}

func digest(sum uint64, text []byte) uint64 {
	for ; len(text) >= 8; text = text[8:] {
		sum = (sum ^ binary.LittleEndian.Uint64(text)) * 0x9e3779b97f4a7c15
	}
	return run.Hash(sum, text)
}

// decode has lines of base64 as what they stand for, and is how much that is.
func (s *server) decode(to, text []byte) (length int) {
	wrong := uint32(0)
	for len(text) > 0 {
		end := min(len(text), 76)
		for i := 0; i+4 <= end; i += 4 {
			four := text[i : i+4 : i+4]
			value := s.values[four[0]]<<18 | s.values[four[1]]<<12 | s.values[four[2]]<<6 | s.values[four[3]]
			wrong |= s.values[four[0]] | s.values[four[1]] | s.values[four[2]] | s.values[four[3]]
			three := to[length : length+3 : length+3]
			three[0], three[1], three[2] = byte(value>>16), byte(value>>8), byte(value)
			length += 3
		}
		text = text[min(len(text), 78):]
	}
	if wrong>>31 != 0 {
		panic("not base64")
	}
	return length
}

// inspect is the digest of a file in base64.
func (s *server) inspect(text []byte) (sum uint64) {
	if !s.noDecoded {
		file := newDecoded(len(text) * 3 / 4)
		return digest(0, file[:s.decode(file, text)])
	}
	var part [block * 57]byte
	for len(text) > 0 {
		end := min(len(text), block*78)
		sum = digest(sum, part[:s.decode(part[:], text[:end])])
		text = text[end:]
	}
	return sum
}

// content goes through the parts of a message.
func (s *server) content(body, boundary []byte) (sum uint64) {
	var delimiter [80]byte
	between := append(append(delimiter[:0], "--"...), boundary...)
	for {
		begin := bytes.Index(body, between)
		if begin < 0 {
			return sum
		}
		body = body[begin+len(between):]
		if len(body) < 2 || body[0] == '-' {
			return sum
		}
		end := max(bytes.Index(body, between), 2)
		var room [lines]field
		h, text := s.parse(body[2:end], room[:])
		text = bytes.TrimRight(text, "\r\n")
		if same(h.value("content-transfer-encoding"), "base64") {
			found := s.inspect(text)
			sum += found + uint64(s.sight(found, len(text)))
		} else {
			sum += s.archive(text)
		}
	}
}

// sort puts a message into its thread.
func (s *server) sort(id uint64, references []byte, size int) uint64 {
	number := int(id & 0xffff)
	t := &s.threads[number]
	to := t.root.find(identifier(references))
	if references == nil || to == nil || t.size == replies {
		s.start(number, id)
		return id
	}
	r := s.reply(id, size)
	r.next = to.child
	to.child = r
	t.size++
	return to.id + uint64(t.size)
}

// receipt is what the sender is told of a recipient.
func (s *server) receipt(user string, id uint64, queue, size int) uint64 {
	if !s.noReceipts {
		return run.Hash(0, newReceipt(user, id, queue, size))
	}
	var room [160]byte
	text := append(append(room[:0], "250 2.1.5 <"...), user...)
	text = strconv.AppendUint(append(text, "> as "...), id, 16)
	text = strconv.AppendInt(append(text, " in "...), int64(queue), 10)
	text = strconv.AppendInt(append(text, ", "...), int64(size), 10)
	return run.Hash(0, append(text, " bytes"...))
}

// deliver is what comes out of the queue: that which waits longest.
func (s *server) deliver(d *delivery, place int) (sum uint64) {
	for i := 0; i < d.count; i++ {
		var user string
		if s.noRecipients {
			user = s.users[s.recipientsOutside[place][i]]
		} else {
			user = d.to[i]
		}
		sum = sum*31 + uint64(len(user)) + uint64(user[len(user)/3])
	}
	return sum + d.id
}

// enqueue has a message wait for its recipients.
func (s *server) enqueue(id uint64, from, to []byte, size int) (sum uint64) {
	place := s.turn % queued
	d := &s.queue[place]
	sum = s.deliver(d, place)
	*d = delivery{id: id, count: 1 + bytes.Count(to, []byte(","))}
	if !s.noRecipients {
		d.to = newRecipients(d.count)
	}
	sender := uint64(s.numbers[string(bytes.Trim(from, "<>"))])
	for i := 0; i < d.count; i++ {
		address, rest, _ := bytes.Cut(to, []byte(","))
		to = rest
		number, known := s.numbers[string(bytes.TrimSpace(address))]
		if !known {
			panic("nobody has that address")
		}
		if s.noRecipients {
			s.recipientsOutside[place][i] = number
		} else {
			d.to[i] = s.users[number]
		}
		sum += uint64(s.sight(1<<63|sender<<32|uint64(number), size))
		sum += s.receipt(s.users[number], id, place, size)
	}
	return sum
}

func (s *server) receive(raw []byte) (sum uint64) {
	var room [lines]field
	h, body := s.parse(raw, room[:])
	id := identifier(h.value("message-id"))
	s.now++
	sum = uint64(s.sight(id, len(raw)))
	sum += s.content(body, parameter(h.value("content-type"), "boundary"))
	sum += s.sort(id, h.value("references"), len(raw))
	sum += s.enqueue(id, h.value("from"), h.value("to"), len(raw))
	s.turn++
	return sum
}

func main() {
	run.Start()
	of := newShared()
	run.End(run.Work(func(w int) (sum uint64) {
		s := newServer(w, of)
		for i := 0; i < run.Scaled(175000); i++ {
			sum = sum*31 + s.receive(s.compose())
		}
		return sum
	}))
}
