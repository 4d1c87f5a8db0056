// Real packages at a fixed piece of work: what they make goes to standard output, the runtime's TotalAlloc to standard
// error. `real markdown` renders documents with goldmark, parses the pages with x/net/html and indexes them;
// `real scripts` runs Starlark in four threads at a time.
package main

import (
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"strings"
)

// words makes text that is the same in every run.
type words struct{ *rand.Rand }

func newWords(seed int64) words { return words{rand.New(rand.NewSource(seed))} }

func (w words) word() string {
	const syllables = "ba be bi bo bu da de di do du ka ke ki ko ku la le li lo lu ma me mi mo mu"
	parts := strings.Fields(syllables)
	word := ""
	for i := 1 + w.Intn(4); i > 0; i-- {
		word += parts[w.Intn(len(parts))]
	}
	return word
}

func (w words) sentence(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = w.word()
	}
	return strings.Join(list, " ")
}

func main() {
	work := map[string]func() error{"markdown": markdown, "scripts": runScripts}
	if len(os.Args) != 2 || work[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: real markdown|scripts")
		os.Exit(2)
	}
	if err := work[os.Args[1]](); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	fmt.Fprintln(os.Stderr, "total", stats.TotalAlloc)
}
