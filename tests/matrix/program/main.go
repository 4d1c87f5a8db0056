// The program of make matrix: it allocates known numbers of objects at known sites, and writes down what it knows of that
// and of the GC, for tests/cli/programs/reader to hold against a trace. It does what the lines of its standard input say:
//
//	warm             allocate at the same sites, so that who attaches later has something to miss
//	work             allocate the known numbers, drop them, have the GC find them dead; what is known is written down
//	profile SECONDS FILE  allocate for so long under a CPU profile
//
// and answers each with what it worked out, which is the same in every run. What is known goes to the file that
// MATRIX_KNOWN names.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"
)

// warm uses every site some times, and waits until the GC has found all of it dead.
func warm() {
	for i := range sites {
		for k := 0; k < sites[i].times/10+1; k++ {
			sites[i].allocate(0, k)
		}
	}
	drop()
	for i := 0; i < 3; i++ {
		runtime.GC()
	}
}

// profile gives PGO something real to go by.
func profile(seconds, path string) error {
	length, err := strconv.ParseFloat(seconds, 64)
	if err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := pprof.StartCPUProfile(file); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	for end := time.Now().Add(time.Duration(length * float64(time.Second))); time.Now().Before(end); {
		allocateAll()
	}
	return nil
}

func serve(in io.Reader, out io.Writer) error {
	prepare()
	if err := openPlugin(); err != nil {
		return err
	}
	fmt.Fprintln(out, "ready")
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		result, err := 0, error(nil)
		switch words[0] {
		case "warm":
			warm()
		case "work":
			result, err = work(os.Getenv("MATRIX_KNOWN"))
		case "profile":
			err = profile(words[1], words[2])
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(out, words[0], result)
	}
	fmt.Fprintln(out, "fine", runtime.Version())
	return lines.Err()
}

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
