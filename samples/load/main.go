// Command load keeps thousands of connections to a service on this machine busy, for a bounded time, and prints the
// rate of answers.
package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxConnections = 10_000
	maxDuration    = 10 * time.Minute
	answerTimeout  = 30 * time.Second
)

// everyRoute has the histogram, whose every answer takes 64 KiB, less often than the rest.
const everyRoute = "/errors,/struct,/make?n=256,/closure,/point,/slice,/errors,/struct,/make?n=256,/closure,/point"

type tally struct {
	answers, failures atomic.Int64
}

func main() {
	base := flag.String("url", "", "the service's address, on loopback: http://127.0.0.1:PORT")
	paths := flag.String("paths", everyRoute, "what to ask for, in turn")
	connections := flag.Int("connections", 2000, "how many connections, with a goroutine each")
	duration := flag.Duration("duration", 10*time.Second, "for how long")
	flag.Parse()
	if err := check(*base, *connections, *duration); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(2)
	}
	var count tally
	start := time.Now()
	run(*base, strings.Split(*paths, ","), *connections, start.Add(*duration), &count)
	elapsed := time.Since(start).Seconds()
	answers := count.answers.Load()
	fmt.Printf("%d requests in %.1f s: %.0f requests/s over %d connections, %d failed\n",
		answers, elapsed, float64(answers)/elapsed, *connections, count.failures.Load())
	if answers == 0 {
		os.Exit(1)
	}
}

// check refuses any address that is not this machine's own, and loads without bounds.
func check(base string, connections int, duration time.Duration) error {
	address, err := url.Parse(base)
	if err != nil {
		return err
	}
	ip := net.ParseIP(address.Hostname())
	if ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("%q is not on loopback: give http://127.0.0.1:PORT", base)
	}
	if connections < 1 || connections > maxConnections {
		return fmt.Errorf("%d connections: choose 1 to %d", connections, maxConnections)
	}
	if duration <= 0 || duration > maxDuration {
		return fmt.Errorf("a duration of %s: choose up to %s", duration, maxDuration)
	}
	return nil
}

func run(base string, paths []string, connections int, end time.Time, count *tally) {
	client := &http.Client{
		Timeout: answerTimeout,
		Transport: &http.Transport{
			MaxIdleConns:        connections,
			MaxIdleConnsPerHost: connections,
			DisableCompression:  true,
		},
	}
	var workers sync.WaitGroup
	for i := 0; i < connections; i++ {
		workers.Add(1)
		go func(turn int) {
			defer workers.Done()
			for ; time.Now().Before(end); turn++ {
				count.ask(client, base+paths[turn%len(paths)])
			}
		}(i)
	}
	workers.Wait()
}

// ask makes one request and reads its answer to the end, so that the connection is used again.
func (t *tally) ask(client *http.Client, address string) {
	answer, err := client.Get(address)
	if err != nil {
		t.failures.Add(1)
		time.Sleep(10 * time.Millisecond) // a service that is gone should not be hammered
		return
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		t.failures.Add(1)
		return
	}
	t.answers.Add(1)
}
