// Allocation-heavy work as services do it: two goroutines read JSON into maps, change them, write them again, and keep
// the last of them.
// BENCH_PROFILE_RATE, when set, is Go's own heap profile at that rate.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
)

func document(n int) []byte {
	var items []string
	for i := 0; i < n; i++ {
		items = append(items, fmt.Sprintf(`{"id":%d,"name":"item %d","tags":["a%d","b"],"price":{"value":%d.5,"unit":"EUR"}}`, i, i, i, i*3))
	}
	return []byte(`{"items":[` + strings.Join(items, ",") + `]}`)
}

const kept = 200 // documents a worker keeps: some 15 MB

func work(body []byte, keep *map[string]any) (written int) {
	var value map[string]any
	if err := json.Unmarshal(body, &value); err != nil {
		panic(err)
	}
	for _, item := range value["items"].([]any) {
		item.(map[string]any)["seen"] = true
	}
	out, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	*keep = value
	return len(out)
}

func main() {
	if rate, err := strconv.Atoi(os.Getenv("BENCH_PROFILE_RATE")); err == nil {
		runtime.MemProfileRate = rate
	}
	rounds, _ := strconv.Atoi(os.Args[1])
	body := document(50)
	sums := make([]int, 2)
	var wait sync.WaitGroup
	for worker := range sums {
		wait.Add(1)
		go func() {
			defer wait.Done()
			var cache [kept]map[string]any
			for i := 0; i < rounds; i++ {
				sums[worker] += work(body, &cache[i%kept])
			}
		}()
	}
	wait.Wait()
	fmt.Println(sums)
	if os.Getenv("BENCH_PROFILE_RATE") != "" {
		n, _ := runtime.MemProfile(nil, true) // keeps the profile linked in
		fmt.Fprintln(os.Stderr, n)
	}
}
