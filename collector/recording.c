/* The drains of Go's and C's allocations, the samples of CPU and the trace's writer, tended together; the facts that a
 * trace begins with. */
#include "collector/recording.h"

#include "base/clock.h"
#include "base/machine.h"
#include "base/memory.h"
#include "collector/c_drain.h"
#include "collector/cpu_record.h"
#include "collector/drain.h"
#include "collector/plan.h"
#include "collector/rate_control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DRAIN_BUSY_MS   2
#define DRAIN_IDLE_MS   20
#define DRAIN_FULL      0.01          /* of a ring, that may be in it by the next look */
#define FLUSH_NS        500000000ull  /* a killed escprof loses at most this much and a pause */
#define FLUSH_REST_NS   2000000000ull /* and this at rest: */
#define FLUSH_REST_FROM 200           /* ms between two drains */
#define RATE_NS         200000000ull  /* between looks at what the rate costs */
#define PRESSED         0.25          /* of a ring */
#define FIGURES_NS      1000000000ull /* between looks at the GC's figures from outside, when no samples bring them */

struct recording {
	char *path;
	struct trace_writer *writer;
	struct recording_source source;
	bool is_on;
	char *program;       /* path of the profiled program's file */
	struct drain *drain; /* NULL until it begins, and where there is no Go */
	struct c_drain *c;   /* NULL: C allocations are not sampled */
	struct cpu_record *cpu;
	struct error damage;
	uint64_t flushed_ns, figures_ns;
	struct rate_control rate;
	uint64_t rate_ns; /* of the last look at it */
	double pause_ms;  /* until the next drain */
	uint64_t cpu_period_ns;
	bool has_late_labels; /* labels came too late at some time: there are some, and they change */
	uint64_t write_ns;    /* CPU that writing the trace has taken */
	uint64_t tend_ns;     /* CPU that all of tending has taken, where there is company */
	struct session_end end;
};

enum status recording_open(struct recording **out, const char *path, struct error *error)
{
	struct recording *recording = memory_alloc(1, sizeof(*recording));
	enum status status = trace_writer_open(&recording->writer, path, error);

	if (status != STATUS_OK) {
		free(recording);
		return status;
	}
	recording->path = memory_copy_string(path);
	*out = recording;
	return STATUS_OK;
}

void recording_sample_cpu(struct recording *recording, pid_t pid, bool is_running, uint64_t period_ns)
{
	recording->cpu = cpu_record_new(pid, is_running, period_ns);
	recording->cpu_period_ns = period_ns;
}

void recording_fact(struct recording *recording, const char *key, const char *value)
{
	if (value && *value)
		trace_writer_fact(recording->writer, key, value, strlen(value));
}

void recording_number_fact(struct recording *recording, const char *key, uint64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	recording_fact(recording, key, text);
}

static void write_go_facts(struct recording *recording)
{
	const struct recording_source *source = &recording->source;
	const struct plan_program *program = plan_program(source->plan);
	char budget[32];

	recording_fact(recording, "go_version", program->go_version);
	recording_fact(recording, "go_build_id", program->go_build_id);
	recording_fact(recording, "gnu_build_id", program->gnu_build_id);
	recording_fact(recording, "main_module", program->main_module);
	recording_fact(recording, "main_path", program->main_path);
	recording_fact(recording, "build_info", program->build_info);
	recording_fact(recording, "profile_switched_on", source->region->control->plan.switched_on ? "yes" : "no");
	recording_number_fact(recording, "rate", source->rate);
	if (source->budget > 0) {
		snprintf(budget, sizeof(budget), "%g", source->budget);
		recording_fact(recording, "budget", budget);
	}
}

