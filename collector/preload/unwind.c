/*
 * Walking the stack at an allocation. libunwind's trace keeps what it has learnt about each return address for each
 * thread, so that a walk over known code takes less than a microsecond. It is asked through pointers that dlopen gave:
 * Debian's libunwind.a is not position-independent, and a library that needs one that is missing would keep the program
 * from starting.
 *
 * A goroutine that calls C leaves its own stack at runtime.asmcgocall, where libunwind has nothing to go by. From there
 * on the frames are those of the M's user goroutine, by frame pointers from where the runtime has saved it.
 */
#define UNW_LOCAL_ONLY
#include "collector/preload/unwind.h"

#include <dlfcn.h>
#include <libunwind.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#define LIBRARY   "libunwind.so.8"
#define FAR       (1u << 20) /* bytes from one frame to the next, at most, by frame pointers */
#define PAGE_MASK (~4095ull)

/* libunwind's functions by the names that its macros stand for on amd64. */
static struct {
	int (*backtrace)(void **, int);
	int (*get_context)(unw_tdep_context_t *);
	int (*init_local)(unw_cursor_t *, unw_context_t *);
	int (*step)(unw_cursor_t *);
	int (*get_register)(unw_cursor_t *, int, unw_word_t *);
	int (*get_place)(unw_cursor_t *, int, unw_save_loc_t *);
	void (*flush)(unw_addr_space_t, unw_word_t, unw_word_t);
	unw_addr_space_t *space;
} library;

static struct c_go go;
static bool careful; /* step by step */

static bool find_all(void *handle)
{
	*(void **)&library.backtrace = dlsym(handle, "unw_backtrace");
	*(void **)&library.get_context = dlsym(handle, "_Ux86_64_getcontext");
	*(void **)&library.init_local = dlsym(handle, "_ULx86_64_init_local");
	*(void **)&library.step = dlsym(handle, "_ULx86_64_step");
	*(void **)&library.get_register = dlsym(handle, "_ULx86_64_get_reg");
	*(void **)&library.get_place = dlsym(handle, "_ULx86_64_get_save_loc");
	*(void **)&library.flush = dlsym(handle, "_Ux86_64_flush_cache");
	*(void **)&library.space = dlsym(handle, "_ULx86_64_local_addr_space");
	return library.backtrace && library.get_context && library.init_local && library.step && library.get_register;
}

void unwind_open(const struct c_go *program)
{
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	go = *program;
	if (!handle || !find_all(handle))
		memset(&library, 0, sizeof(library));
}

bool unwind_has_library(void)
{
	return library.backtrace;
}

bool unwind_is_steady(void)
{
	return library.backtrace && !go.text_end && !__atomic_load_n(&careful, __ATOMIC_ACQUIRE);
}

void unwind_forget(void)
{
	if (library.flush && library.space)
		library.flush(*library.space, 0, 0);
	__atomic_store_n(&careful, true, __ATOMIC_RELEASE);
}

static inline uint64_t word_at(uint64_t address)
{
	return *(const volatile uint64_t *)address;
}

/* Step by step: slower by far, but libunwind looks whether what it keeps is still right. */
static uint32_t walk_in_steps(uint64_t *frames, uint32_t capacity)
{
	unw_tdep_context_t context;
	unw_cursor_t cursor;
	unw_word_t pc;
	uint32_t count = 0;

	if (library.get_context(&context) < 0 || library.init_local(&cursor, &context) < 0)
		return 0;
	while (count < capacity && library.get_register(&cursor, UNW_REG_IP, &pc) >= 0 && pc) {
		frames[count++] = pc;
		if (library.step(&cursor) <= 0)
			break;
	}
	return count;
}

/* A register's value at CURSOR; 0 where it is not known. */
static uint64_t value_of(unw_cursor_t *cursor, int name)
{
	unw_word_t value;

	return library.get_register(cursor, name, &value) < 0 ? 0 : value;
}

/* Where the frame pointer of CURSOR's frame is saved; 0: nowhere. */
static uint64_t saved_rbp(unw_cursor_t *cursor)
{
	unw_save_loc_t place;

	if (library.get_place(cursor, UNW_X86_64_RBP, &place) < 0 || place.type != UNW_SLT_MEMORY)
		return 0;
	return place.u.addr;
}

/* Go on to the frame at which the walk starts; false when CURSOR does not come by it. */
static bool go_to_start(unw_cursor_t *cursor, const struct unwind_start *start)
{
	int i;

	for (i = 0; i <= UNWIND_OWN; i++) {
		if (value_of(cursor, UNW_REG_IP) == start->caller)
			return value_of(cursor, UNW_REG_SP) == start->cfa &&
			       value_of(cursor, UNW_X86_64_RBP) == start->rbp;
		if (library.step(cursor) <= 0)
			return false;
	}
	return false;
}

uint32_t unwind_words(const struct unwind_start *start, const uint64_t *frames, uint32_t depth,
		      struct unwind_word *words, uint32_t capacity)
{
	unw_tdep_context_t context;
	unw_cursor_t cursor;
	uint64_t rbp, now;
	uint32_t count = 0, i;

