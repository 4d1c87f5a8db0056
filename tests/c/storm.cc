/*
 * Threads that allocate by every entry point at once, pass what they have to each other, fork, load and unload a
 * library, and count for themselves: storm SECONDS THREADS PLUGIN. At the end it prints, for each of its functions that
 * allocate, how many objects and bytes that made and how many are left: what a profile at rate 1 has to say exactly.
 */
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <malloc.h>
#include <new>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define APART         __attribute__((noinline, noclone))
#define KEEP(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

extern "C" {
APART void *by_malloc(size_t size)
{
	void *p = malloc(size);
	KEEP(p);
	return p;
}
APART void *by_calloc(size_t size)
{
	void *p = calloc(size, 1);
	KEEP(p);
	return p;
}
APART void *by_realloc(void *old, size_t size)
{
	void *p = realloc(old, size);
	KEEP(p);
	return p;
}
APART void *by_reallocarray(size_t size)
{
	void *p = reallocarray(nullptr, size, 1);
	KEEP(p);
	return p;
}
APART void *by_posix_memalign(size_t size)
{
	void *p = nullptr;
	if (posix_memalign(&p, 64, size))
		abort();
	KEEP(p);
	return p;
}
APART void *by_aligned_alloc(size_t size)
{
	void *p = aligned_alloc(32, size);
	KEEP(p);
	return p;
}
APART void *by_memalign(size_t size)
{
	void *p = memalign(128, size);
	KEEP(p);
	return p;
}
APART void *by_valloc(size_t size)
{
	void *p = valloc(size);
	KEEP(p);
	return p;
}
APART void *by_pvalloc(size_t size)
{
	void *p = pvalloc(size);
	KEEP(p);
	return p;
}
APART void *by_new(size_t size)
{
	void *p = ::operator new(size);
	KEEP(p);
	return p;
}
APART void *by_new_array(size_t size)
{
	void *p = ::operator new[](size, std::nothrow);
	KEEP(p);
	return p;
}
APART void *by_new_aligned(size_t size)
{
	void *p = ::operator new(size, std::align_val_t(64));
	KEEP(p);
	return p;
}
APART char *by_strdup(const char *text)
{
	char *p = strdup(text);
	KEEP(p);
	return p;
}
}