static void write_facts(struct recording *recording)
{
	const struct recording_source *source = &recording->source;
	char *cpu = machine_cpu();

	trace_writer_fact(recording->writer, "command", source->command, source->command_size);
	recording_fact(recording, "binary", source->binary ? source->binary : recording->program);
	if (source->plan)
		write_go_facts(recording);
	else
		recording_fact(recording, "gnu_build_id", source->gnu_build_id);
	recording_fact(recording, "cpu", cpu);
	free(cpu);
	recording_fact(recording, "way", source->way);
	recording_fact(recording, "escprof_version", ESCPROF_VERSION);
	recording_number_fact(recording, "pid", (uint64_t)source->pid);
	recording_number_fact(recording, "cpus", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
	recording_number_fact(recording, "start_time", clock_ns(CLOCK_REALTIME));
}

/* The costs so far, those of taking them among them. */
static void read_costs(struct recording *recording, struct rate_costs *costs)
{
	drain_costs(recording->drain, costs);
	costs->taking += recording->write_ns;
	costs->cpu_samples = cpu_record_samples(recording->cpu);
	costs->collector = recording->source.has_company ? recording->tend_ns : clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	costs->time = clock_ns(CLOCK_MONOTONIC);
}

static void adapt_rate(struct recording *recording)
{
	struct agent_control *control = recording->source.region->control;
	struct rate_costs costs;

	read_costs(recording, &costs);
	rate_control_next(&recording->rate, &costs, drain_pressure(recording->drain) > PRESSED);
	__atomic_store_n(&control->rate, recording->rate.samples.mean, __ATOMIC_RELAXED);
	__atomic_store_n(&control->live_rate, recording->rate.followed.mean, __ATOMIC_RELAXED);
}

static void begin_rate(struct recording *recording)
{
	if (recording->source.budget <= 0)
		return;
	rate_control_start(&recording->rate, recording->source.budget, plan_live_rate(recording->source.plan));
	read_costs(recording, &recording->rate.last);
}

static void flush(struct recording *recording)
{
	uint64_t began = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	if (recording->drain)
		drain_write_losses(recording->drain);
	trace_writer_flush(recording->writer, &recording->damage);
	recording->write_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID) - began;
}

static void begin_go(struct recording *recording)
{
	const struct recording_source *source = &recording->source;

	recording->drain = drain_new(source->region, recording->writer, source->pid, source->bias);
	drain_watch(recording->drain, plan_concurrency(source->plan, source->bias));
	drain_name_labels(recording->drain, plan_labels(source->plan, source->pid, source->bias, recording->writer));
	cpu_record_begin(recording->cpu, recording->writer, source->pid, source->bias, source->region,
			 drain_start_ns(recording->drain));
	drain_poll_figures(recording->drain);
	trace_writer_flush(recording->writer, &recording->damage);
	begin_rate(recording);
}

void recording_begin(struct recording *recording, const struct recording_source *source)
{
	recording->source = *source;
	recording->is_on = true;
	recording->program = memory_copy_string(source->plan ? plan_program(source->plan)->path : source->binary);
	write_facts(recording);
	if (source->plan) {
		begin_go(recording);
		return;
	}
	cpu_record_free(recording->cpu);
	recording->cpu = NULL;
	trace_writer_flush(recording->writer, &recording->damage);
}

void recording_begin_c(struct recording *recording, struct c_drain *drain, bool has_libunwind, bool has_own_malloc)
{
	recording->c = drain;
	c_drain_begin(drain, recording->writer, recording->drain ? drain_start_ns(recording->drain) : 0,
		      has_libunwind ? "libunwind" : "frame pointers", has_own_malloc);
	trace_writer_flush(recording->writer, &recording->damage);
}

/*
 * Where a budget is kept, look as seldom as the rings allow, those of the samples of CPU too, and labels, which are
 * read where the program has them and may be others after the next cycle.
 */
static void set_pause(struct recording *recording)
{
	double pressure = drain_pressure(recording->drain), pause = recording->pause_ms;
	double most = rate_control_longest_pause(recording->cpu_period_ns);

	recording->has_late_labels |= drain_is_hurried(recording->drain);
	pause *= pressure > DRAIN_FULL / 1.5 ? DRAIN_FULL / pressure : 1.5;
	if (pause > most)
		pause = most;
	if (pause < DRAIN_IDLE_MS || recording->source.budget <= 0 || recording->c || recording->has_late_labels)
		pause = DRAIN_IDLE_MS;
	recording->pause_ms = pause;
}

