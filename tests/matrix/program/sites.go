package main

import "sync"

type pair struct{ a, b *int }

// With a header before it from Go 1.22 on.
type wide struct{ pointers [80]*int }

type block struct{ words [256]int }

// A function that allocates one object, of SIZE bytes where that is the same in all versions, TIMES times a goroutine.
type site struct {
	name     string
	times    int
	size     int
	allocate func(g, i int)
}

const workers = 2

var sites = []site{
	{"newPair", 4000, 16, newPair},
	{"inlined", 2000, 208, makeSlice},
	{"move", 1000, 32, move},
	{"capture", 1000, 32, capture},
	{"concat", 1000, 64, concat},
	{"box", 2000, 16, box},
	{"newWide", 500, 0, newWide},
	{"makeLarge", 20, 106496, makeLarge},
	{"makeSized", 630, 0, makeSized},
	{"makeChannel", 500, 0, makeChannel},
}

// What each worker has allocated last.
var (
	pairs     [workers]*pair
	slices    [workers][]byte
	variables [workers]*[4]int
	closures  [workers]func() int
	texts     [workers]string
	boxes     [workers]interface{}
	wides     [workers]*wide
	larges    [workers][]byte
	sized     [workers][]byte
	channels  [workers]chan int
	labelled  *pair
	heap      []*block
	halves    = [2]string{"a string that is long enough ", "for the heap of this program"}
)

//go:noinline
func newPair(g, i int) { pairs[g] = &pair{a: &numbers[i%len(numbers)]} }

func inlined(n int) []byte { return make([]byte, n) }

//go:noinline
func makeSlice(g, i int) { slices[g] = inlined(200 + g) }

//go:noinline
func move(g, i int) {
	variable := [4]int{i, g}
	variables[g] = &variable
}

//go:noinline
func capture(g, i int) {
	j, k := i+1, g+1
	closures[g] = func() int { return i + j + k }
}

//go:noinline
func concat(g, i int) { texts[g] = halves[0] + halves[1] }

//go:noinline
func box(g, i int) { boxes[g] = pair{b: &numbers[i%len(numbers)]} }

//go:noinline
func newWide(g, i int) { wides[g] = &wide{} }

//go:noinline
func makeLarge(g, i int) { larges[g] = make([]byte, 100000) }

//go:noinline
func makeSized(g, i int) { sized[g] = make([]byte, 16+8*(i%63)) }

//go:noinline
func makeChannel(g, i int) { channels[g] = make(chan int, 4+i%8) }

// keep allocates what stays alive.
//
//go:noinline
func keep(n int) {
	for i := 0; i < n; i++ {
		heap = append(heap, &block{}) // has room
	}
}

// prepare makes a heap whose goal is far above the smallest one.
//
//go:noinline
func prepare() {
	heap = make([]*block, 0, ballast+kept)
	for i := 0; i < ballast; i++ {
		heap = append(heap, &block{})
	}
}

//go:noinline
func even() { labelled = &pair{} }

//go:noinline
func odd() { labelled = &pair{} }

// allocateAll is what all workers do.
func allocateAll() {
	var done sync.WaitGroup
	for g := 0; g < workers; g++ {
		done.Add(1)
		go func(g int) {
			defer done.Done()
			for s := range sites {
				for i := 0; i < sites[s].times; i++ {
					sites[s].allocate(g, i)
				}
			}
		}(g)
	}
	done.Wait()
}

var numbers = [8]int{3, 1, 4, 1, 5, 9, 2, 6}

// sum is what has been worked out so far; no allocation may change it.
func sum() int {
	total := 0
	for g := 0; g < workers; g++ {
		if pairs[g] != nil {
			total += *pairs[g].a + len(slices[g]) + variables[g][0] + closures[g]() + len(texts[g]) + cap(channels[g])
			total += *boxes[g].(pair).b + len(larges[g]) + len(sized[g])
		}
	}
	for i, b := range heap {
		total += b.words[i%len(b.words)]
	}
	return total
}

// drop lets go of everything but what keep has made.
func drop() {
	for g := 0; g < workers; g++ {
		pairs[g], slices[g], variables[g], closures[g], texts[g] = nil, nil, nil, nil, ""
		boxes[g], wides[g], larges[g], sized[g], channels[g] = nil, nil, nil, nil, nil
	}
	labelled = nil
}
