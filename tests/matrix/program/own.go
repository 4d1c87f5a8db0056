//go:build own

package main

import (
	"fmt"
	"runtime"
	"strings"
)

// Every object is in the program's own heap profile, and must be so with escprof's agent in it too.
func init() {
	runtime.MemProfileRate = 1
	own = objectsOf
}

// objectsOf counts what FUNCTION has allocated, and what of it is freed, by the heap profile as of two cycles ago.
func objectsOf(function string) (objects, freed int64) {
	records := make([]runtime.MemProfileRecord, 10000)
	count, ok := runtime.MemProfile(records, true)
	if !ok {
		panic(fmt.Sprint(count, " records"))
	}
	for i := range records[:count] {
		if strings.HasSuffix(owner(records[i].Stack()), "."+function) {
			objects += records[i].AllocObjects
			freed += records[i].FreeObjects
		}
	}
	return objects, freed
}

// owner is the innermost function that is not the runtime's; "" when the runtime has allocated of its own, as an
// allocation that sets off a GC has it do: mallocgc stands there once more.
func owner(stack []uintptr) string {
	frames := runtime.CallersFrames(stack)
	name, outside := "", false
	for more := true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		isMalloc := strings.HasPrefix(frame.Function, "runtime.mallocgc")
		if isMalloc && outside {
			return ""
		}
		outside = !isMalloc
		if name == "" && !strings.HasPrefix(frame.Function, "runtime.") {
			name = frame.Function
		}
	}
	return name
}
