/*
 * The agent, its rings and the drain together, in this process: the agent's own code allocates and frees for threads
 * that stand for Ps, in rings far too small for what comes. What was recorded and what was lost must be all there was.
 */
#include "collector/drain.h"
#include "collector/region.h"
#include "tests/unit/agent_fixture.h"
#include "trace/trace_reader.h"

#include "collector/agent/agent.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RING       (64 * 1024)
#define ROOM       (128 << 20) /* for the region of any machine, rings of that size in it */
#define PROCESSORS 3           /* one more than there are shards on a machine of two CPUs */
#define STORM      300000
#define SIZE       48

/* Where the agent's code looks for its control block: the linker's script puts it there else. */
__asm__(".bss\n.balign 4096\n.globl agent_control_block\nagent_control_block: .skip 134217728\n.previous\n");
extern uint8_t agent_control_block[];

/* What it takes for the word that is 0 in a forked child. */
extern uint32_t agent_here;
uint32_t agent_here = 1;

static struct region region;
static struct made_processor processors[PROCESSORS];
static uint64_t kept[PROCESSORS]; /* allocations that were told to have a special, and whose deaths are told then */
static int64_t own_rate;
static char path[] = "/tmp/test_rings.XXXXXX";
static struct drain *drain;
static struct trace_writer *writer;

/* A region of tiny rings, the collector's mapping and the agent's; OWN: the program's MemProfileRate. */
static void begin(int64_t own, bool is_ours)
{
	struct error error = {""};
	uint32_t i;

	own_rate = own;
	region_plan(&region, 1, RING);
	assert_true(region.size <= ROOM);
	assert_int_equal(region_map(&region, memfd_create("test", MFD_CLOEXEC), &error), STATUS_OK);
	assert_ptr_equal(
	    mmap(agent_control_block, region.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, region.fd, 0),
	    agent_control_block);
	made_plan(&region.control->plan, &own_rate, NULL);
	region.control->plan.type_hops = UINT32_MAX;
	region.control->plan.switched_on = is_ours;
	region.control->enabled = 1;
	for (i = 0; i < PROCESSORS; i++) {
		made_processor_init(&processors[i], i);
		kept[i] = 0;
	}
	assert_int_equal(trace_writer_open(&writer, path, &error), STATUS_OK);
	drain = drain_new(&region, writer, getpid(), 0);
}

/* What the samples of the trace that was read last stand for. Those recorded while there is little room stand for more.
 */
static struct {
	double objects, variance;
} weight;

static void weigh(void *user, const struct trace *trace, const struct trace_sample *sample)
{
	double mean = (double)sample->rate, p = mean > 1 ? -expm1(-SIZE / mean) : 1;

	(void)user;
	(void)trace;
	weight.objects += (double)sample->count / p;
	weight.variance += (double)sample->count * (1 - p) / (p * p);
}

/* Take what is left, and read the trace; its losses are the trace's. */
static void end(struct trace *trace)
{
	struct trace_callbacks callbacks = {.sample = weigh};
	struct error error = {""};

	weight.objects = weight.variance = 0;
	drain_rest(drain);
	drain_write_losses(drain);
	assert_int_equal(trace_writer_close(writer, true, &error), STATUS_OK);
	drain_free(drain);
	region_close(&region);
	assert_int_equal(trace_read(trace, path, &callbacks, &error), STATUS_OK);
	assert_true(trace->complete);
	assert_int_equal(trace->skipped, 0);
}

/* One allocation with a stack of its own for each of 64 numbers. Returns whether the object has a special. */
static bool allocate(struct made_processor *processor, uint64_t number)
{
	uint64_t object = 0xc000000000 + number * SIZE + (processor->p.id << 32);
	uint32_t frame = made_push(processor, MADE_STACK_WORDS, MADE_STACK_WORDS, 0x401000 + number % 64);
	bool special = agent_malloc(object, SIZE, made_address(&processor->g), made_address(&processor->stack[frame]));

	kept[processor->p.id] += special;
	return special;
}

static void free_object(struct made_processor *processor, uint64_t object)
{
	struct made_special special = {4};

	agent_free(made_address(&special), object, made_address(&processor->g));
}

static void *storm(void *user)
{
	struct made_processor *processor = user;
	uint64_t i;

	for (i = 0; i < STORM; i++) {
		allocate(processor, i);
		if (i % 4 == 3)
			free_object(processor, 0xc000000000 + i);
	}
	return NULL;
}

/* What the rings have lost, added up. */
static struct trace_ring sum_rings(const struct trace *trace)
{
	struct trace_ring sum = {0};
	size_t i;

