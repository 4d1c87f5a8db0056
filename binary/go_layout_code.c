/*
 * Each offset is told by what a function must do with the field, in the order in which it does, whatever registers the
 * compiler has chosen: code that does something else gives nothing, rather than another number.
 */
#include "binary/go_layout_code.h"

#include "binary/go_code.h"
#include "binary/go_layout.h"
#include "binary/go_pclntab.h"

#include <stdbool.h>
#include <string.h>

#define STEPS_MAX 2048
#define OP_STORE  0x89 /* MOV r/m, r */
#define OP_LOAD   0x8b /* MOV r, r/m */
#define OP_CMP    0x3b /* CMP r, r/m */
#define OP_BYTE   0xc6 /* MOV r/m8, imm8 */
#define AX        0
#define BX        3
#define SP        4
#define NO_BASE   UINT32_MAX

/* An instruction with a memory operand: a register plus a displacement. */
struct step {
	uint8_t opcode; /* 0: one without such an operand */
	bool wide;      /* of 64 bits */
	uint32_t reg, base;
	uint32_t displacement;
	uint32_t value; /* an immediate operand */
};

struct steps {
	struct step steps[STEPS_MAX];
	size_t count;
};

static struct step read_step(const struct go_code *code)
{
	const ZydisDecodedInstruction *instruction = &code->instruction;
	uint32_t reg = instruction->raw.modrm.reg | (uint32_t)instruction->raw.rex.R << 3;
	uint32_t base = instruction->raw.modrm.rm;

	if (!code->decoded || !(instruction->attributes & ZYDIS_ATTRIB_HAS_MODRM) ||
	    instruction->opcode_map != ZYDIS_OPCODE_MAP_DEFAULT || instruction->raw.modrm.mod == 3 ||
	    (base == 5 && !instruction->raw.modrm.mod))
		return (struct step){0};
	if (base == SP) {
		if (instruction->raw.sib.index != SP || (instruction->raw.sib.base == 5 && !instruction->raw.modrm.mod))
			return (struct step){0};
		base = instruction->raw.sib.base;
	}
	return (struct step){.opcode = instruction->opcode,
			     .wide = instruction->raw.rex.W,
			     .reg = reg,
			     .base = base | (uint32_t)instruction->raw.rex.B << 3,
			     .displacement = (uint32_t)instruction->raw.disp.value,
			     .value = (uint32_t)instruction->raw.imm[0].value.u};
}

/* The instructions of FUNCTION; none when it is not there. */
static void read_steps(struct steps *steps, const struct elf_image *image, const struct go_pclntab *table,
		       const char *function)
{
	struct go_func func;
	struct go_code code;

	steps->count = 0;
	if (!go_pclntab_by_name(table, function, &func) || !go_code_begin(&code, image, &func))
		return;
	while (steps->count < STEPS_MAX && go_code_next(&code))
		steps->steps[steps->count++] = read_step(&code);
}

static bool is_move(const struct step *step, uint8_t opcode)
{
	return step->opcode == opcode && step->wide && step->base != SP;
}

/* The first from AT on, of at most REACH, that is OPCODE with REG and BASE (NO_BASE: any but the stack); or NULL. */
static const struct step *find_step(const struct steps *steps, size_t *at, size_t reach, uint8_t opcode, uint32_t reg,
				    uint32_t base)
{
	size_t end = *at + reach < steps->count ? *at + reach : steps->count;

	for (; *at < end; ++*at) {
		const struct step *step = &steps->steps[*at];

		if (step->opcode == opcode && step->wide && (reg == NO_BASE || step->reg == reg) &&
		    (base == NO_BASE ? step->base != SP : step->base == base)) {
			++*at;
			return step;
		}
	}
	return NULL;
}

/* systemstack, of assembly: m = g.m; g == m.gsignal; g == m.g0; g == m.curg. */
static void read_systemstack(struct go_layout_code *found, const struct steps *steps)
{
	size_t i, at;

	for (i = 0; i + 1 < steps->count; i++) {
		const struct step *m = &steps->steps[i], *g0, *curg;

		if (!is_move(m, OP_LOAD) || steps->steps[i + 1].opcode != OP_CMP ||
		    steps->steps[i + 1].base != m->reg || steps->steps[i + 1].reg != m->base)
			continue;
		at = i + 2;
		g0 = find_step(steps, &at, 3, OP_LOAD, NO_BASE, m->reg);
		curg = g0 ? find_step(steps, &at, 4, OP_CMP, m->base, m->reg) : NULL;
		if (!curg)
			continue;
		found->g_m = m->displacement;
		found->m_g0 = g0->displacement;
		found->m_curg = curg->displacement;
		return;
	}
}

