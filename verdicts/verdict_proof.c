/*
 * In: a program built anew with its verdicts, and what another binary of the same source holds. A function belongs when
 * its fingerprint is the same; folders are paired by the files of functions that both have.
 */
#include "verdicts/verdict_proof.h"

#include "base/memory.h"
#include "base/strtab.h"
#include "binary/elf_image.h"
#include "binary/go_buildinfo.h"
#include "binary/go_fingerprint.h"
#include "binary/go_pclntab.h"
#include "verdicts/verdict.h"

#include <stdlib.h>
#include <string.h>

#define CHAIN_MAX 64

/* What begins with FROM in the new build begins with TO in the binary at hand. Both end in '/', or are "". */
struct proof_folder {
	char *from, *to;
};

struct verdict_proof {
	struct elf_image *image;
	struct go_buildinfo info;
	struct go_pclntab *table;
	struct proof_folder *folders;
	size_t nfolders, capacity;
};

static enum status proof_read(struct verdict_proof *proof, const char *path, struct error *error)
{
	enum status status = elf_image_open(&proof->image, path, error);

	if (status == STATUS_OK)
		status = go_buildinfo_read(&proof->info, proof->image, error);
	if (status == STATUS_OK)
		status = go_pclntab_open(&proof->table, proof->image, proof->info.minor, error);
	if (status == STATUS_NO_ENTRY)
		return error_set(error, "no Go program: %s", path);
	return status;
}

enum status verdict_proof_open(struct verdict_proof **out, const char *path, struct error *error)
{
	struct verdict_proof *proof = memory_alloc(1, sizeof(*proof));
	enum status status = proof_read(proof, path, error);

	if (status != STATUS_OK) {
		verdict_proof_free(proof);
		return status;
	}
	*out = proof;
	return STATUS_OK;
}

void verdict_proof_free(struct verdict_proof *proof)
{
	if (!proof)
		return;
	for (size_t i = 0; i < proof->nfolders; i++) {
		free(proof->folders[i].from);
		free(proof->folders[i].to);
	}
	free(proof->folders);
	go_pclntab_close(proof->table);
	go_buildinfo_free(&proof->info);
	elf_image_close(proof->image);
	free(proof);
}

const char *verdict_proof_go_version(const struct verdict_proof *proof)
{
	return proof->info.go_version;
}

const char *verdict_proof_build_id(const struct verdict_proof *proof)
{
	return elf_image_go_build_id(proof->image);
}

enum verdict_belongs verdict_proof_belong(const struct verdict_proof *proof, const char *function, uint64_t fingerprint)
{
	switch (go_fingerprint_match(proof->image, proof->table, function, fingerprint)) {
	case FINGERPRINT_SAME:
		return VERDICTS_BELONG;
	case FINGERPRINT_OTHER:
		return VERDICTS_OF_ANOTHER;
	case FINGERPRINT_MISSING:
	default:
		return VERDICTS_OF_NONE;
	}
}

/* Bytes of PATH's folder, its '/' included. */
static size_t folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash + 1 - path) : 0;
}

/* The same of the folder that holds the one of PATH's first LENGTH bytes; 0: none does. */
static size_t parent_length(const char *path, size_t length)
{
	while (length > 1 && path[length - 2] != '/')
		length--;
	return length > 1 ? length - 1 : 0;
}

/* Remember that FROM's first NFROM bytes are TO's first NTO bytes. */
static void learn_folder(struct verdict_proof *proof, const char *from, size_t nfrom, const char *to, size_t nto)
{
	for (size_t i = 0; i < proof->nfolders; i++) {
		if (strncmp(proof->folders[i].from, from, nfrom) == 0 && !proof->folders[i].from[nfrom])
			return;
	}
	proof->folders = memory_reserve(proof->folders, proof->nfolders, &proof->capacity, sizeof(*proof->folders));
	proof->folders[proof->nfolders].from = memory_copy_bytes(from, nfrom);
	proof->folders[proof->nfolders++].to = memory_copy_bytes(to, nto);
}

void verdict_proof_learn(struct verdict_proof *proof, const char *function, const char *file)
{
	struct go_frame frames[CHAIN_MAX];
	struct go_func func;
	const char *own;
	size_t count, nfrom, nto;

	if (!go_pclntab_by_name(proof->table, function, &func))
		return;
	count = go_pclntab_frames(proof->table, func.entry, frames, CHAIN_MAX);
	if (count == 0)
		return;
	own = frames[count - 1].file;
	nfrom = folder_length(own);
	nto = folder_length(file);
	if (strcmp(own + nfrom, file + nto) != 0)
		return;
	learn_folder(proof, own, nfrom, file, nto);
	if (nfrom == nto && strncmp(own, file, nto) == 0)
		return;
	/* What the two end in alike is the same tree: its other folders are paired too. */
	for (;;) {
		size_t from = parent_length(own, nfrom), to = parent_length(file, nto);

		if (!from || !to || nfrom - from != nto - to || strncmp(own + from, file + to, nto - to) != 0)
			break;
		nfrom = from;
		nto = to;
	}
	learn_folder(proof, own, nfrom, file, nto);
}

/* FILE as the binary at hand names it, in TEXTS; by the longest folder that is known. */
static const char *rename_file(const struct verdict_proof *proof, struct strtab *texts, const char *file)
{
	const struct proof_folder *best = NULL;
	const char *name;
	char *renamed;

	for (size_t i = 0; i < proof->nfolders; i++) {
		size_t length = strlen(proof->folders[i].from);

		if (strncmp(file, proof->folders[i].from, length) == 0 && (!best || length > strlen(best->from)))
			best = &proof->folders[i];
	}
	if (!best || strcmp(best->from, best->to) == 0)
		return file;
	renamed = memory_format("%s%s", best->to, file + strlen(best->from));
	name = strtab_get(texts, strtab_add(texts, renamed));
	free(renamed);
	return name;
}

static void add_renamed(const struct verdict_proof *proof, struct strtab *texts, struct verdict_set *renamed,
			const struct verdict *verdict)
{
	struct verdict_position *chain = memory_alloc(verdict->nchain, sizeof(*chain));
	struct verdict_step *steps = memory_alloc(verdict->nsteps + 1, sizeof(*steps));
	struct verdict copy = *verdict;

	for (size_t i = 0; i < verdict->nchain; i++) {
		chain[i] = verdict->chain[i];
		chain[i].file = rename_file(proof, texts, chain[i].file);
	}
	for (size_t i = 0; i < verdict->nsteps; i++) {
		steps[i] = verdict->steps[i];
		steps[i].file = rename_file(proof, texts, steps[i].file);
	}
	copy.chain = chain;
	copy.steps = steps;
	verdict_set_add(renamed, &copy);
	free(chain);
	free(steps);
}

struct verdict_set *verdict_proof_rename(const struct verdict_proof *proof, const struct verdict_set *set)
{
	struct verdict_set *renamed = verdict_set_new();
	struct strtab *texts = strtab_new();

	for (size_t i = 0; i < verdict_set_count(set); i++)
		add_renamed(proof, texts, renamed, verdict_set_at(set, i));
	strtab_free(texts);
	return renamed;
}