	assert_int_equal(trace->ring_size, RING);
	for (i = 0; i < trace->nrings; i++) {
		sum.samples += trace->rings[i].samples;
		sum.sample_bytes += trace->rings[i].sample_bytes;
		sum.deaths += trace->rings[i].deaths;
		sum.throttled += trace->rings[i].throttled;
		assert_true(trace->rings[i].peak <= RING);
	}
	return sum;
}

/* All Ps at once, and the drain too slow for them: every allocation is followed to its death, so none is counted. */
static void run_storm(struct trace *trace)
{
	pthread_t threads[PROCESSORS];
	uint32_t i;

	for (i = 0; i < PROCESSORS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, storm, &processors[i]), 0);
	for (i = 0; i < 50; i++) {
		usleep(200);
		drain_run(drain);
	}
	for (i = 0; i < PROCESSORS; i++)
		pthread_join(threads[i], NULL);
	end(trace);
}

static void test_losses_are_told(void **state)
{
	struct trace_ring lost;
	struct trace trace;

	(void)state;
	begin(1, true);
	run_storm(&trace);
	lost = sum_rings(&trace);
	print_message("%lu recorded, %lu lost; %lu deaths, %lu lost; %lu found all rings busy\n", trace.nsamples,
		      trace.losses.samples, trace.ndeaths, trace.losses.deaths, trace.losses.contended);
	assert_true(trace.nsamples > 0 && lost.samples > 0);
	assert_int_equal(trace.ndeaths + trace.losses.deaths, PROCESSORS * STORM / 4);
	assert_int_equal(lost.samples + trace.losses.contended, trace.losses.samples);
	assert_true(lost.sample_bytes > lost.samples * SIZE); /* those of a coarser mean stand for more */
	assert_int_equal(lost.throttled, trace.losses.throttled);
	trace_free(&trace);
}

/* Twice as much as a ring holds comes before each look of the drain: what is thinned out is in the others' weights. */
static void test_the_thinned_are_in_the_weights(void **state)
{
	const uint64_t rounds = 200, made = 2000;
	struct trace trace;
	uint64_t i, j;

	(void)state;
	begin(1, true);
	for (i = 0; i < rounds; i++) {
		for (j = 0; j < made; j++)
			allocate(&processors[0], i * made + j);
		drain_run(drain);
	}
	end(&trace);
	assert_int_equal(trace.losses.samples, 0);
	assert_in_range(trace.nsamples, rounds * 100, rounds * made / 2);
	assert_true(fabs(weight.objects - (double)(rounds * made)) < 5 * sqrt(weight.variance));
	assert_true(sqrt(weight.variance) < 0.03 * (double)(rounds * made));
	trace_free(&trace);
}

/* What could not be recorded gets no special where the program's profile is ours; else the program's own has all. */
static void test_specials(void **state)
{
	struct trace trace;
	uint64_t sum = 0;
	uint32_t i;

	(void)state;
	begin(1, true);
	run_storm(&trace);
	for (i = 0; i < PROCESSORS; i++)
		sum += kept[i];
	assert_int_equal(sum, trace.nsamples);
	trace_free(&trace);
	begin(1, false);
	run_storm(&trace);
	assert_true(trace.nsamples < PROCESSORS * STORM);
	for (i = 0; i < PROCESSORS; i++)
		assert_int_equal(kept[i], STORM);
	trace_free(&trace);
}

/* When allocations find hardly any room any more, deaths still do: an eighth of the ring's. */
static void test_room_for_deaths(void **state)
{
	uint64_t deaths = RING / 8 / sizeof(struct agent_death) * 9 / 10, room = RING - RING / 8 - AGENT_ALLOC_MAX, i;
	const struct agent_shard *shard;
	struct trace trace;

	(void)state;
	begin(1, true);
	shard = region_shard(&region, 0);
	for (i = 0; shard->head < room - room / 16 && i < STORM; i++)
		allocate(&processors[0], i);
	assert_in_range(i, 500, STORM - 1);
	for (i = 0; i < deaths; i++)
		free_object(&processors[0], 0xc000000000 + i * SIZE);
	assert_int_equal(shard->lost_deaths, 0);
	for (; !shard->lost_deaths && i < STORM; i++)
		free_object(&processors[0], 0xc000000000 + i * SIZE);
	end(&trace);
	assert_int_equal(trace.ndeaths, i - 1);
	assert_int_equal(trace.losses.deaths, 1);
	assert_int_equal(trace.rings[0].deaths, 1);
	assert_int_equal(trace.rings[0].samples, 0);
	assert_true(trace.rings[0].peak > RING * 9 / 10);
	trace_free(&trace);
}