/* profilealloc(m, …): c = m.p.mcache; c.memProfRate = MemProfileRate; c.nextSample = nextSample(). */
static void read_profilealloc(struct go_layout_code *found, const struct steps *steps)
{
	const struct step *p, *mcache, *rate, *sample;
	size_t at = 0;

	p = find_step(steps, &at, STEPS_MAX, OP_LOAD, NO_BASE, AX);
	mcache = p ? find_step(steps, &at, 4, OP_LOAD, NO_BASE, p->reg) : NULL;
	rate = mcache ? find_step(steps, &at, STEPS_MAX, OP_STORE, NO_BASE, mcache->reg) : NULL;
	sample = rate ? find_step(steps, &at, STEPS_MAX, OP_STORE, NO_BASE, mcache->reg) : NULL;
	if (!sample || find_step(steps, &at, STEPS_MAX, OP_STORE, NO_BASE, NO_BASE))
		return;
	found->m_p = p->displacement;
	found->p_mcache = mcache->displacement;
	found->mcache_seen_rate = rate->displacement;
	found->mcache_next_sample = sample->displacement;
}

/* setprofilebucket: s.special.kind = _KindSpecialProfile, the only byte that it sets. */
static void read_setprofilebucket(struct go_layout_code *found, const struct steps *steps)
{
	const struct step *kind = NULL;
	size_t i, count = 0;

	for (i = 0; i < steps->count; i++)
		if (steps->steps[i].opcode == OP_BYTE && steps->steps[i].base != SP) {
			kind = &steps->steps[i];
			count++;
		}
	if (count != 1)
		return;
	found->special_kind = kind->displacement;
	found->special_kind_profile = kind->value & 0xff;
}

/* (*p).init(p, id): p.id = id, first of all. */
static void read_p_init(struct go_layout_code *found, const struct steps *steps)
{
	size_t i;

	for (i = 0; i < steps->count; i++) {
		const struct step *step = &steps->steps[i];

		if (step->opcode != OP_STORE || step->base == SP)
			continue;
		if (step->base == AX && step->reg == BX && !step->wide)
			found->p_id = step->displacement;
		return;
	}
}

/* newproc1: newg.parentGoid = callergp.goid; newg.gopc = callerpc, an argument. */
static bool read_creator(struct go_layout_code *found, const struct steps *steps, size_t i)
{
	const struct step *goid = &steps->steps[i], *parent, *argument, *gopc;
	size_t at = i + 1;

	if (!is_move(goid, OP_LOAD))
		return false;
	parent = find_step(steps, &at, 3, OP_STORE, goid->reg, NO_BASE);
	argument = parent ? find_step(steps, &at, 2, OP_LOAD, NO_BASE, SP) : NULL;
	gopc = argument ? find_step(steps, &at, 2, OP_STORE, argument->reg, parent->base) : NULL;
	if (!gopc || gopc->displacement == parent->displacement)
		return false;
	found->g_goid = goid->displacement;
	found->g_gopc = gopc->displacement;
	return true;
}

/* newproc1: if m.curg != nil { newg.labels = m.curg.labels }, from an offset to the same one. */
static bool read_labels(struct go_layout_code *found, const struct steps *steps, size_t i)
{
	const struct step *curg = &steps->steps[i], *labels, *copy;
	size_t at = i + 1, end = i + 20;

	if (!is_move(curg, OP_LOAD) || curg->displacement != found->m_curg)
		return false;
	labels = find_step(steps, &at, 4, OP_LOAD, NO_BASE, curg->reg);
	while (labels && at < end && (copy = find_step(steps, &at, end - at, OP_STORE, labels->reg, NO_BASE)))
		if (copy->displacement == labels->displacement) {
			found->g_labels = copy->displacement;
			return true;
		}
	return false;
}

static void read_newproc1(struct go_layout_code *found, const struct steps *steps)
{
	size_t i;

	for (i = 0; i < steps->count && !read_creator(found, steps, i); i++)
		;
	for (; i < steps->count && !read_labels(found, steps, i); i++)
		;
}

void go_layout_code_read(struct go_layout_code *found, const struct elf_image *image, const struct go_pclntab *table)
{
	static const struct {
		const char *function;
		void (*read)(struct go_layout_code *found, const struct steps *steps);
	} witnesses[] = {
	    {"runtime.systemstack", read_systemstack},
	    {"runtime.profilealloc", read_profilealloc},
	    {"runtime.setprofilebucket", read_setprofilebucket},
	    {"runtime.(*p).init", read_p_init},
	    {"runtime.newproc1", read_newproc1},
	};
	struct steps steps;
	size_t i;

	memset(found, 0xff, sizeof(*found));
	for (i = 0; i < sizeof(witnesses) / sizeof(witnesses[0]); i++) {
		read_steps(&steps, image, table, witnesses[i].function);
		witnesses[i].read(found, &steps);
	}
}
