package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

const latencySteps = 2000 // of 1 %, from 1 µs on

// What happens between two lines on standard input: requests, the process's CPU, and how long requests took.
type windowCounts struct {
	requests  atomic.Int64
	latencies [latencySteps]atomic.Int64
}

var window windowCounts

func (w *windowCounts) add(took time.Duration) {
	w.requests.Add(1)
	step := int(math.Log(max(1, float64(took.Microseconds()))) / math.Log(1.01))
	w.latencies[min(step, latencySteps-1)].Add(1)
}

// quantile is how many microseconds the share Q of the requests took at most.
func (w *windowCounts) quantile(q float64) float64 {
	rest := int64(q * float64(w.requests.Load()))
	for i := range w.latencies {
		if rest -= w.latencies[i].Load(); rest < 0 {
			return math.Pow(1.01, float64(i+1))
		}
	}
	return math.Inf(1)
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

// answerWindows begins a window at each line "begin" and prints what was in it at each line "end". The process ends
// with its standard input.
func answerWindows(lines io.Reader) {
	var began time.Time
	var cpu float64
	for scanner := bufio.NewScanner(lines); scanner.Scan(); {
		if scanner.Text() == "begin" {
			window.requests.Store(0)
			for i := range window.latencies {
				window.latencies[i].Store(0)
			}
			began, cpu = time.Now(), cpuSeconds()
			continue
		}
		fmt.Printf("%d %.6f %.6f %.0f\n", window.requests.Load(), cpuSeconds()-cpu, time.Since(began).Seconds(), window.quantile(0.99))
	}
	os.Exit(0)
}
