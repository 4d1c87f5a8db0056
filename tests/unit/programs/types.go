// Prints the address of main.main, then what reflect says of types of all kinds: a line
// "ADDRESS SIZE PTRBYTES KIND ELEMENT NAME" each, addresses in hexadecimal. Built for tests of what escprof reads from
// type descriptors.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"sync"
	"time"
	"unsafe"
)

type number int
type text string
type list []*list
type queue struct {
	next  *queue
	value int
}
type trie struct{ below [4]*trie }
type ring struct{ one [1]*ring }
type tree[K comparable, V any] struct {
	key         K
	value       V
	left, right *tree[K, V]
}
type pair struct {
	name  text
	count number
}
type mixed struct {
	a byte
	p *pair
	b [3]uint16
	q any
	c [100]byte
}
type empty struct{}
type walker interface {
	walk(func(walker) error) (n int, err error)
}
type embedded struct {
	*pair
	sync.Mutex
	io.Reader `json:"reader,omitempty"`
}
type callback func(...string) <-chan error

func (n number) String() string                            { return "n" }
func (t *tree[K, V]) walk(func(walker) error) (int, error) { return 0, nil }

func local() any {
	type inside struct{ next *inside }
	return inside{}
}

var roots = []any{
	false, int(0), int8(0), int16(0), int32(0), int64(0), uint(0), uint8(0), uint16(0), uint32(0), uint64(0), uintptr(0),
	float32(0), float64(0), complex64(0), complex128(0), "", unsafe.Pointer(nil),
	[0]int{}, [1]*int{}, [7]string{}, [3][4]pair{}, [1 << 20]byte{}, [2]empty{}, [5]any{},
	[]int(nil), []string(nil), [][]byte(nil), []any(nil), []error(nil), []empty(nil), []*mixed(nil), []func(){},
	map[string]int(nil), map[int]*pair(nil), map[pair]map[text][]byte(nil), map[any]any(nil),
	map[[200]byte][300]byte(nil),
	make(chan int), make(<-chan *pair), make(chan<- empty), (chan (<-chan int))(nil),
	func() {}, func(int, ...string) (any, error) { return nil, nil }, callback(nil),
	(*int)(nil), (**pair)(nil), (***empty)(nil), (*error)(nil), (*walker)(nil), (*interface{ Close() error })(nil),
	number(0), text(""), list(nil), pair{}, &mixed{}, empty{}, embedded{}, local(),
	tree[string, int]{}, &tree[pair, *tree[int, []byte]]{}, tree[struct{ x, y int }, map[string]any]{},
	tree[text, reflect.Value]{},
	struct{}{}, struct{ a, b int }{}, struct {
		A int    `json:"a" xml:"first"`
		b string "a tag"
		*pair
	}{},
	struct {
		theNameOfThisTypeNeedsMoreThanAByteForItsLength func([]byte) (pair, pair)
		andSoDoesThat                                   *[3000]chan<- map[pair]func(mixed, empty, callback)
	}{},
	bytes.Buffer{}, &strings.Builder{}, time.Now(), time.Second, os.Stdout, reflect.ValueOf(0), sync.Pool{},
	fmt.Errorf("x"), queue{}, trie{}, ring{},
}

func address(t reflect.Type) unsafe.Pointer { return (*[2]unsafe.Pointer)(unsafe.Pointer(&t))[1] }

func parts(t reflect.Type) (all []reflect.Type) {
	switch t.Kind() {
	case reflect.Map:
		all = append(all, t.Key(), t.Elem())
	case reflect.Array, reflect.Chan, reflect.Pointer, reflect.Slice:
		all = append(all, t.Elem())
	case reflect.Struct:
		for i := 0; i < t.NumField(); i++ {
			all = append(all, t.Field(i).Type)
		}
	case reflect.Func:
		for i := 0; i < t.NumIn(); i++ {
			all = append(all, t.In(i))
		}
		for i := 0; i < t.NumOut(); i++ {
			all = append(all, t.Out(i))
		}
	case reflect.Interface:
		for i := 0; i < t.NumMethod(); i++ {
			all = append(all, t.Method(i).Type)
		}
	}
	return all
}

func print(t reflect.Type, seen map[reflect.Type]bool) {
	if seen[t] {
		return
	}
	seen[t] = true
	// The second word of an abi.Type.
	ptrBytes := *(*uintptr)(unsafe.Add(address(t), unsafe.Sizeof(uintptr(0))))
	var element unsafe.Pointer
	switch t.Kind() {
	case reflect.Array, reflect.Chan, reflect.Map, reflect.Pointer, reflect.Slice:
		element = address(t.Elem())
	}
	fmt.Printf("%x %d %d %d %x %s\n", uintptr(address(t)), t.Size(), ptrBytes, t.Kind(), uintptr(element), t)
	for _, part := range parts(t) {
		print(part, seen)
	}
}

func main() {
	fmt.Printf("%x\n", reflect.ValueOf(main).Pointer())
	seen := map[reflect.Type]bool{}
	for _, root := range roots {
		print(reflect.TypeOf(root), seen)
	}
}
