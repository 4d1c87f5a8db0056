# escprof's build: one Makefile, every object's dependencies made by the compiler. `make help` lists what it can do.
O ?= build
V ?= 0
DEBUG ?= 0
ASAN ?= 0
PREFIX ?= /usr/local
DESTDIR ?=
CC = gcc
Q = $(if $(filter 1,$(V)),,@)

ROOMS = base binary trace collector symbolizer verdicts analyzer report cli
LIBROOMS = $(filter-out cli,$(ROOMS))
PKGS = libelf libunwind libzstd zlib libprotobuf-c jansson ncursesw

CFLAGS ?= -O2 -g
WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wvla \
	$(if $(CI),-Werror)
BASE_CFLAGS = -std=gnu11 -D_GNU_SOURCE -I. -I$(O)/gen $(WARNINGS) -fno-omit-frame-pointer -MMD -MP \
	-DESCPROF_VERSION='"$(VERSION)"'
ifeq ($(DEBUG),1)
override CFLAGS = -O0 -g3
endif
ifeq ($(ASAN),1)
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=undefined
endif
VERSION := 0.1
RELEASED := 2026-11-30
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LIBS = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -ldwarf -lZydis -l:libstdc++.so.6 -lm -lpthread

LIB_SOURCES := $(wildcard $(addsuffix /*.c,$(LIBROOMS)))
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(O)/%.o) $(O)/gen/profile.pb-c.o $(O)/collector/agent_blob.o $(O)/report/html/page_blob.o
CLI_OBJECTS := $(patsubst %.c,$(O)/%.o,$(wildcard cli/*.c)) $(O)/cli/calibrate/program.o
UNIT_TESTS := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(wildcard tests/unit/test_*.c))
TEST_TOOLS := $(patsubst %.c,$(O)/%,$(wildcard tests/tools/*.c))
SIMULATION_OBJECTS := $(patsubst %.c,$(O)/%.o,$(wildcard tests/simulate/*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,$(O)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: all help demo test unit cli-test browser compare-trials oracle simulate matrix moving-rates attach-storm own-tools go-tests asan valgrind fuzz bench bench-automatic c-storm c-storm-long c-mixed c-gdb-stacks c-sqlite c-programs c-bench article validate validate-tables validate-service lint format check-deps install uninstall man completions deb consumers clean deps
.DEFAULT_GOAL := all

all: $(O)/escprof $(O)/libescprof.so ## build escprof and libescprof.so into build/

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14
	@echo
	@echo "Variables: V=1 shows commands, DEBUG=1 -O0, ASAN=1 sanitizers, O=dir builds elsewhere, CI=1 warnings are errors"


# The programs. The command line finds libescprof.so beside itself or in ../lib/escprof.
$(O)/escprof: $(CLI_OBJECTS) $(LIB_OBJECTS)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) -o $@ $^ $(LIBS)

# What is loaded into targets must pull in nothing but libc, and nothing of the sanitizers.
PRELOAD_SOURCES := $(wildcard collector/preload/*.c)
$(O)/libescprof.so: $(PRELOAD_SOURCES:%.c=$(O)/%.pic.o)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -shared -Wl,-z,now -Wl,-z,relro -Wl,--no-undefined -o $@ $^

$(O)/%.pic.o: %.c | $(O)/gen/profile.pb-c.h
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CFLAGS) $(CFLAGS) -fPIC -fvisibility=hidden -ftls-model=initial-exec \
		-fno-builtin-malloc -fno-builtin-calloc -fno-builtin-realloc -fno-builtin-free -c -o $@ $<

# The agent: freestanding code that is copied into the target. No libc, no stack protector, xmm15 is Go's zero, rbp stays
# the frame of the function that called (so that debuggers and other profilers find their way through), and a bound on the
# stack that the build checks.
AGENT_CFLAGS = -std=gnu11 -I. $(WARNINGS) -O2 -g -ffreestanding -fno-stack-protector -fpie -mcmodel=small \
	-mno-red-zone -ffixed-xmm15 -ffixed-rbp -fno-asynchronous-unwind-tables -fcf-protection=none -fvisibility=hidden \
	-fno-builtin -fno-tree-loop-distribute-patterns -mno-avx -fomit-frame-pointer -fstack-usage -MMD -MP
AGENT_STACK_LIMIT = 512
$(O)/collector/agent/%.o: collector/agent/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(AGENT_CFLAGS) -c -o $@ $<
	$(Q)awk -F'\t' '$$2 > $(AGENT_STACK_LIMIT) || $$3 !~ /static/ \
		{ print "agent: " $$1 " uses " $$2 " bytes of stack (" $$3 "), more than $(AGENT_STACK_LIMIT)"; bad = 1 } \
		END { exit bad }' $(@:.o=.su)

$(O)/collector/agent/%.o: collector/agent/%.S
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -I. -MMD -MP -c -o $@ $<

AGENT_OBJECTS := $(patsubst %,$(O)/%.o,$(basename $(wildcard collector/agent/*.S) $(wildcard collector/agent/*.c)))
$(O)/collector/agent.elf: $(AGENT_OBJECTS) collector/agent/agent.ld
	$(call say,LD,$@)
	$(Q)$(LD) -static --no-dynamic-linker -T collector/agent/agent.ld -o $@ $(AGENT_OBJECTS)

$(O)/collector/agent.bin: $(O)/collector/agent.elf
	$(Q)objcopy -O binary $< $@

$(O)/collector/agent_blob.o: collector/agent_blob.S $(O)/collector/agent.bin
	$(call say,AS,$@)
	$(Q)$(CC) -I$(O)/collector -c -o $@ $<

$(O)/cli/calibrate/program.o: cli/calibrate/program.S cli/calibrate/main.go
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -c -o $@ $<

$(O)/gen/report_page.html: $(wildcard report/html/*)
	$(call say,HTML,$@)
	@mkdir -p $(@D)
	$(Q)bash report/html/assemble.sh >$@.new && mv $@.new $@

$(O)/report/html/page_blob.o: report/html/page_blob.S $(O)/gen/report_page.html
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -I$(O)/gen -c -o $@ $<

# Before the first object: are the libraries there?
$(O)/gen/has-libraries:
	@bash tests/setup.sh --build
	@mkdir -p $(@D) && touch $@

$(O)/gen/profile.pb-c.c $(O)/gen/profile.pb-c.h &: report/profile.proto | $(O)/gen/has-libraries
	$(call say,PROTOC,$@)
	@mkdir -p $(O)/gen
	$(Q)protoc-c --proto_path=report --c_out=$(O)/gen $<

$(O)/gen/profile.pb-c.o: $(O)/gen/profile.pb-c.c
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) -I$(O)/gen -c -o $@ $<

$(O)/%.o: %.c | $(O)/gen/profile.pb-c.h
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CFLAGS) $(PKG_CFLAGS) $(CFLAGS) $(SANITIZE) -c -o $@ $<

say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' $(1) $(patsubst $(O)/%,%,$(2)))

deps: ## install what is needed to build and test (Debian, as root; else says what is missing)
	@bash tests/setup.sh

# Set-up first, then a fresh make that sees what it installed.
demo: deps ## profile samples/service under load and print the ranked report
	@$(MAKE) --no-print-directory all
	@bash samples/demo.sh

test: deps ## all tests: unit and command line
	@$(MAKE) --no-print-directory all unit-programs $(TEST_TOOLS)
	@bash tests/run-tests.sh $(O)

unit: all unit-programs ## the unit tests alone
	@bash tests/run-tests.sh $(O) unit

cli-test: all $(TEST_TOOLS) ## the tests of the command line alone
	@bash tests/run-tests.sh $(O) cli

browser: deps ## the HTML report in a headless Chromium (fetches playwright-core by npm)
	@bash tests/setup.sh --browser
	@$(MAKE) --no-print-directory all $(O)/tests/tools/write_html
	@ESCPROF=$(abspath $(O))/escprof BUILD=$(abspath $(O)) bash tests/browser/run.sh | \
		awk '{ print } /^not ok/ { bad = 1 } END { exit bad }'

.PHONY: unit-programs
unit-programs: $(UNIT_TESTS)

# Of what goes into targets, all but what stands in front of malloc itself.
UNIT_PRELOAD := $(patsubst %.c,$(O)/%.o,$(filter-out %/interpose.c %/new_delete.c %/preload.c,$(PRELOAD_SOURCES)))
UNIT_HELPERS := $(patsubst %.c,$(O)/%.o,$(filter-out $(wildcard tests/unit/test_*.c),$(wildcard tests/unit/*.c)))
$(O)/tests/unit/test_%: $(O)/tests/unit/test_%.o $(UNIT_HELPERS) $(UNIT_PRELOAD) $(SIMULATION_OBJECTS) $(LIB_OBJECTS)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) -o $@ $^ $(LIBS) -lcmocka

# This one's calls of malloc come to what stands in front of it, where the sanitizers leave it to us.
ifneq ($(ASAN),1)
$(O)/tests/unit/test_c_interpose: $(O)/collector/preload/interpose.o $(O)/collector/preload/new_delete.o
$(O)/collector/preload/interpose.o $(O)/collector/preload/new_delete.o $(O)/tests/unit/test_c_interpose.o: \
	override CFLAGS += -fno-builtin
endif

$(O)/tests/tools/simulate_estimator: $(SIMULATION_OBJECTS)
$(O)/tests/tools/agent_instructions: $(O)/tests/unit/agent_fixture.o
$(O)/tests/tools/%: $(O)/tests/tools/%.o $(LIB_OBJECTS)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) -o $@ $^ $(LIBS)

# Generated programs by their seeds, and a real one with the standard library. tests/oracle.sh takes any other.
ORACLE_SEEDS ?= $(shell seq 40)
oracle: all ## are the verdicts that are shown the right ones? 40 generated programs and a real one
	@ORACLE_SEEDS="$(ORACLE_SEEDS)" ESCPROF=$(abspath $(O))/escprof BUILD=$(abspath $(O)) bash tests/cli/oracle.sh | \
		awk '{ print } /^not ok/ { bad = 1 } END { exit bad }'
	@ESCPROF=$(abspath $(O))/escprof bash tests/oracle.sh -std tests/cli/programs/real . markdown

validate: deps ## predicted savings against really removing each site (hours; VALIDATE_ONLY, VALIDATE_ROUNDS)
	@$(MAKE) --no-print-directory all $(TEST_TOOLS)
	@bash tests/validate/run.sh $(O)

validate-tables: ## docs/VALIDATION.md and its plots anew, from the results in tests/validate/results (seconds)
	@mkdir -p $(O)
	@bash tests/validate/tables.sh $(O)

validate-service: deps ## the same for samples/service with 10,000 requests at once (ten minutes)
	@$(MAKE) --no-print-directory all $(TEST_TOOLS)
	@bash tests/validate/service.sh $(O)

# TRIAL_LOCK=FILE: serialise with other benchmarks.
compare-trials: deps ## false alarms of diff and check, and escapes that they find; half an hour
	@$(MAKE) --no-print-directory all
	@bash tests/compare/trials.sh $(O)

SEEDS ?= 1000
simulate: $(O)/tests/tools/simulate_estimator ## how often the report's intervals hold the truth, in SEEDS (1000) made-up programs
	@$< $(SEEDS)

RATE_SEEDS ?= 300
moving-rates: all $(O)/tests/tools/move_rate ## RATE_SEEDS (300) runs whose rate is moved at random: are their intervals right?
	@RATE_SEEDS=$(RATE_SEEDS) bash tests/rates/run.sh $(O)

# Where a part is chosen it is a part of Go's.
matrix: all $(O)/tests/tools/print_trace ## Go versions x kinds of build x run and attach (fetches toolchains; MATRIX_VERSIONS, MATRIX_KINDS); then c-programs
	@bash tests/matrix/run.sh $(O); go=$$?; \
	if [ "$(MATRIX_VERSIONS)$(MATRIX_KINDS)$(MATRIX_QUICK)" ]; then \
		echo "programs of C and C++: not run, as a part was chosen: make c-programs"; \
		exit $$go; \
	fi; \
	bash tests/c/programs.sh $(O) && exit $$go

STORM_TOOLS = kill_in_midst print_agent tell_ends
attach-storm: all $(STORM_TOOLS:%=$(O)/tests/tools/%) ## attach and let go a thousand times, and be killed at it (ATTACH_ROUNDS, ATTACH_KILLS)
	@bash tests/attach/run.sh $(O)

own-tools: all ## the target's own tools, crashes and debuggers, every allocation sampled; CPU profiles at 10 kHz of TOOLS_CPU_SECONDS (60)
	@TOOLS_CPU_SECONDS=$${TOOLS_CPU_SECONDS:-60} ESCPROF=$(abspath $(O))/escprof BUILD=$(abspath $(O)) bash tests/cli/own_tools.sh | \
		awk '{ print } /^not ok/ { bad = 1 } END { exit bad }'

go-tests: all ## Go's own tests of its standard library, with every allocation sampled: the same outcomes as without
	@bash tests/go_tests/run.sh $(O)

asan: ## unit tests under AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory O=$(O)/asan ASAN=1 unit
	@$(MAKE) --no-print-directory $(O)/ubsan/test_c_interpose
	@$(O)/ubsan/test_c_interpose

# AddressSanitizer has a malloc of its own in front of what stands in front of malloc, so UBSan looks at that alone. It traps:
# its library would allocate, and ask for symbols, before the first call. What it needs of the rest is left to the linker.
UBSAN_SOURCES = tests/unit/test_c_interpose.c tests/unit/c_sampler_fixture.c $(filter-out %/preload.c,$(PRELOAD_SOURCES)) \
	collector/c_drain.c collector/region.c $(wildcard base/*.c trace/*.c binary/elf_*.c)
$(O)/ubsan/test_c_interpose: $(UBSAN_SOURCES) $(wildcard collector/preload/*.h tests/unit/*.h) | $(O)/gen/profile.pb-c.h
	$(call say,UBSAN,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(BASE_CFLAGS)) $(PKG_CFLAGS) $(CFLAGS) -fno-builtin -fsanitize=undefined \
		-fsanitize-undefined-trap-on-error -ffunction-sections -fdata-sections -Wl,--gc-sections -o $@ $(UBSAN_SOURCES) \
		$(LIBS) -lcmocka

PRELOAD_TESTS = c_sampler side_stack c_rooms c_pages c_pointers c_counts c_contexts c_modules c_walks c_interrupted quiet unwind \
	late_symbol c_target c_interpose
valgrind: $(PRELOAD_TESTS:%=$(O)/tests/unit/test_%) ## what goes into C programs: its unit tests under valgrind
	@bash tests/c/valgrind.sh $(O) $(PRELOAD_TESTS)

# Every fuzz target for FUZZ_SECONDS, under ASan and UBSan, from the corpus that is kept in tests/fuzz/corpus.
FUZZ_SECONDS ?= 60
FUZZ_LIB_SOURCES = $(filter-out collector/%,$(LIB_SOURCES))
$(O)/fuzz/%: tests/fuzz/%.c $(LIB_SOURCES) $(O)/gen/profile.pb-c.c $(O)/report/html/page_blob.o
	$(call say,FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)clang -std=gnu11 -D_GNU_SOURCE -I. -I$(O)/gen -O1 -g -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=undefined -DESCPROF_VERSION='"$(VERSION)"' $(PKG_CFLAGS) -o $@ $< \
		$(FUZZ_LIB_SOURCES) $(O)/gen/profile.pb-c.c $(O)/report/html/page_blob.o $(LIBS)

fuzz: $(FUZZERS) ## run every fuzz target for FUZZ_SECONDS (60) each
	@bash tests/fuzz/run.sh $(O) $(FUZZ_SECONDS)

bench: all $(O)/tests/tools/agent_instructions ## paired timings against no profiling and Go's own profile; then c-bench
	@bash tests/bench/run.sh $(O)
	@$(MAKE) --no-print-directory c-bench

bench-automatic: all ## what the automatic rate costs an HTTP service, beside one without; 20 pairs (PAIRS, TURNS of WINDOW seconds)
	@bash tests/bench/automatic.sh $(O)

MINUTES ?= 0.2
c-storm: all $(O)/tests/tools/print_c_stacks ## C allocations by 64 threads through every entry point, MINUTES (0.2) with each allocator and rate: the right counts
	@bash tests/c/storm.sh $(O) $(MINUTES)

# At rate 1 it takes half an hour, at all three an hour and a half.
c-storm-long: MINUTES = 30
c-storm-long: all $(O)/tests/tools/print_c_stacks ## the same for 30 minutes, all allocators side by side, one rate after the other (STORM_RATES)
	@STORM_AT_ONCE=1 bash tests/c/storm.sh $(O) $(MINUTES)

c-mixed: all $(O)/tests/tools/print_c_stacks ## stacks of Go and C, each called from the other: are they what was called? (MIXED_VERSIONS)
	@bash tests/c/mixed.sh $(O)

c-gdb-stacks: all ## the stacks of 1,000 samples of each of five programs against gdb's (STACKS, STACKS_ONLY)
	@bash tests/c/gdb_stacks.sh $(O)

c-sqlite: all $(O)/tests/tools/print_c_stacks ## a Go service on the real SQLite under load: counts and stacks (fetches go-sqlite3)
	@bash tests/c/sqlite.sh $(O)

c-programs: all ## real programs of C and C++ under escprof do what they do without (PROGRAMS)
	@bash tests/c/programs.sh $(O)

c-bench: all ## a program that does little but malloc, paired with no profiling; its rivals too (BENCH_ROUNDS)
	@bash tests/setup.sh --bench || true
	@bash tests/c/bench.sh $(O)

article: all ## the tables of docs/ARTICLE.md anew (fetches toolchains)
	@bash tests/article/run.sh $(O)

check-deps: ## fail on an #include that the rooms' order forbids
	@bash tests/check-deps.sh

FORMATTED = $(wildcard $(addsuffix /*.[ch],$(ROOMS)) collector/*/*.[ch] tests/unit/*.[ch] tests/fuzz/*.c tests/tools/*.c \
	tests/simulate/*.[ch])
format: ## clang-format every source
	@clang-format -i $(FORMATTED)

lint: check-deps $(O)/gen/profile.pb-c.h ## clang-format, clang-tidy, cppcheck, check-deps
	@bash tests/lint.sh $(O) "$(FORMATTED)"

# Both say what the program says of itself (`escprof help`, `escprof COMMAND --help`), so they cannot drift from it.
man: $(O)/man/escprof.1 ## the manual pages, into build/man
$(O)/man/escprof.1: $(O)/escprof $(wildcard docs/man/*)
	$(call say,MAN,$(@D))
	$(Q)bash docs/man/make-pages.sh $(O)/escprof $(VERSION) $(RELEASED) $(@D)

completions: $(O)/completions/escprof.fish ## the completions for bash, zsh and fish, into build/completions
$(O)/completions/escprof.fish: $(O)/escprof $(wildcard cli/completion/*) docs/man/options.awk
	$(call say,SHELLS,$(@D))
	$(Q)bash cli/completion/make-completions.sh $(O)/escprof $(@D)

ZSH_FUNCTIONS = $(PREFIX)/share/zsh/site-functions
DOCUMENTS = $(DESTDIR)$(PREFIX)/share/doc/escprof
# The documents keep their folder, so that links between them lead somewhere; those into the source become plain text.
install: all man completions ## install below PREFIX (/usr/local)
	install -D -m 755 $(O)/escprof $(DESTDIR)$(PREFIX)/bin/escprof
	install -D -m 755 $(O)/libescprof.so $(DESTDIR)$(PREFIX)/lib/escprof/libescprof.so
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DOCUMENTS)/docs
	install -m 644 $(O)/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 README.md LICENSE $(DOCUMENTS)
	install -m 644 docs/*.md docs/*.json docs/*.svg $(DOCUMENTS)/docs
	sed -E -i 's,\[([^]]*)\]\(\.\./(samples|tests)[^)]*\),\1,g' $(DOCUMENTS)/docs/*.md
	install -D -m 644 $(O)/completions/escprof.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/escprof
	install -D -m 644 $(O)/completions/_escprof $(DESTDIR)$(ZSH_FUNCTIONS)/_escprof
	install -D -m 644 $(O)/completions/escprof.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/escprof.fish

uninstall: ## remove what `make install` put below PREFIX (/usr/local)
	rm -f $(DESTDIR)$(PREFIX)/bin/escprof $(DESTDIR)$(PREFIX)/share/man/man1/escprof.1 \
		$(DESTDIR)$(PREFIX)/share/man/man1/escprof-*.1 $(DESTDIR)$(ZSH_FUNCTIONS)/_escprof \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/escprof \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/escprof.fish
	rm -rf $(DESTDIR)$(PREFIX)/lib/escprof $(DOCUMENTS)

DEB = $(O)/escprof_$(VERSION)_amd64.deb
deb: all ## a Debian package, build/escprof_VERSION_amd64.deb
	@rm -rf $(O)/deb
	@$(MAKE) --no-print-directory install DESTDIR=$(O)/deb PREFIX=/usr \
		ZSH_FUNCTIONS=/usr/share/zsh/vendor-completions >/dev/null
	$(call say,DEB,$(DEB))
	$(Q)bash cli/debian/make-deb.sh $(VERSION) $(RELEASED) $(O)/deb $(DEB)
	@rm -rf $(O)/deb

consumers: deps ## the exports, the pages, the completions and the package, by the programs that they are for
	@bash tests/setup.sh --consumers
	@bash tests/consumers/install.sh $(O)
	@$(MAKE) --no-print-directory all man completions deb
	@bash tests/run-tests.sh $(O) consumers

clean: ## remove build/
	rm -rf $(O)

.SECONDARY:
-include $(shell find $(O) -name '*.d' -type f 2>/dev/null)
