/*
 * From a Go program's file to the plan: the runtime's layout and the places to patch come from binary/, and this
 * turns them into the agent's plan and into the few writes that switch it on.
 */
#include "collector/plan.h"

#include "base/memory.h"
#include "binary/elf_image.h"
#include "binary/elf_sanitizer.h"
#include "binary/go_buildinfo.h"
#include "binary/go_callback.h"
#include "binary/go_layout.h"
#include "binary/go_layout_table.h"
#include "binary/go_patch.h"
#include "binary/go_pclntab.h"
#include "binary/go_tls.h"
#include "binary/go_vdso.h"
#include "collector/concurrency.h"
#include "collector/figures.h"
#include "collector/labels.h"
#include "collector/preload/c_shared.h"

#include <stdlib.h>
#include <string.h>

/* The runtime's own default (runtime/mprof.go, MemProfileRate). */
#define DEFAULT_PROFILE_RATE (512 * 1024)

struct plan {
	struct elf_image *image;
	struct go_pclntab *table;
	struct go_buildinfo info;
	struct go_layout layout;
	struct go_patch patch;
	struct plan_program program;
	unsigned owners;
	uint64_t live_rate;
	char follower[AGENT_NAME_MAX]; /* "": the program is not followed into its children */
};

static const struct go_version *plan_version(const struct plan *plan)
{
	return go_layout_table_version(plan->info.minor);
}

/*
 * A plugin brings the runtime's allocator and sweep once more, and calls its own, so that what it allocates, and what
 * comes after it on the same P, would be missing. Without cgo plugin.Open is a stub that only fails.
 */
static enum status plan_check_plugins(const struct plan *plan, struct error *error)
{
	struct go_func open;

	if (!go_pclntab_by_name(plan->table, "plugin._Cfunc_pluginOpen", &open))
		return STATUS_OK;
	return error_set(
	    error,
	    "cannot profile %s: it can open Go plugins, which allocate by a runtime's code of their own, out "
	    "of escprof's sight: build it without the package plugin, or with CGO_ENABLED=0",
	    elf_image_path(plan->image));
}

/* Whether the linker has switched the heap profile off, since nothing in the program reads it. */
static bool plan_profile_is_off(const struct plan *plan)
{
	size_t available;
	const uint8_t *byte = plan->layout.disable_memory_profiling
				  ? elf_image_at(plan->image, plan->layout.disable_memory_profiling, &available)
				  : NULL;

	return byte && available && *byte;
}

/* Go's own linker makes a dynamic program too (a PIE), but no list of C constructors. */
static bool plan_has_c(const struct plan *plan)
{
	struct elf_section section;

	return elf_image_section(plan->image, ".init_array", &section, NULL) == STATUS_OK;
}

static void plan_describe(struct plan *plan)
{
	bool is_sanitized = elf_sanitizer_is_in(plan->image);

	plan->program = (struct plan_program){
	    .path = elf_image_path(plan->image),
	    .go_version = plan->info.go_version,
	    .main_path = plan->info.path,
	    .build_info = plan->info.text,
	    .main_module = plan->info.main.path ? plan->info.main.path : "",
	    .go_build_id = elf_image_go_build_id(plan->image),
	    .gnu_build_id = elf_image_build_id(plan->image),
	    .is_preloaded = elf_image_is_glibc(plan->image) && !is_sanitized,
	    .is_dynamic = elf_image_is_dynamic(plan->image),
	    .is_sanitized = is_sanitized,
	    .has_c = plan_has_c(plan),
	    .switched_on = plan_profile_is_off(plan),
	};
}

static enum status plan_read(struct plan *plan, const char *path, struct error *error)
{
	enum status status = elf_image_open(&plan->image, path, error);

