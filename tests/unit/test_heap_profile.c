/*
 * Reading heap profiles: what a Go program writes, built here by hand as a protobuf message; what is something else;
 * what is damaged, at every byte.
 */
#include "trace/heap_profile.h"
#include "base/buf.h"

#include "profile.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

/* All that a profile of one sample holds; tests change it before they pack it. */
struct sample_profile {
	char *strings[16];
	Pprof__ValueType types[4], *type_list[4];
	Pprof__Label label, *labels[1];
	uint64_t ids[2];
	int64_t values[4];
	Pprof__Sample sample, *samples[1];
	Pprof__Mapping mapping, *mappings[1];
	Pprof__Line lines[3], *inner[2], *outer[1];
	Pprof__Location locations[2], *location_list[2];
	Pprof__Function functions[2], *function_list[2];
	Pprof__Profile profile;
};

enum { ALLOC_OBJECTS = 1, COUNT, ALLOC_SPACE, BYTES, INUSE_OBJECTS, INUSE_SPACE, BINARY, INNER, OUTER, FILE_NAME };

static void set_types(struct sample_profile *p)
{
	static const int64_t types[][2] = {
	    {ALLOC_OBJECTS, COUNT}, {ALLOC_SPACE, BYTES}, {INUSE_OBJECTS, COUNT}, {INUSE_SPACE, BYTES}};

	for (size_t i = 0; i < 4; i++) {
		pprof__value_type__init(&p->types[i]);
		p->types[i].type = types[i][0];
		p->types[i].unit = types[i][1];
		p->type_list[i] = &p->types[i];
	}
	p->profile.n_sample_type = 4;
	p->profile.sample_type = p->type_list;
}

static void set_code(struct sample_profile *p)
{
	for (size_t i = 0; i < 2; i++) {
		pprof__function__init(&p->functions[i]);
		p->functions[i].id = 70 + i;
		p->functions[i].name = i == 0 ? INNER : OUTER;
		p->functions[i].filename = FILE_NAME;
		p->function_list[i] = &p->functions[i];
		pprof__location__init(&p->locations[i]);
		p->locations[i].id = 5 - i;
		p->locations[i].mapping_id = 9;
		p->locations[i].address = 0x555555600010 + i * 0x100;
		p->location_list[i] = &p->locations[i];
	}
	for (size_t i = 0; i < 3; i++) {
		pprof__line__init(&p->lines[i]);
		p->lines[i].function_id = i == 0 ? 70 : 71;
		p->lines[i].line = 10 + (int64_t)i;
	}
	p->inner[0] = &p->lines[0];
	p->inner[1] = &p->lines[1];
	p->outer[0] = &p->lines[2];
	p->locations[0].n_line = 2;
	p->locations[0].line = p->inner;
	p->locations[1].n_line = 1;
	p->locations[1].line = p->outer;
	p->profile.n_function = p->profile.n_location = 2;
	p->profile.function = p->function_list;
	p->profile.location = p->location_list;
}

static void set_sample(struct sample_profile *p)
{
	static const int64_t values[] = {100, 4800, 10, 480};

	pprof__sample__init(&p->sample);
	pprof__label__init(&p->label);
	p->label.key = BYTES;
	p->label.num = 48;
	p->labels[0] = &p->label;
	p->sample.n_label = 1;
	p->sample.label = p->labels;
	p->ids[0] = 5;
	p->ids[1] = 4;
	p->sample.n_location_id = 2;
	p->sample.location_id = p->ids;
	memcpy(p->values, values, sizeof(values));
	p->sample.n_value = 4;
	p->sample.value = p->values;
	p->samples[0] = &p->sample;
	p->profile.n_sample = 1;
	p->profile.sample = p->samples;
}