namespace
{

enum kind {
	MALLOC,
	CALLOC,
	REALLOC,
	REALLOCARRAY,
	POSIX,
	ALIGNED,
	MEMALIGN,
	VALLOC,
	PVALLOC,
	NEW,
	NEW_ARRAY,
	NEW_ALIGNED,
	STRDUP,
	PLUGIN,
	KINDS
};

const char *const names[KINDS] = {
    "by_malloc", "by_calloc",  "by_realloc", "by_reallocarray", "by_posix_memalign", "by_aligned_alloc", "by_memalign",
    "by_valloc", "by_pvalloc", "by_new",     "by_new_array",    "by_new_aligned",    "by_strdup",        "plugin_make"};

struct sums {
	std::atomic<uint64_t> objects, bytes, left;
} all[KINDS];

/* How an object is to be freed. */
enum way { BY_FREE, BY_DELETE, BY_DELETE_ARRAY, BY_DELETE_ALIGNED };

struct object {
	void *pointer;
	kind from;
	way how;
};

const size_t SLOTS = 1024;
std::atomic<object *> exchange[SLOTS];
std::atomic<bool> over;
const char *plugin_path;
bool pages_too =
    true; /* an allocator need not bring pvalloc: it is then glibc's, whose blocks another's free must not get */

struct random_numbers {
	uint64_t state;
	uint64_t next()
	{
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		return state;
	}
};

void count(kind from, size_t size)
{
	all[from].objects++;
	all[from].bytes += size;
	all[from].left++;
}

void release(object *object)
{
	all[object->from].left--;
	switch (object->how) {
	case BY_FREE:
		free(object->pointer);
		break;
	case BY_DELETE:
		::operator delete(object->pointer);
		break;
	case BY_DELETE_ARRAY:
		::operator delete[](object->pointer);
		break;
	case BY_DELETE_ALIGNED:
		::operator delete(object->pointer, std::align_val_t(64));
		break;
	}
	object->pointer = nullptr;
}

/* Allocate by one of the ways; the blocks for `object` come from a fixed pool, so that they count for nothing. */
void make(random_numbers &random, object *object)
{
	size_t size = random.next() % 16 ? random.next() % 500 : random.next() % 100000;
	kind from = static_cast<kind>(random.next() % PLUGIN);
	char text[64] = "a text of some length that is copied";

	if (from == VALLOC || from == PVALLOC)
		from = random.next() % 64 ? MALLOC : from; /* pages are dear */
	if (from == PVALLOC && !pages_too)
		from = VALLOC;
	object->from = from;
	object->how = BY_FREE;
	switch (from) {
	case MALLOC:
		object->pointer = by_malloc(size);
		break;
	case CALLOC:
		object->pointer = by_calloc(size);
		break;
	case REALLOC: { /* grows thrice, and moves */
		void *pointer = nullptr;
		size_t grown = size + 1;

		for (int i = 0; i < 3; i++, grown = grown * 3 + 1) {
			pointer = by_realloc(pointer, grown);
			count(REALLOC, grown);
			all[REALLOC].left -= i > 0;
		}
		object->pointer = pointer;
		return;
	}
	case REALLOCARRAY:
		object->pointer = by_reallocarray(size);
		break;
	case POSIX:
		object->pointer = by_posix_memalign(size);
		break;
	case ALIGNED:
		size = (size + 31) / 32 * 32;
		object->pointer = by_aligned_alloc(size);
		break;
	case MEMALIGN:
		object->pointer = by_memalign(size);
		break;
	case VALLOC:
		object->pointer = by_valloc(size);
		break;
	case PVALLOC:
		object->pointer = by_pvalloc(size);
		break;
	case NEW:
		size += !size; /* new of nothing asks malloc for a byte */
		object->pointer = by_new(size);
		object->how = BY_DELETE;
		break;
	case NEW_ARRAY:
		size += !size;
		object->pointer = by_new_array(size);
		object->how = BY_DELETE_ARRAY;
		break;
	case NEW_ALIGNED:
		size = (size / 64 + 1) * 64; /* as the C++ library rounds it up */
		object->pointer = by_new_aligned(size);
		object->how = BY_DELETE_ALIGNED;
		break;
	default:
		text[random.next() % 30 + 1] = 0;
		size = strlen(text) + 1;
		object->pointer = by_strdup(text);
		break;
	}
	count(from, size);
}

void fork_a_child()
{
	pid_t child = fork();

	if (!child) {
		for (int i = 0; i < 100; i++)
			free(by_malloc(77)); /* the child's are not the parent's */
		_exit(0);
	}
	if (child > 0)
		waitpid(child, nullptr, 0);
}

void use_plugin()
{
	void *library = dlopen(plugin_path, RTLD_NOW);
	void (*function)(int) = library ? reinterpret_cast<void (*)(int)>(dlsym(library, "plugin_make")) : nullptr;

	if (!function)
		abort();
	function(10);
	all[PLUGIN].objects += 10;
	all[PLUGIN].bytes += 770;
	dlclose(library);
}

void *rage(void *argument)
{
	random_numbers random = {0x9e3779b97f4a7c15ull * (reinterpret_cast<uintptr_t>(argument) + 1)};
	const size_t MINE = 64;
	object *mine = static_cast<object *>(::calloc(MINE, sizeof(object)));

	for (uint64_t round = 0; !over; round++) {
		object *object = &mine[random.next() % MINE];

		if (object->pointer)
			release(object);
		else
			make(random, object);
		if (random.next() % 8 == 0 && object->pointer) { /* to another thread, and another's comes back */
			struct object *sent = exchange[random.next() % SLOTS].exchange(nullptr);

			if (sent) {
				struct object taken = *object;

				*object = *sent;
				*sent = taken;
				while (true) {
					struct object *none = nullptr;

					if (exchange[random.next() % SLOTS].compare_exchange_strong(none, sent))
						break;
				}
			}
		}
		if (random.next() % 20000 == 0)
			fork_a_child();
		if (random.next() % 20000 == 0)
			use_plugin();
	}
	for (size_t i = 0; i < MINE; i++)
		if (mine[i].pointer && random.next() % 2)
			release(&mine[i]);
	free(mine);
	return nullptr;
}

} // namespace

int main(int argc, char **argv)
{
	unsigned seconds = argc > 1 ? static_cast<unsigned>(atoi(argv[1])) : 5;
	size_t threads = argc > 2 ? static_cast<size_t>(atoi(argv[2])) : 64;
	static object pool[SLOTS / 2];
	random_numbers random = {42};
	static pthread_t ids[1024];

	plugin_path = argv[3];
	pages_too = !getenv("STORM_NO_PVALLOC");
	for (size_t i = 0; i < SLOTS / 2; i++) {
		make(random, &pool[i]);
		exchange[i * 2] = &pool[i];
	}
	for (size_t i = 0; i < threads && i < 1024; i++)
		pthread_create(&ids[i], nullptr, rage, reinterpret_cast<void *>(i));
	for (unsigned i = 0; i < seconds * 10; i++)
		usleep(100000);
	over = true;
	for (size_t i = 0; i < threads && i < 1024; i++)
		pthread_join(ids[i], nullptr);
	for (int i = 0; i < KINDS; i++)
		std::printf("%s %llu %llu %llu\n", names[i], static_cast<unsigned long long>(all[i].objects),
			    static_cast<unsigned long long>(all[i].bytes),
			    static_cast<unsigned long long>(all[i].left));
	return 0;
}
