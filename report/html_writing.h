/*
 * What the writers of the HTML report's data share: where it goes, the texts and frames that are written once, limits.
 */
#ifndef REPORT_HTML_WRITING_H
#define REPORT_HTML_WRITING_H

#include "analyzer/analysis.h"
#include "base/strtab.h"
#include "report/html_json.h"

#include <stddef.h>

#define HTML_LIST_MAX 40 /* reasons, candidates */
#define HTML_TEXT_MAX 2000
#define HTML_SHOWN    5  /* digits */
#define HTML_EXACT    11 /* … of what the model is asked with */

struct html_writing {
	struct html_json json;
	const struct analysis *analysis;
	struct strtab *strings, *frames;
	size_t nsites; /* in the table: the first of ANALYSIS' */
};

/* Write TEXT's number among the strings; KEY as html_json.h has it. */
static inline void html_put_text(struct html_writing *writing, const char *key, const char *text)
{
	html_json_integer(&writing->json, key, strtab_add(writing->strings, text));
}

/* The same of the first of COUNT TEXTS. */
static inline void html_put_texts(struct html_writing *writing, const char *key, const char *const *texts, size_t count)
{
	html_json_open(&writing->json, key, '[');
	for (size_t i = 0; i < count && i < HTML_LIST_MAX; i++)
		html_put_text(writing, NULL, texts[i]);
	html_json_close(&writing->json, ']');
}

#endif
