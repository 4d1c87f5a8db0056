// A function for each class and category of the report, and one for its fix: docs/ESCAPES.md shows each file. Each
// function runs `rounds` times.
package main

import (
	"os"
	"reflect"
	"strings"
)

const rounds = 2000

var (
	total       int
	kept        *point
	keptNode    *node
	keptList    []int
	keptChanges func(string) bool
	list        = make([]int, 0, 100)
	files       = []*file{{}, {}, {}, {}}
	numbers     [100]int
)

func categories(i int, long string) {
	kept = newPoint(i, i)
	total += newPointFixed(i, i).x
	record(long)
	recordFixed(long)
	total += sumLarge()
	total += sumLargeFixed()
	total += sumOf(len(long))
	total += sumOfFixed(len(long))
	keptChanges = changes()
	inPlace := changesFixed()
	if keptChanges(long) && inPlace.to(long) {
		total++
	}
	configure(long)
	configureFixed(long)
	place(i)
	placeFixed(i)
	readAll(files)
	readAllFixed(files)
	keptList = squares(9)
	list = squaresFixed(list[:0], 9)
	total += int(lastLetter(long))
	total += int(lastLetterFixed(long))
}

func classes(i int, long string, key []byte, words []string) {
	kept = middle(*kept, *kept)
	total += middleFixed(*kept, *kept).x
	if hasTag(key, long) && hasTagFixed(key, long) {
		total++
	}
	fill(9)
	fillFixed(9)
	total += distinct(numbers[:])
	total += distinctFixed(numbers[:])
	total += join(words)
	total += joinFixed(words)
	total += zeroOf(reflect.TypeOf(point{}))
	total += zeroOfFixed[point]().x
	total += ask(i)
	total += askFixed(i)
	total += number(words)
	total += numberFixed(words)
	both(long, words[0])
	oneByOne(long, words[0])
	bothFixed(long, words[0])
	keptNode = newNode(nil, nil)
}

func main() {
	long := strings.Repeat("x", 40+len(os.Args))
	key := []byte(long)
	words := []string{long, long, long}
	for i := range numbers {
		numbers[i] = i
	}
	go worker()
	start(rounds)
	close(ready)
	startFixed(rounds)
	running.Wait()
	for i := 0; i < rounds; i++ {
		categories(i, long)
		classes(i, long, key, words)
	}
}
