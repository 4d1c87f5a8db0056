// A service that counts its requests: Prometheus' counters and histograms are found by their labels, before and after that
// took no memory where labels have no constraints.
package main

import (
	"fmt"

	"escprof.test/validate/run"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

const users, routes = 60000, 40

var methods, codes = []string{"GET", "POST", "PUT"}, []string{"200", "404", "500"}

// user is what the service keeps in memory of each.
type user struct {
	name, mail string
	groups     []string
}

func sign(number uint64) *user {
	return &user{name: fmt.Sprintf("user-%d", number), mail: fmt.Sprintf("user-%d@example.org", number),
		groups: []string{"readers", "writers"}}
}

// page is the reply to a request.
//
//go:noinline
func page(of *user, path string) []byte {
	return fmt.Appendf(make([]byte, 0, 160), "<h1>%s</h1><a href=%q>%s</a><p>%d groups", of.name, path, of.mail, len(of.groups))
}

// counted sums what the metrics came to.
func counted(metrics prometheus.Collector) (sum float64) {
	all := make(chan prometheus.Metric, 1000)
	go func() {
		metrics.Collect(all)
		close(all)
	}()
	for metric := range all {
		var written dto.Metric
		if err := metric.Write(&written); err != nil {
			panic(err)
		}
		sum += written.GetCounter().GetValue() + written.GetHistogram().GetSampleSum()
	}
	return sum
}

func main() {
	run.Start()
	labels := []string{"path", "method", "code"}
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests_total", Help: "Requests."}, labels)
	sizes := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "reply_bytes", Help: "Replies.",
		Buckets: prometheus.ExponentialBuckets(16, 2, 8)}, labels)
	paths := make([]string, routes)
	for i := range paths {
		paths[i] = fmt.Sprintf("/api/v1/things/%d", i)
	}
	total := run.Work(func(w int) (sum uint64) {
		random := run.Random(w + 9)
		table := make([]*user, users)
		for i := range table {
			table[i] = sign(uint64(i))
		}
		for request := 0; request < run.Scaled(1600000); request++ {
			who, path := random.Next()%users, paths[random.Next()%routes]
			if request%8 == 0 {
				table[who] = sign(random.Next())
			}
			reply := page(table[who], path)
			of := prometheus.Labels{"path": path, "method": methods[request%3], "code": codes[random.Next()%3]}
			requests.With(of).Inc()
			sizes.With(of).Observe(float64(len(reply)))
			sum = run.Hash(sum, reply)
		}
		return sum
	})
	run.End(total + uint64(counted(requests)) + uint64(counted(sizes)))
}
