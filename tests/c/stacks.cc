// Allocations from all kinds of stacks that compilers make without frame pointers, without end: deep, recursive, inlined,
// behind tail calls, with frames of a size that is known only at run time, from signal handlers (on the stack and on one
// of their own), from what C libraries call back, from constructors, exceptions, virtual calls, and in threads. Waits for
// a line on its standard input.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <vector>

#define NOINLINE __attribute__((noinline))

static thread_local unsigned state;
static thread_local void *kept;

static unsigned draw(unsigned below)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 8) % below;
}

static void opaque(void *pointer)
{
	asm volatile("" : : "r"(pointer) : "memory");
}

static void any(unsigned depth);

NOINLINE static void leaf()
{
	void *made = malloc(16 + draw(300));

	opaque(made);
	free(made);
}

// The call of malloc is a jump: the caller of this stands for it.
NOINLINE static void *tail_leaf(size_t size)
{
	return malloc(size);
}

NOINLINE static void recurse(unsigned more, unsigned depth)
{
	if (more)
		recurse(more - 1, depth);
	else
		any(depth);
	opaque(&more);
}

static inline __attribute__((always_inline)) void inlined(unsigned depth)
{
	any(depth);
	opaque(&depth);
}

NOINLINE static void tail_call(unsigned depth)
{
	any(depth);
}

// Its frame needs a register of its own to be found by.
NOINLINE static void of_any_size(unsigned depth)
{
	char room[1 + draw(3000)];

	room[0] = 1;
	opaque(room);
	any(depth);
	opaque(room);
}

NOINLINE static void aligned(unsigned depth)
{
	alignas(64) char room[256];

	opaque(room);
	any(depth);
	opaque(room);
}

struct shape {
	virtual ~shape() = default;
	virtual void visit(unsigned depth) = 0;
};

struct square : shape {
	std::string name = "a square with a name that is not short";

	NOINLINE void visit(unsigned depth) override
	{
		any(depth);
		opaque(this);
	}
};

NOINLINE static void throwing(unsigned depth)
{
	try {
		any(depth);
		throw std::runtime_error("an exception, and what it says");
	} catch (const std::exception &caught) {
		opaque(const_cast<char *>(caught.what()));
	}
}

static int compare(const void *a, const void *b)
{
	if (!draw(8))
		leaf();
	return *static_cast<const int *>(a) - *static_cast<const int *>(b);
}

NOINLINE static void sorting()
{
	int numbers[12];

	for (int &number : numbers)
		number = static_cast<int>(draw(1000));
	qsort(numbers, 12, sizeof(numbers[0]), compare);
	opaque(numbers);
}

static void on_signal(int)
{
	recurse(draw(4), 0);
}

static void on_signal_elsewhere(int)
{
	leaf();
}

NOINLINE static void containers()
{
	std::map<std::string, std::vector<int>> table;

	for (int i = 0; i < 4; i++)
		table[std::string(30, static_cast<char>('a' + i))].assign(static_cast<size_t>(draw(20)), i);
	opaque(&table);
}

static void any(unsigned depth)
{
	if (!depth) {
		switch (draw(6)) {
		case 0:
			kept = tail_leaf(100);
			free(kept);
			break;
		case 1:
			containers();
			break;
		case 2:
			sorting();
			break;
		case 3:
			opaque(strdup("never freed, for so little does not matter"));
			break;
		default:
			leaf();
		}
		return;
	}
	depth--;
	switch (draw(10)) {
	case 0:
		recurse(draw(12), depth);
		break;
	case 1:
		inlined(depth);
		break;
	case 2:
		tail_call(depth);
		break;
	case 3:
		of_any_size(depth);
		break;
	case 4:
		aligned(depth);
		break;
	case 5:
		std::make_unique<square>()->visit(depth);
		break;
	case 6:
		throwing(depth);
		break;
	case 7:
		std::function<void()>([depth] { any(depth); })();
		break;
	case 8:
		raise(draw(2) ? SIGUSR1 : SIGUSR2);
		any(depth);
		break;
	default:
		std::vector<int> few{1};
		std::for_each(few.begin(), few.end(), [depth](int) { any(depth); });
	}
	opaque(&depth);
}

static void *work(void *seed)
{
	static const size_t alternate_size = 1 << 16;
	stack_t alternate = {};

	alternate.ss_sp = malloc(alternate_size);
	alternate.ss_size = alternate_size;
	sigaltstack(&alternate, nullptr);
	state = static_cast<unsigned>(reinterpret_cast<uintptr_t>(seed));
	for (;;)
		any(1 + draw(10));
	return nullptr;
}

int main()
{
	struct sigaction action = {};
	pthread_t thread;

	action.sa_handler = on_signal;
	sigaction(SIGUSR1, &action, nullptr);
	action.sa_handler = on_signal_elsewhere;
	action.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR2, &action, nullptr);
	puts("ready");
	fflush(stdout);
	if (getchar() == EOF)
		return 1;
	pthread_create(&thread, nullptr, work, reinterpret_cast<void *>(1));
	work(reinterpret_cast<void *>(2));
}
