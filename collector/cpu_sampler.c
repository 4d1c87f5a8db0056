/*
 * One event and one ring for each CPU, since the kernel shares no ring between the CPUs of an inherited event. In: what
 * the kernel wrote there. Out: samples. The kernel is believed in what it writes, but not in how much fits.
 *
 * A program that runs already needs an event for each of its threads too: all of a CPU write to the one ring. A thread
 * that is seen only when others have events may be a child of one of those, and then be sampled twice: by the event
 * that it inherited and by its own. Each sample names the event that was opened, so that the other's are left out.
 *
 * Threads with events are dearer to switch between, which where samples are few is more than the samples themselves. So
 * a long period is that of each CPU's own clock, whatever runs there, if we may; the reader leaves out what is not the
 * target's.
 */
#include "collector/cpu_sampler.h"

#include "base/memory.h"
#include "collector/thread_stop.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define RING_BYTES (256u << 10) /* a power of two; with a page more, below what kernel.perf_event_mlock_kb allows */
#define RECORD_MAX 65536        /* a record's size has 16 bits */
#define EVERYONE   (-1)         /* a PID: whatever runs on the CPU */
#define LONG_NS    50000000u    /* periods from here on are the CPUs' */

struct cpu_ring {
	int fd;
	struct perf_event_mmap_page *page; /* the control page, the ring behind it; NULL: none */
};

/* The event of one thread on one CPU. */
struct thread_event {
	pid_t thread;
	int fd;
	uint64_t id;
	bool is_late; /* others had events when this was opened */
};

struct cpu_sampler {
	struct cpu_ring *rings;
	size_t nrings;
	struct thread_event *events; /* besides those of the rings */
	size_t nevents, capacity;
	pid_t *late; /* threads whose samples by other events than their own are left out */
	size_t nlate, late_capacity;
	bool has_ids; /* samples name their event */
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

/* The same of PERF_SAMPLE_TID | TIME | ID | CALLCHAIN. */
struct sample_record_with_id {
	struct perf_event_header header;
	uint32_t process, thread;
	uint64_t time, id, depth;
	uint64_t frames[];
};

/* A PERF_RECORD_LOST. */
struct lost_record {
	struct perf_event_header header;
	uint64_t id, lost;
};

/* With IDS each sample names its event. Of EVERYONE the CPU's clock counts, but for when it is idle. */
static int open_event(pid_t pid, int cpu, uint64_t period_ns, bool kernel, bool ids)
{
	struct perf_event_attr attributes = {
	    .type = PERF_TYPE_SOFTWARE,
	    .size = sizeof(attributes),
	    .config = pid == EVERYONE ? PERF_COUNT_SW_CPU_CLOCK : PERF_COUNT_SW_TASK_CLOCK,
	    .sample_period = period_ns,
	    .sample_type =
		PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CALLCHAIN | (ids ? (uint64_t)PERF_SAMPLE_ID : 0),
	    .inherit = pid != EVERYONE,
	    .exclude_idle = pid == EVERYONE,
	    .inherit_thread = ids, /* what a process that runs starts is not sampled */
	    .exclude_kernel = !kernel,
	    .exclude_hv = 1,
	    .exclude_callchain_kernel = 1,
	    .use_clockid = 1,
	    .clockid = CLOCK_MONOTONIC,
	};

	int fd = (int)syscall(SYS_perf_event_open, &attributes, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd >= 0 || errno != EINVAL || !ids)
		return fd;
	attributes.inherit_thread = 0; /* Linux before 5.13: its children are sampled in vain */
	return (int)syscall(SYS_perf_event_open, &attributes, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

/* CPU's ring for PID. A CPU that is offline has none, which is no error: *RING is left empty. */
static enum status open_ring(struct cpu_ring *ring, pid_t pid, int cpu, uint64_t period_ns, bool kernel, bool ids)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE) + RING_BYTES;
	void *memory;

	ring->fd = open_event(pid, cpu, period_ns, kernel, ids);
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
	for (size_t i = 0; i < sampler->nevents; i++)
		close(sampler->events[i].fd);
	sampler->nevents = sampler->nlate = 0;
}

/* The CPUs' own clocks are set going one after the other, all within a period: a GC is on all CPUs at once. */
static enum status open_rings(struct cpu_sampler *sampler, pid_t pid, uint64_t period_ns, bool kernel)
{
	struct timespec step = {.tv_nsec = (long)(period_ns / sampler->nrings % 1000000000u)};
	bool any = false;

