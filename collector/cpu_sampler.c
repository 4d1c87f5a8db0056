/*
 * One event and one ring for each CPU, since the kernel shares no ring between the CPUs of an inherited event. In: what
 * the kernel wrote there. Out: samples. The kernel is believed in what it writes, but not in how much fits.
 */
#include "collector/cpu_sampler.h"

#include "base/memory.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define RING_BYTES (256u << 10) /* a power of two; with a page more, below what kernel.perf_event_mlock_kb allows */
#define RECORD_MAX 65536        /* a record's size has 16 bits */

struct cpu_ring {
	int fd;
	struct perf_event_mmap_page *page; /* the control page, the ring behind it; NULL: none */
};

struct cpu_sampler {
	struct cpu_ring *rings;
	size_t nrings;
	bool sees_kernel;
	uint64_t lost;
	uint8_t *record; /* room for one that wraps around */
};

/* A PERF_RECORD_SAMPLE of PERF_SAMPLE_TID | TIME | CALLCHAIN (perf_event_open(2)). */
struct sample_record {
	struct perf_event_header header;
	uint32_t process, thread;
	uint64_t time, depth;
	uint64_t frames[];
};

/* A PERF_RECORD_LOST. */
struct lost_record {
	struct perf_event_header header;
	uint64_t id, lost;
};

static int open_event(pid_t pid, int cpu, uint64_t period_ns, bool kernel)
{
	struct perf_event_attr attributes = {
	    .type = PERF_TYPE_SOFTWARE,
	    .size = sizeof(attributes),
	    .config = PERF_COUNT_SW_TASK_CLOCK,
	    .sample_period = period_ns,
	    .sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CALLCHAIN,
	    .inherit = 1,
	    .exclude_kernel = !kernel,
	    .exclude_hv = 1,
	    .exclude_callchain_kernel = 1,
	    .use_clockid = 1,
	    .clockid = CLOCK_MONOTONIC,
	};

	return (int)syscall(SYS_perf_event_open, &attributes, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

/* CPU's ring for PID. A CPU that is offline has none, which is no error: *RING is left empty. */
static enum status open_ring(struct cpu_ring *ring, pid_t pid, int cpu, uint64_t period_ns, bool kernel)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE) + RING_BYTES;
	void *memory;

	ring->fd = open_event(pid, cpu, period_ns, kernel);
	if (ring->fd < 0)
		return errno == ENODEV || errno == EINVAL ? STATUS_OK : STATUS_ERROR;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (memory == MAP_FAILED)
		return STATUS_ERROR;
	ring->page = memory;
	return STATUS_OK;
}

static void close_rings(struct cpu_sampler *sampler)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE) + RING_BYTES;

	for (size_t i = 0; i < sampler->nrings; i++) {
		if (sampler->rings[i].page)
			munmap(sampler->rings[i].page, size);
		if (sampler->rings[i].fd >= 0)
			close(sampler->rings[i].fd);
		sampler->rings[i] = (struct cpu_ring){.fd = -1};
	}
}

static enum status open_rings(struct cpu_sampler *sampler, pid_t pid, uint64_t period_ns, bool kernel)
{
	bool any = false;

	for (size_t i = 0; i < sampler->nrings; i++) {
		if (open_ring(&sampler->rings[i], pid, (int)i, period_ns, kernel) != STATUS_OK)
			return STATUS_ERROR;
		any |= sampler->rings[i].page != NULL;
	}
	sampler->sees_kernel = kernel;
	return any ? STATUS_OK : STATUS_ERROR;
}

static int paranoia(void)
{
	FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	int level = -2;

	if (!file)
		return level;
	if (fscanf(file, "%d", &level) != 1)
		level = -2;
	fclose(file);
	return level;
}

static enum status refused(struct error *error)
{
	int why = errno, level = paranoia();

	if (why == ENOSYS || level == -2)
		return error_set(error, "this kernel has no perf events");
	if ((why == EACCES || why == EPERM) && level > 2)
		return error_set(error, "kernel.perf_event_paranoid is %d: 2 would allow it, or CAP_PERFMON", level);
	if (why == EACCES || why == EPERM)
		return error_set(error, "perf_event_open is forbidden here (in a container: by its seccomp profile)");
	errno = why;
	return error_set_errno(error, "perf_event_open");
}

