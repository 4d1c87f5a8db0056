// Calls of Go and C, each from the other, by random codes (tree.h), which all end in a malloc. Prints a line for each:
// the functions that must stand in its stack, innermost first, parted by ';'. Which they are is in the code; Go's have
// the lines that runtime.Callers tells, and are the ones that it tells, or the program says so and fails.
// usage: mixed SEED COUNT [wait]	with the last word, a line is waited for
package main

/*
#cgo CFLAGS: -O2 -g
#include "tree.h"
*/
import "C"

import (
	"bufio"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
)

const (
	workers   = 8
	threads   = 4
	callBits  = 57 // of a code; above them stands the worker's number
	callsMost = 19
)

// The Go frames of each worker when it last called C, innermost first.
var goFrames [workers + threads][]string

// toC notes the frames of go…, as "main.goA:40"; the call of C stands in the line behind that of toC.
func toC(code uint64) {
	var pcs [512]uintptr
	var names []string
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		if !strings.HasPrefix(f.Function, "main.go") || f.Function == "main.goBack" {
			continue
		}
		if len(names) == 0 {
			f.Line++
		}
		names = append(names, f.Function+":"+strconv.Itoa(f.Line))
	}
	goFrames[code>>callBits] = names
}

// next takes the first call off, and leaves the worker's number where it is.
func next(code uint64) uint64 {
	const calls = uint64(1)<<callBits - 1
	return code&^calls | code&calls>>3
}

func isGo(code uint64) bool { return code&7 >= 1 && code&7 <= 3 }

//go:noinline
func goA(code uint64) {
	if isGo(code) {
		call(code)
		return
	}
	toC(code)
	C.c_call(C.uint64_t(code))
}

//go:noinline
func goB(code uint64) {
	var room [3000]byte
	room[code%3000] = 1
	if isGo(code) {
		call(code)
	} else {
		toC(code)
		C.c_call(C.uint64_t(code))
	}
	runtime.KeepAlive(&room)
}

func goI(code uint64) { call(code) }

//go:noinline
func call(code uint64) {
	switch code & 7 {
	case 1:
		goA(next(code))
	case 2:
		goB(next(code))
	case 3:
		goI(next(code))
	default:
		goA(code)
	}
}

//export goBack
func goBack(code C.uint64_t) { call(uint64(code)) }

// path says which functions a code calls, outermost first, from Go or from C.
func path(code uint64, inGo bool) []string {
	var names []string
	c := map[uint64]string{4: "c_a", 5: "c_b", 6: "c_i"}
	for {
		op := code & 7
		switch {
		case isGo(code):
			names = append(names, []string{1: "main.goA", 2: "main.goB", 3: "main.goI"}[op])
			code = next(code)
			if inGo = isGo(code) || op == 3; !inGo {
				continue
			}
		case inGo: // call has nothing but goA to go to C by
			names = append(names, "main.goA")
			inGo = false
		case op == 0:
			return append(names, "c_leaf")
		default:
			if c[op] != "" {
				names = append(names, c[op])
			}
			code = next(code)
		}
	}
}

// expected is the line for a code that has been run: ROOT, if any, is the outermost function.
func expected(code uint64, inGo bool, root string) string {
	names, lined := path(code, inGo), goFrames[code>>callBits]
	if root != "" {
		names = append([]string{root}, names...)
	}
	var out []string
	for i := len(names) - 1; i >= 0; i-- {
		name := names[i]
		if strings.HasPrefix(name, "main.") {
			if len(lined) == 0 || !strings.HasPrefix(lined[0], name+":") {
				fmt.Println("runtime.Callers says otherwise:", names, goFrames[code>>callBits])
				os.Exit(1)
			}
			name, lined = lined[0], lined[1:]
		}
		out = append(out, name)
	}
	if len(lined) > 0 {
		fmt.Println("runtime.Callers knows more:", names, lined)
		os.Exit(1)
	}
	return strings.Join(out, ";")
}

// codes are of the worker with that NUMBER.
func codes(random *rand.Rand, number, count int) []uint64 {
	made := make([]uint64, count)
	for i := range made {
		made[i] = uint64(number) << callBits
		for k := random.Intn(callsMost); k >= 0; k-- {
			made[i] |= uint64(1+random.Intn(7)) << (3 * uint(k))
		}
	}
	return made
}

// work runs a worker's codes, called from Go.
func work(made []uint64, said *[]string) {
	for _, code := range made {
		goFrames[code>>callBits] = nil
		call(code)
		*said = append(*said, expected(code, true, ""))
	}
}

// workInThreads runs codes, of each worker one at a time, in threads that C begins.
func workInThreads(made [][]uint64, said *[]string) {
	for i := range made[0] {
		var batch [threads]C.uint64_t
		for k := range made {
			batch[k] = C.uint64_t(made[k][i])
			goFrames[made[k][i]>>callBits] = nil
		}
		C.c_threads(&batch[0], threads)
		for _, code := range batch {
			*said = append(*said, expected(uint64(code), false, "c_thread"))
		}
	}
}

func main() {
	var group sync.WaitGroup
	var said [workers + 1][]string
	var inThreads [][]uint64
	seed, _ := strconv.ParseInt(os.Args[1], 10, 64)
	count, _ := strconv.Atoi(os.Args[2])
	if len(os.Args) > 3 {
		bufio.NewReader(os.Stdin).ReadString('\n')
	}
	random := rand.New(rand.NewSource(seed))
	for k := 0; k < threads; k++ {
		inThreads = append(inThreads, codes(random, workers+k, count/10))
	}
	for w := 0; w < workers; w++ {
		made, said := codes(random, w, count), &said[w]
		group.Add(1)
		go func() {
			defer group.Done()
			work(made, said)
		}()
	}
	workInThreads(inThreads, &said[workers])
	group.Wait()
	if freed := C.c_free_all(); int(freed) != workers*count+threads*(count/10) {
		fmt.Println("allocated", freed)
		os.Exit(1)
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, lines := range said {
		for _, line := range lines {
			fmt.Fprintln(out, line)
		}
	}
}