static void init_profile(struct sample_profile *p)
{
	static const char *const strings[] = {"",           "alloc_objects", "count",       "alloc_space",
					      "bytes",      "inuse_objects", "inuse_space", "/bin/service",
					      "main.inner", "main.outer",    "/src/main.go"};

	memset(p, 0, sizeof(*p));
	pprof__profile__init(&p->profile);
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		p->strings[i] = (char *)(uintptr_t)strings[i];
	p->profile.string_table = p->strings;
	p->profile.n_string_table = sizeof(strings) / sizeof(strings[0]);
	set_types(p);
	set_code(p);
	set_sample(p);
	pprof__mapping__init(&p->mapping);
	p->mapping.id = 9;
	p->mapping.memory_start = 0x555555600000;
	p->mapping.memory_limit = 0x555555700000;
	p->mapping.file_offset = 0x2000;
	p->mapping.filename = BINARY;
	p->mappings[0] = &p->mapping;
	p->profile.n_mapping = 1;
	p->profile.mapping = p->mappings;
	p->profile.period = 524288;
}

static struct buf pack(const struct sample_profile *p)
{
	struct buf packed = {0};
	size_t size = pprof__profile__get_packed_size(&p->profile);

	pprof__profile__pack(&p->profile, buf_reserve(&packed, size));
	packed.size = size;
	return packed;
}

static enum status read_packed(struct heap_profile *profile, const struct sample_profile *p, struct error *error)
{
	struct buf packed = pack(p);
	enum status status = heap_profile_read_memory(profile, packed.data, packed.size, "test", error);

	buf_free(&packed);
	return status;
}

static void check_content(const struct heap_profile *profile)
{
	const struct heap_profile_sample *sample = &profile->samples[0];
	const struct heap_profile_location *location = &profile->locations[sample->stack[0]];

	assert_int_equal(profile->nsamples, 1);
	assert_int_equal(profile->period, 524288);
	assert_true(profile->has_alloc && profile->has_symbols);
	assert_true(sample->alloc_objects == 100 && sample->alloc_space == 4800);
	assert_true(sample->inuse_objects == 10 && sample->inuse_space == 480);
	assert_int_equal(sample->object_size, 48);
	assert_int_equal(sample->depth, 2);
	assert_int_equal(location->address, 0x555555600010);
	assert_int_equal(location->nframes, 2);
	assert_string_equal(location->frames[0].function, "main.inner");
	assert_string_equal(location->frames[1].function, "main.outer");
	assert_int_equal(location->frames[1].line, 11);
	assert_string_equal(location->mapping->file, "/bin/service");
}

static void test_plain(void **state)
{
	struct sample_profile p;
	struct heap_profile profile;
	struct error error = {""};

	(void)state;
	init_profile(&p);
	assert_int_equal(read_packed(&profile, &p, &error), STATUS_OK);
	check_content(&profile);
	heap_profile_free(&profile);
}

static void test_gzip_file(void **state)
{
	char path[] = "/tmp/escprof-test-XXXXXX";
	struct sample_profile p;
	struct heap_profile profile;
	struct error error = {""};
	struct buf packed;
	gzFile file = gzdopen(mkstemp(path), "wb");

	(void)state;
	init_profile(&p);
	packed = pack(&p);
	assert_int_equal(gzwrite(file, packed.data, (unsigned)packed.size), packed.size);
	gzclose(file);
	assert_true(heap_profile_is_likely(path));
	assert_int_equal(heap_profile_read(&profile, path, &error), STATUS_OK);
	check_content(&profile);
	heap_profile_free(&profile);
	buf_free(&packed);
	unlink(path);
	assert_int_equal(heap_profile_read(&profile, path, &error), STATUS_ERROR);
	heap_profile_free(&profile);
}

static void test_relocate(void **state)
{
	static const struct heap_profile_segment segments[] = {{0, 0, 0x1800}, {0x2000, 0x3000, 0x80}};
	struct sample_profile p;
	struct heap_profile profile;

	(void)state;
	init_profile(&p);
	assert_int_equal(read_packed(&profile, &p, NULL), STATUS_OK);
	assert_int_equal(heap_profile_relocate(&profile, segments, 2), 1);
	assert_int_equal(profile.locations[0].address, 0x3010);
	assert_int_equal(profile.locations[1].address, 0);
	heap_profile_free(&profile);
}

static void check_refused(const void *data, size_t size, const char *words)
{
	struct heap_profile profile;
	struct error error = {""};

	assert_int_equal(heap_profile_read_memory(&profile, data, size, "test", &error), STATUS_ERROR);
	if (!strstr(error.text, words))
		fail_msg("no \"%s\" in \"%s\"", words, error.text);
	heap_profile_free(&profile);
}

