/* The objects whose death is awaited: a hash table from address to birth. Memory is bounded by those alive at once. */
#ifndef ANALYZER_LIVE_TABLE_H
#define ANALYZER_LIVE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct live_object {
	uint64_t address; /* not 0 */
	uint32_t context; /* of its allocation */
	uint32_t cycle;   /* numgc at its birth */
	double weight;    /* objects of the program that it stands for */
};

struct live_table {
	struct live_object *slots; /* address 0: free */
	size_t capacity;           /* a power of two, or 0 */
	size_t count;
};

/* Put OBJECT in. When one of its address is there already, that one is handed out in *OLD and true is returned. */
bool live_table_insert(struct live_table *table, const struct live_object *object, struct live_object *old);

/* Take the object at ADDRESS out into *OBJECT; false when there is none. */
bool live_table_remove(struct live_table *table, uint64_t address, struct live_object *object);

/* Free the slots; the table is empty and usable again. */
void live_table_free(struct live_table *table);

#endif
