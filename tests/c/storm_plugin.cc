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
	storm_count(WAY_plugin_constructor, 1, size, 0);
}
APART void by_plugin_destructor(size_t size)
{
	void *p = malloc(size);
	KEEP(p);
	free(p);
	storm_count(WAY_plugin_destructor, 1, size, 0);
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
	storm_count(WAY_plugin, 1, size, 0);
	KEEP(frame);
}

/* So is what it lies in: frames that are found by rsp and by rbp. */
APART void plugin_make(int count)
{
	char *room = static_cast<char *>(__builtin_alloca(static_cast<size_t>(count) * FRAME % 300 + 1));

	KEEP(room);
	for (int i = 0; i < count; i++)
		by_plugin(77);
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
