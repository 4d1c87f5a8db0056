/*
 * The symbolizer on programs that are made here, in each DWARF version that the compilers at hand write. The places
 * looked up carry labels of their own, so that the lines expected are those of the sources below, not another tool's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "binary/elf_image.h"
#include "binary/go_pclntab.h"
#include "symbolizer/dwarf_lines.h"
#include "symbolizer/symbolizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CAPACITY 16

/* An instruction with a symbol: the place that a test looks up. */
#define PROBE "#define PROBE(name) __asm__ volatile(\".globl \" #name \"\\n\" #name \": nop\")\n"

static const char header_source[] = PROBE                                  /* line 1 */
    "extern volatile int sink;\n"                                          /* 2 */
    "static inline __attribute__((always_inline)) void innermost(int n)\n" /* 3 */
    "{\n"                                                                  /* 4 */
    "	sink = n;\n"                                                       /* 5 */
    "	PROBE(probe_inlined);\n"                                           /* 6 */
    "}\n";                                                                 /* 7 */

static const char c_source[] = "#include \"deep/inner.h\"\n"                  /* 1 */
			       "volatile int sink;\n"                         /* 2 */
			       "static inline __attribute__((always_inline))" /* 3 */
			       " void middle(int n)\n"
			       "{\n"                                          /* 4 */
			       "	sink = n + 1;\n"                      /* 5 */
			       "	innermost(n);\n"                      /* 6 */
			       "}\n"                                          /* 7 */
			       "\n"                                           /* 8 */
			       "__attribute__((noinline)) int outer(int n)\n" /* 9 */
			       "{\n"                                          /* 10 */
			       "	middle(n + 2);\n"                     /* 11 */
			       "	PROBE(probe_outer);\n"                /* 12 */
			       "	return sink;\n"                       /* 13 */
			       "}\n"                                          /* 14 */
			       "\n"                                           /* 15 */
			       "int main(int argc, char **argv)\n"            /* 16 */
			       "{\n"                                          /* 17 */
			       "	(void)argv;\n"                        /* 18 */
			       "	return outer(argc);\n"                /* 19 */
			       "}\n";                                         /* 20 */

static const char cpp_source[] = PROBE                 /* 1 */
    "volatile int sink;\n"                             /* 2 */
    "namespace shop {\n"                               /* 3 */
    "template <typename T> struct basket {\n"          /* 4 */
    "	__attribute__((noinline)) void add(T);\n"      /* 5 */
    "};\n"                                             /* 6 */
    "template <typename T> void basket<T>::add(T n)\n" /* 7 */
    "{\n"                                              /* 8 */
    "	sink = n;\n"                                   /* 9 */
    "	PROBE(probe_method);\n"                        /* 10 */
    "}\n"                                              /* 11 */
    "}\n"                                              /* 12 */
    "int main()\n"                                     /* 13 */
    "{\n"                                              /* 14 */
    "	shop::basket<int>().add(1);\n"                 /* 15 */
    "}\n";                                             /* 16 */

static const char go_source[] = "package main\n"                                       /* 1 */
				"\n"                                                   /* 2 */
				"/*\n"                                                 /* 3 */
				"#include \"deep/inner.h\"\n"                          /* 4 */
				"volatile int sink;\n"                                 /* 5 */
				"static __attribute__((noinline)) void touch(int n)\n" /* 6 */
				"{\n"                                                  /* 7 */
				"	innermost(n);\n"                               /* 8 */
				"}\n"                                                  /* 9 */
				"*/\n"                                                 /* 10 */
				"import \"C\"\n"                                       /* 11 */
				"\n"                                                   /* 12 */
				"type box struct{ next *box }\n"                       /* 13 */
				"\n"                                                   /* 14 */
				"var kept *box\n"                                      /* 15 */
				"\n"                                                   /* 16 */
				"func wrap() { kept = &box{kept} }\n"                  /* 17 */
				"\n"                                                   /* 18 */
				"func main() {\n"                                      /* 19 */
				"	wrap()\n"                                      /* 20 */
				"	C.touch(3)\n"                                  /* 21 */
				"}\n";                                                 /* 22 */