/* Deaths that come while all shards are busy are no lost samples. */
static void test_contended(void **state)
{
	struct trace trace;
	uint32_t i;

	(void)state;
	begin(1, true);
	for (i = 0; i < region.nshards; i++)
		region_shard(&region, i)->lock = 1;
	allocate(&processors[0], 1);
	allocate(&processors[1], 2);
	free_object(&processors[0], 3);
	for (i = 0; i < region.nshards; i++)
		region_shard(&region, i)->lock = 0;
	end(&trace);
	assert_int_equal(trace.losses.samples, 2);
	assert_int_equal(trace.losses.contended, 2);
	assert_int_equal(trace.losses.deaths, 1);
	trace_free(&trace);
}

static bool share_a_line(const void *a, size_t size_a, const void *b, size_t size_b)
{
	uintptr_t first_a = (uintptr_t)a / AGENT_LINE, last_a = ((uintptr_t)a + size_a - 1) / AGENT_LINE;
	uintptr_t first_b = (uintptr_t)b / AGENT_LINE, last_b = ((uintptr_t)b + size_b - 1) / AGENT_LINE;

	return first_a <= last_b && first_b <= last_a;
}

/* What is written at every sample, by P: its state, its counters, its ring with both positions. */
static void test_no_shared_lines(void **state)
{
	const struct agent_control *control;
	uint32_t i;

	(void)state;
	region_plan(&region, 1, 0);
	region.fd = memfd_create("test", MFD_CLOEXEC);
	assert_int_equal(region_map(&region, region.fd, NULL), STATUS_OK);
	control = region.control;
	for (i = 0; i + 1 < AGENT_PROCESSORS; i++)
		assert_false(share_a_line(&control->processors[i], sizeof(control->processors[i]),
					  &control->processors[i + 1], sizeof(control->processors[i])));
	assert_false(
	    share_a_line(&control->last_numgc,
			 offsetof(struct agent_control, processors) - offsetof(struct agent_control, last_numgc),
			 &control->processors[0], sizeof(control->processors[0])));
	assert_false(share_a_line(&control->rate, 32, &control->last_numgc, 40));
	for (i = 0; i + 1 < region.ntallies; i++)
		assert_false(share_a_line(region_tally(&region, i), sizeof(struct agent_tally),
					  region_tally(&region, i + 1), sizeof(struct agent_tally)));
	for (i = 0; i < region.nshards; i++) {
		const struct agent_shard *shard = region_shard(&region, i);

		assert_false(share_a_line(&shard->head, 48, &shard->tail, 8));
		assert_false(share_a_line(&shard->tail, 8, &shard->seen, sizeof(shard->seen)));
		assert_false(share_a_line(&shard->seen, sizeof(shard->seen), shard->ring, region.ring_size));
		if (i + 1 < region.nshards)
			assert_false(share_a_line(shard, sizeof(*shard) + region.ring_size,
						  region_shard(&region, i + 1), sizeof(*shard)));
	}
	region_close(&region);
}

static void expect_size(uint64_t size, const char *next)
{
	struct error error = {""};

	assert_int_equal(region_check_ring_size(size, &error), STATUS_ERROR);
	if (!strstr(error.text, next))
		fail_msg("\"%s\" has no \"%s\"", error.text, next);
}

static void test_sizes(void **state)
{
	uint64_t size, most = 0;

	(void)state;
	for (size = 64 << 10; region_check_ring_size(size, NULL) == STATUS_OK; size *= 2) {
		most = size;
		region_plan(&region, 4096, size);
		assert_int_equal(region.ring_size, size);
		assert_true(region.size < 2ull << 30);
	}
	assert_true(most >= 1 << 20);
	expect_size(1, ": 64K is the next");
	expect_size(32 << 10, ": 64K is the next");
	expect_size((64 << 10) + 1, ": 128K is the next");
	expect_size(100 << 10, ": 128K is the next");
	expect_size(UINT64_MAX, " from 64K to ");
}

/* What a target's refusal says of its limits. */
static void test_refusals(void **state)
{
	struct error error;

	(void)state;
	region_plan(&region, 1, 1 << 20);
	errno = EAGAIN;
	assert_int_equal(region_refused(&region, 12, 3, &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "ulimit -l"));
	assert_non_null(strstr(error.text, "--ring-size"));
	errno = ENOMEM;
	region_refused(&region, 12, 3, &error);
	assert_non_null(strstr(error.text, "ulimit -v"));
	errno = EPERM;
	region_refused(&region, 12, 3, &error);
	assert_non_null(strstr(error.text, "Operation not permitted"));
	assert_null(strstr(error.text, "ulimit"));
}

static int set_up(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_losses_are_told), cmocka_unit_test(test_the_thinned_are_in_the_weights),
	    cmocka_unit_test(test_specials),        cmocka_unit_test(test_room_for_deaths),
	    cmocka_unit_test(test_contended),       cmocka_unit_test(test_no_shared_lines),
	    cmocka_unit_test(test_sizes),           cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