	if (status != STATUS_OK)
		return status;
	status = go_buildinfo_read(&plan->info, plan->image, error);
	if (status != STATUS_OK)
		return status;
	if (go_layout_check_version(plan->image, &plan->info, error) != STATUS_OK)
		return STATUS_ERROR;
	status = go_pclntab_open(&plan->table, plan->image, plan->info.minor, error);
	if (status == STATUS_NO_ENTRY)
		return error_set(error, "cannot profile %s: it has Go build information but no function table", path);
	if (status == STATUS_OK)
		status = plan_check_plugins(plan, error);
	if (status == STATUS_OK)
		status = go_layout_find(&plan->layout, plan->image, &plan->info, plan->table, error);
	if (status == STATUS_OK)
		status = go_patch_find(&plan->patch, plan->image, &plan->info, plan->table, error);
	if (status == STATUS_NO_ENTRY)
		return error_set(error, "cannot profile %s: its runtime is not laid out as any Go escprof knows", path);
	return status;
}

enum status plan_make(struct plan **out, const char *path, uint64_t live_rate, struct error *error)
{
	struct plan *plan = memory_alloc(1, sizeof(*plan));
	enum status status = plan_read(plan, path, error);

	plan->owners = 1;
	if (status != STATUS_OK) {
		plan_free(plan);
		return status;
	}
	plan->live_rate = live_rate;
	plan_describe(plan);
	*out = plan;
	return STATUS_OK;
}

struct plan *plan_share(struct plan *plan)
{
	plan->owners++;
	return plan;
}

void plan_free(struct plan *plan)
{
	if (!plan || --plan->owners)
		return;
	go_pclntab_close(plan->table);
	go_buildinfo_free(&plan->info);
	elf_image_close(plan->image);
	free(plan);
}

const struct plan_program *plan_program(const struct plan *plan)
{
	return &plan->program;
}

struct concurrency *plan_concurrency(const struct plan *plan, uint64_t bias)
{
	return concurrency_new(&plan->layout, bias);
}

struct labels *plan_labels(const struct plan *plan, pid_t pid, uint64_t bias, struct trace_writer *writer)
{
	const struct go_layout *layout = &plan->layout;

	if (!layout->memstats || layout->memstats_numgc == GO_LAYOUT_NONE)
		return NULL;
	return labels_new(pid, plan->info.minor, layout->memstats + layout->memstats_numgc + bias, writer);
}

static bool has_lines(const struct go_pclntab *table, uint32_t index, struct go_func *func)
{
	struct go_frame frame;

	return go_pclntab_func(table, index, func) && go_pclntab_frames(table, func->entry, &frame, 1) &&
	       frame.line > 0;
}

/* Go's own code: its linker puts C that it links into the same text, before or behind, without lines. */
static void plan_c_text(const struct plan *plan, uint64_t bias, struct c_go *go)
{
	uint32_t first = 0, last = go_pclntab_count(plan->table);
	struct go_func func;

	go_pclntab_text(plan->table, &go->text_start, &go->text_end);
	while (first < last && !has_lines(plan->table, first, &func))
		first++;
	if (first < last)
		go->text_start = func.entry;
	while (last > first && !has_lines(plan->table, last - 1, &func))
		last--;
	if (last > first)
		go->text_end = func.end;
	go->text_start += bias;
	go->text_end += bias;
}

/* How C calls Go back, where it does. */
static void plan_c_callback(const struct plan *plan, uint64_t bias, struct c_callback *out)
{
	struct go_callback found;

	if (!go_callback_find(plan->image, plan->table, &found))
		return;
	out->crosscall_start = found.crosscall_start + bias;
	out->crosscall_end = found.crosscall_end + bias;
	out->frame = found.frame;
	out->depth = found.depth;
	out->rbx = found.saved[GO_CALLBACK_RBX];
	out->rbp = found.saved[GO_CALLBACK_RBP];
	out->r12 = found.saved[GO_CALLBACK_R12];
	out->r13 = found.saved[GO_CALLBACK_R13];
	out->r14 = found.saved[GO_CALLBACK_R14];
	out->r15 = found.saved[GO_CALLBACK_R15];
}

