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
PKGS = libelf libunwind libzstd zlib libprotobuf-c jansson

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
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LIBS = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -ldwarf -lm -lpthread

LIB_SOURCES := $(wildcard $(addsuffix /*.c,$(LIBROOMS)))
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(O)/%.o) $(O)/gen/profile.pb-c.o $(O)/collector/agent_blob.o
CLI_OBJECTS := $(patsubst %.c,$(O)/%.o,$(wildcard cli/*.c))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(wildcard tests/unit/test_*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,$(O)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: all help demo test unit cli-test matrix asan fuzz bench lint format check-deps install clean deps
.DEFAULT_GOAL := all

all: $(O)/escprof $(O)/libescprof.so ## build escprof and libescprof.so into build/

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14
	@echo
	@echo "Variables: V=1 shows commands, DEBUG=1 -O0, ASAN=1 sanitizers, O=dir builds elsewhere, CI=1 warnings are errors"

-include $(shell find $(O) -name '*.d' 2>/dev/null)
