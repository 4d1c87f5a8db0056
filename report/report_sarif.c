/*
 * SARIF 2.1.0 (OASIS, 2020), which GitHub, GitLab and editors read: a result a site, with the rule that its class or
 * category is, where it stands, and what to do. A result stands in the user's own code, at the frame that leads to the
 * allocation; where that is another file, the allocation itself is a related location.
 */
#include "report/compare_words.h"
#include "report/json_values.h"
#include "report/report_compare.h"
#include "report/words.h"

#include <string.h>

#define SCHEMA_URI  "https://json.schemastore.org/sarif-2.1.0.json"
#define RULES       (CLASS_COUNT + CATEGORY_COUNT + GATE_RULES)
#define FINGERPRINT "escprofSite/v1"

struct sarif {
	const struct analysis *analysis;
	const struct sarif_source *source;
	json_t *results;
};

/* A rule's number is its class, CLASS_COUNT and its category, or beyond these what a gate asks of no site. */
static size_t rule_of_site(const struct site *site)
{
	if (site->class_ == CLASS_ESCAPE && site->category != CATEGORY_NONE)
		return CLASS_COUNT + (size_t)site->category;
	return (size_t)site->class_;
}

static size_t rule_of_finding(const struct gate_finding *finding)
{
	return finding->site ? rule_of_site(finding->site) : CLASS_COUNT + CATEGORY_COUNT + (size_t)finding->rule;
}

static const char *rule_name(size_t rule)
{
	if (rule < CLASS_COUNT)
		return site_class_name((enum site_class)rule);
	if (rule < CLASS_COUNT + CATEGORY_COUNT)
		return site_category_name((enum site_category)(rule - CLASS_COUNT));
	return gate_rule_name((enum gate_rule)(rule - CLASS_COUNT - CATEGORY_COUNT));
}

static const char *category_words(enum site_category category)
{
	static const char *const words[CATEGORY_COUNT] = {
	    [CATEGORY_NONE] = "an allocation on the heap",
	    [CATEGORY_POINTER_RETURNED] = "a pointer to it is returned",
	    [CATEGORY_INTERFACE_CONVERSION] = "it is put into an interface",
	    [CATEGORY_TOO_LARGE] = "too large for the stack",
	    [CATEGORY_NON_CONSTANT_SIZE] = "a size that only the run knows",
	    [CATEGORY_CLOSURE_CAPTURE] = "captured by a closure that outlives it",
	    [CATEGORY_LEAKING_PARAMETER] = "handed to a parameter that leaks",
	    [CATEGORY_STORED_ON_HEAP] = "stored where it outlives its function",
	    [CATEGORY_GO_OR_DEFER] = "used by a go or defer statement",
	    [CATEGORY_GROWTH] = "grown piece by piece",
	};

	return words[category];
}

static const char *gate_words(enum gate_rule rule)
{
	static const char *const words[GATE_RULES] = {
	    [GATE_GC_SHARE] = "the GC's share of the CPU is over its limit",
	    [GATE_ALLOC_RATE] = "more bytes a second are allocated than may be",
	    [GATE_BYTES_PER] = "more bytes are allocated for the work than may be",
	    [GATE_SITE_GC] = "a site costs more of the GC's CPU than it may",
	    [GATE_NEW_SITE] = "a new allocation site",
	    [GATE_GROWN_SITE] = "a site allocates more than in the baseline",
	    [GATE_GROWN_TOTAL] = "more is allocated than in the baseline",
	};

	return words[rule];
}

static const char *rule_words(size_t rule)
{
	if (rule < CLASS_COUNT)
		return words_class((enum site_class)rule);
	if (rule < CLASS_COUNT + CATEGORY_COUNT)
		return category_words((enum site_category)(rule - CLASS_COUNT));
	return gate_words((enum gate_rule)(rule - CLASS_COUNT - CATEGORY_COUNT));
}

static json_t *make_message(const char *text)
{
	json_t *object = json_object();

	json_object_set_new(object, "text", make_string(text));
	return object;
}

static json_t *make_rules(void)
{
	json_t *array = json_array();

	for (size_t rule = 0; rule < RULES; rule++) {
		json_t *object = json_object();

		json_object_set_new(object, "id", json_string(rule_name(rule)));
		json_object_set_new(object, "shortDescription", make_message(rule_words(rule)));
		json_array_append_new(array, object);
	}
	return array;
}

