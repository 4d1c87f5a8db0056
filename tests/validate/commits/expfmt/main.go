// A process with many metrics that is scraped again and again: the text format of prometheus/common, before and after
// it was written without fmt.
package main

import (
	"fmt"
	"strconv"
	"sync"

	"escprof.test/validate/run"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

const families, series = 300, 60

func pointer[T any](value T) *T { return &value }

// registry makes the metrics, which live on.
func registry() []*dto.MetricFamily {
	all := make([]*dto.MetricFamily, families)
	for i := range all {
		family := &dto.MetricFamily{Name: pointer(fmt.Sprintf("requests_%d_total", i)),
			Help: pointer("How many requests were answered."), Type: pointer(dto.MetricType_COUNTER)}
		for k := 0; k < series; k++ {
			family.Metric = append(family.Metric, &dto.Metric{
				Label: []*dto.LabelPair{{Name: pointer("path"), Value: pointer(fmt.Sprintf("/api/v1/%d", k))},
					{Name: pointer("method"), Value: pointer("GET")}, {Name: pointer("code"), Value: pointer("200")}},
				Counter: &dto.Counter{Value: pointer(float64(i * k))}})
		}
		all[i] = family
	}
	return all
}

// observe is a request that is counted by its labels.
//
//go:noinline
func observe(request int) map[string]string {
	return map[string]string{"path": "/api/v1/" + strconv.Itoa(request%series), "method": "GET", "code": "200"}
}

// hashed is a writer that remembers what was written by its hash.
type hashed struct{ sum uint64 }

func (h *hashed) Write(text []byte) (int, error) {
	h.sum = run.Hash(h.sum, text)
	return len(text), nil
}

func main() {
	run.Start()
	all := registry()
	sums := make([]hashed, 2)
	var wait sync.WaitGroup
	for w := range sums {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for scrape := 0; scrape < run.Scaled(150); scrape++ {
				for at, family := range all {
					for request := 0; request < 60; request++ {
						sums[w].sum += uint64(len(observe(at + request)["path"]))
					}
					if _, err := expfmt.MetricFamilyToText(&sums[w], family); err != nil {
						panic(err)
					}
				}
			}
		}()
	}
	wait.Wait()
	run.End(sums[0].sum*31 + sums[1].sum)
}
