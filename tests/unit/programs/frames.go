// Prints the address of main.main, then what runtime.CallersFrames says of PCs of this whole program: for each PC a
// line "= HEX", then a line "FUNCTION\tFILE\tLINE\tSTART LINE" a frame, innermost first. Built for tests of what
// escprof reads from the function table.
package main

import (
	"bufio"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"sort"
	"strings"
)

const step = 16 // functions begin at multiples of it

// A chain of three, generic code, a method behind an interface (a wrapper) and a closure: kinds of frames.
type shape interface{ area() int }
type square struct{ side int }
type framed struct{ *square }

func (s *square) area() int { return double(s.side) * s.side / 2 }

func double(n int) int { return twice(n) }

func twice(n int) int { return n + n }

func largest[T int | float64 | string](values ...T) T {
	sort.Slice(values, func(i, j int) bool { return values[i] > values[j] })
	return values[0]
}

func use() string {
	shapes := []shape{&square{2}, framed{&square{3}}}
	return strings.Repeat("x", shapes[len(os.Args)%2].area()) + largest("a", "b") +
		fmt.Sprint(largest(1, 2), largest(1.5, 2))
}

// bounds walks both ways from a PC to the ends of what the runtime knows.
func bounds(pc uintptr) (low, high uintptr) {
	known := func(pc uintptr) bool { return runtime.FuncForPC(pc) != nil }
	pc -= pc % step
	for low = pc; known(low - step); low -= step {
	}
	for high = pc; known(high); high += step {
	}
	return low, high
}

func print(out *bufio.Writer, pc uintptr) {
	if function := runtime.FuncForPC(pc + 1); function == nil || function.Entry() == pc+1 {
		return // no call returns there: CallersFrames would take it for the next function's
	}
	fmt.Fprintf(out, "= %x\n", pc)
	// What lies behind the last PC lets it expand that one's inlined calls.
	frames := runtime.CallersFrames([]uintptr{pc + 1, 1})
	for {
		frame, more := frames.Next()
		start := reflect.ValueOf(frame).FieldByName("startLine").Int()
		fmt.Fprintf(out, "%s\t%s\t%d\t%d\n", frame.Function, frame.File, frame.Line, start)
		if !more {
			break
		}
	}
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	if use() == "" {
		return
	}
	fmt.Fprintf(out, "%x\n", reflect.ValueOf(main).Pointer())
	low, high := bounds(reflect.ValueOf(main).Pointer())
	for pc := low; pc < high; pc += step {
		if runtime.FuncForPC(pc).Entry() == pc {
			print(out, pc)
		}
		print(out, pc+1+pc/step*7%(step-1))
	}
}