/* FILE's part below the directory or module PREFIX; NULL: it is not below it. */
static const char *below(const char *file, const char *prefix)
{
	size_t length = prefix ? strlen(prefix) : 0;

	return length && strncmp(file, prefix, length) == 0 && file[length] == '/' ? file + length + 1 : NULL;
}

/* Append PATH with what may not stand in a URI as %XX; bytes that are no UTF-8 were replaced before. */
static void append_uri(struct buf *out, const char *path)
{
	static const char plain[] = "-._~/!$&'()*+,;=@";
	struct buf clean = {0};

	clean_text_append_utf8(&clean, path);
	for (size_t i = 0; i < clean.size; i++) {
		uint8_t byte = clean.data[i];
		bool letter = (byte >= '0' && byte <= '9') || ((byte | 32) >= 'a' && (byte | 32) <= 'z');

		if (letter || (byte && strchr(plain, byte)))
			buf_append_u8(out, byte);
		else
			buf_append_format(out, "%%%02X", byte);
	}
	buf_free(&clean);
}

static json_t *make_artifact(const struct sarif *sarif, const char *file)
{
	const char *inner = below(file, sarif->source->root);
	json_t *object = json_object();
	struct buf uri = {0};

	if (!inner)
		inner = below(file, sarif->analysis->main_module); /* built with -trimpath */
	if (inner) {
		append_uri(&uri, inner);
		json_object_set_new(object, "uriBaseId", json_string("%SRCROOT%"));
	} else {
		buf_append_string(&uri, *file == '/' ? "file://" : "");
		append_uri(&uri, file);
	}
	json_object_set_new(object, "uri", json_string(buf_string(&uri)));
	buf_free(&uri);
	return object;
}

/* Where FRAME is; ID, from 1, names it in a list of related ones, 0: it is in none. */
static json_t *make_location(const struct sarif *sarif, const struct analysis_frame *frame, unsigned id)
{
	json_t *location = json_object(), *physical = json_object(), *region = json_object(), *names = json_array();
	json_t *logical = json_object();

	json_object_set_new(region, "startLine", make_integer(frame->line ? frame->line : 1));
	json_object_set_new(physical, "artifactLocation",
			    make_artifact(sarif, frame->file && *frame->file ? frame->file : "unknown"));
	json_object_set_new(physical, "region", region);
	json_object_set_new(logical, "fullyQualifiedName", make_string(frame->function));
	json_object_set_new(logical, "kind", json_string("function"));
	json_array_append_new(names, logical);
	json_object_set_new(location, "physicalLocation", physical);
	json_object_set_new(location, "logicalLocations", names);
	if (id) {
		json_object_set_new(location, "id", json_integer(id));
		json_object_set_new(location, "message", make_message("the allocation itself"));
	}
	return location;
}

static void set_places(json_t *result, const struct sarif *sarif, const struct site *site)
{
	struct analysis_frame own = {site->function, site->file, site->line};
	bool is_own = words_is_own(site) || !site->shown_is_own;
	json_t *locations = json_array(), *related;

	json_array_append_new(locations, make_location(sarif, is_own ? &own : &site->shown, 0));
	json_object_set_new(result, "locations", locations);
	if (is_own)
		return;
	related = json_array();
	json_array_append_new(related, make_location(sarif, &own, 1));
	json_object_set_new(result, "relatedLocations", related);
}

static void set_fingerprint(json_t *result, uint64_t fingerprint)
{
	json_t *prints = json_object();
	char text[32];

	snprintf(text, sizeof(text), "%016llx", (unsigned long long)fingerprint);
	json_object_set_new(prints, FINGERPRINT, json_string(text));
	json_object_set_new(result, "partialFingerprints", prints);
}

