/* What the go command wrote into a program about its making (.go.buildinfo; debug/buildinfo; Go 1.18 and later). */
#ifndef BINARY_GO_BUILDINFO_H
#define BINARY_GO_BUILDINFO_H

#include "base/error.h"

#include <stddef.h>

struct elf_image;

/* One dependency module. A replaced one has its replacement's path and version, sum included. */
struct go_module {
	char *path, *version, *sum;
	char *replace_path, *replace_version; /* "" when not replaced */
};

struct go_setting {
	char *key, *value; /* -gcflags, CGO_ENABLED, vcs.revision, …; unquoted */
};

struct go_buildinfo {
	char *text; /* all but the version as it stands there: lines of fields with tabs between; "" when there are none
		     */
	char *go_version; /* "go1.26.8", perhaps with " X:experiment" or "-X:experiment" */
	unsigned major, minor, patch;
	char *path;            /* package path of main, "" when unknown */
	struct go_module main; /* path "" when built outside a module */
	struct go_module *deps;
	size_t ndeps;
	struct go_setting *settings;
	size_t nsettings;
};

/* Read IMAGE's build info. STATUS_NO_ENTRY: none, so no Go program. Free with go_buildinfo_free. */
enum status go_buildinfo_read(struct go_buildinfo *info, struct elf_image *image, struct error *error);

/* The same from what a trace has kept: the struct's GO_VERSION and TEXT. Free with go_buildinfo_free. */
void go_buildinfo_parse(struct go_buildinfo *info, const char *go_version, const char *text);

/* Free the contents; a zeroed struct is fine. */
void go_buildinfo_free(struct go_buildinfo *info);

/* The value of the build setting KEY, or NULL. */
const char *go_buildinfo_setting(const struct go_buildinfo *info, const char *key);

#endif
