// A target for the tests of `escprof run`: allocates, and does what its arguments say.
package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

type node struct {
	next *node
	pad  [6]int
}

var sink [64]*node

//go:noinline
func allocate(n int) {
	for i := 0; i < n; i++ {
		sink[i%len(sink)] = &node{next: sink[(i+1)%len(sink)]}
		sink[i%len(sink)].next = nil
	}
}

func main() {
	arguments := os.Args[1:]
	allocate(100000)
	for len(arguments) > 0 {
		switch arguments[0] {
		case "exit":
			code, _ := strconv.Atoi(arguments[1])
			os.Exit(code)
		case "kill-self":
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		case "panic":
			panic("as asked")
		case "segv":
			*(*int)(nil) = 1
		case "cat":
			in := bufio.NewScanner(os.Stdin)
			for in.Scan() {
				fmt.Println(in.Text())
			}
			fmt.Fprintln(os.Stderr, "to stderr")
		case "wait-term":
			c := make(chan os.Signal, 4)
			signal.Notify(c, syscall.SIGTERM, syscall.SIGINT, syscall.SIGUSR1)
			fmt.Println("ready")
			fmt.Println("got", <-c)
		case "serve": // a line every 10 ms of allocation, for as many seconds as said
			seconds, _ := strconv.Atoi(arguments[1])
			end := time.Now().Add(time.Duration(seconds) * time.Second)
			for i := 0; time.Now().Before(end); i++ {
				allocate(2000)
				fmt.Println("alive", i)
				time.Sleep(10 * time.Millisecond)
			}
		case "children":
			out, err := exec.Command("env").CombinedOutput()
			fmt.Printf("%s%v\n", out, err)
		case "total":
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			fmt.Println("total", m.TotalAlloc, m.Mallocs)
		}
		arguments = arguments[1:]
	}
}
