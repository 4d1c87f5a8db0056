// A program to attach to: goroutines that allocate and check what they work out, and one that waits for the end of the
// standard input. Prints "fine" when all was right.
package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

type node struct {
	next  *node
	value int
}

var wrong, rounds atomic.Int64

//go:noinline
func sum(seed int) int {
	var head *node
	for i := 0; i < 50; i++ {
		head = &node{head, seed + i}
	}
	total := 0
	for ; head != nil; head = head.next {
		total += head.value
	}
	return total
}

func work() {
	for i := 0; ; i++ {
		if sum(i) != 50*i+1225 {
			wrong.Add(1)
		}
		if rounds.Add(1)%100 == 0 {
			time.Sleep(50 * time.Microsecond)
		}
	}
}

func main() {
	for i := 0; i < 3; i++ {
		go work()
	}
	for i := 0; i < 200; i++ {
		go func() { select {} }()
	}
	for rounds.Load() < 100 {
		time.Sleep(time.Millisecond)
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	before := rounds.Load()
	for rounds.Load() == before {
		time.Sleep(time.Millisecond)
	}
	if wrong.Load() != 0 {
		fmt.Println("wrong", wrong.Load())
		os.Exit(1)
	}
	fmt.Println("fine")
}
