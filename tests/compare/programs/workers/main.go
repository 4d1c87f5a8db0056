// Command workers is work as a service has it: goroutines that take jobs from a channel, maps that grow, buffers in a
// sync.Pool, closures, strings. How much of it the collector empties the pool of, and which goroutine takes which job,
// differs from run to run; the work does not.
package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
)

const workers = 4

type job struct {
	id    int
	tags  map[string]int
	lines []string
}

type result struct {
	id, sum int
	next    *result
}

var (
	buffers = sync.Pool{New: func() any { return bytes.NewBuffer(make([]byte, 0, 4096)) }}
	recent  [512]atomic.Pointer[result]
	extras  [64]atomic.Pointer[[1]uint64]
)

func newJob(id int) *job {
	j := &job{id: id, tags: map[string]int{}}
	for i := 0; i < 20; i++ {
		j.tags["tag-"+strconv.Itoa((id*7+i)%97)] = i
	}
	for i := 0; i < 12; i++ {
		j.lines = append(j.lines, fmt.Sprintf("line %d of job %d", i, id))
	}
	return j
}

func (j *job) run() *result {
	buffer := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buffer)
	buffer.Reset()
	sum := 0
	each := func(visit func(string, int)) {
		for tag, value := range j.tags {
			visit(tag, value)
		}
	}
	each(func(tag string, value int) {
		buffer.WriteString(tag)
		sum += value
	})
	for _, line := range j.lines {
		buffer.WriteString(line)
	}
	if j.id%64 == 0 { // an answer that somebody keeps
		return &result{id: j.id, sum: sum + len(buffer.String())}
	}
	return &result{id: j.id, sum: sum}
}

func extra(id int) {
	// EXTRA: extras[id%len(extras)].Store((*[1]uint64)(make([]uint64, 4)))
}

func main() {
	jobs := 30000
	if len(os.Args) > 1 {
		jobs, _ = strconv.Atoi(os.Args[1])
	}
	var waiting sync.WaitGroup
	queue := make(chan *job, 64)
	sums := make([]int, workers)
	for w := 0; w < workers; w++ {
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			for j := range queue {
				r := j.run()
				recent[j.id%len(recent)].Store(r)
				sums[w] += r.sum
				extra(j.id)
			}
		}()
	}
	for id := 0; id < jobs; id++ {
		queue <- newJob(id)
	}
	close(queue)
	waiting.Wait()
	total := 0
	for _, sum := range sums {
		total += sum
	}
	fmt.Println(total)
}
