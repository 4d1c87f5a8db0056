/*
 * Two threads that make and look through small strings and lists, and do little else: allocate ROUNDS. For make
 * c-bench.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	struct entry *next;
	char *name;
	uint64_t value;
};

enum { BUCKETS = 1024, ENTRIES = 2000 };

static unsigned long rounds;

static uint64_t hash_of(const char *name)
{
	uint64_t hash = 14695981039346656037ull;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 1099511628211ull;
	return hash;
}

/* A table of names, filled, read and freed. */
static uint64_t one_round(unsigned long seed)
{
	struct entry **table = calloc(BUCKETS, sizeof(*table));
	uint64_t sum = 0;
	char name[32];

	for (unsigned i = 0; i < ENTRIES; i++) {
		struct entry *entry = malloc(sizeof(*entry)), **bucket;

		snprintf(name, sizeof(name), "entry %lu of %u", seed, i);
		bucket = &table[hash_of(name) % BUCKETS];
		*entry = (struct entry){*bucket, strdup(name), i};
		*bucket = entry;
	}
	for (unsigned i = 0; i < BUCKETS; i++) {
		struct entry *entry = table[i], *next;

		for (; entry; entry = next) {
			next = entry->next;
			sum += entry->value + strlen(entry->name);
			free(entry->name);
			free(entry);
		}
	}
	free(table);
	return sum;
}

static void *work(void *argument)
{
	uint64_t sum = 0;

	for (unsigned long i = 0; i < rounds; i++)
		sum += one_round(i);
	(void)argument;
	return (void *)(uintptr_t)sum;
}

int main(int argc, char **argv)
{
	pthread_t other;
	void *sum;

	rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	pthread_create(&other, NULL, work, NULL);
	printf("%lu ", (unsigned long)(uintptr_t)work(NULL));
	pthread_join(other, &sum);
	printf("%lu\n", (unsigned long)(uintptr_t)sum);
	return 0;
}