/* SITE is where a result without one is shown: results without any place are refused by some readers. */
static void add_result(struct sarif *sarif, size_t rule, const char *level, const char *message,
		       const struct site *site, bool about_site)
{
	json_t *result = json_object();
	struct buf words = {0};

	buf_append_string(&words, message);
	if (about_site && site->advice && *site->advice)
		buf_append_format(&words, " %s", site->advice);
	if (!about_site && site)
		buf_append_string(&words, " What costs most is here.");
	json_object_set_new(result, "ruleId", json_string(rule_name(rule)));
	json_object_set_new(result, "ruleIndex", make_integer(rule));
	json_object_set_new(result, "level", json_string(level));
	json_object_set_new(result, "message", make_message(buf_string(&words)));
	if (site)
		set_places(result, sarif, site);
	set_fingerprint(
	    result, about_site ? compare_fingerprint(sarif->analysis, (size_t)(site - sarif->analysis->sites)) : rule);
	json_array_append_new(sarif->results, result);
	buf_free(&words);
}

static json_t *make_driver(void)
{
	json_t *driver = json_object();

	json_object_set_new(driver, "name", json_string("escprof"));
	json_object_set_new(driver, "version", json_string(ESCPROF_VERSION));
	json_object_set_new(driver, "rules", make_rules());
	return driver;
}

static json_t *make_bases(const struct sarif_source *source)
{
	json_t *bases = json_object(), *root = json_object();
	struct buf uri = {0};

	if (source->root) {
		buf_append_string(&uri, "file://");
		append_uri(&uri, source->root);
		buf_append_u8(&uri, '/');
		json_object_set_new(root, "uri", json_string(buf_string(&uri)));
	} else {
		json_object_set_new(root, "description", make_message("where the module's source is"));
	}
	json_object_set_new(bases, "%SRCROOT%", root);
	buf_free(&uri);
	return bases;
}

static enum status write_sarif(FILE *stream, const struct sarif *sarif, struct error *error)
{
	json_t *log = json_object(), *runs = json_array(), *run = json_object(), *tool = json_object();

	json_object_set_new(tool, "driver", make_driver());
	json_object_set_new(run, "tool", tool);
	json_object_set_new(run, "originalUriBaseIds", make_bases(sarif->source));
	json_object_set_new(run, "results", sarif->results);
	json_array_append_new(runs, run);
	json_object_set_new(log, "$schema", json_string(SCHEMA_URI));
	json_object_set_new(log, "version", json_string("2.1.0"));
	json_object_set_new(log, "runs", runs);
	return write_json(stream, log, error);
}

enum status report_check_sarif(FILE *stream, const struct gate *gate, const struct sarif_source *source,
			       struct error *error)
{
	struct sarif sarif = {gate->analysis, source, json_array()};
	const struct site *first = gate->analysis->nsites ? gate->analysis->sites : NULL;

	for (size_t i = 0; i < gate->count; i++) {
		const struct gate_finding *finding = &gate->findings[i];
		struct buf words = {0};

		if (!finding->breached)
			continue;
		compare_words_finding(&words, gate, finding);
		add_result(&sarif, rule_of_finding(finding), "error", buf_string(&words),
			   finding->site ? finding->site : first, finding->site != NULL);
		buf_free(&words);
	}
	return write_sarif(stream, &sarif, error);
}

/* What a site of a report is said to cost. */
static void append_cost(struct buf *out, const struct analysis *analysis, const struct site *site)
{
	double share = analysis->alloc_bytes > 0 ? site->alloc_bytes / analysis->alloc_bytes : 0;
	char a[WORDS_NUMBER_SIZE], b[WORDS_NUMBER_SIZE];

	buf_append_format(out, "%s: %s %% of the allocated bytes",
			  site->verdict.message ? site->verdict.message : words_class(site->class_),
			  words_percent(a, share));
	if (analysis_knows_savings(analysis))
		buf_append_format(out, "; without it the GC would take %s %% %s CPU",
				  words_percent(b, fabs(site->saving.share)), site->saving.share < 0 ? "more" : "less");
	buf_append_u8(out, '.');
}

enum status report_sarif(FILE *stream, const struct analysis *analysis, const struct sarif_source *source, size_t top,
			 struct error *error)
{
	struct sarif sarif = {analysis, source, json_array()};

	for (size_t i = 0; i < analysis->nsites && i < top; i++) {
		const struct site *site = &analysis->sites[i];
		struct buf words = {0};

		append_cost(&words, analysis, site);
		add_result(&sarif, rule_of_site(site), "note", buf_string(&words), site, true);
		buf_free(&words);
	}
	return write_sarif(stream, &sarif, error);
}
