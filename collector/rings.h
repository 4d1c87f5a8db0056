/*
 * The agent's rings, one a shard: its records in the order of their times, how full the rings were found, and what they
 * have lost. They are written by the target: everything in them is checked.
 */
#ifndef COLLECTOR_RINGS_H
#define COLLECTOR_RINGS_H

#include "collector/region.h"

#include <stdint.h>

struct rings;
struct trace_writer;

/* The rings of REGION, which must outlive them. Free with rings_free. */
struct rings *rings_new(struct region *region);

/* Free RINGS, which may be NULL. */
void rings_free(struct rings *rings);

/* Takes one RECORD, in which all is there that its kind needs; it is gone when this returns. */
typedef void rings_take_record(void *user, const struct agent_record *record);

/*
 * Hand the records that are older than UNTIL (in ticks) to TAKE, in the order of their times over all rings, and make
 * room. Returns how many.
 */
uint64_t rings_take(struct rings *rings, uint64_t until, rings_take_record *take, void *user);

/* How full the fullest ring was when rings_take was last called, as a fraction. */
double rings_pressure(const struct rings *rings);

/* Write the losses so far, in all and by ring. UNUSABLE samples more were taken and could not be used. */
void rings_write_losses(struct rings *rings, struct trace_writer *writer, uint64_t unusable);

#endif
