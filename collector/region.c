/* The shared region, seen from outside the target. */
#include "collector/region.h"

#include "base/clock.h"
#include "collector/plan.h"
#include "collector/process_info.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* Bytes of all rings together and of one, at most. Memory is used only as far as the ring ever fills. */
#define REGION_RINGS_TOTAL       (64ull << 20)
#define REGION_RING_MAX          (16ull << 20)
#define REGION_RING_MIN          (1ull << 20)
#define REGION_ASKED_MIN         (64ull << 10) /* what may be asked for: some 800 samples */
#define REGION_ASKED_TOTAL       (1ull << 30)  /* the region lies within 2 GiB of the program's machine code */
#define REGION_FINE_RATE         64            /* below it samples come so fast that more room is wanted: */
#define REGION_FINE_FACTOR       4
#define REGION_TALLIES_FACTOR    4 /* GOMAXPROCS may be set above the number of CPUs: Ps that count, for each shard */
#define REGION_HEARTBEAT_SECONDS 3
#define REGION_FIGURES_A_SECOND  100
#define REGION_RESERVED_PART     8 /* of a ring, for deaths and GC figures */

/* In agent_blob.S. */
extern const uint8_t agent_blob[];
extern const uint64_t agent_blob_size;

static uint32_t region_shards(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (cpus < 2)
		return 2;
	return cpus > AGENT_MAX_SHARDS ? AGENT_MAX_SHARDS : (uint32_t)cpus;
}

static uint64_t region_ring_size(uint32_t shards, uint64_t rate)
{
	uint64_t factor = rate < REGION_FINE_RATE ? REGION_FINE_FACTOR : 1, size = REGION_RING_MAX * factor;

	while (size > REGION_RING_MIN && size * shards > REGION_RINGS_TOTAL * factor)
		size /= 2;
	return size;
}

static uint64_t region_round(uint64_t size)
{
	return (size + 4095) & ~4095ull;
}

static uint64_t region_tallies_offset(void)
{
	return region_round(sizeof(struct agent_control));
}

static uint64_t region_shards_offset(const struct region *region)
{
	return region_tallies_offset() + region_round(region->ntallies * sizeof(struct agent_tally));
}

static uint64_t region_shard_size(const struct region *region)
{
	return region_round(sizeof(struct agent_shard)) + region->ring_size;
}

void region_plan(struct region *region, uint64_t rate, uint64_t ring_size)
{
	*region = (struct region){.fd = -1, .rate = rate, .nshards = region_shards()};
	region->ring_size = ring_size ? ring_size : region_ring_size(region->nshards, rate);
	region->ntallies = REGION_TALLIES_FACTOR * region->nshards;
	region->size = region_shards_offset(region) + region->nshards * region_shard_size(region);
}

enum status region_check_ring_size(uint64_t size, struct error *error)
{
	uint64_t most = REGION_ASKED_MIN, next = REGION_ASKED_MIN;

	while (most * 2 * region_shards() <= REGION_ASKED_TOTAL)
		most *= 2;
	while (next < size && next < most)
		next *= 2;
	if (size == next)
		return STATUS_OK;
	return error_set(error,
			 "the rings of this machine's %u CPUs have from %lluK to %lluK bytes each, a power of two "
			 "pages: %lluK is the next",
			 region_shards(), REGION_ASKED_MIN >> 10, (unsigned long long)most >> 10,
			 (unsigned long long)next >> 10);
}

enum status region_refused(const struct region *region, int pid, size_t step, struct error *error)
{
	unsigned long long size = region->size >> 20;
	int why = errno;

	if (why == EAGAIN)
		return error_set(error,
				 "process %d cannot map the agent (step %zu): it locks its memory (mlockall), and the "
				 "rings' %llu MiB are more than it may lock (ulimit -l): give a smaller --ring-size",
				 pid, step, size);
	if (why == ENOMEM)
		return error_set(error,
				 "process %d cannot map the agent (step %zu): the rings' %llu MiB are more than its "
				 "address space (ulimit -v) or the machine's memory has left: give a smaller "
				 "--ring-size",
				 pid, step, size);
	errno = why;
	return error_set_errno(error, "process %d cannot map the agent (step %zu)", pid, step);
}

uint64_t region_ticks(void)
{
	return __builtin_ia32_rdtsc();
}

