/*
 * storm SECONDS THREADS PLUGIN PLUGIN PROGRESS RATE: threads that allocate by every entry point at once, pass what they
 * have to each other, and do whatever else programs do (storm_events.cc). At the end it prints, for each of its
 * functions that allocate, how many objects and bytes that made and how many are left, and by how much a profile may be
 * off in each whose samples lie RATE bytes apart in the mean: at 1 by nothing. Once a second it writes to the file
 * PROGRESS: "well", or which thread has come to nothing for long.
 */
#include "storm.h"

#include <atomic>
#include <cerrno>
#include <cmath>
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

/* Of sizes: exact ones, then sixteen to a doubling. */
const unsigned EXACT = 512, EXACT_BITS = 9, CLASSES = EXACT + 16 * 24;

unsigned class_of(uint64_t size)
{
	unsigned top = size < EXACT ? 0 : 63 - static_cast<unsigned>(__builtin_clzll(size));

	return size < EXACT ? static_cast<unsigned>(size) : EXACT + (top - EXACT_BITS) * 16 + (size >> (top - 4) & 15);
}

/* The middle of the sizes of class NUMBER; what has none counts as a byte. */
double size_of(unsigned number)
{
	if (number < EXACT)
		return number ? number : 1;
	return (16.5 + (number - EXACT) % 16) * pow(2, EXACT_BITS - 4 + (number - EXACT) / 16);
}

struct sums {
	std::atomic<uint64_t> bytes, made[CLASSES], gone[CLASSES];
} all[WAY_COUNT];

/* Four standard errors of an estimate that adds up a value for each sampled object, and more where few samples make it.
 */
class margin
{
      public:
	/* OBJECTS of a VALUE each are sampled with a PROBABILITY, and count for more by that. */
	void add(double objects, double value, double probability)
	{
		variance += objects * value * value * (1 - probability) / probability;
		if (objects > 0 && value / probability > most)
			most = value / probability;
	}

	/* By Bernstein's inequality. */
	double is() const
	{
		double skew = 8 * most / 3;

		return variance > 0 ? skew + sqrt(skew * skew + 16 * variance) : 0;
	}

      private:
	double variance = 0, most = 0;
};

const size_t SLOTS = 1024, MOST = 256, AT_EXIT = 7;
/*
 * Seconds without a round. On a machine that is busy with other things, one of 64 threads that all want to fork has
 * waited for 150 while the others took turns.
 */
const unsigned PATIENCE = 600;

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

void made_and_gone(way way, uint64_t size)
{
	storm_made(way, size);
	storm_gone(way, size);
}

struct whole_life {
	whole_life()
	{
		by_static_constructor(300);
		made_and_gone(WAY_static_constructor, 300);
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

/* NAME's counts, and the margins of a profile at RATE. */
void print_one(const char *name, const sums &sums, double rate)
{
	margin of_objects, of_bytes, of_left;
	uint64_t objects = 0, left = 0;

	for (unsigned i = 0; i < CLASSES; i++) {
		uint64_t made = sums.made[i], stay = made - sums.gone[i];
		double size = size_of(i), probability = rate > 1 ? -expm1(-size / rate) : 1;

		objects += made;
		left += stay;
		of_objects.add(static_cast<double>(made), 1, probability);
		of_bytes.add(static_cast<double>(made), size, probability);
		of_left.add(static_cast<double>(stay), 1, probability);
	}
	printf("%s %llu %llu %llu %.1f %.1f %.1f\n", name, static_cast<unsigned long long>(objects),
	       static_cast<unsigned long long>(sums.bytes), static_cast<unsigned long long>(left), of_objects.is(),
	       of_bytes.is(), of_left.is());
}

/* What comes after the last line is known beforehand. */
void print_all(double rate)
{
	made_and_gone(WAY_static_destructor, 301);
	for (size_t i = 0; i < AT_EXIT; i++)
		made_and_gone(WAY_atexit, 310);
	for (size_t i = 0; i < 5; i++)
		made_and_gone(WAY_library_destructor, 200 + i);
	for (int i = 0; i < WAY_COUNT; i++)
		print_one(names[i], all[i], rate);
}

} // namespace

void storm_made(way way, uint64_t size)
{
	all[way].made[class_of(size)]++;
	all[way].bytes += size;
}

void storm_gone(way way, uint64_t size)
{
	all[way].gone[class_of(size)]++;
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

	if (argc != 7 || (progress = open(argv[5], O_WRONLY | O_CREAT | O_CLOEXEC, 0644)) < 0)
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
	print_all(atof(argv[6]));
	return 0;
}