static void test_other_files(void **state)
{
	(void)state;
	check_refused(NULL, 0, "empty");
	check_refused("heap profile: 3: 24 [1: 8]", 26, "debug=1");
	check_refused("\x7f"
		      "ELF\2\1\1",
		      7, "--binary");
	check_refused("\x1f\x8b\x08", 3, "gzip data");
	check_refused("hello, world", 12, "neither gzip nor");
	check_refused("\x28\xb5\x2f\xfd", 4, "zstd");
}

static void check_kind(const char *type, const char *words)
{
	struct sample_profile p;
	struct buf packed;

	init_profile(&p);
	p.strings[ALLOC_OBJECTS] = (char *)(uintptr_t)type;
	p.strings[INUSE_OBJECTS] = (char *)(uintptr_t) "x";
	packed = pack(&p);
	check_refused(packed.data, packed.size, words);
	buf_free(&packed);
}

static void test_other_profiles(void **state)
{
	(void)state;
	check_kind("samples", "a CPU profile");
	check_kind("contentions", "mutex or block");
	check_kind("goroutine", "goroutine profile");
	check_kind("\033[31mwall", "no allocated or used space");
}

static void check_damage(void (*damage)(struct sample_profile *), const char *words)
{
	struct sample_profile p;
	struct buf packed;

	init_profile(&p);
	damage(&p);
	packed = pack(&p);
	check_refused(packed.data, packed.size, words);
	buf_free(&packed);
}

static void lose_location(struct sample_profile *p)
{
	p->ids[1] = 6;
}

static void lose_function(struct sample_profile *p)
{
	p->lines[1].function_id = 0;
}

static void lose_mapping(struct sample_profile *p)
{
	p->locations[0].mapping_id = 1;
}

static void lose_value(struct sample_profile *p)
{
	p->sample.n_value = 1;
}

static void test_damage(void **state)
{
	(void)state;
	check_damage(lose_location, "no location 6");
	check_damage(lose_function, "no function 0");
	check_damage(lose_mapping, "no mapping 1");
	check_damage(lose_value, "1 values instead of 4");
}

/* Strings out of range are empty, negative values nothing: neither is worth refusing a profile. */
static void test_odd_numbers(void **state)
{
	struct sample_profile p;
	struct heap_profile profile;

	(void)state;
	init_profile(&p);
	p.functions[0].name = 1000;
	p.functions[1].filename = -1;
	p.lines[0].line = INT64_MIN;
	p.values[1] = -5;
	p.sample.n_label = 0;
	assert_int_equal(read_packed(&profile, &p, NULL), STATUS_OK);
	assert_string_equal(profile.locations[0].frames[0].function, "");
	assert_string_equal(profile.locations[1].frames[0].file, "");
	assert_int_equal(profile.locations[0].frames[0].line, 0);
	assert_true(profile.samples[0].alloc_space == 0);
	heap_profile_free(&profile);
}

/* Cut anywhere, or with any byte changed, it is read or refused; the sanitizers watch. */
static void test_cut_and_changed(void **state)
{
	struct sample_profile p;
	struct heap_profile profile;
	struct buf packed;

	(void)state;
	init_profile(&p);
	packed = pack(&p);
	for (size_t i = 0; i < packed.size; i++) {
		heap_profile_read_memory(&profile, packed.data, i, "test", NULL);
		heap_profile_free(&profile);
		for (int bit = 0; bit < 8; bit++) {
			packed.data[i] ^= (uint8_t)(1 << bit);
			heap_profile_read_memory(&profile, packed.data, packed.size, "test", NULL);
			heap_profile_free(&profile);
			packed.data[i] ^= (uint8_t)(1 << bit);
		}
	}
	buf_free(&packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_plain),       cmocka_unit_test(test_gzip_file),       cmocka_unit_test(test_relocate),
	    cmocka_unit_test(test_other_files), cmocka_unit_test(test_other_profiles),  cmocka_unit_test(test_damage),
	    cmocka_unit_test(test_odd_numbers), cmocka_unit_test(test_cut_and_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
