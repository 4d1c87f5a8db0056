/*
 * A C program with two C++ libraries, each with operators of its own: one comes and goes all the time while the other
 * allocates. usage: owners ONE OTHER
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#define ROUNDS 300
#define TURNS  3000
#define EACH   10

static int (*other_make)(int);
static int other_bad;

static int (*load(const char *path, void **library))(int)
{
	int (*make)(int);

	*library = dlopen(path, RTLD_NOW);
	*(void **)&make = *library ? dlsym(*library, "owner_make") : NULL;
	return make;
}

static void *make_others(void *unused)
{
	for (int i = 0; i < TURNS; i++)
		other_bad += other_make(EACH) != EACH;
	return unused;
}

int main(int argc, char **argv)
{
	int (*make)(int);
	pthread_t thread;
	void *one, *other;
	int bad = 0;

	if (argc < 3 || !(make = load(argv[1], &one)) || !(other_make = load(argv[2], &other)))
		return 1;
	bad += make(EACH) != EACH;
	bad += other_make(EACH) != EACH;
	if (pthread_create(&thread, NULL, make_others, NULL))
		return 1;
	for (int i = 0; i < ROUNDS; i++) {
		dlclose(one);
		if (!(make = load(argv[1], &one)))
			return 1;
		bad += make(EACH) != EACH;
	}
	pthread_join(thread, NULL);
	printf("bad %d\n", bad + other_bad);
	return 0;
}
