/*
 * A flame graph as one SVG file: callers below, callees above them, and on top of each stack the allocation itself, in
 * the colour of its class. It is complete without its script; the script only moves what is there.
 */
#include "report/clean_text.h"
#include "report/flame_tree.h"
#include "report/report.h"
#include "report/report_compare.h"
#include "report/report_svg_script.h"
#include "report/report_write.h"
#include "report/stack_values.h"
#include "report/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Pixels. The script knows WIDTH, LEFT and LETTER too. */
#define WIDTH        1200
#define LEFT         20
#define INNER        (WIDTH - 2 * LEFT)
#define FRAME_HEIGHT 18
#define LETTER       7.23
#define LEGEND_Y     88
#define LEGEND_ROW   22

/* Frames narrower than this share of the whole are not drawn. */
#define LEAST_SHARE 0.0001

struct canvas {
	struct buf out;
	const struct analysis *analysis;
	const struct comparison *comparison; /* NULL: colours are those of the classes */
	const struct flame_tree *tree;
	enum report_value value;
	int top, height; /* of the frames; of the whole */
};

static const char *const class_colours[CLASS_COUNT] = {
    [CLASS_ESCAPE] = "#f2935c",        [CLASS_HEAP_NOT_ESCAPING] = "#f3c53c",
    [CLASS_APPEND_GROWTH] = "#8cc4e8", [CLASS_MAP_GROWTH] = "#6fa8dc",
    [CLASS_STRING] = "#97d1a0",        [CLASS_REFLECTION] = "#c8a8e6",
    [CLASS_GOROUTINE] = "#f0a3c2",     [CLASS_CHANNEL] = "#dcb8e0",
    [CLASS_RUNTIME] = "#bdbdb8",       [CLASS_C] = "#bfa98a",
    [CLASS_AMBIGUOUS] = "#f7d3a8",     [CLASS_UNMATCHED] = "#dedad0",
};
static const char function_colour[] = "#eee7da";

/* Of a difference: as it was, much more, much less. */
static const unsigned char same_colour[3] = {0xee, 0xe7, 0xda}, more_colour[3] = {0xd9, 0x48, 0x2b},
			   less_colour[3] = {0x3d, 0x72, 0xb8};

static const char *value_title(enum report_value value)
{
	static const char *const titles[] = {
	    [REPORT_VALUE_GC] = "GC CPU that each allocation costs",
	    [REPORT_VALUE_ALLOC] = "Bytes allocated",
	    [REPORT_VALUE_OBJECTS] = "Objects allocated",
	    [REPORT_VALUE_LIVE] = "Live bytes",
	    [REPORT_VALUE_KEPT] = "Bytes not freed at the end",
	};

	return titles[value];
}

static const char *format_value(const struct canvas *canvas, char *text, double value)
{
	switch (canvas->value) {
	case REPORT_VALUE_GC:
		return words_seconds(text, value / 1e9);
	case REPORT_VALUE_OBJECTS:
		words_count(text, value);
		return strcat(text, text[strlen(text) - 1] == '1' && value == 1 ? " object" : " objects");
	case REPORT_VALUE_ALLOC:
	case REPORT_VALUE_LIVE:
	case REPORT_VALUE_KEPT:
	default:
		return words_bytes(text, value);
	}
}

static double share_of(const struct canvas *canvas, double value)
{
	double all = (double)canvas->tree->nodes[0].value;

	return all > 0 ? value / all : 1;
}

/* By how much NODE changed: from −1, nothing is left, over 0 to 1, nothing was there. */
static double change_of(const struct flame_node *node)
{
	double after = (double)node->value, before = (double)node->before;

	return after > 0 || before > 0 ? (after - before) / fmax(after, before) : 0;
}

static void format_colour(char *text, double change)
{
	const unsigned char *to = change > 0 ? more_colour : less_colour;
	double part = fmin(1, pow(fabs(change), 0.7)); /* a tenth more shall be seen */
	int mixed[3];

	for (int i = 0; i < 3; i++)
		mixed[i] = (int)lround(same_colour[i] + part * (to[i] - same_colour[i]));
	snprintf(text, WORDS_NUMBER_SIZE, "#%02x%02x%02x", mixed[0], mixed[1], mixed[2]);
}

/* The colour of NODE, in TEXT or static. */
static const char *colour_of(const struct canvas *canvas, const struct flame_node *node, char *text)
{
	if (!canvas->comparison)
		return node->site ? class_colours[node->site->class_] : function_colour;
	format_colour(text, change_of(node));
	return text;
}

/* "Bytes" of what, and of which program. */
static void put_subtitle(struct canvas *canvas)
{
	const struct analysis *analysis = canvas->analysis;
	char a[WORDS_NUMBER_SIZE + 16], b[WORDS_NUMBER_SIZE];
	struct buf words = {0};

	buf_append_format(&words, "%s in all", format_value(canvas, a, (double)canvas->tree->nodes[0].value));
	if (analysis->duration_seconds > 0)
		buf_append_format(&words, ", over %s", words_seconds(b, analysis->duration_seconds));
	if (canvas->comparison)
		buf_append_format(&words, "; %s before, for as much work",
				  format_value(canvas, a, (double)canvas->tree->nodes[0].before));
	for (size_t i = 0; i < analysis->ncommand && words.size < 130; i++)
		buf_append_format(&words, "%s%.100s", i == 0 ? " – " : " ",
				  analysis->command[i] ? analysis->command[i] : "");
	buf_append_format(&canvas->out, "<text class=\"subtitle\" x=\"%d\" y=\"54\">", LEFT);
	clean_text_append_xml(&canvas->out, buf_string(&words));
	buf_append_string(&canvas->out, "</text>\n");
	buf_free(&words);
}

