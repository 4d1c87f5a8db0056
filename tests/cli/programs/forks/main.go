// forks: C in a Go program starts processes, in all the ways that C has, and Go in its own ("exec"). It does what it
// reads, line by line.
package main

/*
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
extern void goInChild(void);

static int wait_for(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// What Go forbids and some do: the one thread that is left goes on in Go. Another may have held a lock.
static int call_back(void)
{
	int tries, status = 0;

	for (tries = 0; tries < 5 && status != 5; tries++) {
		pid_t child = fork();

		if (!child) {
			signal(SIGALRM, SIG_DFL); // Go's own handler takes no notice of it
			alarm(5);
			goInChild();
			_exit(5);
		}
		status = wait_for(child);
	}
	return status;
}

static int by_fork(char *self)
{
	pid_t child = fork();

	if (!child) {
		execl(self, self, "leaf", "2000", "3", NULL);
		_exit(99);
	}
	return wait_for(child);
}

static int by_vfork(char *self)
{
	pid_t child = vfork();

	if (!child) {
		execl(self, self, "leaf", "3000", "4", NULL);
		_exit(99);
	}
	return wait_for(child);
}

static int by_spawn(char *self)
{
	char *command[] = {self, "leaf", "4000", "5", NULL};
	pid_t child;

	return posix_spawn(&child, self, NULL, NULL, command, environ) ? 99 : wait_for(child);
}

static int by_system(char *self)
{
	char line[4096];

	snprintf(line, sizeof(line), "%s leaf 5000 6", self);
	return WEXITSTATUS(system(line));
}

static int by_popen(char *self)
{
	char line[4096];
	FILE *file;

	snprintf(line, sizeof(line), "true; %s leaf 6000 7", self);
	file = popen(line, "r");
	while (file && fgets(line, sizeof(line), file)) {
		fputs(line, stdout);
		fflush(stdout);
	}
	return file ? WEXITSTATUS(pclose(file)) : 99;
}

// Before Go starts, as those do that have to be in another namespace by then.
__attribute__((constructor)) static void fork_first(void)
{
	pid_t child;

	if (!getenv("FORK_FIRST"))
		return;
	unsetenv("FORK_FIRST");
	child = fork();
	if (child)
		_exit(wait_for(child));
}
*/
import "C"

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
)

var sink *[8]int

//go:noinline
func inParent(n int) {
	for i := 0; i < n; i++ {
		sink = new([8]int)
	}
}

//go:noinline
func inLeaf(n int) {
	for i := 0; i < n; i++ {
		sink = new([8]int)
	}
}

//export goInChild
func goInChild() {
	for i := 0; i < 2000; i++ {
		sink = new([8]int)
	}
}

// byExec starts the program as Go does.
func byExec() C.int {
	command := exec.Command(os.Args[0], "leaf", "7000", "8")
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.Run()
	return C.int(command.ProcessState.ExitCode())
}

func tracer() string {
	text, _ := os.ReadFile("/proc/self/status")
	_, after, _ := strings.Cut(string(text), "TracerPid:")
	line, _, _ := strings.Cut(after, "\n")
	return strings.TrimSpace(line)
}

func main() {
	debug.SetGCPercent(-1) // a forked child has no thread to collect with
	if len(os.Args) == 4 && os.Args[1] == "leaf" {
		n, _ := strconv.Atoi(os.Args[2])
		status, _ := strconv.Atoi(os.Args[3])
		inLeaf(n)
		fmt.Printf("leaf %d pid %d tracer %s\n", n, os.Getpid(), tracer())
		os.Exit(status)
	}
	self := C.CString(os.Args[0])
	ways := map[string]func() C.int{
		"work":     func() C.int { inParent(1000); return 0 },
		"callback": func() C.int { return C.call_back() },
		"fork":     func() C.int { return C.by_fork(self) },
		"vfork":    func() C.int { return C.by_vfork(self) },
		"spawn":    func() C.int { return C.by_spawn(self) },
		"system":   func() C.int { return C.by_system(self) },
		"popen":    func() C.int { return C.by_popen(self) },
		"exec":     byExec,
	}
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		way := ways[lines.Text()]
		if way == nil {
			fmt.Println("unknown:", lines.Text())
			os.Exit(1)
		}
		fmt.Println(lines.Text(), way())
	}
}
