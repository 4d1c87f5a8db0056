/*
 * Whether verdicts that another build has given are those of the binary at hand, function by function; and that build's
 * file names as the binary has them, since it may have been made in another folder.
 */
#ifndef VERDICTS_VERDICT_PROOF_H
#define VERDICTS_VERDICT_PROOF_H

#include "base/error.h"

#include <stdint.h>

struct verdict_proof;
struct verdict_set;

/*
 * Open the program PATH, which was built with the verdicts in question; the file may be removed afterwards. Errors: not
 * readable, no Go program. Free with verdict_proof_free (NULL is ignored).
 */
enum status verdict_proof_open(struct verdict_proof **proof, const char *path, struct error *error);
void verdict_proof_free(struct verdict_proof *proof);

/* That program's Go version, "go1.26.8", and its Go build ID; borrowed. */
const char *verdict_proof_go_version(const struct verdict_proof *proof);
const char *verdict_proof_build_id(const struct verdict_proof *proof);

enum verdict_belongs {
	VERDICTS_BELONG,
	VERDICTS_OF_ANOTHER, /* the function is there, and is another */
	VERDICTS_OF_NONE,    /* no function of that name is there */
};

/* Whether the verdicts of FUNCTION (a linker name), whose fingerprint in the binary is FINGERPRINT, are the binary's.
 */
enum verdict_belongs verdict_proof_belong(const struct verdict_proof *proof, const char *function,
					  uint64_t fingerprint);

/* The binary at hand has FUNCTION in FILE; what is known of its folders follows from such pairs. */
void verdict_proof_learn(struct verdict_proof *proof, const char *function, const char *file);

/* A copy of SET with its files named as the binary at hand has them, as far as was learnt; the caller's to free. */
struct verdict_set *verdict_proof_rename(const struct verdict_proof *proof, const struct verdict_set *set);

#endif
