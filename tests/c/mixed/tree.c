#include "tree.h"

#include "_cgo_export.h"

#include <pthread.h>
#include <stdlib.h>

#define OPAQUE()   __asm__ volatile("" : : : "memory")
#define CALLS      ((1ull << 57) - 1)
#define NEXT(code) (((code) & ~CALLS) | ((code) & CALLS) >> 3)

struct node {
	struct node *next;
	char rest[40];
};

static struct node *all;

static __attribute__((noinline)) void c_leaf(void)
{
	struct node *node = malloc(sizeof(*node));

	node->next = __atomic_exchange_n(&all, node, __ATOMIC_ACQ_REL);
	OPAQUE();
}

static void dispatch(uint64_t code);

static __attribute__((noinline)) void c_a(uint64_t code)
{
	dispatch(code);
	OPAQUE();
}

static __attribute__((noinline)) void c_b(uint64_t code)
{
	volatile char room[700];

	room[code % sizeof(room)] = 1;
	dispatch(code);
	room[0] = 2;
}

static inline __attribute__((always_inline)) void c_i(uint64_t code)
{
	dispatch(code);
	OPAQUE();
}

static __attribute__((noinline, optimize("optimize-sibling-calls"))) void c_t(uint64_t code)
{
	dispatch(code);
}

static __attribute__((noinline)) void dispatch(uint64_t code)
{
	switch (code & 7) {
	case 0:
		c_leaf();
		break;
	case 4:
		c_a(NEXT(code));
		break;
	case 5:
		c_b(NEXT(code));
		break;
	case 6:
		c_i(NEXT(code));
		break;
	case 7:
		c_t(NEXT(code));
		break;
	default:
		goBack(code);
	}
	OPAQUE();
}

void c_call(uint64_t code)
{
	dispatch(code);
	OPAQUE();
}

static __attribute__((noinline)) void *c_thread(void *code)
{
	dispatch(*(uint64_t *)code);
	OPAQUE();
	return 0;
}

void c_threads(uint64_t *codes, int count)
{
	pthread_t threads[count];

	for (int i = 0; i < count; i++)
		pthread_create(&threads[i], 0, c_thread, &codes[i]);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], 0);
}

uint64_t c_free_all(void)
{
	struct node *node = all, *next;
	uint64_t count = 0;

	for (; node; node = next, count++) {
		next = node->next;
		free(node);
	}
	all = 0;
	return count;
}
