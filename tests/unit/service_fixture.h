/*
 * A Go program that works as long as its input is open, and says whether all of its work was right: for tests that get
 * into it and out again.
 */
#ifndef TESTS_UNIT_SERVICE_FIXTURE_H
#define TESTS_UNIT_SERVICE_FIXTURE_H

#include "collector/region.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SERVICE_LIVE_RATE 65536
#define SERVICE_RATE      512
#define SERVICE_RING      (256 * 1024)

struct attachment;
struct plan;

struct service {
	pid_t pid;
	int input, output;
	uint64_t bias;
};

/* Set a group of tests up: the program is built and its plan made; SIGCHLD is blocked. And its end. */
int service_set_up(void **state);
int service_tear_down(void **state);

/* The program's plan, with SERVICE_LIVE_RATE; borrowed. */
struct plan *service_plan(void);

/* Start it, and wait until it works. */
void service_start(struct service *service);

/* It has worked on, and all of it right. */
void service_finish(struct service *service);

/* Attach to it, with SERVICE_RATE and SERVICE_RING, and let it go. */
struct attachment *service_attach(const struct service *service, struct region *region);
void service_detach(struct attachment *attachment, struct region *region);

/* Where in the program's machine code a byte differs from the file's; at most CAPACITY. Returns how many there are. */
size_t service_differences(const struct service *service, uint64_t *at, size_t capacity);

/* No byte of it differs. */
void service_expect_own_text(const struct service *service);

/* Every byte that differs is of a planned write, and these stand there whole. */
void service_expect_planned(const struct service *service, const struct region *region);

/* How many agents the program has, each with its control block; none may have rings. */
size_t service_agents(const struct service *service);

#endif
