/*
 * The viewer's loop. One thread waits for keys, signals and the time to look again; the profiler is another process. An
 * analysis takes its time, so the next one waits for at least four times as long: the viewer has a fifth of a CPU at
 * most, whatever the program's size.
 */
#include "cli/top_session.h"

#include "analyzer/analysis.h"
#include "base/clock.h"
#include "base/memory.h"
#include "cli/live_analysis.h"
#include "cli/terminal.h"
#include "cli/top_profiler.h"
#include "cli/top_screen.h"
#include "report/live_view.h"
#include "trace/trace_reader.h"

#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REST_FACTOR    4    /* rest after an analysis, in terms of the CPU it took */
#define BEGIN_SECONDS  0.1  /* between looks for the first figures */
#define PATIENCE       5.0  /* seconds that the profiler may take to end before the user is told */
#define DETACH_SECONDS 20.0 /* and until it is left to itself */
#define MESSAGE_SIZE   400

struct top {
	const struct top_request *request;
	struct top_profiler *profiler;
	struct live_analysis *live; /* NULL: there is no trace yet */
	struct live_view *view;
	struct live_facts facts;
	struct analysis analysis;
	bool analysed, ended, leaving;
	int wait_status; /* once it has ended */
	double next, refreshed, cost;
	char message[MESSAGE_SIZE], bad_message[MESSAGE_SIZE];
	int signals;
	sigset_t old_mask;
	int standard_error; /* as it was before the screen */
};

/* For what is to be removed when the process crashes. */
static const struct top_profiler *crash_profiler;

static void top_at_crash(void)
{
	top_profiler_remove(crash_profiler);
}

static double clock_seconds(clockid_t clock)
{
	return (double)clock_ns(clock) / 1e9;
}

static double top_now(void)
{
	return clock_seconds(CLOCK_MONOTONIC);
}

/* The state of the process PID ('R', 'S', …, 'Z'), 0 when there is none; in *STARTED when it began, in clock ticks. */
static char process_state(int pid, unsigned long long *started)
{
	char path[64], text[1024], state = 0;
	const char *at;
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = 0;
	at = strrchr(text, ')'); /* the name before it may hold anything */
	if (!at || sscanf(at + 1, " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
			  &state, started) != 2)
		return 0;
	return state;
}

/* Seconds since the process PID has begun; NAN when it does not tell. */
static double process_seconds(int pid)
{
	unsigned long long started;

	if (!process_state(pid, &started))
		return NAN;
	return clock_seconds(CLOCK_BOOTTIME) - (double)started / (double)sysconf(_SC_CLK_TCK);
}

static bool process_runs(int pid)
{
	unsigned long long started;
	char state = process_state(pid, &started);

	return state && state != 'Z' && state != 'X';
}

static void top_draw(struct top *top)
{
	struct styled_lines lines = {0};

	top->facts.message = top->message[0] ? top->message : NULL;
	top->facts.bad_message = top->bad_message[0] ? top->bad_message : NULL;
	live_view_set(top->view, top->analysed ? &top->analysis : NULL, &top->facts);
	live_view_draw(top->view, top_screen_width(), top_screen_height(), &lines);
	top_screen_show(&lines);
	styled_lines_free(&lines);
}

/* Take NEW in place of the analysis that is shown. */
static void top_take_analysis(struct top *top, struct analysis *new)
{
	live_view_set(top->view, NULL, &top->facts);
	analysis_free(&top->analysis);
	top->analysis = *new;
	top->analysed = true;
}

static enum status top_open_trace(struct top *top, struct error *error)
{
	const char *path = top_profiler_trace(top->profiler);
	enum status status;

	if (top->live)
		return STATUS_OK;
	status = live_analysis_open(&top->live, path, (uint64_t)(top->request->window_seconds * 1e9),
				    !top->request->trace, error);
	if (status == STATUS_OK)
		top_profiler_hide(top->profiler);
	return status;
}

