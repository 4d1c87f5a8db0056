/* That agent_offsets.h and agent_numbers.h say what agent_shared.h does: checked when this is compiled. */
#include "collector/agent/agent_offsets.h"

#include "collector/agent/agent_shared.h"

#define AGENT_AT(type, member, offset)                                                                                 \
	_Static_assert(__builtin_offsetof(struct agent_##type, member) == (offset), "agent_offsets.h: " #member)

AGENT_AT(control, plan.g_m, CONTROL_G_M);
AGENT_AT(control, plan.m_vdso, CONTROL_M_VDSO);
AGENT_AT(control, plan.m_curg, CONTROL_M_CURG);
AGENT_AT(control, plan.m_p, CONTROL_M_P);
AGENT_AT(control, plan.p_id, CONTROL_P_ID);
AGENT_AT(control, plan.p_mcache, CONTROL_P_MCACHE);
AGENT_AT(control, plan.next_sample, CONTROL_NEXT_SAMPLE);
AGENT_AT(control, plan.g_gopc, CONTROL_G_GOPC);
AGENT_AT(control, plan.type_hops, CONTROL_TYPE_HOPS);
AGENT_AT(control, plan.ntallies, CONTROL_NTALLIES);
AGENT_AT(control, plan.types_start, CONTROL_TYPES_START);
AGENT_AT(control, plan.types_end, CONTROL_TYPES_END);
AGENT_AT(control, plan.mem_profile_rate, CONTROL_MEM_PROFILE_RATE);
AGENT_AT(control, plan.numgc, CONTROL_NUMGC);
AGENT_AT(control, plan.tallies_offset, CONTROL_TALLIES_OFFSET);
AGENT_AT(control, rate, CONTROL_RATE);
AGENT_AT(control, enabled, CONTROL_ENABLED);
AGENT_AT(control, last_numgc, CONTROL_LAST_NUMGC);
AGENT_AT(control, processors, CONTROL_PROCESSORS);
AGENT_AT(processor, random, PROCESSOR_RANDOM);
AGENT_AT(processor, quick, PROCESSOR_QUICK);
AGENT_AT(processor, inside, PROCESSOR_INSIDE);
AGENT_AT(tally, chain.count, TALLY_COUNT);
AGENT_AT(tally, chain.paid, TALLY_PAID);
AGENT_AT(tally, chain.links, TALLY_LINKS);
AGENT_AT(tally, chain.links[1].next, TALLY_TOP);
AGENT_AT(tally, chain.rests, TALLY_RESTS);
AGENT_AT(rest, hash, 8);
AGENT_AT(tally, slots, TALLY_SLOTS);
AGENT_AT(tally, slots[AGENT_SLOTS], TALLY_END);
AGENT_AT(counter, hash, 0);
AGENT_AT(counter, count, COUNTER_COUNT);
AGENT_AT(counter, rate, COUNTER_RATE);
_Static_assert(sizeof(struct agent_processor) == 1 << PROCESSOR_SHIFT, "agent_offsets.h: processor");
_Static_assert(sizeof(struct agent_tally) == TALLY_SIZE, "agent_offsets.h: tally");
_Static_assert(sizeof(struct agent_link) == LINK_SIZE && LINK_SIZE == 1 << LINK_SHIFT, "agent_offsets.h: link");
_Static_assert(sizeof(struct agent_rest) == LINK_SIZE, "agent_offsets.h: a rest is found by its link's place");
_Static_assert(sizeof(struct agent_counter) == COUNTER_SIZE && COUNTER_SIZE == 1 << COUNTER_SHIFT,
	       "agent_offsets.h: counter");
_Static_assert(AGENT_TURN_BITS == 2 * (AGENT_LOOK_EVERY - 1), "one sample in AGENT_LOOK_EVERY has its turn");
