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

#include "collector/preload/readable.h"

#include <dlfcn.h>
#include <libunwind.h>
#include <stddef.h>
#include <string.h>

#define LIBRARY     "libunwind.so.8"
#define FAR         (1u << 20) /* bytes from one frame to the next, at most, by frame pointers */
#define SMALL_FRAME 256
#define NEAR        256 /* bytes below a frame pointer in which compilers keep where an aligned frame ends */
#define PAGE_MASK   (~4095ull)

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
	unw_accessors_t *(*accessors)(unw_addr_space_t);
	int (*access)(unw_addr_space_t, unw_word_t, unw_word_t *, int, void *); /* to memory, its own way */
} library;

static struct c_go go;
static bool careful;               /* step by step */
static __thread uint64_t walking;  /* the frame on the program's stack that this thread walks from; 0: it does not */
static __thread uint64_t readable; /* a page that this walk has found to be: the next may not find it any more */

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
	*(void **)&library.accessors = dlsym(handle, "_Ux86_64_get_accessors");
	return library.backtrace && library.get_context && library.init_local && library.step && library.get_register;
}

/* ADDRESS is readable, as readable_word says, and so not 0; or of a frame that is there. */
static inline uint64_t word_at(uint64_t address)
{
	return *(const volatile uint64_t *)address; /* NOLINT(clang-analyzer-core.NullDereference) */
}

/*
 * In place of libunwind's own look at memory that nothing vouches for, at frames without unwind information: that reads
 * from and writes to a pipe by descriptors which a program that closes all may meanwhile have for something else. A
 * program that is linked to libunwind has the same one, and what it does with it is done as without us.
 */
static int read_word(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int is_write, void *argument)
{
	if (!walking)
		return library.access(space, address, value, is_write, argument);
	if (is_write || !readable_word(address, &readable) || !readable_word(address + 7, &readable))
		return -UNW_EINVAL;
	*value = word_at(address);
	return 0;
}

/* libunwind sets its own one when it is first asked for anything: so ask. */
static void replace_reading(void)
{
	unw_tdep_context_t context;
	unw_accessors_t *accessors;
	unw_cursor_t cursor;

	if (library.get_context(&context) < 0 || library.init_local(&cursor, &context) < 0)
		return;
	accessors = library.accessors(*library.space);
	library.access = accessors->access_mem;
	__atomic_store_n(&accessors->access_mem, read_word, __ATOMIC_RELEASE); /* what it calls is known before */
}

/* What libunwind is asked from here on is ours, of which nothing may interrupt it (quiet.h). */
static void begin_walk(uint64_t frame)
{
	walking = frame;
	readable = 0;
}

