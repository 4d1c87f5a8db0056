/*
 * A Go runtime made up in this process, as far as the agent looks at one, and the agent's own code in memory as it lies
 * in a target: for tests and tools that call it there. Whatever fails ends the program.
 */
#ifndef TESTS_UNIT_AGENT_FIXTURE_H
#define TESTS_UNIT_AGENT_FIXTURE_H

#include "collector/agent/agent_shared.h"
#include "collector/region.h"

#define MADE_STACK_WORDS 4096
#define MADE_FRAME_WORDS 8 /* of a frame that made_push makes */
#define MADE_TYPE_HOPS   1 /* as in Go 1.26: profilealloc's caller is called by mallocgc */

/* Objects of the runtime: each holds the words that the plan's offsets say. */
struct made_m {
	uint64_t g0, curg, p, vdso_sp, vdso_pc;
};

struct made_p {
	uint64_t id, mcache; /* the mcache's first word is nextSample */
};

struct made_g {
	uint64_t low, high; /* of its stack */
	uint64_t m, goid, gopc;
};

struct made_special {
	uint8_t kind;
};

/* A P with what runs on it. */
struct made_processor {
	struct made_m m;
	struct made_p p;
	struct made_g g, g0;
	int64_t next_sample;
	uint64_t stack[MADE_STACK_WORDS]; /* of g; frames: the outermost at its end */
};

/* As the agent sees it. */
uint64_t made_address(const volatile void *object);

/* PROCESSOR becomes the P with the number ID, on which g runs; its stack is left as it is. */
void made_processor_init(struct made_processor *processor, uint32_t id);

/*
 * A frame of MADE_FRAME_WORDS on PROCESSOR's stack that ends at the word END and returns to PC in the frame at the word
 * OUTER (MADE_STACK_WORDS: there is none). Returns the word where it is.
 */
uint32_t made_push(struct made_processor *processor, uint32_t end, uint32_t outer, uint64_t pc);

/* The word at which the frame outside that at AT begins. */
uint32_t made_outside(const struct made_processor *processor, uint32_t at);

/*
 * The arguments of mallocgc, which the agent finds when profilealloc's frame is at the word AT; types from TYPES on.
 * Nothing where there are too few frames.
 */
void made_arguments(struct made_processor *processor, uint32_t at, uint64_t size, uint64_t type);

/* A plan for such a runtime: MemProfileRate at OWN_RATE, memstats.numgc at NUMGC (NULL: unknown), types within it all.
 */
void made_plan(struct agent_plan *plan, const int64_t *own_rate, const uint64_t *numgc);

/*
 * REGION, planned by region_plan, with the agent's code in front of it as in a target, armed but for its plan. Returns
 * where the code is, for made_remove. */
uint64_t made_place_agent(struct region *region, struct agent_entries *entries);
void made_remove(uint64_t code, struct region *region);

/*
 * The patched call of mProf_Malloc from Go 1.23 on, with the registers that the runtime has there: RBX=OBJECT,
 * RAX=ENTRY, RCX=SIZE, R14=G, RBP=FRAME, X15=0. Calls that are passed on end in made_original, which counts them and
 * keeps the registers that it has come with.
 */
void made_call(uint64_t entry, uint64_t object, uint64_t size, uint64_t frame, uint64_t g);

/* The patched call of freeSpecial, of a SPECIAL of OBJECT (a struct made_special): RAX and RBX; goes on there too. */
void made_free(uint64_t entry, uint64_t special, uint64_t object, uint64_t g);

extern uint64_t made_passed_on;
extern struct made_registers {
	uint64_t rax, rbx, rcx, r14, rbp, x15;
} made_registers;
extern const uint8_t made_original[];

#endif