	for (size_t i = 0; i < sampler->nrings; i++) {
		if (i && pid == EVERYONE)
			nanosleep(&step, NULL);
		if (open_ring(&sampler->rings[i], pid, (int)i, period_ns, kernel, sampler->has_ids) != STATUS_OK)
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

	if (why == EMFILE || why == ENFILE)
		return error_set(error, "too many threads on too many CPUs for the limit of open files (ulimit -n)");
	if (why == ENOSYS || level == -2)
		return error_set(error, "this kernel has no perf events");
	if ((why == EACCES || why == EPERM) && level > 2)
		return error_set(error, "kernel.perf_event_paranoid is %d: 2 would allow it, or CAP_PERFMON", level);
	if (why == EACCES || why == EPERM)
		return error_set(error, "perf_event_open is forbidden here (in a container: by its seccomp profile)");
	errno = why;
	return error_set_errno(error, "perf_event_open");
}

/* Open THREAD's event on CPU, which writes to that CPU's ring. A thread that is gone has none, which is no error. */
static enum status add_event(struct cpu_sampler *sampler, pid_t thread, size_t cpu, uint64_t period_ns, bool is_late)
{
	struct thread_event event = {.thread = thread, .is_late = is_late};

	event.fd = open_event(thread, (int)cpu, period_ns, sampler->sees_kernel, true);
	if (event.fd < 0)
		return errno == ESRCH ? STATUS_OK : STATUS_ERROR;
	if (ioctl(event.fd, PERF_EVENT_IOC_SET_OUTPUT, sampler->rings[cpu].fd) ||
	    ioctl(event.fd, PERF_EVENT_IOC_ID, &event.id)) {
		close(event.fd);
		return STATUS_ERROR;
	}
	sampler->events =
	    memory_reserve(sampler->events, sampler->nevents, &sampler->capacity, sizeof(*sampler->events));
	sampler->events[sampler->nevents++] = event;
	return STATUS_OK;
}

static enum status add_thread(struct cpu_sampler *sampler, pid_t thread, uint64_t period_ns, bool is_late)
{
	for (size_t i = 0; i < sampler->nrings; i++) {
		if (sampler->rings[i].page && add_event(sampler, thread, i, period_ns, is_late) != STATUS_OK)
			return STATUS_ERROR;
	}
	if (!is_late)
		return STATUS_OK;
	sampler->late = memory_reserve(sampler->late, sampler->nlate, &sampler->late_capacity, sizeof(*sampler->late));
	sampler->late[sampler->nlate++] = thread;
	return STATUS_OK;
}

static int compare_threads(const void *left, const void *right)
{
	pid_t a = *(const pid_t *)left, b = *(const pid_t *)right;

	return a < b ? -1 : a > b;
}

static bool is_among(const pid_t *threads, size_t count, pid_t thread)
{
	return count && bsearch(&thread, threads, count, sizeof(thread), compare_threads);
}

/*
 * Events for all threads of PID but PID itself, which has them. *KNOWN, of *COUNT, are those seen before, and become
 * those seen now. *FOUND: whether there were any new ones.
 */
static enum status add_new_threads(struct cpu_sampler *sampler, pid_t pid, uint64_t period_ns, bool is_late,
				   pid_t **known, size_t *count, bool *found)
{
	size_t nthreads;
	pid_t *threads = thread_stop_list(pid, &nthreads);
	enum status status = STATUS_OK;

	*found = false;
	for (size_t i = 0; i < nthreads && status == STATUS_OK; i++) {
		if (threads[i] == pid || is_among(*known, *count, threads[i]))
			continue;
		*found = true;
		status = add_thread(sampler, threads[i], period_ns, is_late);
	}
	if (threads)
		qsort(threads, nthreads, sizeof(*threads), compare_threads);
	free(*known);
	*known = threads;
	*count = nthreads;
	return status;
}

/* A thread that is born of one with an event inherits it: so when all that were seen have one, none is missed. */
static enum status open_threads(struct cpu_sampler *sampler, pid_t pid, uint64_t period_ns)
{
	pid_t *known = NULL;
	size_t count = 0;
	bool found = false;
	enum status status = add_new_threads(sampler, pid, period_ns, false, &known, &count, &found);