enum status cpu_sampler_open(struct cpu_sampler **sampler, pid_t pid, uint64_t period_ns, struct error *error)
{
	struct cpu_sampler *made = memory_alloc(1, sizeof(*made));
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	made->nrings = cpus > 0 ? (size_t)cpus : 1;
	made->rings = memory_alloc(made->nrings, sizeof(*made->rings));
	for (size_t i = 0; i < made->nrings; i++)
		made->rings[i].fd = -1;
	made->record = memory_alloc(RECORD_MAX, 1);
	if (open_rings(made, pid, period_ns, true) != STATUS_OK) {
		close_rings(made);
		if (open_rings(made, pid, period_ns, false) != STATUS_OK) {
			enum status status = refused(error);

			cpu_sampler_close(made);
			return status;
		}
	}
	*sampler = made;
	return STATUS_OK;
}

/* The chain without the kernel's marks of which part it is (PERF_CONTEXT_USER), which stand first. */
static void take_sample(const struct sample_record *record, void (*take)(void *user, const struct cpu_sample *sample),
			void *user)
{
	uint64_t room = (record->header.size - sizeof(*record)) / 8;
	uint64_t depth = record->depth < room ? record->depth : room, first = 0;
	struct cpu_sample sample = {record->time, (pid_t)record->process, (pid_t)record->thread, 0, NULL};

	while (first < depth && record->frames[first] >= PERF_CONTEXT_MAX)
		first++;
	sample.frames = record->frames + first;
	sample.depth = (uint32_t)(depth - first);
	take(user, &sample);
}

static void take_record(struct cpu_sampler *sampler, const struct perf_event_header *header,
			void (*take)(void *user, const struct cpu_sample *sample), void *user)
{
	if (header->type == PERF_RECORD_SAMPLE && header->size >= sizeof(struct sample_record))
		take_sample((const struct sample_record *)header, take, user);
	else if (header->type == PERF_RECORD_LOST && header->size >= sizeof(struct lost_record))
		sampler->lost += ((const struct lost_record *)header)->lost;
}

/* The record at TAIL in one piece. */
static const struct perf_event_header *record_at(struct cpu_sampler *sampler, const uint8_t *ring, uint64_t tail)
{
	uint64_t offset = tail & (RING_BYTES - 1);
	const struct perf_event_header *header = (const struct perf_event_header *)(ring + offset);
	uint64_t first = RING_BYTES - offset;

	/* Records are of multiples of 8 bytes, so that a header never wraps. */
	if (header->size <= first)
		return header;
	memcpy(sampler->record, ring + offset, first);
	memcpy(sampler->record + first, ring, header->size - first);
	return (const struct perf_event_header *)sampler->record;
}

static void read_ring(struct cpu_sampler *sampler, struct perf_event_mmap_page *page,
		      void (*take)(void *user, const struct cpu_sample *sample), void *user)
{
	const uint8_t *ring = (const uint8_t *)page + sysconf(_SC_PAGESIZE);
	uint64_t head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE), tail = page->data_tail;

	while (tail < head) {
		const struct perf_event_header *header = record_at(sampler, ring, tail);

		if (header->size < sizeof(*header))
			break;
		take_record(sampler, header, take, user);
		tail += header->size;
	}
	__atomic_store_n(&page->data_tail, head, __ATOMIC_RELEASE);
}

void cpu_sampler_read(struct cpu_sampler *sampler, void (*take)(void *user, const struct cpu_sample *sample),
		      void *user)
{
	for (size_t i = 0; i < sampler->nrings; i++) {
		if (sampler->rings[i].page)
			read_ring(sampler, sampler->rings[i].page, take, user);
	}
}

uint64_t cpu_sampler_lost(const struct cpu_sampler *sampler)
{
	return sampler->lost;
}

bool cpu_sampler_sees_kernel(const struct cpu_sampler *sampler)
{
	return sampler->sees_kernel;
}

void cpu_sampler_close(struct cpu_sampler *sampler)
{
	if (!sampler)
		return;
	close_rings(sampler);
	free(sampler->rings);
	free(sampler->record);
	free(sampler);
}