bool plan_c_go(const struct plan *plan, uint64_t bias, struct c_go *go)
{
	struct go_func call, callback;

	*go = (struct c_go){0};
	if (!go_tls_find(plan->image, plan->table, &go->tls_slot, &go->tls_offset))
		return false;
	plan_c_text(plan, bias, go);
	if (go->tls_slot)
		go->tls_slot += bias;
	if (go_pclntab_by_name(plan->table, "runtime.asmcgocall", &call)) {
		go->call_start = call.entry + bias;
		go->call_end = call.end + bias;
	}
	if (go_pclntab_by_name(plan->table, "runtime.cgocallback", &callback)) {
		go->callback_start = callback.entry + bias;
		go->callback_end = callback.end + bias;
	}
	go->g_m = plan->layout.g_m;
	go->m_curg = plan->layout.m_curg;
	go->m_g0 = plan->layout.m_g0;
	go->g_sched_sp = 0x38;
	go->g_sched_bp = plan_version(plan)->g_sched_bp;
	go->callback_skip = 56;
	plan_c_callback(plan, bias, &go->callback);
	return true;
}

void plan_executable(const struct plan *plan, uint64_t *start, uint64_t *size)
{
	*start = *size = 0;
	elf_image_executable(plan->image, start, size);
}

void plan_text(const struct plan *plan, uint64_t *start, uint64_t *end)
{
	go_pclntab_text(plan->table, start, end);
}

uint64_t plan_stub_space(const struct plan *plan, size_t *size)
{
	*size = plan->patch.stub_space_size;
	return plan->patch.stub_space;
}

uint64_t plan_start_space(const struct plan *plan, size_t index, size_t *size)
{
	*size = plan->patch.start_space_sizes[index];
	return plan->patch.start_spaces[index];
}

bool plan_file_bytes(const struct plan *plan, uint64_t address, void *bytes, size_t size)
{
	size_t available;
	const uint8_t *found = elf_image_at(plan->image, address, &available);

	if (!found || available < size)
		return false;
	memcpy(bytes, found, size);
	return true;
}

bool plan_sampling(const struct plan *plan, uint64_t bias, struct plan_sampling *sampling)
{
	const struct go_layout *layout = &plan->layout;
	bool counts_down = plan_version(plan)->counts_down;

	*sampling = (struct plan_sampling){
	    .allp = layout->allp + bias,
	    .mem_profile_rate = layout->mem_profile_rate + bias,
	    .p_mcache = layout->p_mcache,
	    .next_sample = layout->mcache_next_sample,
	    .seen_rate = counts_down ? 0 : layout->mcache_next_sample + 8,
	    .rate_one_is_all = counts_down,
	};
	return layout->allp != 0;
}

void plan_follow(struct plan *plan, const char *name)
{
	if (strlen(name) < sizeof(plan->follower))
		strcpy(plan->follower, name);
}

uint64_t plan_live_rate(const struct plan *plan)
{
	return plan->live_rate;
}

static int64_t plan_own_rate(const struct plan *plan)
{
	return plan->program.switched_on ? (int64_t)plan->live_rate : DEFAULT_PROFILE_RATE;
}

void plan_fill(const struct plan *plan, uint64_t bias, struct agent_plan *agent)
{
	const struct go_layout *layout = &plan->layout;
	const struct go_version *version = plan_version(plan);
	uint64_t types_start, types_end;

	go_pclntab_types(plan->table, &types_start, &types_end);
	agent->malloc_target = plan->patch.malloc_target + bias;
	agent->free_target = plan->patch.free_target + bias;
	agent->fork_target = plan->patch.fork_target + bias;
	agent->exec_target = plan->patch.exec_target + bias;
	agent->follower_size = (uint32_t)strlen(plan->follower);
	memcpy(agent->follower, plan->follower, sizeof(agent->follower));
	agent->types_start = types_start + bias;
	agent->types_end = types_end + bias;
	agent->mem_profile_rate = layout->mem_profile_rate + bias;
	agent->numgc = layout->memstats && layout->memstats_numgc != GO_LAYOUT_NONE
			   ? layout->memstats + layout->memstats_numgc + bias
			   : 0;
	agent->mcache0 = layout->mcache0 ? layout->mcache0 + bias : 0;
	agent->nfigures = (uint32_t)figures_addresses(layout, bias, agent->figures);
	agent->g_m = layout->g_m;
	agent->m_vdso = go_vdso_find(plan->image, plan->table);
	agent->g_goid = layout->g_goid;
	agent->g_gopc = layout->g_gopc;
	agent->g_labels = agent->numgc ? layout->g_labels : 0; /* without numgc they could not be believed */
	agent->m_g0 = layout->m_g0;
	agent->m_curg = layout->m_curg;
	agent->m_p = layout->m_p;
	agent->p_id = layout->p_id;
	agent->p_mcache = layout->p_mcache;
	agent->next_sample = layout->mcache_next_sample;
	agent->special_kind = layout->special_kind;
	agent->special_kind_profile = layout->special_kind_profile;
	agent->type_hops = version->type_hops;
	agent->next_sample_add = version->counts_down;
	agent->rate_one_is_all = version->counts_down;
	agent->switched_on = plan->program.switched_on;
	agent->first_rate = version->counts_down ? plan_own_rate(plan) : 0;
	agent->init_rate = version->init_sets_rate && plan->program.switched_on ? DEFAULT_PROFILE_RATE : 0;
}

