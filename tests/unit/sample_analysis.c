/*
 * The analysis that the tests of report/ share: figures as the demo service could give, told by hand so that a golden
 * file can be read and checked by eye.
 */
#include "tests/unit/sample_analysis.h"

#include "analyzer/gc_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define KRATOS "github.com/go-kratos/kratos/v2/errors"
#define SOURCE "/src/service/"

static const struct analysis_frame error_chain[] = {
    {KRATOS ".New", "/go/pkg/mod/" KRATOS "/errors.go", 69},
    {"main.(*server).findUser", SOURCE "errors.go", 18},
};
static const struct analysis_frame error_frames[] = {
    {KRATOS ".New", "/go/pkg/mod/" KRATOS "/errors.go", 69},
    {"main.(*server).findUser", SOURCE "errors.go", 18},
    {"main.(*server).handleUser", SOURCE "main.go", 44},
    {"net/http.HandlerFunc.ServeHTTP", "/go/src/net/http/server.go", 2322},
    {"net/http.(*ServeMux).ServeHTTP", "/go/src/net/http/server.go", 2861},
    {"net/http.serverHandler.ServeHTTP", "/go/src/net/http/server.go", 3340},
    {"net/http.(*conn).serve", "/go/src/net/http/server.go", 2109},
    {"net/http.(*Server).Serve.gowrap3", "/go/src/net/http/server.go", 3493},
    {"runtime.goexit", "/go/src/runtime/asm_amd64.s", 1693},
};
static const char *error_reason[] = {
    "~r0 = &errors.Error{...} (assign-pair)",
    "return &errors.Error{...} (return) in errors.New",
};
#define NO_LABELS NULL, 0, 0
#define SERVED                                                                                                         \
	{                                                                                                              \
		"net/http.(*Server).Serve", "/usr/local/go/src/net/http/server.go", 3464                               \
	}

static struct analysis_stack error_stacks[] = {
    {error_frames, 9, 2.1e9, 18.7e6, 1.1e6, 0.123, SERVED, NO_LABELS},
    {error_frames, 3, 0.5e9, 4.5e6, 0.2e6, 0.031, SERVED, NO_LABELS},
};

static const struct analysis_frame map_chain[] = {{"main.(*catalogue).describe", SOURCE "catalogue.go", 31}};
static const struct analysis_frame map_frames[] = {
    {"main.(*catalogue).describe", SOURCE "catalogue.go", 31},
    {"main.(*server).handleProduct", SOURCE "main.go", 61},
    {"runtime.goexit", "/go/src/runtime/asm_amd64.s", 1693},
};
static const char *map_reason[] = {"map[string]interface {}{...} (map literal value)"};
static struct analysis_stack map_stacks[] = {{map_frames, 3, 1.4e9, 48e6, 3.1e6, 0.131, SERVED, NO_LABELS}};
static struct site_verdict map_candidates[] = {
    {"p.name escapes to heap", SOURCE "catalogue.go", 31, 14, map_reason, 1},
    {"p.vendor escapes to heap", SOURCE "catalogue.go", 31, 30, map_reason, 1},
};

static const struct analysis_frame buffer_chain[] = {
    {"main.(*ticketing).renderAllOpenTicketsOfOneCustomer", SOURCE "tickets.go", 105}};
static const struct analysis_frame buffer_frames[] = {
    {"main.(*ticketing).renderAllOpenTicketsOfOneCustomer", SOURCE "tickets.go", 105},
    {"main.main", SOURCE "main.go", 20},
    {"runtime.main", "/go/src/runtime/proc.go", 290},
    {"runtime.goexit", "/go/src/runtime/asm_amd64.s", 1693},
};
static const char *buffer_reason[] = {"make([]int, n) (non-constant size)"};
static struct analysis_stack buffer_stacks[] = {{buffer_frames, 4, 0.9e9, 0.11e6, 4.4e6, 0.021, SERVED, NO_LABELS}};