	if (!library.get_place || !depth || frames[0] != start->caller || library.get_context(&context) < 0 ||
	    library.init_local(&cursor, &context) < 0 || !go_to_start(&cursor, start))
		return 0;
	rbp = saved_rbp(&cursor);
	for (i = 1; library.step(&cursor) > 0 && value_of(&cursor, UNW_REG_IP); i++) {
		if (i >= depth || frames[i] != value_of(&cursor, UNW_REG_IP) || count + 2 > capacity)
			return 0;
		now = saved_rbp(&cursor);
		if (now != rbp && now)
			words[count++] = (struct unwind_word){now, value_of(&cursor, UNW_X86_64_RBP)};
		rbp = now;
		words[count++] = (struct unwind_word){value_of(&cursor, UNW_REG_SP) - 8, frames[i]};
		if (word_at(words[count - 1].address) != frames[i]) /* a signal's frame, or one of another kind */
			return 0;
	}
	return i == depth ? count : 0;
}

/* Whether the page of ADDRESS is mapped; *KNOWN is one that is. */
static bool is_mapped(uint64_t address, uint64_t *known)
{
	uint64_t page = address & PAGE_MASK;

	if (page == *known)
		return true;
	if (msync((void *)page, 4096, MS_ASYNC))
		return false;
	*known = page;
	return true;
}

/* By frame pointers, where there is no libunwind: each frame lies above the one before it, and is looked for first. */
static uint32_t walk_frame_pointers(uint64_t *frames, uint32_t capacity)
{
	uint64_t frame = (uint64_t)__builtin_frame_address(0), known = frame & PAGE_MASK, next;
	uint32_t count = 0;

	while (count < capacity) {
		if (frame & 7 || !is_mapped(frame, &known) || !is_mapped(frame + 8, &known))
			break;
		next = word_at(frame);
		if (!word_at(frame + 8))
			break;
		frames[count++] = word_at(frame + 8);
		if (next <= frame || next - frame > FAR)
			break;
		frame = next;
	}
	return count;
}

static bool is_go(uint64_t pc)
{
	return pc - go.text_start < go.text_end - go.text_start;
}

/* The user's goroutine of this thread's M; 0: there is none. */
static uint64_t user_goroutine(void)
{
	int64_t offset = go.tls_slot ? (int64_t)word_at(go.tls_slot) : go.tls_offset;
	uint64_t g = offset ? word_at((uint64_t)__builtin_thread_pointer() + (uint64_t)offset) : 0;
	uint64_t m = g ? word_at(g + go.g_m) : 0;

	return m ? word_at(m + go.m_curg) : 0;
}

/*
 * Add the goroutine's frames to the COUNT that are there. In a Go function that C called, the goroutine has C frames in
 * between, on the other stack: they are not known, and a mark stands for them.
 */
static uint32_t add_goroutine(uint64_t *frames, uint32_t count, uint32_t *flags)
{
	uint64_t g = user_goroutine(), low, high, frame, pc, next;

	if (!g)
		return count;
	low = word_at(g);
	high = word_at(g + 8);
	frame = word_at(g + go.g_sched_bp);
	while (frame >= low && frame + 16 <= high && !(frame & 7)) {
		pc = word_at(frame + 8);
		if (!is_go(pc))
			break;
		if (count == C_FRAMES) {
			*flags |= C_STACK_TRUNCATED;
			break;
		}
		*flags |= C_STACK_GO;
		frames[count++] = pc;
		next = word_at(frame);
		if (pc - go.callback_start < go.callback_end - go.callback_start && (next < low || next + 16 > high)) {
			next = frame + go.callback_skip;
			if (count < C_FRAMES)
				frames[count++] = C_MARK_C_UNKNOWN;
		}
		if (next <= frame)
			break;
		frame = next;
	}
	return count;
}

/* Cut the C frames behind the first that is Go's, and go on with the goroutine. */
static uint32_t join_go(uint64_t *frames, uint32_t count, uint32_t *flags)
{
	uint32_t i;

	if (!go.text_end)
		return count;
	for (i = 0; i < count; i++)
		if (is_go(frames[i]))
			return add_goroutine(frames, i + 1, flags);
	return count;
}

/* One room for all of it: the stack that this runs on may be small. */
uint32_t unwind_stack(uint64_t *frames, uint64_t caller, uint32_t *flags)
{
	uint32_t count, first;

	*flags = 0;
	if (!library.backtrace) {
		*flags = C_STACK_GUESSED;
		count = walk_frame_pointers(frames, UNWIND_ROOM);
	} else if (__atomic_load_n(&careful, __ATOMIC_ACQUIRE)) {
		count = walk_in_steps(frames, UNWIND_ROOM);
	} else {
		count = (uint32_t)library.backtrace((void **)frames, UNWIND_ROOM);
	}
	for (first = 0; first < count && frames[first] != caller; first++)
		;
	if (first == count) { /* the way out of the library was not found: what is certain remains */
		frames[0] = caller;
		*flags |= C_STACK_GUESSED;
		return join_go(frames, 1, flags);
	}
	if (count == UNWIND_ROOM)
		*flags |= C_STACK_TRUNCATED;
	count -= first;
	if (count > C_FRAMES)
		count = C_FRAMES;
	memmove(frames, frames + first, count * sizeof(*frames));
	return join_go(frames, count, flags);
}
