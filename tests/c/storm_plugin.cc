/*
 * A library that is loaded and unloaded while the storm goes on. It is built twice with another FRAME, so that one lies
 * where the other was and its functions' frames differ.
 */
#include "storm.h"

#include <cstdlib>
#include <cstring>

extern "C" {
APART void by_plugin_constructor(size_t size)
{
	void *p = malloc(size);
	KEEP(p);
	free(p);
	storm_made(WAY_plugin_constructor, size);
	storm_gone(WAY_plugin_constructor, size);
}
APART void by_plugin_destructor(size_t size)
{
	void *p = malloc(size);
	KEEP(p);
	free(p);
	storm_made(WAY_plugin_destructor, size);
	storm_gone(WAY_plugin_destructor, size);
}
APART void by_plugin(size_t size)
{
	volatile char frame[FRAME];

	frame[0] = static_cast<char>(size);
	KEEP(frame);
	void *p = malloc(size);
	KEEP(p);
	by_callback(size + 1);
	free(p);
	storm_made(WAY_plugin, size);
	storm_gone(WAY_plugin, size);
	KEEP(frame);
}

/* So is what it lies in: frames that are found by rsp and by rbp. Some are large, so that coarse rates sample them too. */
APART void plugin_make(int count)
{
	char *room = static_cast<char *>(__builtin_alloca(static_cast<size_t>(count) * FRAME % 300 + 1));

	KEEP(room);
	for (int i = 0; i < count; i++)
		by_plugin(i % 4 ? 77 : 60000);
	KEEP(room);
}
}

namespace
{
struct whole_life {
	whole_life()
	{
		by_plugin_constructor(61);
	}
	~whole_life()
	{
		by_plugin_destructor(62);
	}
} whole_life;
} // namespace