static const struct analysis_frame grow_frames[] = {
    {"runtime.mapassign_faststr", "/go/src/runtime/map_faststr.go", 262},
    {"main.(*sessions).put", SOURCE "sessions.go", 27},
    {"main.main", SOURCE "main.go", 22},
};
static struct analysis_stack grow_stacks[] = {{grow_frames, 3, 0.31e9, 0.9e6, 6.2e6, 0.004, SERVED, NO_LABELS}};

static const struct analysis_frame string_frames[] = {
    {"strconv.formatBits", "/go/src/strconv/itoa.go", 199},
    {"main.(*sessions).key", SOURCE "sessions.go", 40},
};
static struct analysis_stack string_stacks[] = {{string_frames, 2, 0.05e9, 3.1e6, 0, 0.001, SERVED, NO_LABELS}};

static const struct analysis_frame cache_frames[] = {
    {"main.newCache", SOURCE "points.go", 12},
    {"main.main", SOURCE "main.go", 15},
};
static const char *cache_root_path[] = {"c of cache.(*Store).Put leaks: cache = c (assign) at store.go:8"};
static const char *cache_reason[] = {"cache = make([]byte, 1048576) (assign)"};
static struct analysis_stack cache_stacks[] = {{cache_frames, 2, 0.02e9, 19, 9.4e6, -0.031, SERVED, NO_LABELS}};

/* Ten slices of three seconds: a quiet beginning, a crowd, and an end of which the GC tells nothing. */
static const double slice_bytes[] = {0.1e9, 0.2e9, 0.9e9, 1e9, 0.95e9, 0.9e9, 0.6e9, 0.4e9, 0.13e9, 0.1e9};
static const double slice_shares[] = {0.02, 0.05, 0.21, 0.25, 0.24, 0.22, 0.12, 0.08, 0, NAN};
static const double slice_goroutines[] = {4, 20, 190, 203, 201, 200, 90, 40, 5, 4};
static const double slice_procs[] = {0.4, 1.2, 7.5, 8, 8, 7.9, 4, 2, 0.5, 0.1};
static const uint64_t slice_cycles[] = {3, 8, 38, 42, 40, 37, 24, 15, 5, 0};
static const double site_slices[] = {0, 0, 0.5e9, 0.6e9, 0.55e9, 0.5e9, 0.45e9, 0, 0, 0};
static const char *goroutine_buckets[] = {"2–3 goroutines", "128–255 goroutines", "not known"};
static const double site_goroutines[] = {0.5e9, 2e9, 0.1e9}, other_goroutines[] = {0, 1.4e9, 0};