static void tend_go(struct recording *recording, uint64_t now)
{
	drain_run(recording->drain);
	set_pause(recording);
	if (now - recording->figures_ns >= FIGURES_NS) {
		recording->figures_ns = now;
		drain_poll_figures(recording->drain);
	}
	if (recording->source.budget > 0 && now - recording->rate_ns >= RATE_NS) {
		recording->rate_ns = now;
		adapt_rate(recording);
	}
}

static uint64_t flush_ns(const struct recording *recording)
{
	return recording->pause_ms > FLUSH_REST_FROM && !recording->source.is_watched ? FLUSH_REST_NS : FLUSH_NS;
}

static void tend(struct recording *recording)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	if (recording->cpu)
		cpu_record_take(recording->cpu);
	if (!recording->is_on)
		return;
	if (recording->c)
		c_drain_run(recording->c);
	if (recording->drain)
		tend_go(recording, now);
	if (now - recording->flushed_ns >= flush_ns(recording)) {
		recording->flushed_ns = now;
		flush(recording);
	}
}

void recording_tend(struct recording *recording)
{
	uint64_t began = recording->source.has_company ? clock_ns(CLOCK_THREAD_CPUTIME_ID) : 0;

	tend(recording);
	if (began)
		recording->tend_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID) - began;
}

int recording_timeout(const struct recording *recording)
{
	if (!recording->drain)
		return DRAIN_IDLE_MS;
	if (drain_pressure(recording->drain) > 2 * DRAIN_FULL || drain_is_hurried(recording->drain))
		return DRAIN_BUSY_MS;
	return recording->pause_ms > 0 ? (int)recording->pause_ms : DRAIN_IDLE_MS;
}

static void finish_go(struct recording *recording, struct session_end *end)
{
	const uint64_t *more;
	size_t nmore;

	drain_rest(recording->drain);
	cpu_record_end(recording->cpu);
	drain_write_losses(recording->drain);
	more = cpu_record_addresses(recording->cpu, &nmore);
	end->addresses = drain_addresses(recording->drain, more, nmore, &end->naddresses);
	end->types = drain_types(recording->drain, &end->ntypes);
}

void recording_take_rest(struct recording *recording)
{
	recording->end = (struct session_end){.writer = recording->writer, .program = recording->program};
	if (recording->drain)
		finish_go(recording, &recording->end);
	if (recording->c)
		c_drain_rest(recording->c);
	trace_writer_flush(recording->writer, &recording->damage);
}

void recording_finish(struct recording *recording, session_at_end *at_end, void *user)
{
	struct session_end *end = &recording->end;

	end->c_addresses = c_drain_addresses(recording->c, &end->nc_addresses);
	end->modules = c_drain_modules(recording->c, &end->nmodules);
	end->replaced = c_drain_replaced(recording->c);
	if (at_end)
		at_end(user, end);
}

uint64_t recording_samples(const struct recording *recording)
{
	return recording->drain ? drain_samples(recording->drain) : 0;
}

uint64_t recording_bytes(const struct recording *recording)
{
	return recording->drain ? drain_bytes(recording->drain) : 0;
}

static void free_all(struct recording *recording)
{
	drain_free(recording->drain);
	cpu_record_free(recording->cpu);
	free(recording->end.addresses);
	free(recording->end.types);
	free(recording->program);
	free(recording->path);
	free(recording);
}

void recording_leave(struct recording *recording)
{
	if (!recording)
		return;
	trace_writer_leave(recording->writer);
	free_all(recording);
}

void recording_close(struct recording *recording, uint64_t *size, struct error *damage)
{
	struct error error = {""};

	if (!recording)
		return;
	if (!recording->is_on)
		unlink(recording->path);
	trace_writer_flush(recording->writer, &error);
	if (size)
		*size = trace_writer_size(recording->writer);
	if (trace_writer_close(recording->writer, true, &error) != STATUS_OK)
		recording->damage = error;
	if (damage)
		*damage = recording->damage;
	free_all(recording);
}