static char folder[] = "/tmp/test_symbolizer.XXXXXX";

static void write_file(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Run the shell COMMAND in the test's folder; true when it went well. */
static bool run(const char *command)
{
	char full[1024];

	snprintf(full, sizeof(full), "cd %s && { %s; } >log 2>&1", folder, command);
	return system(full) == 0;
}

static int make_folder(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_true(run("mkdir -p deep go/deep"));
	write_file("deep/inner.h", header_source);
	write_file("outer.c", c_source);
	write_file("method.cc", cpp_source);
	write_file("go/deep/inner.h", header_source);
	write_file("go/main.go", go_source);
	write_file("go/go.mod", "module fixture\n\ngo 1.22\n");
	return 0;
}

static int remove_folder(void **state)
{
	char command[256];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) == 0 ? 0 : -1;
}

/* What isn't on this machine is skipped; what is there and fails to build its program is a failure. */
static void need_command(const char *command)
{
	char question[64];

	snprintf(question, sizeof(question), "command -v %s", command);
	if (!run(question)) {
		print_message("no %s here\n", command);
		skip();
	}
}

static void build(const char *command)
{
	if (!run(command)) {
		char show[256];

		snprintf(show, sizeof(show), "cat %s/log", folder);
		fail_msg("%s: status %d", command, system(show));
	}
}

static struct symbolizer *open_program(const char *name)
{
	struct symbolizer *symbolizer = NULL;
	struct error error = {""};
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (symbolizer_open(&symbolizer, path, &error) != STATUS_OK)
		fail_msg("%s: %s", path, error.text);
	return symbolizer;
}

static size_t frames_at_symbol(struct symbolizer *symbolizer, const char *symbol, struct symbol_frame *frames)
{
	uint64_t address, size;

	assert_int_equal(elf_image_symbol(symbolizer_image(symbolizer), symbol, &address, &size), STATUS_OK);
	return symbolizer_frames(symbolizer, address, frames, CAPACITY);
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && !strcmp(text + length - end_length, end);
}

static void check_frame(const struct symbol_frame *frame, const char *function, const char *file, int32_t line,
			int32_t start_line)
{
	assert_string_equal(frame->function, function);
	if (!ends_with(frame->file, file))
		fail_msg("%s: in the file %s, not %s", function, frame->file, file);
	assert_int_equal(frame->line, line);
	assert_int_equal(frame->start_line, start_line);
}

/* The chain of outer.c: a header's function in a function in a function. */
static void check_c_program(const char *name)
{
	struct symbolizer *symbolizer = open_program(name);
	struct symbol_frame frames[CAPACITY];

	assert_int_equal(frames_at_symbol(symbolizer, "probe_inlined", frames), 3);
	check_frame(&frames[0], "innermost", "/deep/inner.h", 6, 3);
	check_frame(&frames[1], "middle", "/outer.c", 6, 3);
	check_frame(&frames[2], "outer", "/outer.c", 11, 9);
	assert_int_equal(frames_at_symbol(symbolizer, "probe_outer", frames), 1);
	check_frame(&frames[0], "outer", "/outer.c", 12, 9);
	assert_null(symbolizer_pclntab(symbolizer));
	symbolizer_close(symbolizer);
}

static void compile_and_check(const char *compiler, const char *options)
{
	char command[256];

	need_command(compiler);
	snprintf(command, sizeof(command), "%s %s -O2 -o program outer.c", compiler, options);
	build(command);
	check_c_program("program");
}

static void test_gcc_dwarf_2(void **state)
{
	(void)state;
	compile_and_check("gcc", "-gdwarf-2 -gno-strict-dwarf");
}

static void test_gcc_dwarf_4(void **state)
{
	(void)state;
	compile_and_check("gcc", "-gdwarf-4");
}

static void test_gcc_dwarf_5(void **state)
{
	(void)state;
	compile_and_check("gcc", "-gdwarf-5");
}