static void plan_add_write(struct plan_write *writes, size_t *count, uint64_t address, const void *bytes, uint32_t size)
{
	struct plan_write *write = &writes[(*count)++];

	write->address = address;
	write->size = size;
	memcpy(write->bytes, bytes, size);
}

/* Lead the CALL at the absolute address CALL to TARGET: only its 4-byte displacement changes. */
static void plan_add_call(struct plan_write *writes, size_t *count, uint64_t call, uint64_t target)
{
	int32_t displacement = (int32_t)(target - (call + 5));

	plan_add_write(writes, count, call + 1, &displacement, sizeof(displacement));
}

struct plan_targets plan_agent_targets(const struct plan *plan, uint64_t code, const struct agent_entries *entries)
{
	bool gets_m = plan_version(plan)->malloc_gets_m;

	return (struct plan_targets){.malloc = code + (gets_m ? entries->malloc_entry : entries->old_malloc_entry),
				     .free = code + entries->free_entry,
				     .draw = code + entries->draw_entry};
}

struct plan_targets plan_own_targets(const struct plan *plan, uint64_t bias)
{
	return (struct plan_targets){.malloc = plan->patch.malloc_target + bias,
				     .free = plan->patch.free_target + bias,
				     .draw = plan->patch.draw_target + bias,
				     .fork = plan->patch.fork_target + bias,
				     .exec = plan->patch.exec_target + bias};
}

size_t plan_calls(const struct plan *plan, uint64_t bias, const struct plan_targets *targets, struct plan_write *writes)
{
	size_t count = 0, i;

	for (i = 0; i < plan->patch.nfree_calls; i++)
		plan_add_call(writes, &count, plan->patch.free_calls[i] + bias, targets->free);
	plan_add_call(writes, &count, plan->patch.malloc_call + bias, targets->malloc);
	if (plan->patch.draw_call) /* behind the one before: until then the runtime's draw counts */
		plan_add_call(writes, &count, plan->patch.draw_call + bias, targets->draw);
	if (plan->patch.fork_call && targets->fork)
		plan_add_call(writes, &count, plan->patch.fork_call + bias, targets->fork);
	if (plan->patch.exec_call && targets->exec)
		plan_add_call(writes, &count, plan->patch.exec_call + bias, targets->exec);
	return count;
}

size_t plan_writes(const struct plan *plan, uint64_t bias, uint64_t code, const struct agent_entries *entries,
		   struct plan_write *writes)
{
	struct plan_targets targets = plan_agent_targets(plan, code, entries);
	bool counts_down = plan_version(plan)->counts_down;
	int64_t rate = counts_down ? 1 : plan_own_rate(plan);
	uint8_t off = 0;
	size_t count = 0;

	if (*plan->follower) {
		targets.fork = code + entries->fork_entry;
		targets.exec = code + entries->exec_entry;
	}
	if (plan->program.switched_on)
		plan_add_write(writes, &count, plan->layout.disable_memory_profiling + bias, &off, 1);
	if (plan->program.switched_on || counts_down)
		plan_add_write(writes, &count, plan->layout.mem_profile_rate + bias, &rate, sizeof(rate));
	return count + plan_calls(plan, bias, &targets, writes + count);
}
