// A program for the tests of `escprof top`: one of its sites costs the GC by far the most, another allocates many small
// objects, a third few bytes that live on. Runs for as many seconds as said (for ever without), at about a quarter of a
// CPU, and says "ready" and, at SIGTERM, "ended".
package main

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

type tree struct {
	left, right *tree
	name        [4]*int
}

var (
	forest [512]*tree
	small  *int
	kept   []*[16]byte
)

// Nearly all of what the GC marks.
//
//go:noinline
func plantTree(depth int) *tree {
	if depth == 0 {
		return nil
	}
	return &tree{left: plantTree(depth - 1), right: plantTree(depth - 1)}
}

//go:noinline
func countSmall(n int) {
	for i := 0; i < n; i++ {
		small = new(int)
	}
}

//go:noinline
func keepLittle(i int) {
	if len(kept) < 1000 {
		kept = append(kept, new([16]byte))
	}
	kept[i%len(kept)] = new([16]byte)
}

func main() {
	seconds := 1 << 30
	if len(os.Args) > 1 {
		seconds, _ = strconv.Atoi(os.Args[1])
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	fmt.Println("ready")
	end := time.After(time.Duration(seconds) * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	for i := 0; ; i++ {
		select {
		case <-ended:
			fmt.Println("ended")
			os.Exit(3)
		case <-end:
			return
		case <-tick.C:
		}
		for j := 0; j < 4; j++ {
			forest[(4*i+j)%len(forest)] = plantTree(9)
		}
		countSmall(8000)
		keepLittle(i)
	}
}
