/* The numbers that both the agent's C and its assembly work with. */
#ifndef COLLECTOR_AGENT_AGENT_NUMBERS_H
#define COLLECTOR_AGENT_AGENT_NUMBERS_H

/* Of the hash of a context. The factors are odd, and have nothing to do with each other. */
#define AGENT_HASH_START     1 /* not 0, where a return address of 0 would leave no trace */
#define AGENT_HASH_FACTOR    0x9fb21c651e98df25
#define AGENT_SIZE_FACTOR    0xc2f0b53f8d1a7e69
#define AGENT_TYPE_FACTOR    0xa6d57c3e914b82f5
#define AGENT_CREATOR_FACTOR 0xe3917d4ac85f260b

/* Of the generator of random numbers. */
#define AGENT_WEYL      0x9e3779b97f4a7c15
#define AGENT_WEYL_MASK 0xbf58476d1ce4e5b9

#define AGENT_SLOT_BITS 14 /* of a hash, the upper ones: where its counter is looked for */
#define AGENT_PROBES    8  /* and in so many places from there on */

/* Frames. */
#define AGENT_MAX_FRAMES 224 /* of a stack that are recorded */
#define AGENT_CHAIN_OWN  24  /* of its own that a walk may have that goes by one that is kept */
#define AGENT_CHAIN_MAX  (AGENT_MAX_FRAMES - 2 - AGENT_CHAIN_OWN) /* that are kept */
#define AGENT_CHAIN_LEFT 6                                        /* innermost ones that are not kept */

/* Of their own, beyond AGENT_CHAIN_LEFT, that walks may have all together before one is kept again. */
#define AGENT_CHAIN_PAID 64

/* Bits of the random state that are all 0 for one sample in 64, as it takes one or two steps a sample. */
#define AGENT_TURN_BITS 0x7e

#endif
