/* Taking escprof's variables out of a program's environment before it runs. */
#ifndef COLLECTOR_CLEAN_ENVIRONMENT_H
#define COLLECTOR_CLEAN_ENVIRONMENT_H

#include "base/error.h"

#include <sys/types.h>

/*
 * PID stands at its exec. Neither its loader nor its children shall find anything of ours: LIBRARY, a path, is taken
 * out of LD_PRELOAD, wherever it stands there, and the socket's variable goes. An error leaves what it is about as it
 * was.
 */
enum status clean_environment(pid_t pid, const char *library, struct error *error);

#endif
