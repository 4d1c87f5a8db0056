/* Taking escprof's variables out of a program's environment before it runs. */
#ifndef COLLECTOR_CLEAN_ENVIRONMENT_H
#define COLLECTOR_CLEAN_ENVIRONMENT_H

#include "base/error.h"

#include <sys/types.h>

/*
 * PID stands at its exec. Its children shall inherit nothing of ours: LD_PRELOAD becomes what it was before LIBRARY was
 * put in front of it, and the socket's variable goes. Errors leave the environment as it was, which is harmless.
 */
enum status clean_environment(pid_t pid, const char *library, struct error *error);

#endif