static struct site sites[] = {
    {
	.rank = 1,
	.function = KRATOS ".New",
	.file = "/go/pkg/mod/" KRATOS "/errors.go",
	.line = 69,
	.inline_chain = error_chain,
	.ninline = 2,
	.shown = {"main.(*server).findUser", SOURCE "errors.go", 18},
	.entry = "runtime.newobject",
	.type = "errors.Error",
	.class_ = CLASS_ESCAPE,
	.category = CATEGORY_POINTER_RETURNED,
	.verdict = {"&errors.Error{...} escapes to heap", SOURCE "errors.go", 18, 29, error_reason, 2},
	.root = "return &errors.Error{...} (return) in errors.New",
	.samples = 4210,
	.object_size = 112,
	.alloc_bytes = 2.6e9,
	.slices = site_slices,
	.by_goroutines = site_goroutines,
	.alloc_objects = 23.2e6,
	.alloc_bytes_ci = {2.5e9, 2.7e9},
	.alloc_objects_ci = {22.4e6, 24e6},
	.live_bytes = 1.3e6,
	.live_objects = 11600,
	.mark_objects = 11600,
	.lifetime_cycles = 0.05,
	.lifetimes = 800,
	.saving.share = 0.154,
	.saving.share_ci = {0.121, 0.187},
	.saving.share_equal_memory = 0.149,
	.saving.share_equal_memory_ci = {0.112, 0.186},
	.saving.share_reused = 0.154,
	.saving.cycles = 0.161,
	.saving.cycles_ci = {0.118, 0.204},
	.saving.assists = 0.148,
	.saving.assists_ci = {0.104, 0.192},
	.saving.goal_bytes = 47.6e6,
	.alloc_cpu_seconds = 1.21,
	.difference = "",
	.advice =
	    "Return a static error where nothing in it depends on the call (var errNotFound = …), and wrap it only "
	    "on the rare way that needs details; or return a small struct by value.",
	.stacks = error_stacks,
	.nstacks = 2,
    },
    {
	.rank = 2,
	.function = "main.(*catalogue).describe",
	.file = SOURCE "catalogue.go",
	.line = 31,
	.inline_chain = map_chain,
	.ninline = 1,
	.shown = {"main.(*catalogue).describe", SOURCE "catalogue.go", 31},
	.entry = "runtime.convTstring",
	.type = "string",
	.class_ = CLASS_AMBIGUOUS,
	.category = CATEGORY_INTERFACE_CONVERSION,
	.candidates = map_candidates,
	.ncandidates = 2,
	.samples = 2417,
	.object_size = 16,
	.alloc_bytes = 1.4e9,
	.by_goroutines = other_goroutines,
	.alloc_objects = 48e6,
	.alloc_bytes_ci = {1.3e9, 1.5e9},
	.alloc_objects_ci = {46e6, 50e6},
	.live_bytes = 3.1e6,
	.live_objects = 190000,
	.mark_objects = 190000,
	.lifetime_cycles = 0.2,
	.lifetimes = 411,
	.saving.share = 0.131,
	.saving.share_ci = {0.098, 0.166},
	.saving.share_equal_memory = 0.127,
	.saving.share_equal_memory_ci = {0.091, 0.163},
	.saving.share_reused = 0.131,
	.saving.cycles = 0.137,
	.saving.cycles_ci = {0.094, 0.18},
	.saving.assists = 0.121,
	.saving.assists_ci = {0.08, 0.162},
	.saving.goal_bytes = 44.1e6,
	.alloc_cpu_seconds = 1.6,
	.difference = "",
	.advice = "Build the *structpb.Value directly instead of a map[string]interface{}: each string put into an "
		  "interface is copied to the heap first.",
	.stacks = map_stacks,
	.nstacks = 1,
    },
    {
	.rank = 3,
	.function = "main.(*ticketing).renderAllOpenTicketsOfOneCustomer",
	.file = SOURCE "tickets.go",
	.line = 105,
	.inline_chain = buffer_chain,
	.ninline = 1,
	.shown = {"main.(*ticketing).renderAllOpenTicketsOfOneCustomer", SOURCE "tickets.go", 105},
	.entry = "runtime.makeslice",
	.type = "int",
	.class_ = CLASS_ESCAPE,
	.category = CATEGORY_NON_CONSTANT_SIZE,
	.verdict = {"make([]int, n) escapes to heap", SOURCE "tickets.go", 105, 13, buffer_reason, 1},
	.root = "make([]int, n) (non-constant size)",
	.samples = 1650,
	.object_size = 8192,
	.alloc_bytes = 0.9e9,
	.alloc_objects = 0.11e6,
	.alloc_bytes_ci = {0.85e9, 0.95e9},
	.alloc_objects_ci = {0.1e6, 0.12e6},
	.live_bytes = 4.4e6,
	.live_objects = 537,
	.mark_objects = 537,
	.scan_bytes = 0,
	.lifetime_cycles = 0.3,
	.lifetimes = 90,
	.saving.share = 0.021,
	.saving.share_ci = {0.009, 0.034},
	.saving.share_equal_memory = 0.034,
	.saving.share_equal_memory_ci = {0.016, 0.052},
	.saving.share_reused = 0.034,
	.saving.cycles = -0.004,
	.saving.cycles_ci = {-0.03, 0.022},
	.saving.assists = 0.012,
	.saving.assists_ci = {-0.01, 0.034},
	.saving.goal_bytes = 40.2e6,
	.alloc_cpu_seconds = 0.2,
	.difference = "",
	.advice = "Give make a constant size when there is a bound, or reuse one buffer (sync.Pool).",
	.stacks = buffer_stacks,
	.nstacks = 1,
    },
    {
	.rank = 4,
	.function = "main.(*sessions).put",
	.file = SOURCE "sessions.go",
	.line = 27,
	.inline_chain = &grow_frames[1],
	.ninline = 1,
	.shown = {"main.(*sessions).put", SOURCE "sessions.go", 27},
	.entry = "runtime.mapassign_faststr",
	.type = "map[string]*main.session",
	.class_ = CLASS_MAP_GROWTH,
	.category = CATEGORY_GROWTH,
	.samples = 590,
	.object_size = 352,
	.alloc_bytes = 0.31e9,
	.alloc_objects = 0.9e6,
	.alloc_bytes_ci = {0.28e9, 0.34e9},
	.alloc_objects_ci = {0.8e6, 1e6},
	.live_bytes = 6.2e6,
	.live_objects = 17600,
	.mark_objects = 17600,
	.lifetime_cycles = 3.1,
	.lifetimes = 60,
	.saving.share = 0.004,
	.saving.share_ci = {-0.006, 0.013},
	.saving.share_equal_memory = 0.018,
	.saving.share_equal_memory_ci = {-0.002, 0.038},
	.saving.share_reused = 0.012,
	.saving.cycles = -0.061,
	.saving.cycles_ci = {-0.12, -0.002},
	.saving.assists = 0.009,
	.saving.assists_ci = {-0.03, 0.048},
	.saving.goal_bytes = 37.5e6,
	.alloc_cpu_seconds = 0.1,
	.difference = "",
	.advice = "Give the map its size when you make it.",
	.stacks = grow_stacks,
	.nstacks = 1,
    },
    {
	.rank = 5,
	.function = "strconv.formatBits",
	.file = "/go/src/strconv/itoa.go",
	.line = 199,
	.inline_chain = string_frames,
	.ninline = 1,
	.shown = {"main.(*sessions).key", SOURCE "sessions.go", 40},
	.entry = "runtime.slicebytetostring",
	.type = "",
	.class_ = CLASS_STRING,
	.category = CATEGORY_NONE,
	.tiny = true,
	.samples = 14,
	.object_size = 8,
	.alloc_bytes = 0.05e9,
	.alloc_objects = 3.1e6,
	.alloc_bytes_ci = {0.03e9, 0.08e9},
	.alloc_objects_ci = {1.7e6, 5.2e6},
	.lifetime_cycles = NAN,
	.saving.share = 0.001,
	.saving.share_ci = {-0.002, 0.004},
	.saving.share_equal_memory = 0.001,
	.saving.share_equal_memory_ci = {-0.002, 0.004},
	.saving.share_reused = 0.001,
	.saving.cycles = 0.001,
	.saving.cycles_ci = {-0.002, 0.004},
	.saving.assists = 0.001,
	.saving.assists_ci = {-0.002, 0.004},
	.saving.goal_bytes = 47.9e6,
	.alloc_cpu_seconds = 0.04,
	.difference = "",
	.advice = "",
	.stacks = string_stacks,
	.nstacks = 1,
    },
    {
	.rank = 6,
	.function = "main.newCache",
	.file = SOURCE "points.go",
	.line = 12,
	.inline_chain = cache_frames,
	.ninline = 1,
	.shown = {"main.newCache", SOURCE "points.go", 12},
	.entry = "runtime.makeslice",
	.type = "uint8",
	.class_ = CLASS_ESCAPE,
	.category = CATEGORY_STORED_ON_HEAP,
	.verdict = {"make([]byte, 1048576) escapes to heap", SOURCE "points.go", 12, 14, cache_reason, 1},
	.root = "c of cache.(*Store).Put: cache = c (assign) at store.go:8",
	.root_path = cache_root_path,
	.nroot_path = 1,
	.samples = 19,
	.object_size = 1048576,
	.alloc_bytes = 0.02e9,
	.alloc_objects = 19,
	.alloc_bytes_ci = {0.02e9, 0.02e9},
	.alloc_objects_ci = {19, 19},
	.live_bytes = 9.4e6,
	.live_objects = 9,
	.mark_objects = 9,
	.lifetime_cycles = 12,
	.lifetimes = 19,
	.saving.share = -0.031,
	.saving.share_ci = {-0.052, -0.012},
	.saving.share_equal_memory = 0.011,
	.saving.share_equal_memory_ci = {-0.008, 0.03},
	.saving.share_reused = 0.011,
	.saving.cycles = -0.21,
	.saving.cycles_ci = {-0.29, -0.13},
	.saving.assists = -0.19,
	.saving.assists_ci = {-0.27, -0.11},
	.saving.goal_bytes = 29.8e6,
	.alloc_cpu_seconds = 0.01,
	.difference = "",
	.advice = "Leave it: the live heap it stands for makes cycles rarer.",
	.stacks = cache_stacks,
	.nstacks = 1,
    },
};

