/*
 * Stacks of the library's own, on which it walks that of the program: libunwind takes several kilobytes, which a signal
 * handler's alternate stack, a coroutine or a thread of the least size may not have left. Nothing of the program runs
 * there, and nothing of it may interrupt what does (quiet.h).
 */
#ifndef COLLECTOR_PRELOAD_SIDE_STACK_H
#define COLLECTOR_PRELOAD_SIDE_STACK_H

#include <stdbool.h>

#define SIDE_STACK_ROOM 2048 /* bytes for its user's own */

struct side_stack;

/* Make room for them. Once. False, with errno, when there is none. */
bool side_stack_open(void);

/* One that nobody else has, until side_stack_give; NULL: all are taken. Takes no lock, and waits for nobody. */
struct side_stack *side_stack_take(void);
void side_stack_give(struct side_stack *stack);

/* SIDE_STACK_ROOM bytes of it, aligned to 16, in which is whatever was there before. */
void *side_stack_room(struct side_stack *stack);

/* Call FUNCTION with ARGUMENT on STACK. A walk from there goes on to the caller's frames, on the stack that it has. */
void side_stack_call(struct side_stack *stack, void (*function)(void *), void *argument);

#endif
