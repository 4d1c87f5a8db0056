// What a build's verdicts must hold in full: colliding file names, generics, //line, replaced modules, tags, cgo.
// With a file name as its argument it writes a CPU profile there.
package main

import (
	"fmt"
	"os"
	"runtime/pprof"

	"escprof.test/other"
	"escprof.test/verdicts/a"
	"escprof.test/verdicts/b"
	"escprof.test/verdicts/cgopart"
	"escprof.test/verdicts/generic"
)

type shape interface{ area() float64 }

type square struct{ side float64 }

func (s square) area() float64 { return s.side * s.side }

func shapes(n int) (list []shape) {
	for i := 0; i < n; i++ {
		list = append(list, square{float64(i)})
	}
	return list
}

func main() {
	if len(os.Args) > 1 {
		file, err := os.Create(os.Args[1])
		if err != nil {
			panic(err)
		}
		pprof.StartCPUProfile(file)
		defer pprof.StopCPUProfile()
	}
	var list *generic.List[int]
	total := 0.0
	for i := 0; i < 300000; i++ {
		list = list.Push(i)
		for _, s := range shapes(i % 50) {
			total += s.area()
		}
	}
	words := generic.Map([]int{1, 2}, func(n int) string { return fmt.Sprint(n) })
	fmt.Println(total, words, generic.Copy(words), a.New().Next.Add(2), a.Count()(), b.New(3).Name, tagged(4),
		fromTemplate(5), *fromElsewhere(6), back("seven"), len(other.Grow(nil, 8)), cgopart.New(9) != nil)
}
