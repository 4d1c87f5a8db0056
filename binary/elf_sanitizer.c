/* By the libraries that a program needs, as the loader reads them, and by the symbols of a runtime that is linked in.
 */
#include "binary/elf_sanitizer.h"

#include "binary/elf_image.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>

#define SEPARATORS ": "

/* GCC's and LLVM's, of which the latter has the processor's name behind it or not. */
static const char *const libraries[] = {
    "libasan.so",         "libhwasan.so",        "liblsan.so",       "libtsan.so",       "libclang_rt.asan",
    "libclang_rt.hwasan", "libclang_rt.memprof", "libclang_rt.lsan", "libclang_rt.tsan", "libclang_rt.msan"};

/* Of ThreadSanitizer's one that Go's runtime (go build -race) has not: that is made of the same, without a malloc. */
static const char *const functions[] = {"__asan_init",       "__hwasan_init", "__lsan_init",
					"__tsan_func_entry", "__msan_init",   "__memprof_init"};

/* NAME, a path or not, has LENGTH characters. */
static bool is_runtime(const char *name, size_t length)
{
	const char *slash = memrchr(name, '/', length);
	size_t i, size;

	if (slash) {
		length -= (size_t)(slash + 1 - name);
		name = slash + 1;
	}
	for (i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
		size = strlen(libraries[i]);
		if (length >= size && !memcmp(name, libraries[i], size))
			return true;
	}
	return false;
}

bool elf_sanitizer_is_among(const char *list)
{
	size_t length;

	for (; list && *list; list += length + strspn(list + length, SEPARATORS)) {
		length = strcspn(list, SEPARATORS);
		if (is_runtime(list, length))
			return true;
	}
	return false;
}

/* Whether IMAGE needs a runtime, a shared library. */
static bool needs_one(struct elf_image *image)
{
	struct elf_section dynamic, strings;
	size_t i;

	if (elf_image_section(image, ".dynamic", &dynamic, NULL) != STATUS_OK || !dynamic.data ||
	    elf_image_section(image, ".dynstr", &strings, NULL) != STATUS_OK || !strings.data)
		return false;
	for (i = 0; i + sizeof(Elf64_Dyn) <= dynamic.size; i += sizeof(Elf64_Dyn)) {
		Elf64_Dyn entry;
		const char *name;

		memcpy(&entry, dynamic.data + i, sizeof(entry));
		if (entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag != DT_NEEDED || entry.d_un.d_val >= strings.size)
			continue;
		name = (const char *)strings.data + entry.d_un.d_val;
		if (is_runtime(name, strnlen(name, strings.size - entry.d_un.d_val)))
			return true;
	}
	return false;
}

bool elf_sanitizer_is_in(struct elf_image *image)
{
	uint64_t address, size;
	size_t i;

	if (needs_one(image))
		return true;
	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (elf_image_symbol(image, functions[i], &address, &size) == STATUS_OK)
			return true;
	return false;
}

bool elf_sanitizer_is_in_file(const char *path, const char *preloaded)
{
	struct elf_image *image = NULL;
	bool is = elf_sanitizer_is_among(preloaded);

	if (!is && path && elf_image_open(&image, path, NULL) == STATUS_OK)
		is = elf_sanitizer_is_in(image);
	elf_image_close(image);
	return is;
}