static void test_gcc_sections(void **state)
{
	(void)state;
	/* Many ranges a unit, functions that the linker drops, and compressed sections. */
	compile_and_check("gcc", "-gdwarf-5 -ffunction-sections -Wl,--gc-sections -gz=zlib");
}

static void test_clang_dwarf_4(void **state)
{
	(void)state;
	compile_and_check("clang", "-gdwarf-4");
}

static void test_clang_dwarf_5(void **state)
{
	(void)state;
	compile_and_check("clang", "-gdwarf-5 -ffunction-sections");
}

static void test_no_debug_information(void **state)
{
	struct symbol_frame frames[CAPACITY];
	struct symbolizer *symbolizer;

	(void)state;
	build("gcc -O2 -g0 -o bare outer.c");
	symbolizer = open_program("bare");
	assert_int_equal(frames_at_symbol(symbolizer, "outer", frames), 1);
	check_frame(&frames[0], "outer", "", 0, 0);
	assert_int_equal(symbolizer_frames(symbolizer, 16, frames, CAPACITY), 1);
	check_frame(&frames[0], "?", "", 0, 0);
	assert_int_equal(symbolizer_frames(symbolizer, 16, frames, 0), 0);
	symbolizer_close(symbolizer);
}

static void test_cpp_names(void **state)
{
	struct symbol_frame frames[CAPACITY];
	struct symbolizer *symbolizer;

	(void)state;
	need_command("g++");
	build("g++ -O2 -g -o method method.cc");
	symbolizer = open_program("method");
	assert_int_equal(frames_at_symbol(symbolizer, "probe_method", frames), 1);
	check_frame(&frames[0], "shop::basket<int>::add", "/method.cc", 10, 7);
	symbolizer_close(symbolizer);
}

static void build_go_program(void)
{
	FILE *finder = popen("bash tests/find-go.sh", "r");
	char go[256] = "", command[512];
	bool found;

	assert_non_null(finder);
	found = fgets(go, sizeof(go), finder) != NULL;
	if (pclose(finder) != 0 || !found) {
		print_message("no go here\n");
		skip();
	}
	go[strcspn(go, "\n")] = '\0';
	snprintf(command, sizeof(command),
		 "cd go && CGO_ENABLED=1 CC=gcc CGO_CFLAGS='-g -O2' GOFLAGS= GOTOOLCHAIN=local %s build -o ../cgo .",
		 go);
	build(command);
}

/* The address after the first direct call to CALLEE within the Go function NAME. */
static uint64_t return_address(struct symbolizer *symbolizer, const char *name, const char *callee, uint64_t *type)
{
	struct go_func func;
	const char *entry;
	uint64_t pc;

	assert_true(go_pclntab_by_name(symbolizer_pclntab(symbolizer), name, &func));
	for (pc = func.entry + 5; pc < func.end; pc++) {
		symbolizer_call_site(symbolizer, pc, &entry, type);
		if (entry && !strcmp(entry, callee))
			return pc;
	}
	fail_msg("%s never calls %s", name, callee);
	return 0;
}

static void check_go_frames(struct symbolizer *symbolizer)
{
	struct symbol_frame frames[CAPACITY];
	struct symbol_type type;
	uint64_t address, pc;

	pc = return_address(symbolizer, "main.main", "runtime.newobject", &address);
	assert_int_equal(symbolizer_frames(symbolizer, pc - 1, frames, CAPACITY), 2);
	check_frame(&frames[0], "main.wrap", "/main.go", 17, 17);
	check_frame(&frames[1], "main.main", "/main.go", 20, 19);
	assert_true(symbolizer_type(symbolizer, address, &type));
	assert_string_equal(type.name, "main.box");
	assert_int_equal(type.size, 8);
	assert_int_equal(type.ptr_bytes, 8);
	free(type.name);
	assert_false(symbolizer_type(symbolizer, pc, &type));
}

