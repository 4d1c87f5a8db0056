// Command web is an HTTP service and its clients in one process: net/http, encoding/json, a goroutine a connection, the
// standard library's own pools and timers. A fixed number of requests.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

const clients = 8

type order struct {
	Customer string
	Items    []string
	Prices   map[string]float64
}

var kept [256]atomic.Pointer[order]

func serve(w http.ResponseWriter, r *http.Request) {
	var o order
	if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	total := 0.0
	for _, item := range o.Items {
		total += o.Prices[item]
	}
	kept[len(o.Customer)%len(kept)].Store(&o)
	extra(len(o.Items))
	json.NewEncoder(w).Encode(map[string]any{"customer": o.Customer, "total": total, "items": len(o.Items)})
}

func body(id int) string {
	var items, prices []string
	for i := 0; i < 8; i++ {
		name := fmt.Sprintf("\"item-%d\"", (id+i)%50)
		items = append(items, name)
		prices = append(prices, fmt.Sprintf("%s: %d.5", name, i))
	}
	return fmt.Sprintf(`{"Customer": "customer %d", "Items": [%s], "Prices": {%s}}`, id, strings.Join(items, ","),
		strings.Join(prices, ","))
}

var extras [64]atomic.Pointer[byte]

func extra(n int) {
	// EXTRA: extras[n%len(extras)].Store(&make([]byte, 96)[n])
}

func client(url string, requests int, failed *atomic.Int64) {
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
	for i := 0; i < requests; i++ {
		response, err := c.Post(url, "application/json", strings.NewReader(body(i)))
		if err != nil {
			failed.Add(1)
			continue
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
}

func main() {
	requests := 4000
	if len(os.Args) > 1 {
		requests, _ = strconv.Atoi(os.Args[1])
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go http.Serve(listener, http.HandlerFunc(serve))
	var waiting sync.WaitGroup
	var failed atomic.Int64
	for i := 0; i < clients; i++ {
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			client("http://"+listener.Addr().String(), requests/clients, &failed)
		}()
	}
	waiting.Wait()
	if n := failed.Load(); n > 0 {
		fmt.Fprintln(os.Stderr, n, "requests failed")
		os.Exit(1)
	}
}