	while (status == STATUS_OK && found)
		status = add_new_threads(sampler, pid, period_ns, true, &known, &count, &found);
	if (sampler->late)
		qsort(sampler->late, sampler->nlate, sizeof(*sampler->late), compare_threads);
	free(known);
	return status;
}

static enum status open_all(struct cpu_sampler *sampler, pid_t pid, bool is_running, uint64_t period_ns, bool kernel)
{
	enum status status;

	sampler->has_ids = false;
	if (period_ns >= LONG_NS) {
		if (open_rings(sampler, EVERYONE, period_ns, kernel) == STATUS_OK)
			return STATUS_OK;
		close_rings(sampler);
	}
	sampler->has_ids = is_running;
	status = open_rings(sampler, pid, period_ns, kernel);
	return status == STATUS_OK && is_running ? open_threads(sampler, pid, period_ns) : status;
}

/* An event is a descriptor, and there is one for each thread and CPU. */
static void allow_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

enum status cpu_sampler_open(struct cpu_sampler **sampler, pid_t pid, bool is_running, uint64_t period_ns,
			     struct error *error)
{
	struct cpu_sampler *made = memory_alloc(1, sizeof(*made));
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	made->nrings = cpus > 0 ? (size_t)cpus : 1;
	made->rings = memory_alloc(made->nrings, sizeof(*made->rings));
	for (size_t i = 0; i < made->nrings; i++)
		made->rings[i].fd = -1;
	made->record = memory_alloc(RECORD_MAX, 1);
	if (is_running)
		allow_many_files();
	if (open_all(made, pid, is_running, period_ns, true) != STATUS_OK) {
		close_rings(made);
		if (open_all(made, pid, is_running, period_ns, false) != STATUS_OK) {
			enum status status = refused(error);

			cpu_sampler_close(made);
			return status;
		}
	}
	*sampler = made;
	return STATUS_OK;
}

/* Whether a sample of THREAD by the event ID is one of two: its own event's is the other. */
static bool is_double(const struct cpu_sampler *sampler, pid_t thread, uint64_t id)
{
	if (!is_among(sampler->late, sampler->nlate, thread))
		return false;
	for (size_t i = 0; i < sampler->nevents; i++)
		if (sampler->events[i].is_late && sampler->events[i].thread == thread && sampler->events[i].id == id)
			return false;
	return true;
}

/* The chain of DEPTH frames without the kernel's marks of which part it is (PERF_CONTEXT_USER), which stand first. */
static void take_sample(struct cpu_sample *sample, const uint64_t *frames, uint64_t depth, uint64_t room,
			void (*take)(void *user, const struct cpu_sample *sample), void *user)
{
	uint64_t first = 0;

	if (depth > room)
		depth = room;
	while (first < depth && frames[first] >= PERF_CONTEXT_MAX)
		first++;
	sample->frames = frames + first;
	sample->depth = (uint32_t)(depth - first);
	take(user, sample);
}

static void take_plain(const struct sample_record *record, void (*take)(void *user, const struct cpu_sample *sample),
		       void *user)
{
	struct cpu_sample sample = {record->time, (pid_t)record->process, (pid_t)record->thread, 0, NULL};

	take_sample(&sample, record->frames, record->depth, (record->header.size - sizeof(*record)) / 8, take, user);
}

static void take_with_id(const struct cpu_sampler *sampler, const struct sample_record_with_id *record,
			 void (*take)(void *user, const struct cpu_sample *sample), void *user)
{
	struct cpu_sample sample = {record->time, (pid_t)record->process, (pid_t)record->thread, 0, NULL};

	if (!is_double(sampler, sample.thread, record->id))
		take_sample(&sample, record->frames, record->depth, (record->header.size - sizeof(*record)) / 8, take,
			    user);
}

static void take_record(struct cpu_sampler *sampler, const struct perf_event_header *header,
			void (*take)(void *user, const struct cpu_sample *sample), void *user)
{
	if (header->type == PERF_RECORD_SAMPLE && sampler->has_ids) {
		if (header->size >= sizeof(struct sample_record_with_id))
			take_with_id(sampler, (const struct sample_record_with_id *)header, take, user);
	} else if (header->type == PERF_RECORD_SAMPLE && header->size >= sizeof(struct sample_record))
		take_plain((const struct sample_record *)header, take, user);
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
	free(sampler->events);
	free(sampler->late);
	free(sampler->record);
	free(sampler);
}