static void test_cgo_program(void **state)
{
	struct symbol_frame frames[CAPACITY];
	struct symbolizer *symbolizer;

	(void)state;
	build_go_program();
	symbolizer = open_program("cgo");
	assert_non_null(symbolizer_pclntab(symbolizer));
	check_go_frames(symbolizer);
	assert_int_equal(frames_at_symbol(symbolizer, "probe_inlined", frames), 2);
	check_frame(&frames[0], "innermost", "/deep/inner.h", 6, 3);
	check_frame(&frames[1], "touch", "/main.go", 8, 6);
	symbolizer_close(symbolizer);
}

static void test_open_errors(void **state)
{
	struct symbolizer *symbolizer = NULL;
	struct error error = {""};

	(void)state;
	assert_int_equal(symbolizer_open(&symbolizer, "/nonexistent", &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "/nonexistent"));
	symbolizer_close(NULL);
}

/* A version 4 line table of one sequence: line 5 at 0x1000, line 7 of file 2 at 0x1004, and its end at 0x1008. */
static const uint8_t line_table[] = {
    48,   0,    0,
    0,       /* length */
    4,    0, /* version */
    20,   0,    0,
    0, /* length of the header's rest */
    1,    1,    1,
    0xfb, 14,   13, /* line_base -5, line_range 14, opcode_base 13 */
    0,    1,    1,
    1,    1,    0,
    0,    0,    1,
    0,    0,    1, /* operands of the standard opcodes */
    0,    0,       /* no directories, no files: they aren't read here */
    0,    9,    2,
    0x00, 0x10, 0,
    0,    0,    0,
    0,    0,                     /* the address is 0x1000 */
    3,    4,    1,               /* 4 lines on; a row */
    4,    2,    13 + 4 * 14 + 7, /* file 2; 4 bytes and 2 lines on, with a row */
    2,    4,    0,
    1,    1, /* 4 bytes on; the end of the sequence */
};

static void test_line_table(void **state)
{
	struct dwarf_lines lines;
	struct error error = {""};

	(void)state;
	if (dwarf_lines_decode(&lines, line_table, sizeof(line_table), 0, &error) != STATUS_OK)
		fail_msg("%s", error.text);
	assert_null(dwarf_lines_find(&lines, 0xfff));
	assert_int_equal(dwarf_lines_find(&lines, 0x1000)->line, 5);
	assert_int_equal(dwarf_lines_find(&lines, 0x1003)->file, 1);
	assert_int_equal(dwarf_lines_find(&lines, 0x1007)->line, 7);
	assert_int_equal(dwarf_lines_find(&lines, 0x1007)->file, 2);
	assert_null(dwarf_lines_find(&lines, 0x1008));
	dwarf_lines_free(&lines);
}

/* Cut anywhere, or with any byte changed, the table is refused or read, and never read past its end. */
static void test_damaged_line_table(void **state)
{
	struct dwarf_lines lines;
	struct error error;
	size_t at;

	(void)state;
	for (at = 0; at < sizeof(line_table); at++) {
		uint8_t *copy = malloc(sizeof(line_table));

		memcpy(copy, line_table, sizeof(line_table));
		assert_int_equal(dwarf_lines_decode(&lines, copy, at, 0, &error), STATUS_ERROR);
		copy[at] ^= 0xff;
		dwarf_lines_decode(&lines, copy, sizeof(line_table), 0, NULL);
		dwarf_lines_free(&lines);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_line_table),    cmocka_unit_test(test_damaged_line_table),
	    cmocka_unit_test(test_open_errors),   cmocka_unit_test(test_gcc_dwarf_2),
	    cmocka_unit_test(test_gcc_dwarf_4),   cmocka_unit_test(test_gcc_dwarf_5),
	    cmocka_unit_test(test_gcc_sections),  cmocka_unit_test(test_clang_dwarf_4),
	    cmocka_unit_test(test_clang_dwarf_5), cmocka_unit_test(test_no_debug_information),
	    cmocka_unit_test(test_cpp_names),     cmocka_unit_test(test_cgo_program),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