/* Ticks of the TSC a second, measured over 2 ms: the heartbeat's limit needs no better. */
uint64_t region_ticks_a_second(void)
{
	struct timespec pause = {.tv_nsec = 2000000};
	uint64_t before = clock_ns(CLOCK_MONOTONIC), start = region_ticks(), ticks, ns;

	nanosleep(&pause, NULL);
	ticks = region_ticks() - start;
	ns = clock_ns(CLOCK_MONOTONIC) - before;
	return ns ? (uint64_t)((double)ticks * 1e9 / (double)ns) : 1000000000u;
}

/* What each P begins to draw from. */
static void region_seed(struct agent_control *control)
{
	uint64_t seeds[AGENT_PROCESSORS];
	ssize_t got = getrandom(seeds, sizeof(seeds), GRND_NONBLOCK);
	size_t i;

	for (i = 0; i < AGENT_PROCESSORS; i++)
		control->processors[i].random =
		    got >= (ssize_t)((i + 1) * sizeof(*seeds)) ? seeds[i] : region_ticks() + i;
}

enum status region_map(struct region *region, int fd, struct error *error)
{
	uint64_t second = region_ticks_a_second();
	struct agent_control *control;

	region->fd = fd;
	if (ftruncate(fd, (off_t)region->size))
		return error_set_errno(error, "cannot make a shared memory of %llu MiB",
				       (unsigned long long)(region->size >> 20));
	control = mmap(NULL, region->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (control == MAP_FAILED)
		return error_set_errno(error, "cannot map a shared memory of %llu MiB",
				       (unsigned long long)(region->size >> 20));
	region->control = control;
	control->rate = region->rate;
	control->heartbeat_ticks = REGION_HEARTBEAT_SECONDS * second;
	control->plan.figures_ticks = second / REGION_FIGURES_A_SECOND;
	control->plan.nshards = region->nshards;
	control->plan.ntallies = region->ntallies;
	control->plan.tallies_offset = region_tallies_offset();
	control->plan.shards_offset = region_shards_offset(region);
	control->plan.ring_size = region->ring_size;
	control->plan.ring_reserve = region->ring_size / REGION_RESERVED_PART;
	control->plan.shard_size = region_shard_size(region);
	region_seed(control);
	region_heartbeat(region);
	return STATUS_OK;
}

/* Say in the region whose it is. */
static void region_sign(struct region *region, const struct plan *plan)
{
	struct agent_collector *collector = &region->control->collector;
	struct process_info self;

	if (getrandom(&collector->token, sizeof(collector->token), GRND_NONBLOCK) < 0)
		collector->token = region_ticks() ^ (uint64_t)getpid() << 48;
	collector->pid = (uint32_t)getpid();
	collector->namespace = process_info_namespace(getpid());
	if (process_info_read(&self, getpid()) == STATUS_OK)
		collector->start_time = self.start_time;
	if (!region->control->plan.switched_on)
		return;
	collector->rate_was_put = 1;
	collector->rate_put = (int64_t)plan_live_rate(plan);
}

void region_arm(struct region *region, const struct plan *plan, uint64_t bias)
{
	plan_fill(plan, bias, &region->control->plan);
	region_sign(region, plan);
	region->control->enabled = 1;
	region_heartbeat(region);
	__atomic_store_n(&region->control->magic, AGENT_MAGIC, __ATOMIC_SEQ_CST);
}

uint64_t region_rest_offset(const struct region *region)
{
	(void)region;
	return region_tallies_offset();
}

void region_give_back(struct region *region)
{
	uint64_t rest = region_rest_offset(region);

	fallocate(region->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)rest, (off_t)(region->size - rest));
}

struct agent_shard *region_shard(const struct region *region, uint32_t index)
{
	return (struct agent_shard *)((uint8_t *)region->control + region_shards_offset(region) +
				      index * region_shard_size(region));
}

const struct agent_tally *region_tally(const struct region *region, uint32_t index)
{
	return (const struct agent_tally *)((const uint8_t *)region->control + region_tallies_offset()) + index;
}

void region_heartbeat(struct region *region)
{
	__atomic_store_n(&region->control->heartbeat, region_ticks(), __ATOMIC_RELAXED);
}

void region_close(struct region *region)
{
	if (region->control)
		munmap(region->control, region->size);
	if (region->fd >= 0)
		close(region->fd);
	*region = (struct region){.fd = -1};
}

const void *region_agent_code(uint64_t *size, struct agent_entries *entries)
{
	*size = agent_blob_size;
	memcpy(entries, agent_blob, sizeof(*entries));
	return agent_blob;
}
