/* Processes that a test starts to stop, read and write them: a fork of the test itself, so addresses are the same. */
#ifndef TESTS_UNIT_CHILD_PROCESS_H
#define TESTS_UNIT_CHILD_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CHILD_WORDS 64

/* What test and child share. */
struct child_state {
	volatile uint64_t ready;              /* the child stands where the test wants it */
	volatile uint64_t go;                 /* the test's word to the child */
	volatile uint64_t words[CHILD_WORDS]; /* whatever it is about; counters that run as long as the child does */
	int pipe[2];                          /* for a thread to read from; the child writes nothing into it */
	char text[1024];
};

struct child {
	pid_t pid; /* 0: it has been waited for */
	struct child_state *state;
};

/* Block SIGCHLD, as whoever traces must; for cmocka's set-up of a group. */
int child_process_set_up(void **state);

/* Fork a child that does RUN, and wait until it is ready. It ends with the test, at the latest after two minutes. */
void child_process_start(struct child *child, void (*run)(struct child_state *state));

/* The same of a child that need not be ready. */
void child_process_fork(struct child *child, void (*run)(struct child_state *state));

/* In the child: say that it is ready, and do nothing more. */
_Noreturn void child_process_stay(struct child_state *state);

/* Start another child, TRACER, which traces VICTIM for as long as it lives. */
void child_process_trace(struct child *tracer, pid_t victim);

/*
 * Run ATTEMPT in a child that has become nobody: it leaves its status in words[0] and the error's text in `text`. That
 * must be STATUS_ERROR, with WHAT and CAP_SYS_PTRACE in the text. Skips the test where we may not become someone else.
 */
void child_process_expect_refusal(void (*attempt)(struct child_state *state), const char *what);

/* Wait for it; how it ended as of waitpid. */
int child_process_join(struct child *child);

/* Kill it, when it lives, and free. */
void child_process_end(struct child *child);

/* Wait until *WORD is at least LEAST; the test fails when that takes half a minute. */
void child_process_wait(const volatile uint64_t *word, uint64_t least);

/* Wait until every one of COUNT words has grown: the child's threads run. */
void child_process_wait_running(const struct child *child, unsigned count);

/* The state of THREAD of PROCESS by /proc ('R', 'S', 't', 'T', 'Z', …); 0: there is none. */
char child_process_state(pid_t process, pid_t thread);

/* Wait until it is that. */
void child_process_wait_state(pid_t process, pid_t thread, char state);

/* Wait until THREAD of PROCESS stands in the system call with that NUMBER. */
void child_process_wait_call(pid_t process, pid_t thread, long number);

/* Start COUNT threads that count in words FIRST and following; in the child. */
void child_process_count(struct child_state *state, unsigned first, unsigned count);

/* Sleep so many ms, whatever signals come. */
void child_process_sleep(unsigned ms);

#endif
