// Makes a larger trace of one: repeat TRACE TIMES >LARGER. Each frame's deltas begin anew, so that a frame may stand
// more than once.
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
)

const header, frameHeader = 16, 16

func main() {
	trace, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	times, _ := strconv.Atoi(os.Args[2])
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	out.Write(trace[:header])
	for at := header; at < len(trace); {
		size := frameHeader + int(binary.LittleEndian.Uint32(trace[at+4:]))
		for range times {
			out.Write(trace[at : at+size])
		}
		at += size
	}
}