static void top_look_around(struct top *top)
{
	int pid = live_analysis_pid(top->live);
	double seconds = pid && !top->ended ? process_seconds(pid) : NAN;

	top->facts.pid = pid;
	if (!isnan(seconds))
		top->facts.uptime_seconds = seconds;
	if (!top->message[0] && live_analysis_grows(top->live))
		snprintf(top->message, sizeof(top->message),
			 "The temporary trace grows: its file system takes back nothing. TMPDIR may name another.");
}

/* Read what is new, and unless paused analyse it. */
static void top_refresh(struct top *top)
{
	struct error error = {""};
	struct analysis analysis;
	enum status status = top_open_trace(top, &error);

	if (status == STATUS_OK)
		status = live_analysis_read(top->live, &error);
	if (status == STATUS_OK) {
		top_look_around(top);
		if (live_view_is_paused(top->view) && top->analysed)
			return;
		status = live_analysis_run(top->live, &analysis, &error);
		if (status == STATUS_OK)
			top_take_analysis(top, &analysis);
		else
			analysis_free(&analysis);
	}
	if (status == STATUS_ERROR)
		snprintf(top->bad_message, sizeof(top->bad_message), "%.*s", MESSAGE_SIZE - 1, error.text);
	top_profiler_trim(top->profiler);
}

static void top_plan_next(struct top *top)
{
	double wanted = top->analysed && top->analysis.nsites ? live_view_refresh_seconds(top->view) : BEGIN_SECONDS;

	top->next = top->refreshed + fmax(wanted, REST_FACTOR * top->cost);
}

static void top_refresh_and_draw(struct top *top)
{
	double before = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);

	top_refresh(top);
	top_draw(top);
	top->cost = clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - before;
	top->refreshed = top_now();
	top_plan_next(top);
}

/* The program that was attached to is there, but not its profiler: that is not as it should be. */
static void top_say_runs_on(struct top *top)
{
	char *words = top_profiler_last_words(top->profiler);

	top->facts.runs_on = true;
	snprintf(top->bad_message, sizeof(top->bad_message), "The profiler has ended; the program runs on. %.300s",
		 words);
	free(words);
}

static void top_say_ended(struct top *top)
{
	int status = top->wait_status;

	if (top->request->pid) {
		if (process_runs(top->request->pid))
			top_say_runs_on(top);
	} else if (WIFSIGNALED(status)) {
		snprintf(top->message, sizeof(top->message), "The command was ended by signal %d (%s).",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	} else {
		snprintf(top->message, sizeof(top->message), "The command ended with status %d.", WEXITSTATUS(status));
	}
}

/* The profiler is gone: what it has written last is still to be seen. */
static void top_end(struct top *top)
{
	top->ended = top->facts.ended = true;
	top_say_ended(top);
	top_refresh_and_draw(top);
}

static void top_take_signals(struct top *top)
{
	struct signalfd_siginfo info;

	while (read(top->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGWINCH) {
			top_screen_resize();
			top_draw(top);
		} else if (info.ssi_signo != SIGCHLD) {
			top->leaving = true;
		}
	}
}

static void top_take_keys(struct top *top)
{
	bool pressed = false;
	int key;

	while ((key = top_screen_key()) != -1) {
		top->leaving |= live_view_key(top->view, key);
		pressed = true;
	}
	if (!pressed)
		return;
	if (!live_view_is_paused(top->view))
		top_plan_next(top);
	top_draw(top);
}

/* Wait for something, SECONDS at most; false when the terminal is gone. */
static bool top_wait(struct top *top, double seconds)
{
	struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = top->signals, .events = POLLIN}};
	int milliseconds = seconds <= 0 ? 0 : seconds > 60 ? 60000 : (int)ceil(seconds * 1000);

	poll(fds, 2, milliseconds);
	top_take_signals(top);
	if (fds[0].revents & POLLIN)
		top_take_keys(top);
	return !(fds[0].revents & (POLLHUP | POLLERR | POLLNVAL));
}

static void top_loop(struct top *top)
{
	top_refresh_and_draw(top);
	while (!top->leaving) {
		if (!top_wait(top, top->ended ? 60 : top->next - top_now()))
			top->leaving = true;
		if (top->ended)
			continue;
		if (top_profiler_has_ended(top->profiler, &top->wait_status)) {
			top_end(top);
			/* Nothing to show, then: the profiler has said why. */
			if (!top->analysed)
				return;
		} else if (top_now() >= top->next && !top->leaving) {
			top_refresh_and_draw(top);
		}
	}
}

