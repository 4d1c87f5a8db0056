// Go that calls C that allocates, C that calls Go back, and Go that allocates by C.malloc.
package main

/*
#include <stdlib.h>

typedef struct node { struct node *next; char name[56]; } node;

static __attribute__((noinline)) node *c_leaf(node *next)
{
	node *made = malloc(sizeof(node)); // 64 bytes
	made->next = next;
	return made;
}

static __attribute__((noinline)) node *c_mid(int count)
{
	node *list = 0;
	for (int i = 0; i < count; i++)
		list = c_leaf(list);
	return list;
}

static __attribute__((noinline)) void c_free(node *list)
{
	while (list) {
		node *next = list->next;
		free(list);
		list = next;
	}
}

extern void goCallback(int);

static __attribute__((noinline)) void c_outer(int depth)
{
	goCallback(depth);
	__asm__ volatile("" : : : "memory");
}
*/
import "C"

import (
	"fmt"
	"sync"
)

//go:noinline
func goLeaf(n int) *C.node { return C.c_mid(C.int(n)) }

//go:noinline
func goMid(n int) { C.c_free(goLeaf(n)) }

//go:noinline
func throughC() { C.c_outer(3) }

//export goCallback
func goCallback(depth C.int) {
	inner(int(depth))
}

//go:noinline
func inner(depth int) { C.c_free(C.c_mid(C.int(depth))) }

var sink []byte

func main() {
	var group sync.WaitGroup
	for i := 0; i < 4; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for k := 0; k < 250; k++ {
				goMid(3)
			}
		}()
	}
	group.Wait()
	for k := 0; k < 100; k++ {
		throughC()
	}
	for k := 0; k < 1000; k++ {
		sink = make([]byte, 1024+k)
	}
	text := C.CString("not freed")
	fmt.Println("done", C.GoString(text))
}
