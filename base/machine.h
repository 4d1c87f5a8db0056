/* What this machine is. */
#ifndef BASE_MACHINE_H
#define BASE_MACHINE_H

/*
 * The CPU's name, "model name" in /proc/cpuinfo (proc(5)), or the machine's kind where there is none (uname(2)). The
 * caller's to free; "" when neither is known.
 */
char *machine_cpu(void);

#endif
