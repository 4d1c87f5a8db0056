// A backup tool: snapshot after snapshot of a tree of files. What changed is read, cut where its content says so, and
// each piece that is not known yet is compressed into a pack; the last snapshots are kept, older ones are forgotten
// together with the pieces that only they had.
package main

import (
	"encoding/binary"
	"strconv"

	"escprof.test/validate/run"

	"github.com/cespare/xxhash/v2"
	"github.com/pierrec/lz4/v4"
)

const (
	files     = 27000 // of a worker's tree
	inFolder  = 60
	retained  = 3 // snapshots
	changed   = 9 // every so many files change from one snapshot to the next
	packFiles = 48
	shortest  = 512 // bytes of a piece
	most      = 9000
)

type id [2]uint64

// entry is where a piece is.
type entry struct{ pack, offset, size, refs int32 }

type attributes struct {
	owner, group, mode, links int32
	changed, size             int64
	node                      uint64
}

// file is a file as a snapshot saw it.
type file struct {
	name       string
	pieces     []id
	attributes *attributes
	own        attributes // the same, here
	version    int32
}

type snapshot struct{ files []*file }

type backup struct {
	random     run.Random
	pool       []byte // what files are made of
	gear       [256]uint64
	names      []string
	folders    []string
	versions   []int32
	known      map[string]int32 // the number of a file in the snapshot before
	index      map[id]*entry
	snapshots  [retained]snapshot
	number     int
	pack       []byte
	packs      int32
	inPack     int
	compressor *lz4.Compressor

	buffer  []byte
	growing []id
	path    []byte

	noBuffers, noCompressors, noAttributes, noFiles, noPaths bool
}

//go:noinline
func newBuffer(size int) []byte { return make([]byte, size) }

//go:noinline
func newCompressor() *lz4.Compressor { return new(lz4.Compressor) }

//go:noinline
func newAttributes() *attributes { return new(attributes) }

//go:noinline
func newFile() *file { return new(file) }

//go:noinline
func pathOf(folder, name string) string { return folder + "/" + name }

//go:noinline
func newPieces(count int) []id { return make([]id, count) }

func newBackup(w int) *backup {
	b := &backup{random: run.Random(w + 91), pool: make([]byte, 1<<20), versions: make([]int32, files),
		known: make(map[string]int32, files), index: make(map[id]*entry), pack: make([]byte, 0, 1<<20),
		buffer: make([]byte, most), growing: make([]id, 0, 32), path: make([]byte, 0, 128),
		compressor: new(lz4.Compressor),
		noBuffers:  run.Without("buffers"), noCompressors: run.Without("compressors"),
		noAttributes: run.Without("attributes"), noFiles: run.Without("files"), noPaths: run.Without("paths")}
	for i := range b.gear {
		b.gear[i] = b.random.Next()
	}
	for i := range b.pool {
		b.pool[i] = " etaoinshrdlucmf"[b.random.Next()>>20%16]
	}
	for i := 0; i < files; i++ {
		b.names = append(b.names, "file"+strconv.Itoa(i%inFolder)+".txt")
		if i%inFolder == 0 {
			b.folders = append(b.folders, "home/somebody/projects/number"+strconv.Itoa(i/inFolder))
		}
		b.known[b.folders[i/inFolder]+"/"+b.names[i]] = int32(i)
	}
	for i := range b.snapshots {
		b.snapshots[i].files = make([]*file, files)
	}
	return b
}

// read is the content of file NUMBER: each version differs from all others in one place.
func (b *backup) read(number int) []byte {
	mixed := uint64(number) * 0x9E3779B97F4A7C15
	size := 2000 + int(mixed>>40%(most-2000))
	data := b.buffer[:size]
	if !b.noBuffers {
		data = newBuffer(size)
	}
	copy(data, b.pool[mixed>>20%(1<<20-most):])
	version := uint64(b.versions[number])
	at := (mixed>>32 + version*7919) % uint64(size-8)
	binary.LittleEndian.PutUint64(data[at:], version*mixed|1)
	return data
}

// cut is where the first piece of DATA ends.
func (b *backup) cut(data []byte) int {
	sum := uint64(0)
	for i, c := range data {
		sum = sum<<1 + b.gear[c]
		if sum>>53 == 0 && i >= shortest {
			return i + 1
		}
	}
	return len(data)
}

// keep puts a piece into the pack, if it is not known.
func (b *backup) keep(piece []byte) id {
	name := id{xxhash.Sum64(piece), run.Hash(uint64(len(piece)), piece[:16])}
	e := b.index[name]
	if e == nil {
		offset := len(b.pack)
		size, err := b.compressor.CompressBlock(piece, b.pack[offset:cap(b.pack)])
		if err != nil {
			panic(err)
		}
		b.pack = b.pack[:offset+size]
		e = &entry{b.packs, int32(offset), int32(size), 0}
		b.index[name] = e
	}
	e.refs++
	return name
}

// forget gives up what one file's snapshot holds.
func (b *backup) forget(pieces []id) {
	for _, name := range pieces {
		e := b.index[name]
		if e.refs--; e.refs == 0 {
			delete(b.index, name)
		}
	}
}

func (b *backup) piecesOf(number int) []id {
	if b.inPack++; b.inPack%packFiles == 0 {
		b.packs++
		b.pack = b.pack[:0]
		if !b.noCompressors {
			b.compressor = newCompressor()
		}
	}
	found := b.growing[:0]
	for data := b.read(number); len(data) >= 16; {
		end := b.cut(data)
		found = append(found, b.keep(data[:end]))
		data = data[end:]
	}
	b.growing = found
	pieces := newPieces(len(found))
	copy(pieces, found)
	return pieces
}

// find is the number of a file by its path.
func (b *backup) find(folder, name string) int {
	if !b.noPaths {
		return int(b.known[pathOf(folder, name)])
	}
	b.path = append(append(append(b.path[:0], folder...), '/'), name...)
	return int(b.known[string(b.path)])
}

// visit is one file of a snapshot; OLD is what the snapshot had in its place that is forgotten now.
func (b *backup) visit(number int, before, old *file) *file {
	f := old
	if old != nil {
		b.forget(old.pieces)
	}
	if !b.noFiles || old == nil {
		f = newFile()
	}
	*f = file{name: b.names[number]}
	if b.noAttributes {
		f.attributes = &f.own
	} else {
		f.attributes = newAttributes()
	}
	if before == nil || b.random.Next()>>30%changed == 0 {
		b.versions[number]++
		f.pieces = b.piecesOf(number)
	} else {
		f.pieces = before.pieces
		for _, name := range f.pieces {
			b.index[name].refs++
		}
	}
	f.version = b.versions[number]
	*f.attributes = attributes{owner: 1000, mode: 0o644, links: 1, changed: int64(f.version), node: uint64(number)}
	return f
}

func (b *backup) take() (sum uint64) {
	now, before := &b.snapshots[b.number%retained], &b.snapshots[(b.number+retained-1)%retained]
	for i := range now.files {
		number := b.find(b.folders[i/inFolder], b.names[i])
		now.files[number] = b.visit(number, before.files[number], now.files[number])
		f := now.files[number]
		sum = sum*31 + f.pieces[0][0] + uint64(f.attributes.changed) + f.attributes.node
	}
	b.number++
	return sum + uint64(len(b.index)) + uint64(b.packs)
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		b := newBackup(w)
		for i := 0; i < run.Scaled(60); i++ {
			sum = sum*31 + b.take()
		}
		return sum
	}))
}