static void top_say_waiting(struct top *top, double waited)
{
	if (top->request->pid)
		snprintf(top->message, sizeof(top->message), "Detaching from the program…");
	else if (waited < PATIENCE)
		snprintf(top->message, sizeof(top->message), "Ending the command…");
	else
		snprintf(top->message, sizeof(top->message),
			 "The command has not ended at SIGTERM yet; q once more kills it.");
	top_draw(top);
}

/* Until the profiler has ended: detached, or with the command. */
static void top_leave(struct top *top)
{
	double begun = top_now();

	top_profiler_stop(top->profiler);
	while (!top_profiler_has_ended(top->profiler, &top->wait_status)) {
		double waited = top_now() - begun;

		top_say_waiting(top, waited);
		top->leaving = false;
		if (!top_wait(top, 1) || (top->request->pid && waited > DETACH_SECONDS))
			return;
		if (top->leaving && !top->request->pid && waited > PATIENCE && top->facts.pid)
			kill(top->facts.pid, SIGKILL);
	}
	top->ended = true;
}

static void top_block_signals(struct top *top)
{
	static const int taken[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD, SIGWINCH};
	sigset_t mask;

	signal(SIGCHLD, SIG_DFL); /* ignored, it would keep children's ends from being told */
	sigemptyset(&mask);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		sigaddset(&mask, taken[i]);
	sigprocmask(SIG_BLOCK, &mask, &top->old_mask);
	top->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Warnings would spoil the screen. */
static void top_hush(struct top *top)
{
	int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);

	top->standard_error = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (nothing >= 0) {
		dup2(nothing, STDERR_FILENO);
		close(nothing);
	}
}

static void top_speak_again(const struct top *top)
{
	if (top->standard_error < 0)
		return;
	dup2(top->standard_error, STDERR_FILENO);
	close(top->standard_error);
}

static enum status top_start_profiler(struct top *top, struct error *error)
{
	struct top_profiler_options options = {.pid = top->request->pid,
					       .command = top->request->command,
					       .options = top->request->options,
					       .trace = top->request->trace,
					       .output = top->request->output,
					       .signals = top->old_mask};

	if (top_profiler_start(&top->profiler, &options, error) != STATUS_OK)
		return STATUS_ERROR;
	crash_profiler = top->profiler;
	return STATUS_OK;
}

/* What came of it, where that is not what the user wanted or can see. */
static enum status top_outcome(const struct top *top, struct error *error)
{
	char *words = top_profiler_last_words(top->profiler);
	enum status status = STATUS_OK;

	if (!top->analysed && top->ended && !top->leaving)
		status =
		    error_set(error, "nothing was profiled%s%s", *words ? "; the profiler's last words:\n" : "", words);
	else if (!top->ended)
		status = error_set(error, "the profiler has not ended yet; it goes on doing so by itself");
	else if (top->request->pid && !top->facts.ended)
		terminal_error("detached from process %d, which runs on", (int)top->request->pid);
	free(words);
	return status;
}

enum status top_session_run(const struct top_request *request, struct error *error)
{
	struct top top = {.request = request, .facts = {.uptime_seconds = NAN}, .signals = -1, .standard_error = -1};
	enum status status;

	top.facts.ends_command = !request->pid;
	top_block_signals(&top);
	status = top_screen_open(top_at_crash, error);
	if (status == STATUS_OK) {
		top_hush(&top);
		status = top_start_profiler(&top, error);
	}
	if (status == STATUS_OK) {
		top.view = live_view_new();
		top_loop(&top);
		if (!top.ended)
			top_leave(&top);
	}
	top_screen_close();
	top_speak_again(&top);
	if (top.view)
		status = top_outcome(&top, error);
	crash_profiler = NULL;
	live_view_free(top.view);
	analysis_free(&top.analysis);
	live_analysis_close(top.live);
	top_profiler_free(top.profiler);
	return status;
}
