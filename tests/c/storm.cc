/*
 * storm SECONDS THREADS PLUGIN PLUGIN PROGRESS: threads that allocate by every entry point at once, pass what they have
 * to each other, and do whatever else programs do (storm_events.cc). At the end it prints, for each of its functions
 * that allocate, how many objects and bytes that made and how many are left: what a profile at rate 1 has to say
 * exactly. Once a second it writes to the file PROGRESS: "well", or which thread has come to nothing for long.
 */
#include "storm.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#define AT_END(name)                                                                                                   \
	extern "C" APART void by_##name(size_t size)                                                                   \
	{                                                                                                              \
		void *p = malloc(size);                                                                                \
		KEEP(p);                                                                                               \
		free(p);                                                                                               \
	}
AT_END(static_constructor)
AT_END(static_destructor)
AT_END(atexit)

namespace
{

const char *const names[WAY_COUNT] = {
#define AS_NAME(name) "by_" #name,
    WAYS(AS_NAME)
#undef AS_NAME
};

struct sums {
	std::atomic<uint64_t> objects, bytes;
	std::atomic<int64_t> left;
} all[WAY_COUNT];

const size_t SLOTS = 1024, MOST = 256, AT_EXIT = 7;
const unsigned PATIENCE = 150; /* seconds without a round; the machine may be busy with other things */

std::atomic<object *> exchange[SLOTS];
std::atomic<bool> over;

/* What a thread has done so far, and what it is at. */
struct account {
	std::atomic<uint64_t> rounds;
	const char *volatile doing;
	uint64_t seen;
	unsigned still; /* seconds since it was another */
} accounts[MOST];

size_t nthreads;

/* To another thread; another's comes back, if there is one. */
void give_away(random_numbers &random, object *mine)
{
	object *sent = exchange[random.next() % SLOTS].exchange(nullptr), *none = nullptr, taken;

	if (!sent)
		return;
	taken = *mine;
	*mine = *sent;
	*sent = taken;
	while (!exchange[random.next() % SLOTS].compare_exchange_strong(none, sent))
		none = nullptr;
}

void *rage(void *argument)
{
	size_t number = reinterpret_cast<size_t>(argument);
	random_numbers random = {0x9e3779b97f4a7c15ull * (number + 1)};
	object mine[64] = {};

	while (!over) {
		object *one = &mine[random.next() % 64];

		accounts[number].rounds++;
		if (one->pointer)
			object_release(random, one);
		else
			object_make(random, one);
		if (one->pointer && random.once_in(8))
			give_away(random, one);
		event_maybe(random, &accounts[number].doing);
	}
	accounts[number].doing = "at its end";
	for (object &one : mine)
		if (one.pointer && random.once_in(2))
			object_release(random, &one);
	return nullptr;
}

/* Says in the file PROGRESS that all is well, or what is not. It allocates nothing: it may be all that still runs. */
void report_progress(int progress)
{
	char line[200] = "well\n";

	for (size_t i = 0; i < nthreads; i++) {
		account *one = &accounts[i];
		uint64_t rounds = one->rounds;

		one->still = rounds == one->seen ? one->still + 1 : 0;
		one->seen = rounds;
		if (one->still > PATIENCE)
			snprintf(line, sizeof(line), "thread %zu hangs in: %s, after %llu rounds\n", i,
				 one->doing ? one->doing : "its start", static_cast<unsigned long long>(rounds));
	}
	if (storm_faulted)
		snprintf(line, sizeof(line), "a thread hangs in a fault\n");
	if (pwrite(progress, line, strlen(line), 0) < 0 || ftruncate(progress, static_cast<off_t>(strlen(line))))
		_exit(3);
}

struct whole_life {
	whole_life()
	{
		by_static_constructor(300);
		storm_count(WAY_static_constructor, 1, 300, 0);
	}
	~whole_life()
	{
		by_static_destructor(301);
	}
} whole_life;

void at_exit()
{
	for (size_t i = 0; i < AT_EXIT; i++)
		by_atexit(310);
}

/* Until a second after NEXT, whatever signals come. */
void wait_a_second(struct timespec *next)
{
	next->tv_sec++;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, nullptr) == EINTR)
		;
}

/* What comes after the last line is known beforehand. */
void print_all()
{
	storm_count(WAY_static_destructor, 1, 301, 0);
	storm_count(WAY_atexit, AT_EXIT, AT_EXIT * 310, 0);
	storm_count(WAY_library_destructor, 5, 200 + 201 + 202 + 203 + 204, 0);
	for (int i = 0; i < WAY_COUNT; i++)
		printf("%s %llu %llu %lld\n", names[i], static_cast<unsigned long long>(all[i].objects),
		       static_cast<unsigned long long>(all[i].bytes), static_cast<long long>(all[i].left));
}

} // namespace

void storm_count(way way, uint64_t count, uint64_t bytes, int64_t left)
{
	all[way].objects += count;
	all[way].bytes += bytes;
	all[way].left += left;
}

void storm_failed(const char *what)
{
	fprintf(stderr, "storm: wrong: %s\n", what);
	abort();
}

int main(int argc, char **argv)
{
	static object pool[SLOTS / 2];
	static pthread_t ids[MOST];
	random_numbers random = {42};
	struct timespec next;
	int progress;

	if (argc != 6 || (progress = open(argv[5], O_WRONLY | O_CREAT | O_CLOEXEC, 0644)) < 0)
		return 2;
	nthreads = static_cast<size_t>(atoi(argv[2])) % MOST;
	plugin_paths[0] = argv[3];
	plugin_paths[1] = argv[4];
	has_pvalloc = !getenv("STORM_NO_PVALLOC");
	atexit(at_exit);
	if (!storm_library_is_well())
		storm_failed("what was allocated early");
	signals_begin();
	for (size_t i = 0; i < SLOTS / 2; i++) {
		object_make(random, &pool[i]);
		exchange[i * 2] = &pool[i];
	}
	for (size_t i = 0; i < nthreads; i++)
		if (pthread_create(&ids[i], nullptr, rage, reinterpret_cast<void *>(i)))
			storm_failed("pthread_create");
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (int i = 0; i < atoi(argv[1]); i++) {
		wait_a_second(&next);
		report_progress(progress);
	}
	over = true;
	for (size_t i = 0; i < nthreads; i++)
		pthread_join(ids[i], nullptr);
	signals_end();
	print_all();
	return 0;
}