static const char *command[] = {"./service", "-addr", ":8080"};
static const char *notes[] = {
    "GC CPU is the runtime's own count (cpuStats), metered by wall clock: with more threads than processors it is too "
    "high, and it leaves sweeping out.",
    "One site has two verdicts that fit; its advice is of the likelier one.",
};

static const struct gc_model_run run = {.gogc = 100,
					.heap_minimum = 4 << 20,
					.live = 26e6,
					.goal = 47.9e6,
					.roots = 1e5,
					.allocated = 5.28e9,
					.sites_live = 24.4e6,
					.sites_objects = 3e5,
					.costs = {100000, 35, 0.6, 0.87}};

static const struct analysis service = {
    .command = command,
    .ncommand = 3,
    .go_version = "go1.26.8",
    .calibrated = "2026-11-24",
    .build_id = "Bd7m/9Fk",
    .binary = "./service",
    .duration_seconds = 30.2,
    .start_nanoseconds = 1796005404934592162,
    .complete = true,
    .damage = "",
    .verdicts = VERDICTS_MATCHED,
    .gc =
	{
	    .known = true,
	    .cpu_seconds = 2.31,
	    .cpu_share = 0.142,
	    .process_cpu_seconds = 16.3,
	    .assist_seconds = 0.41,
	    .pause_seconds = 0.0123,
	    .cycles = 212,
	    .forced_cycles = 12,
	    .gogc = 100,
	    .memory_limit = UINT64_MAX,
	    .live_bytes = 23.4e6,
	    .goal_bytes = 47.9e6,
	    .goroutines_max = 203,
	    .total_alloc = 5290000000u,
	},
    .alloc_bytes = 5.28e9,
    .alloc_objects = 75.31e6,
    .alloc_cpu_seconds = 3.16,
    .samples = 8900,
    .lost_samples = 23,
    .selection = {.focus = "", .ignore = "", .bytes_share = 1, .all_samples = 8900},
    .rate_low = 65536,
    .rate_high = 524288,
    .timeline = {10, 3.02, slice_bytes, slice_shares, slice_goroutines, slice_procs, slice_cycles},
    .goroutine_buckets = {goroutine_buckets, 3},
    .classes =
	{
	    [CLASS_ESCAPE] = {CLASS_ESCAPE, 0.667, 0.31, 3.52e9, 23.31e6, 5879},
	    [CLASS_MAP_GROWTH] = {CLASS_MAP_GROWTH, 0.0587, 0.012, 0.31e9, 0.9e6, 590},
	    [CLASS_STRING] = {CLASS_STRING, 0.0095, 0.041, 0.05e9, 3.1e6, 14},
	    [CLASS_AMBIGUOUS] = {CLASS_AMBIGUOUS, 0.265, 0.637, 1.4e9, 48e6, 2417},
	},
    .sites = sites,
    .nsites = 6,
    .notes = notes,
    .nnotes = 2,
    .gc_run = &run,
};

