/*
 * Where the assembly finds what it needs of agent_shared.h: offsets and sizes in bytes, each checked against the
 * structs in agent_offsets.c.
 */
#ifndef COLLECTOR_AGENT_AGENT_OFFSETS_H
#define COLLECTOR_AGENT_AGENT_OFFSETS_H

/* In struct agent_control. */
#define CONTROL_G_M              0x28
#define CONTROL_M_VDSO           0x2c
#define CONTROL_M_CURG           0x30
#define CONTROL_M_P              0x34
#define CONTROL_P_ID             0x38
#define CONTROL_P_MCACHE         0x3c
#define CONTROL_NEXT_SAMPLE      0x40
#define CONTROL_G_GOPC           0x44
#define CONTROL_TYPE_HOPS        0x4c
#define CONTROL_NTALLIES         0x54
#define CONTROL_TYPES_START      0x58
#define CONTROL_TYPES_END        0x60
#define CONTROL_MEM_PROFILE_RATE 0x68
#define CONTROL_NUMGC            0x70
#define CONTROL_TALLIES_OFFSET   0x78
#define CONTROL_RATE             0x240
#define CONTROL_ENABLED          0x260
#define CONTROL_LAST_NUMGC       0x2c0
#define CONTROL_PROCESSORS       0x300

/* In struct agent_processor. */
#define PROCESSOR_SHIFT  6 /* its size, as a power of two */
#define PROCESSOR_RANDOM 0x0
#define PROCESSOR_QUICK  0x14
#define PROCESSOR_INSIDE 0x18

/* In struct agent_tally. */
#define TALLY_SIZE  0x86a40
#define TALLY_COUNT 0x0 /* of its chain's links */
#define TALLY_PAID  0x4
#define TALLY_LINKS 0x10
#define TALLY_TOP   0x20 /* links[1].next */
#define TALLY_RESTS 0xe20
#define TALLY_SLOTS 0x6a40
#define TALLY_END   0x86a40 /* of its slots */

/* In struct agent_link. */
#define LINK_SHIFT 4
#define LINK_SIZE  16

/* In struct agent_counter. */
#define COUNTER_SHIFT 5
#define COUNTER_SIZE  32
#define COUNTER_COUNT 8
#define COUNTER_RATE  16

#endif
