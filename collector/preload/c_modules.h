/*
 * The program and the libraries that it has loaded, as the stacks name them. Each is told to the collector once, with
 * its build ID, when a stack first goes through it: so one that is unloaded at once is named too. Nothing here is to be
 * interrupted by what may not come back (quiet.h): the loader's lock is held.
 */
#ifndef COLLECTOR_PRELOAD_C_MODULES_H
#define COLLECTOR_PRELOAD_C_MODULES_H

#include "collector/preload/c_shared.h"

#include <stdbool.h>
#include <stdint.h>

/* Take stock of what is loaded into REGION's table. Before the first c_modules_place. */
void c_modules_open(struct c_control *region);

/*
 * The absolute ADDRESS as stacks hold it: that of the program itself as linked, a library's as c_shared.h says, C_ANON
 * and the address for what is in neither. Looks again at what is loaded, once a call, where *FRESH is false and the
 * address is not known; it then becomes true.
 */
uint64_t c_modules_place(uint64_t address, bool *fresh);

/*
 * What tells the code at ADDRESS from other code: the address itself; where libraries come and go, its place. The same
 * at each call as long as the library is loaded.
 */
uint64_t c_modules_identity(uint64_t address);

/* Take stock anew: something was unloaded, and another library may lie in its place. */
void c_modules_look_again(void);

/* Whether ADDRESS lies in the dynamic loader. */
bool c_modules_is_loader(uint64_t address);

/*
 * How often libraries have been unloaded so far; asks the loader. What lies at an address may be another one's since.
 */
uint64_t c_modules_unloaded(void);

#endif
