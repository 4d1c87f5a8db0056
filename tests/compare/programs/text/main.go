// Command text is a batch job of one goroutine in phases: it makes a text, counts its words, sorts them, and writes an
// index. Each phase allocates at sites of its own, so that none of them does so evenly over the run.
package main

import (
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
)

var kept [64][]byte

func makeText(lines int) []string {
	text := make([]string, 0, 16)
	for i := 0; i < lines; i++ {
		var words strings.Builder
		for k := 0; k < 10; k++ {
			words.WriteString("word" + strconv.Itoa((i*31+k*k*17)%4001))
			words.WriteByte(' ')
		}
		text = append(text, words.String())
	}
	return text
}

func count(text []string) map[string]int {
	counts := map[string]int{}
	for i, line := range text {
		for _, word := range strings.Fields(line) {
			counts[strings.ToUpper(word)]++
		}
		extra(i)
	}
	return counts
}

func extra(i int) {
	// EXTRA: if i%3 == 0 { kept[i%len(kept)] = make([]byte, 16+i%2) }
}

func index(counts map[string]int) []string {
	var lines []string
	for word, n := range counts {
		lines = append(lines, fmt.Sprintf("%s %d", word, n))
	}
	sort.Strings(lines)
	return lines
}

func main() {
	rounds := 8
	if len(os.Args) > 1 {
		rounds, _ = strconv.Atoi(os.Args[1])
	}
	total := 0
	text := makeText(rounds * 5000)
	counts := count(text)
	for i := 0; i < rounds; i++ {
		total += len(index(counts))
	}
	fmt.Println(total)
}