void unwind_open(const struct c_go *program)
{
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	go = *program;
	if (!handle || !find_all(handle))
		memset(&library, 0, sizeof(library));
	if (library.accessors && library.space)
		replace_reading();
	dlerror(); /* the next one is the program's */
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

/*
 * What decides on where CURSOR's frame ends, CFA, besides its registers: the frame of a function that has aligned its
 * stack anew (SP is less than RBP then, and there is a gap of unknown size above) keeps that in a word below RBP, as
 * compilers write it. More of such words do no harm. Returns how many WORDS.
 */
static uint32_t find_alignment(uint64_t sp, uint64_t rbp, uint64_t cfa, struct unwind_word *words, uint32_t capacity)
{
	uint64_t at = rbp > NEAR && rbp - NEAR > sp ? rbp - NEAR : sp, known = 0;
	uint32_t count = 0;

	if (rbp & 7 || sp & 7 || rbp < sp || rbp >= cfa || rbp + 16 == cfa)
		return 0;
	for (; at < rbp && count < capacity && readable_word(at, &known); at += 8)
		if (word_at(at) == cfa)
			words[count++] = (struct unwind_word){at, cfa};
	return count;
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

static uint32_t find_words(const struct unwind_start *start, const uint64_t *frames, uint32_t depth,
			   struct unwind_word *words, uint32_t capacity)
{
	unw_tdep_context_t context;
	unw_cursor_t cursor;
	uint64_t rbp, now, sp, pointer;
	uint32_t count = 0, i;

	if (!library.get_place || !depth || frames[0] != start->caller || library.get_context(&context) < 0 ||
	    library.init_local(&cursor, &context) < 0 || !go_to_start(&cursor, start))
		return 0;
	rbp = saved_rbp(&cursor);
	for (i = 1;; i++) {
		sp = value_of(&cursor, UNW_REG_SP);
		pointer = value_of(&cursor, UNW_X86_64_RBP);
		if (library.step(&cursor) <= 0 || !value_of(&cursor, UNW_REG_IP))
			break;
		count += find_alignment(sp, pointer, value_of(&cursor, UNW_REG_SP), words + count, capacity - count);
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

uint32_t unwind_words(const struct unwind_start *start, const uint64_t *frames, uint32_t depth,
		      struct unwind_word *words, uint32_t capacity)
{
	uint32_t count;

	begin_walk(start->cfa);
	count = find_words(start, frames, depth, words, capacity);
	walking = 0;
	return count;
}

/* By frame pointers, where there is no libunwind: each frame lies above the one before it, and is looked for first. */
static uint32_t walk_frame_pointers(uint64_t *frames, uint32_t capacity)
{
	uint64_t frame = walking, known = frame & PAGE_MASK, next;
	uint32_t count = 0;

	while (count < capacity) {
		if (frame & 7 || !readable_word(frame, &known) || !readable_word(frame + 8, &known))
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

/*
 * This thread's M, when it is on the M's own stack, as in all C that Go has called; 0: it is not, or runs no Go. A
 * signal handler of C's that interrupts Go is on the goroutine's, whose frames are not where its last call of C was.
 */
static uint64_t current_m(void)
{
	int64_t offset = go.tls_slot ? (int64_t)word_at(go.tls_slot) : go.tls_offset;
	uint64_t g = offset ? word_at((uint64_t)__builtin_thread_pointer() + (uint64_t)offset) : 0;
	uint64_t m = g ? word_at(g + go.g_m) : 0;

	return m && word_at(m + go.m_g0) == g ? m : 0;
}

/*
 * The return address PC is the first of Go's behind COUNT frames of C. Where it is not that of the call of C, what is
 * in between has nothing that libunwind could go by, as all C that Go's own linker has linked: the mark says so.
 */
static uint32_t add_first_go(uint64_t *frames, uint32_t count, uint64_t pc)
{
	if (pc - go.call_start >= go.call_end - go.call_start && count < C_FRAMES)
		frames[count++] = C_MARK_C_UNKNOWN;
	if (count < C_FRAMES)
		frames[count++] = pc;
	return count;
}

/* C's registers as they were when it called Go back, which noted the stack pointer SP. */
static bool enter_outer(unw_tdep_context_t *context, uint64_t sp)
{
	const struct c_callback *callback = &go.callback;
	uint64_t at = sp + callback->frame + 8, outer_sp = at + callback->depth + 8;
	greg_t *registers = context->uc_mcontext.gregs;

	if (library.get_context(context) < 0)
		return false;
	registers[REG_RIP] = (greg_t)word_at(at + callback->depth);
	registers[REG_RSP] = (greg_t)outer_sp;
	registers[REG_RBX] = (greg_t)word_at(at + callback->rbx);
	registers[REG_RBP] = (greg_t)word_at(at + callback->rbp);
	registers[REG_R12] = (greg_t)word_at(at + callback->r12);
	registers[REG_R13] = (greg_t)word_at(at + callback->r13);
	registers[REG_R14] = (greg_t)word_at(at + callback->r14);
	registers[REG_R15] = (greg_t)word_at(at + callback->r15);
	return true;
}

/*
 * Add the C frames that called Go back at SP, up to the Go that had called them, whose return address is added as the
 * last; there is none where C began the thread. Returns the new count, COUNT when they are not known. Not inlined: it
 * needs 2 KiB of stack.
 */
static __attribute__((noinline)) uint32_t add_outer(uint64_t *frames, uint32_t count, uint64_t sp)
{
	unw_tdep_context_t context;
	unw_cursor_t cursor;
	unw_word_t pc;

	if (!library.step || !enter_outer(&context, sp) || library.init_local(&cursor, &context) < 0)
		return count;
	while (count < C_FRAMES && library.get_register(&cursor, UNW_REG_IP, &pc) >= 0 && pc) {
		if (is_go(pc))
			return add_first_go(frames, count, pc);
		frames[count++] = pc;
		if (library.step(&cursor) <= 0)
			break;
	}
	return count;
}

/* A goroutine's stack, on which C's may stand between Go's frames. */
struct goroutine {
	uint64_t low, high;
	uint64_t callback; /* the stack pointer that the innermost callback not yet passed has noted on C's stack */
};

/*
 * The frame pointer behind the callback whose own is FRAME; 0: nothing of Go's called. Up to Go 1.20 asmcgocall keeps
 * none: the return address stands there, and the frame pointer is looked for in the frame of cgocall, which is small.
 * What C has saved of it is of no use, since the goroutine's stack may have moved.
 */
static uint64_t behind_callback(const struct goroutine *goroutine, uint64_t frame)
{
	uint64_t at = frame + go.callback_skip, end = at + SMALL_FRAME, next;

	if (at + 16 > goroutine->high)
		return 0;
	if (!is_go(word_at(at)))
		return is_go(word_at(at + 8)) ? at : 0;
	for (at += 8; at < end && at + 16 <= goroutine->high; at += 8) {
		next = word_at(at);
		if (next > at && next + 16 <= goroutine->high && !(next & 7) && is_go(word_at(at + 8)) &&
		    is_go(word_at(next + 8)))
			return at;
	}
	return 0;
}

/*
 * Behind the callback whose frame pointer is FRAME: add C's frames, or the mark that they are not known. *COUNT grows;
 * the next frame pointer is returned, 0: there is no more.
 */
static uint64_t pass_callback(struct goroutine *goroutine, uint64_t *frames, uint32_t *count, uint64_t frame)
{
	uint64_t sp = goroutine->callback, next = behind_callback(goroutine, frame);
	uint32_t before = *count;

	goroutine->callback = 0;
	if (sp > walking && !(sp & 7) &&
	    word_at(sp + go.callback.frame) - go.callback.crosscall_start <
		go.callback.crosscall_end - go.callback.crosscall_start) {
		goroutine->callback = word_at(sp) > sp ? word_at(sp) : 0;
		*count = add_outer(frames, before, sp);
	}
	/* They end at Go, or C began the thread; else not all of them were found. */
	if (*count > before && (is_go(frames[*count - 1]) || !next))
		return next;
	if (*count < C_FRAMES)
		frames[(*count)++] = C_MARK_C_UNKNOWN;
	return next;
}

/* Add the frames of M's goroutine G to the COUNT that are there, and those of the C that it was called back from. */
static uint32_t add_goroutine(uint64_t m, uint64_t g, uint64_t *frames, uint32_t count, uint32_t *flags)
{
	struct goroutine goroutine = {word_at(g), word_at(g + 8), word_at(word_at(m + go.m_g0) + go.g_sched_sp)};
	uint64_t frame, pc, next;

	frame = word_at(g + go.g_sched_bp);
	while (frame >= goroutine.low && frame + 16 <= goroutine.high && !(frame & 7)) {
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
		if (pc - go.callback_start < go.callback_end - go.callback_start &&
		    (next < goroutine.low || next + 16 > goroutine.high))
			next = pass_callback(&goroutine, frames, &count, frame);
		if (next <= frame)
			break;
		frame = next;
	}
	return count;
}

/*
 * Whether the goroutine G has called C, and not come back: then its frame pointer lies above the stack pointer that was
 * saved with it. In a thread that C began the one is old once the callback is over, and lies below.
 */
static bool has_called_c(uint64_t g)
{
	uint64_t frame = word_at(g + go.g_sched_bp), sp = word_at(g + go.g_sched_sp);

	return frame >= sp && frame >= word_at(g) && frame + 16 <= word_at(g + 8) && !(frame & 7) &&
	       is_go(word_at(frame + 8));
}

/*
 * Cut the C frames behind the first that is Go's, and go on with the goroutine. Where none is found, for C has nothing
 * to unwind it by, it may be known all the same that a goroutine has called it.
 */
static uint32_t join_go(uint64_t *frames, uint32_t count, uint32_t *flags)
{
	uint64_t m, g;
	uint32_t i;

	if (!go.text_end)
		return count;
	for (i = 0; i < count && !is_go(frames[i]); i++)
		;
	m = current_m();
	g = m ? word_at(m + go.m_curg) : 0;
	if (i < count)
		return g ? add_goroutine(m, g, frames, add_first_go(frames, i, frames[i]), flags) : i + 1;
	if (!g || count >= C_FRAMES || !has_called_c(g))
		return count;
	frames[count] = C_MARK_C_UNKNOWN;
	return add_goroutine(m, g, frames, count + 1, flags);
}

static uint32_t find_frames(uint64_t *frames, uint64_t caller, uint32_t *flags)
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
	if (count > C_FRAMES) {
		*flags |= C_STACK_TRUNCATED;
		count = C_FRAMES;
	}
	memmove(frames, frames + first, count * sizeof(*frames));
	return join_go(frames, count, flags);
}

uint32_t unwind_stack(uint64_t *frames, uint64_t caller, const void *frame, uint32_t *flags)
{
	uint32_t depth;

	begin_walk((uint64_t)frame);
	depth = find_frames(frames, caller, flags);
	walking = 0;
	return depth;
}
