/* What happens to programs now and then: children of all kinds, libraries that come and go, threads that end, signals. */
#include "storm.h"

#include <atomic>
#include <cerrno>
#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" void *by_malloc(size_t size);
extern char **environ;

const char *plugin_paths[2];

/* Each in a function of its own, as the ways are. */
extern "C" {
#define MAKES_AND_FREES(name)                                                                                          \
	APART void by_##name(size_t size)                                                                              \
	{                                                                                                              \
		void *p = malloc(size);                                                                                \
		KEEP(p);                                                                                               \
		free(p);                                                                                               \
		storm_made(WAY_##name, size);                                                                          \
		storm_gone(WAY_##name, size);                                                                          \
	}
MAKES_AND_FREES(thread)
MAKES_AND_FREES(key_destructor)
MAKES_AND_FREES(thread_local)
MAKES_AND_FREES(callback)
MAKES_AND_FREES(jump)
}

static void expect_well(pid_t child)
{
	int status;

	if (child < 0)
		return; /* no more processes for now */
	while (waitpid(child, &status, 0) != child)
		if (errno != EINTR)
			storm_failed("waitpid");
	if (status)
		storm_failed("a child ended badly");
}

static void *in_childs_thread(void *)
{
	for (int i = 0; i < 10; i++)
		free(by_malloc(33));
	return nullptr;
}

/* None of what it does is the parent's. At its exit it runs the handlers and destructors that the parent will run. */
[[noreturn]] static void be_a_child(random_numbers &random, bool exits)
{
	object objects[20];
	pthread_t thread;

	for (object &object : objects)
		object_make(random, &object);
	for (object &object : objects)
		object_release(random, &object);
	if (random.once_in(4) && !pthread_create(&thread, nullptr, in_childs_thread, nullptr))
		pthread_join(thread, nullptr);
	if (random.once_in(4)) {
		pid_t grandchild = fork();

		if (!grandchild) {
			free(by_malloc(77));
			_exit(0);
		}
		expect_well(grandchild);
	}
	if (exits)
		exit(0);
	_exit(0);
}

/* A child that ends by exit takes locks that a thread in dlopen may have held at the fork: not while there is one. */
static pthread_rwlock_t loader = PTHREAD_RWLOCK_INITIALIZER;

static void fork_a_child(random_numbers &random)
{
	bool exits = random.once_in(2);
	pid_t child;

	if (exits)
		pthread_rwlock_wrlock(&loader);
	child = fork();
	if (!child)
		be_a_child(random, exits);
	if (exits)
		pthread_rwlock_unlock(&loader);
	expect_well(child);
}

static void vfork_a_child(random_numbers &random)
{
	char *const arguments[] = {const_cast<char *>("true"), nullptr};
	bool exits = random.once_in(2);
	pid_t child = vfork();

	if (!child) {
		if (!exits)
			execv("/bin/true", arguments);
		_exit(exits ? 0 : 1);
	}
	expect_well(child);
}

static void spawn_a_child()
{
	char *const arguments[] = {const_cast<char *>("true"), nullptr};
	pid_t child;

	if (!posix_spawn(&child, "/bin/true", nullptr, nullptr, arguments, environ))
		expect_well(child);
}

/* Its functions call back, so that stacks go through a library that is gone soon, and another that lies there then. */
static void use_plugin(random_numbers &random)
{
	void (*function)(int);
	void *library;

	pthread_rwlock_rdlock(&loader);
	library = dlopen(plugin_paths[random.next() % 2], RTLD_NOW);
	function = library ? reinterpret_cast<void (*)(int)>(dlsym(library, "plugin_make")) : nullptr;
	if (!function)
		storm_failed("the plugin cannot be loaded");
	function(10);
	dlclose(library);
	pthread_rwlock_unlock(&loader);
}

static pthread_key_t key;

static void at_threads_end(void *turns)
{
	by_key_destructor(24);
	if (turns != reinterpret_cast<void *>(1))
		pthread_setspecific(key, reinterpret_cast<void *>(1)); /* once more */
}

struct for_a_thread {
	for_a_thread()
	{
		by_thread_local(40);
	}
	~for_a_thread()
	{
		by_thread_local(48);
	}
	int used = 0;
};

static thread_local for_a_thread own;

static void *live_shortly(void *)
{
	pthread_setspecific(key, reinterpret_cast<void *>(2));
	own.used++;
	for (size_t i = 0; i < 20; i++)
		by_thread(100 + i);
	return nullptr;
}

static void start_a_thread()
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 << 10);
	if (!pthread_create(&thread, &attributes, live_shortly, nullptr))
		pthread_join(thread, nullptr);
	pthread_attr_destroy(&attributes);
}

static thread_local sigjmp_buf *way_out;
static volatile char *forbidden;

/* Touches what it must not, and comes back by a jump out of the handler. */
static void jump_out()
{
	sigjmp_buf buffer;

	by_jump(90);
	way_out = &buffer;
	if (!sigsetjmp(buffer, 1)) {
		*forbidden = 1;
		storm_failed("no signal came");
	}
	way_out = nullptr;
	by_jump(91);
}

std::atomic<bool> storm_faulted;

/* A fault that nobody asked for stays where it is, to be looked at. */
static void at_fault(int)
{
	while (!way_out) {
		storm_faulted = true;
		pause();
	}
	siglongjmp(*way_out, 1);
}

void event_maybe(random_numbers &random, const char *volatile *doing)
{
	*doing = "allocating";
	switch (random.next() % 20000) {
	case 0:
		*doing = "fork";
		return fork_a_child(random);
	case 1:
		*doing = "vfork";
		return vfork_a_child(random);
	case 2:
		*doing = "posix_spawn";
		return spawn_a_child();
	case 3:
		*doing = "dlopen and dlclose";
		return use_plugin(random);
	case 4:
		*doing = "a thread that ends";
		return start_a_thread();
	case 5:
		*doing = "a jump out of a signal handler";
		return jump_out();
	case 6:
		*doing = "what has to fail";
		return fail_in_every_way();
	default:
		break;
	}
}

/* What a handler may do: nothing that allocates, but it may take long enough for others to go on meanwhile. */
static void at_signal(int)
{
	int saved = errno;
	struct timespec now;
	sigset_t set;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, nullptr);
	pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
	if (now.tv_nsec % 64 == 0)
		write(-1, "", 1);
	errno = saved;
}

static timer_t timer;

static void handle(int signal, void (*handler)(int), int flags)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	action.sa_flags = flags;
	sigaction(signal, &action, nullptr);
}

/* By the CPU that is used, and by the clock: what arrives in the middle of a walk is the point. */
void signals_begin()
{
	struct itimerval cpu = {{0, 1000}, {0, 1000}};
	struct itimerspec clock = {{0, 700000}, {0, 700000}};
	struct sigevent event;

	pthread_key_create(&key, at_threads_end);
	forbidden =
	    static_cast<volatile char *>(mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	handle(SIGSEGV, at_fault, SA_NODEFER);
	handle(SIGPROF, at_signal, SA_RESTART);
	handle(SIGUSR1, at_signal, SA_RESTART);
	setitimer(ITIMER_PROF, &cpu, nullptr);
	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_SIGNAL;
	event.sigev_signo = SIGUSR1;
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &clock, nullptr))
		storm_failed("timer_create");
}

void signals_end()
{
	struct itimerval never = {};

	setitimer(ITIMER_PROF, &never, nullptr);
	timer_delete(timer);
}
