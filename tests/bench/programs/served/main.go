// An HTTP server and its clients in one process: a fixed number of JSON requests over loopback, 200 at a time, or with
// "windows" instead of the number as many as there is time for (windows.go). BENCH_PROFILE_RATE, when set, is Go's own
// heap profile at that rate.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

type order struct {
	ID    int               `json:"id"`
	Items []string          `json:"items"`
	Tags  map[string]string `json:"tags"`
}

func handle(w http.ResponseWriter, r *http.Request) {
	var o order
	if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for i := range o.Items {
		o.Items[i] = fmt.Sprintf("%s-%d", o.Items[i], o.ID)
	}
	json.NewEncoder(w).Encode(map[string]any{"order": o, "count": len(o.Items)})
}

func main() {
	if rate, err := strconv.Atoi(os.Getenv("BENCH_PROFILE_RATE")); err == nil {
		runtime.MemProfileRate = rate
	}
	requests, _ := strconv.ParseInt(os.Args[1], 10, 64)
	if os.Args[1] == "windows" {
		requests = math.MaxInt64 / 2
		go answerWindows(os.Stdin)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, http.HandlerFunc(handle))
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 200}}
	body, _ := json.Marshal(order{7, []string{"apple", "pear", "plum"}, map[string]string{"a": "b", "c": "d"}})
	var done, total atomic.Int64
	var wait sync.WaitGroup
	for i := 0; i < 200; i++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for done.Add(1) <= requests {
				began := time.Now()
				response, err := client.Post("http://"+listener.Addr().String(), "application/json", bytes.NewReader(body))
				if err != nil {
					panic(err)
				}
				n, _ := io.Copy(io.Discard, response.Body)
				response.Body.Close()
				total.Add(n)
				window.add(time.Since(began))
			}
		}()
	}
	wait.Wait()
	fmt.Println(total.Load())
	if os.Getenv("BENCH_PROFILE_RATE") != "" {
		n, _ := runtime.MemProfile(nil, true) // keeps the profile linked in
		fmt.Fprintln(os.Stderr, n)
	}
}