const struct analysis *sample_analysis(void)
{
	return &service;
}

struct analysis sample_analysis_heap_profile(void)
{
	struct analysis analysis = service;

	analysis.gc = (struct gc_summary){.known = false};
	analysis.is_heap_profile = true;
	analysis.duration_seconds = 0;
	analysis.timeline.count = 0;
	analysis.lost_samples = 0;
	analysis.verdicts = VERDICTS_MISSING;
	return analysis;
}

struct analysis sample_analysis_empty(void)
{
	struct analysis analysis = service;

	analysis.nsites = 0;
	analysis.samples = 0;
	analysis.selection.all_samples = 0;
	analysis.lost_samples = 0;
	analysis.alloc_bytes = analysis.alloc_objects = analysis.alloc_cpu_seconds = 0;
	for (size_t i = 0; i < CLASS_COUNT; i++)
		analysis.classes[i] = (struct class_share){.class_ = (enum site_class)i};
	return analysis;
}

#define HOSTILE                                                                                                        \
	"main.\033[2Jboo\xff;\n</title><script>alert(\"1\")&'\xe2\x80\xae\xc2\x9b"                                     \
	"31m"

static const struct analysis_frame hostile_frames[] = {{HOSTILE, HOSTILE, 7}, {HOSTILE, NULL, 0}};
static const char *hostile_reason[] = {HOSTILE, NULL};
static struct analysis_stack hostile_stacks[] = {{hostile_frames, 2, 1e6, 1e3, 1e5, 0.5, SERVED, NO_LABELS}};
static struct site hostile_sites[] = {{
    .rank = 1,
    .function = HOSTILE,
    .file = HOSTILE,
    .line = 7,
    .inline_chain = hostile_frames,
    .ninline = 2,
    .shown = {HOSTILE, HOSTILE, 8},
    .entry = HOSTILE,
    .type = HOSTILE,
    .class_ = CLASS_ESCAPE,
    .verdict = {HOSTILE, HOSTILE, 1, 1, hostile_reason, 2},
    .samples = 3,
    .object_size = INFINITY,
    .alloc_bytes = 1e6,
    .alloc_objects = 1e3,
    .alloc_bytes_ci = {NAN, NAN},
    .live_bytes = 1e300,
    .saving.share = 0.5,
    .saving.share_ci = {NAN, NAN},
    .saving.share_equal_memory = NAN,
    .saving.cycles = NAN,
    .saving.assists = NAN,
    .saving.goal_bytes = NAN,
    .lifetime_cycles = NAN,
    .difference = HOSTILE,
    .advice = HOSTILE,
    .stacks = hostile_stacks,
    .nstacks = 1,
}};
static const char *hostile_words[] = {HOSTILE, NULL};

const struct analysis *sample_analysis_hostile(void)
{
	static struct analysis analysis;

	analysis = service;
	analysis.command = hostile_words;
	analysis.ncommand = 2;
	analysis.go_version = HOSTILE;
	analysis.damage = HOSTILE;
	analysis.complete = false;
	analysis.binary = analysis.build_id = NULL;
	analysis.sites = hostile_sites;
	analysis.nsites = 1;
	analysis.notes = hostile_words;
	analysis.nnotes = 2;
	return &analysis;
}

char *sample_analysis_write(enum status (*format)(FILE *, const struct analysis *, const struct report_options *,
						  struct error *),
			    const struct analysis *analysis, const struct report_options *options, size_t *size)
{
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);
	struct error error = {""};

	assert_non_null(stream);
	if (format(stream, analysis, options, &error) != STATUS_OK)
		fail_msg("%s", error.text);
	fclose(stream);
	if (size)
		*size = length;
	return text;
}
