/* How far the reading of a trace has come, shown on the terminal when it takes longer than a second. */
#ifndef CLI_READ_PROGRESS_H
#define CLI_READ_PROGRESS_H

/* From now on show how far traces are read; each is read PASSES times, one after another. */
void read_progress_begin(int passes);

/* No longer; what is on the terminal is wiped. Also before an error is printed. */
void read_progress_end(void);

#endif
