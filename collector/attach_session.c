/*
 * The loop of an attached session. It waits for a signal, for the process's end, for the time to be over, and drains
 * meanwhile. The threads are stopped twice, at the beginning and at the end; in between nobody traces them.
 */
#include "collector/attach_session.h"

#include "base/clock.h"
#include "collector/attachment.h"
#include "collector/plan.h"
#include "collector/process_info.h"
#include "collector/region.h"
#include "collector/target_check.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define LOOK_NS 1000000000u /* between looks whether it is the same program still */

struct attach_session {
	const struct attach_options *options;
	struct attach_result *result;
	struct target target;
	struct plan *plan;
	struct region region;
	struct attachment *attachment;
	struct recording *recording;
	int signals;
	uint64_t began_ns, looked_ns;
	bool over;
};

/* They stay blocked for good: a second Ctrl-C must not end us while the program is let go. */
static void block_signals(struct attach_session *session)
{
	static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	sigset_t mask;
	size_t i;

	sigemptyset(&mask);
	for (i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		sigaddset(&mask, ending[i]);
	session->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	sigaddset(&mask, SIGCHLD); /* of tracees: collector/thread_stop.h */
	sigaddset(&mask, SIGPIPE); /* whoever reads our messages may go */
	sigprocmask(SIG_BLOCK, &mask, NULL);
}

static bool is_asked_to_end(const struct attach_session *session)
{
	struct signalfd_siginfo info;

	return read(session->signals, &info, sizeof(info)) == (ssize_t)sizeof(info);
}

static enum status make_plan(struct attach_session *session, struct error *error)
{
	const struct target *target = &session->target;
	enum status status = plan_make(&session->plan, target->readable, session->options->live_rate, error);

	if (status == STATUS_NO_ENTRY)
		return error_set(error, "process %d (%s) is not a Go program", (int)target->pid, target->path);
	if (status == STATUS_ERROR) { /* the messages know the file by the path that only we have */
		char *at = strstr(error->text, target->readable);
		struct error named;

		if (at) {
			error_set(&named, "%.*s%.512s%s", (int)(at - error->text), error->text, target->path,
				  at + strlen(target->readable));
			*error = named;
		}
	}
	return status;
}

static void begin_recording(struct attach_session *session)
{
	const struct target *target = &session->target;
	struct recording_source source = {.plan = session->plan,
					  .region = &session->region,
					  .pid = target->pid,
					  .bias = attachment_bias(session->attachment),
					  .rate = session->options->rate,
					  .budget = session->options->budget,
					  .is_watched = session->options->is_watched,
					  .way = "attach",
					  .command = target->command,
					  .command_size = target->command_size,
					  .binary = target->path};

	recording_begin(session->recording, &source);
	recording_number_fact(session->recording, "attached_after_ns", process_info_age(target->start_time));
}

static enum status begin(struct attach_session *session, struct error *error)
{
	const struct attach_options *options = session->options;
	enum status status = target_check_open(&session->target, options->pid, options->force, error);

	if (status == STATUS_OK)
		status = make_plan(session, error);
	if (status == STATUS_OK)
		status = recording_open(&session->recording, options->trace_path, error);
	if (status != STATUS_OK)
		return STATUS_ERROR;
	recording_sample_cpu(session->recording, options->pid, true, options->cpu_period_ns);
	region_plan(&session->region, options->rate, options->ring_size);
	status = attachment_begin(&session->attachment, options->pid, session->plan, &session->region, error);
	if (status == STATUS_NO_ENTRY)
		return error_set(error, "process %d has ended while it was attached to", (int)options->pid);
	if (status != STATUS_OK)
		return status;
	begin_recording(session);
	attachment_settle(session->attachment);
	recording_number_fact(session->recording, "attach_stop_ns", attachment_begin_ns(session->attachment));
	session->began_ns = clock_ns(CLOCK_MONOTONIC);
	if (options->begun)
		options->begun(options->user, session->target.path);
	return STATUS_OK;
}

/* The agent is gone without us when the process has ended, or has exec'd. */
static void look_at_target(struct attach_session *session, uint64_t now)
{
	if (now - session->looked_ns < LOOK_NS)
		return;
	session->looked_ns = now;
	if (target_check_lives(&session->target) && attachment_stands(session->attachment))
		return;
	session->over = session->result->ended = true;
}

static int timeout_ms(const struct attach_session *session, uint64_t now)
{
	uint64_t duration = session->options->duration_ns, passed = now - session->began_ns;
	int limit = recording_timeout(session->recording);

	if (!duration || passed + (uint64_t)limit * 1000000u < duration)
		return limit;
	return passed < duration ? (int)((duration - passed) / 1000000u) : 0;
}

static void loop(struct attach_session *session)
{
	while (!session->over) {
		struct pollfd fds[2] = {{.fd = session->signals, .events = POLLIN},
					{.fd = session->target.handle, .events = POLLIN}};
		uint64_t now = clock_ns(CLOCK_MONOTONIC);

		poll(fds, 2, timeout_ms(session, now));
		now = clock_ns(CLOCK_MONOTONIC);
		look_at_target(session, now); /* first: what has exec'd has other figures at these addresses */
		recording_tend(session->recording);
		if (fds[1].revents)
			session->over = session->result->ended = true;
		if (is_asked_to_end(session) ||
		    (session->options->duration_ns && now - session->began_ns >= session->options->duration_ns))
			session->over = true;
	}
}

/* Take the agent out. It goes on recording while a try fails, and the heartbeat ends with us in any case. */
static void take_out(struct attach_session *session)
{
	enum status status = attachment_take_out(session->attachment, &session->result->trouble);

	if (status == STATUS_NO_ENTRY)
		session->result->ended = true;
	if (status != STATUS_OK)
		return;
	session->result->trouble.text[0] = 0;
	recording_number_fact(session->recording, "detach_stop_ns", attachment_end_ns(session->attachment));
}

static void end(struct attach_session *session, session_at_end *at_end)
{
	bool out = false;
	int tries;

	for (tries = 0; tries < 5 && !out && !session->result->ended; tries++) {
		take_out(session);
		out = !session->result->trouble.text[0];
		recording_tend(session->recording);
	}
	recording_take_rest(session->recording);
	recording_finish(session->recording, at_end, session->options->user);
	session->result->samples = recording_samples(session->recording);
	if (out && !session->result->ended)
		attachment_unmap(session->attachment, &session->result->trouble);
}

static void close_all(struct attach_session *session)
{
	recording_close(session->recording, &session->result->trace_size, &session->result->damage);
	attachment_free(session->attachment);
	region_close(&session->region);
	plan_free(session->plan);
	target_check_close(&session->target);
	if (session->signals >= 0)
		close(session->signals);
}

enum status attach_session_run(const struct attach_options *options, session_at_end *at_end,
			       struct attach_result *result, struct error *error)
{
	struct attach_session session = {.options = options,
					 .result = result,
					 .target = {.handle = -1, .program = -1},
					 .region = {.fd = -1},
					 .signals = -1};
	enum status status;

	*result = (struct attach_result){0};
	block_signals(&session);
	status = begin(&session, error);
	if (status == STATUS_OK) {
		loop(&session);
		end(&session, at_end);
	}
	close_all(&session);
	return status;
}