/* The buttons do nothing without the script, which shows them. */
static void put_header(struct canvas *canvas)
{
	buf_append_format(
	    &canvas->out,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n"
	    "<style>\n%s</style>\n"
	    "<rect width=\"100%%\" height=\"100%%\" fill=\"#fffdf9\"/>\n"
	    "<text class=\"title\" x=\"%d\" y=\"32\">%s%s</text>\n",
	    WIDTH, canvas->height, WIDTH, canvas->height, report_svg_style, LEFT, value_title(canvas->value),
	    canvas->comparison ? ": what changed" : "");
	put_subtitle(canvas);
	buf_append_format(&canvas->out,
			  "<text class=\"button\" id=\"search\" x=\"%d\" y=\"32\" text-anchor=\"end\" "
			  "style=\"display:none\">Search</text>\n"
			  "<text class=\"button\" id=\"clear\" x=\"%d\" y=\"32\" text-anchor=\"end\" "
			  "style=\"display:none\">Clear</text>\n"
			  "<text class=\"button\" id=\"reset\" x=\"%d\" y=\"32\" text-anchor=\"end\" "
			  "style=\"display:none\">Show all</text>\n"
			  "<text id=\"found\" x=\"%d\" y=\"54\" text-anchor=\"end\"></text>\n",
			  WIDTH - LEFT, WIDTH - LEFT - 64, WIDTH - LEFT - 120, WIDTH - LEFT);
}

/* The legend of a difference: what its colours mean. Returns the y below it. */
static int put_difference_legend(struct canvas *canvas)
{
	static const struct {
		double change;
		const char *words;
	} steps[] = {{1, "new"},       {0.5, "twice as much"}, {0.1, "a tenth more"},
		     {0, "as before"}, {-0.1, "a tenth less"}, {-0.5, "half"}};
	char colour[WORDS_NUMBER_SIZE];
	int x = LEFT;

	for (size_t i = 0; canvas->height > 0 && i < sizeof(steps) / sizeof(steps[0]); i++) {
		format_colour(colour, steps[i].change);
		buf_append_format(&canvas->out,
				  "<rect x=\"%d\" y=\"%d\" width=\"14\" height=\"14\" rx=\"2\" fill=\"%s\"/>"
				  "<text class=\"legend\" x=\"%d\" y=\"%d\">%s</text>\n",
				  x, LEGEND_Y - 12, colour, x + 20, LEGEND_Y, steps[i].words);
		x += (int)(strlen(steps[i].words) + 4) * 7 + 30;
	}
	return LEGEND_Y + LEGEND_ROW;
}

/*
 * The classes that are in the graph, in rows; returns the y below them. Draws when CANVAS->height is set, and otherwise
 * only measures.
 */
static int put_legend(struct canvas *canvas)
{
	int64_t values[CLASS_COUNT] = {0};
	int x = LEFT, y = LEGEND_Y;

	if (canvas->comparison)
		return put_difference_legend(canvas);
	for (size_t i = 1; i < canvas->tree->count; i++)
		if (canvas->tree->nodes[i].site)
			values[canvas->tree->nodes[i].site->class_] += canvas->tree->nodes[i].value;
	for (int i = 0; i < CLASS_COUNT; i++) {
		const char *name = words_class((enum site_class)i);
		char percent[WORDS_NUMBER_SIZE];
		int width = (int)((double)(clean_text_columns(name) + 8) * 7.0) + 30;

		if (values[i] <= 0)
			continue;
		if (x > LEFT && x + width > WIDTH - LEFT) {
			x = LEFT;
			y += LEGEND_ROW;
		}
		if (canvas->height > 0)
			buf_append_format(&canvas->out,
					  "<rect x=\"%d\" y=\"%d\" width=\"14\" height=\"14\" rx=\"2\" fill=\"%s\"/>"
					  "<text class=\"legend\" x=\"%d\" y=\"%d\">%s, %s %%</text>\n",
					  x, y - 12, class_colours[i], x + 20, y, name,
					  words_percent(percent, share_of(canvas, (double)values[i])));
		x += width;
	}
	return y + LEGEND_ROW;
}

/* The name as far as it fits into WIDTH pixels; the script does the same with data-name. */
static void put_label(struct canvas *canvas, const char *name, double width)
{
	int room = (int)((width - 6) / LETTER), used = 0;
	const char *at = name, *end = name;

	if (room < 3)
		return;
	if (clean_text_columns(name) <= room) {
		clean_text_append_xml(&canvas->out, name);
		return;
	}
	while (*end && used + 2 < room) {
		uint32_t code_point = clean_text_next(&end);

		used += clean_text_is_harmful(code_point) ? 1 : clean_text_width(code_point);
	}
	char *part = strndup(at, (size_t)(end - at));

	clean_text_append_xml(&canvas->out, part);
	free(part);
	buf_append_string(&canvas->out, "…");
}

