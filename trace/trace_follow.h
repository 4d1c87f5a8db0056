/*
 * Reading a trace file while another process still writes it. Each look reads what has come since the last one, so the
 * cost is that of the new records alone; what was read need not stay on the disk.
 */
#ifndef TRACE_TRACE_FOLLOW_H
#define TRACE_TRACE_FOLLOW_H

#include "base/error.h"

#include <stdbool.h>

struct trace;
struct trace_callbacks;
struct trace_follow;

/*
 * Open the file PATH, which may be empty yet. CALLBACKS are copied; what they point to must outlive FOLLOW. With
 * RELEASE the blocks of what was read are given back to the disk, where the file system can (a hole, which the writer
 * does not notice); else the file stays whole. STATUS_NO_ENTRY: there is no such file. Free with trace_follow_close.
 */
enum status trace_follow_open(struct trace_follow **follow, const char *path, const struct trace_callbacks *callbacks,
			      bool release, struct error *error);

/* Close and free; NULL is ignored. */
void trace_follow_close(struct trace_follow *follow);

/* Read what is there by now, in whole frames. STATUS_ERROR, also ever after: it is no trace, or damaged. */
enum status trace_follow_read(struct trace_follow *follow, struct error *error);

/* What was read so far, borrowed; it changes with each read. `complete` tells whether the writer has ended it. */
const struct trace *trace_follow_trace(const struct trace_follow *follow);

/* Whether the disk could not take back what was read, though it was to: then the file grows as long as it is written.
 */
bool trace_follow_grows(const struct trace_follow *follow);

#endif
