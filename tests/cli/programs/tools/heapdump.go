package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
)

// lump is the only thing here of the size class of 27,264 bytes.
type lump [27000]byte

var lumps [100]*lump

func heapDump(path string) {
	for i := range lumps {
		lumps[i] = new(lump)
	}
	for i := 0; i < 20; i++ {
		go parked()
	}
	runtime.MemProfile(nil, false) // a program that never reads its heap profile has none, but under escprof
	runtime.GC()
	file, err := os.Create(path)
	fail(err)
	debug.WriteHeapDump(file.Fd())
	fail(file.Close())
}

// dumpReader reads the format that go.dev/wiki/heapdump15-through-heapdump17 tells of.
type dumpReader struct {
	*bufio.Reader
}

func (r dumpReader) number() uint64 {
	n, err := binary.ReadUvarint(r)
	fail(err)
	return n
}

func (r dumpReader) numbers(n int) {
	for i := 0; i < n; i++ {
		r.number()
	}
}

func (r dumpReader) text() string {
	bytes := make([]byte, r.number())
	_, err := io.ReadFull(r, bytes)
	fail(err)
	return string(bytes)
}

func (r dumpReader) fields() {
	for r.number() != 0 {
		r.number()
	}
}

// record reads what follows TAG, and returns the name or size by which it is counted, if it is.
func (r dumpReader) record(tag uint64) string {
	switch tag {
	case 1: // an object
		r.number()
		size := len(r.text())
		r.fields()
		return fmt.Sprint("object ", size)
	case 2: // a root
		r.text()
		r.number()
	case 3: // a type
		r.numbers(2)
		r.text()
		r.number()
	case 4: // a goroutine
		r.numbers(8)
		r.text()
		r.numbers(4)
		return "goroutine"
	case 5: // a frame
		r.numbers(3)
		r.text()
		r.numbers(3)
		name := r.text()
		r.fields()
		return "frame " + name
	case 6: // the machine
		r.numbers(4)
		r.text()
		r.text()
		r.number()
	case 7, 11: // a finalizer
		r.numbers(5)
	case 8: // an itab
		r.numbers(2)
	case 9: // a thread
		r.numbers(3)
	case 10: // memstats: 24 numbers, 256 pauses, the number of GCs
		r.numbers(24 + 256 + 1)
	case 12, 13: // data and bss
		r.number()
		r.text()
		r.fields()
	case 14: // a defer
		r.numbers(7)
	case 15: // a panic
		r.numbers(6)
	case 16: // a site of the heap profile
		r.numbers(2)
		for n := r.number(); n > 0; n-- {
			r.text()
			r.text()
			r.number()
		}
		r.numbers(2)
		return "site"
	case 17: // an object of it
		r.numbers(2)
		return "sample"
	default:
		fmt.Println("no such record:", tag)
		os.Exit(7)
	}
	return ""
}

// readHeapDump prints what a dump holds of what the program knows of.
func readHeapDump(path string) {
	file, err := os.Open(path)
	fail(err)
	r := dumpReader{bufio.NewReader(file)}
	header := make([]byte, len("go1.7 heap dump\n"))
	_, err = io.ReadFull(r, header)
	fail(err)
	fmt.Printf("%s", header)
	found := map[string]int{}
	for tag := r.number(); tag != 0; tag = r.number() {
		found[r.record(tag)]++
	}
	_, err = r.ReadByte()
	fmt.Println("at the end:", err)
	fmt.Println("lumps", found["object 27264"], "parked", found["frame main.parked"], "heap dumpers", found["frame main.heapDump"])
	fmt.Println("sites", found["site"] > 0)
}