static const char *shown_name(const struct flame_node *node)
{
	return node->site ? node->name : words_short_function(node->name);
}

/* What the pointer shows: the whole name, the place, the value. */
static void put_title(struct canvas *canvas, const struct flame_node *node)
{
	char value[WORDS_NUMBER_SIZE + 16], percent[WORDS_NUMBER_SIZE];

	buf_append_string(&canvas->out, "<title>");
	clean_text_append_xml(&canvas->out, node->name);
	if (node->site) {
		buf_append_string(&canvas->out, "\n");
		clean_text_append_xml(&canvas->out, node->site->file);
		buf_append_format(&canvas->out, ":%u\n%s", node->site->line, words_class(node->site->class_));
	}
	buf_append_format(&canvas->out, "\n%s, %s %%", format_value(canvas, value, (double)node->value),
			  words_percent(percent, share_of(canvas, (double)node->value)));
	if (canvas->comparison)
		buf_append_format(&canvas->out, "\n%s before", format_value(canvas, value, (double)node->before));
	buf_append_string(&canvas->out, "</title>");
}

static void put_frame(struct canvas *canvas, const struct flame_node *node)
{
	double start = share_of(canvas, node->start), share = share_of(canvas, (double)node->value);
	double x = LEFT + start * INNER, width = share * INNER;
	int y = canvas->top + (int)(canvas->tree->depth - node->depth) * FRAME_HEIGHT;
	char colour[WORDS_NUMBER_SIZE];

	buf_append_format(&canvas->out, "<g class=\"frame\" data-x=\"%.9f\" data-w=\"%.9f\" data-y=\"%u\" data-name=\"",
			  start, share, node->depth);
	clean_text_append_xml(&canvas->out, shown_name(node));
	buf_append_string(&canvas->out, "\">");
	put_title(canvas, node);
	buf_append_format(&canvas->out,
			  "<rect x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\" rx=\"2\" fill=\"%s\"/>"
			  "<text x=\"%.2f\" y=\"%d\">",
			  x, y, width, FRAME_HEIGHT, colour_of(canvas, node, colour), x + 4, y + 13);
	put_label(canvas, shown_name(node), width);
	buf_append_string(&canvas->out, "</text></g>\n");
}

static void put_frames(struct canvas *canvas)
{
	const struct flame_tree *tree = canvas->tree;

	if (tree->nodes[0].value <= 0) {
		buf_append_format(&canvas->out, "<text class=\"subtitle\" x=\"%d\" y=\"%d\">Nothing to show.</text>\n",
				  LEFT, canvas->top);
		return;
	}
	for (size_t i = 0; i < tree->count; i++)
		if (share_of(canvas, (double)tree->nodes[i].value) >= LEAST_SHARE)
			put_frame(canvas, &tree->nodes[i]);
}

static void put_all(struct canvas *canvas)
{
	canvas->top = put_legend(canvas);
	canvas->height = canvas->top + (int)(canvas->tree->depth + 1) * FRAME_HEIGHT + 44;
	put_header(canvas);
	put_legend(canvas);
	put_frames(canvas);
	buf_append_format(&canvas->out, "<text id=\"detail\" x=\"%d\" y=\"%d\"></text>\n", LEFT, canvas->height - 16);
	buf_append_format(&canvas->out, "<script><![CDATA[\n%s]]></script>\n</svg>\n", report_svg_script);
}

/* Draw CANVAS' tree, which is freed. */
static enum status draw(FILE *stream, struct canvas *canvas, struct flame_tree *tree, struct error *error)
{
	enum status status;

	canvas->tree = tree;
	put_all(canvas);
	status = report_write(stream, &canvas->out, error);
	flame_tree_free(tree);
	buf_free(&canvas->out);
	return status;
}

enum status report_svg(FILE *stream, const struct analysis *analysis, const struct report_options *options,
		       struct error *error)
{
	struct canvas canvas = {.analysis = analysis};
	struct flame_tree tree;

	canvas.value = options ? options->value : report_options_default().value;
	if (stack_values_check(analysis, canvas.value, error) != STATUS_OK)
		return STATUS_ERROR;
	flame_tree_build(&tree, analysis, canvas.value);
	return draw(stream, &canvas, &tree, error);
}

enum status report_svg_difference(FILE *stream, const struct comparison *comparison,
				  const struct report_options *options, struct error *error)
{
	struct canvas canvas = {.analysis = comparison->after, .comparison = comparison, .value = options->value};
	struct flame_tree tree;

	if (stack_values_check(comparison->before, canvas.value, error) != STATUS_OK ||
	    stack_values_check(comparison->after, canvas.value, error) != STATUS_OK)
		return STATUS_ERROR;
	flame_tree_build_difference(&tree, comparison, canvas.value);
	return draw(stream, &canvas, &tree, error);
}
