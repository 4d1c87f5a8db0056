// A process with many metrics that is scraped again and again: the text format of prometheus/common, before and after
// it was written without fmt.
package main

import (
	"fmt"
	"strconv"

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

func main() {
	run.Start()
	all := registry()
	run.End(run.Work(func(int) uint64 {
		var out run.Hashed
		for scrape := 0; scrape < run.Scaled(150); scrape++ {
			for at, family := range all {
				for request := 0; request < 60; request++ {
					out.Sum += uint64(len(observe(at + request)["path"]))
				}
				if _, err := expfmt.MetricFamilyToText(&out, family); err != nil {
					panic(err)
				}
			}
		}
		return out.Sum
	}))
}
