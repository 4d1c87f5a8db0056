/* Turns the bytes of a trace that have been read, in one or more passes, into the terminal's bar. */
#include "cli/read_progress.h"

#include "cli/terminal.h"
#include "trace/trace_reader.h"

#define MEGABYTE 1000000

static struct {
	size_t passes, pass, last;
} read_progress;

static void read_progress_show(size_t done, size_t total)
{
	if (done < read_progress.last && read_progress.pass + 1 < read_progress.passes)
		read_progress.pass++;
	read_progress.last = done;
	/* Never as much as all, which would wipe it: that is for the end. */
	terminal_progress("reading the trace, MB", (read_progress.pass * total + done) / MEGABYTE,
			  read_progress.passes * total / MEGABYTE + 1);
}

void read_progress_begin(int passes)
{
	read_progress.passes = (size_t)passes;
	read_progress.pass = read_progress.last = 0;
	trace_read_tell(read_progress_show);
}

void read_progress_end(void)
{
	trace_read_tell(NULL);
	terminal_progress("", 1, 1);
}
