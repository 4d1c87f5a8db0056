/* Messages, colours, widths and sizes, the same for every command. */
#include "cli/terminal.h"

#include "base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PROGRESS_WIDTH    30
#define PROGRESS_AFTER_MS 1000
#define PROGRESS_EVERY_MS 100

void terminal_error(const char *format, ...)
{
	va_list args;

	fputs("escprof: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static enum { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER } terminal_colour;

bool terminal_choose_colour(const char *choice)
{
	static const char *const names[] = {
	    [COLOUR_AUTO] = "auto", [COLOUR_ALWAYS] = "always", [COLOUR_NEVER] = "never"};
	int i;

	for (i = COLOUR_AUTO; i <= COLOUR_NEVER; i++) {
		if (strcmp(choice, names[i]) != 0)
			continue;
		terminal_colour = i;
		return true;
	}
	return false;
}

bool terminal_has_colour(FILE *stream)
{
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");

	if (terminal_colour != COLOUR_AUTO)
		return terminal_colour == COLOUR_ALWAYS;
	return isatty(fileno(stream)) && !(no_colour && *no_colour) && term && strcmp(term, "dumb") != 0;
}

static void terminal_draw(const char *label, size_t done, size_t total)
{
	char bar[PROGRESS_WIDTH + 1];
	size_t filled = total ? PROGRESS_WIDTH * (done < total ? done : total) / total : 0;

	memset(bar, '#', filled);
	memset(bar + filled, '.', PROGRESS_WIDTH - filled);
	bar[PROGRESS_WIDTH] = 0;
	if (total)
		fprintf(stderr, "\r%s [%s] %zu of %zu\033[K", label, bar, done, total);
	else
		fprintf(stderr, "\r%s: %zu\033[K", label, done);
}

void terminal_progress(const char *label, size_t done, size_t total)
{
	static uint64_t begun, drawn; /* milliseconds; 0: not yet */
	uint64_t now;

	if (!isatty(STDERR_FILENO))
		return;
	if (total && done >= total) {
		if (drawn)
			fputs("\r\033[K", stderr);
		begun = drawn = 0;
		return;
	}
	now = clock_ns(CLOCK_MONOTONIC) / 1000000;
	if (!begun)
		begun = now;
	if (now - begun < PROGRESS_AFTER_MS || now - drawn < PROGRESS_EVERY_MS)
		return;
	terminal_draw(label, done, total);
	drawn = now;
}

int terminal_width(FILE *stream)
{
	struct winsize size;

	if (!isatty(fileno(stream)) || ioctl(fileno(stream), TIOCGWINSZ, &size) || !size.ws_col || size.ws_col > 100)
		return 100;
	return size.ws_col < 80 ? 80 : size.ws_col;
}

bool terminal_parse_bytes(const char *text, unsigned long long *bytes)
{
	unsigned long long value;
	unsigned shift = 0;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	value = strtoull(text, &end, 10);
	switch (toupper((unsigned char)*end)) {
	case 'K':
		shift = 10;
		end++;
		break;
	case 'M':
		shift = 20;
		end++;
		break;
	case 'G':
		shift = 30;
		end++;
		break;
	default:
		break;
	}
	if (shift && end[0] == 'i' && end[1] == 'B') /* as GOMEMLIMIT has it */
		end += 2;
	if (errno || *end || !value || value > 1ull << 40)
		return false;
	*bytes = value << shift;
	return true;
}

bool terminal_parse_duration(const char *text, unsigned long long *ns)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
	double value, all;
	size_t i;
	char *end;

	if (!isdigit((unsigned char)text[0]) || (text[0] == '0' && tolower((unsigned char)text[1]) == 'x'))
		return false;
	value = strtod(text, &end);
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit) != 0)
			continue;
		all = value * units[i].ns;
		if (!(all >= 1e6) || all > 1e18)
			return false;
		*ns = (unsigned long long)all;
		return true;
	}
	return false;
}
