/* In: lines of styled text. Out: what the terminal shows; and keys the other way. Nothing else here knows ncurses. */
#include "cli/top_screen.h"

#include "cli/terminal.h"
#include "report/live_view.h"

#include <curses.h>
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#undef lines /* term.h has such macros */

#define ESCAPE_MS 25 /* between the bytes of one key */

static struct {
	SCREEN *screen; /* NULL: not open */
	bool colour;
	struct termios before;
	void (*at_crash)(void);
} top_screen;

static const short style_colours[] = {
    [PAGE_GOOD] = COLOR_GREEN, [PAGE_WARN] = COLOR_YELLOW, [PAGE_BAD] = COLOR_RED, [PAGE_NAME] = COLOR_CYAN};

/* What a terminal needs to be usable again: its modes, and to leave the other screen, with a cursor, without colours.
 */
static void restore_at_crash(int signal_number)
{
	static const char usual[] = "\033[?1049l\033[?25h\033[0m\r\n";
	ssize_t written = write(STDOUT_FILENO, usual, sizeof(usual) - 1);

	(void)written;
	tcsetattr(STDIN_FILENO, TCSANOW, &top_screen.before);
	if (top_screen.at_crash)
		top_screen.at_crash();
	raise(signal_number); /* the handler was for once */
}

static void watch_crashes(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
	struct sigaction action = {.sa_handler = restore_at_crash, .sa_flags = (int)SA_RESETHAND | SA_NODEFER};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

/* Characters as UTF-8, which the report is in anyway, and nothing else as the locale has it: numbers stay as they are.
 */
static void choose_locale(void)
{
	setlocale(LC_CTYPE, "");
	if (MB_CUR_MAX == 1)
		setlocale(LC_CTYPE, "C.UTF-8");
}

static void begin_colours(void)
{
	top_screen.colour = terminal_has_colour(stdout) && start_color() == OK && has_colors();
	if (!top_screen.colour)
		return;
	use_default_colors();
	for (int i = PAGE_GOOD; i <= PAGE_NAME; i++)
		init_pair((short)i, style_colours[i], -1);
}

enum status top_screen_open(void (*at_crash)(void), struct error *error)
{
	const char *term = getenv("TERM");
	static bool will_close;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return error_set(error, "top needs a terminal: standard input and output are to be one; `escprof run` "
					"and `escprof report` do without");
	choose_locale();
	tcgetattr(STDIN_FILENO, &top_screen.before);
	top_screen.at_crash = at_crash;
	top_screen.screen = newterm(NULL, stdout, stdin);
	if (top_screen.screen && !tigetstr("cup"))
		top_screen_close();
	if (!top_screen.screen)
		return error_set(error,
				 "top needs a terminal: TERM is “%s”, which names none that ncurses can move the "
				 "cursor of: set it to the terminal's name",
				 term ? term : "");
	if (!will_close)
		atexit(top_screen_close);
	will_close = true;
	watch_crashes();
	begin_colours();
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	return STATUS_OK;
}

void top_screen_close(void)
{
	if (!top_screen.screen)
		return;
	endwin();
	delscreen(top_screen.screen);
	top_screen.screen = NULL;
}

void top_screen_resize(void)
{
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
		resizeterm(size.ws_row, size.ws_col);
	clearok(stdscr, TRUE);
}

int top_screen_height(void)
{
	return getmaxy(stdscr);
}

int top_screen_width(void)
{
	return getmaxx(stdscr);
}

static attr_t attributes_of(enum page_style style)
{
	if (style == PAGE_TITLE)
		return A_BOLD;
	if (style == PAGE_FAINT)
		return A_DIM;
	if (style >= PAGE_GOOD && top_screen.colour)
		return COLOR_PAIR(style);
	return A_NORMAL;
}

static void show_line(const struct styled_line *line, int y)
{
	attr_t whole = line->selected ? A_REVERSE : A_NORMAL;

	move(y, 0);
	clrtoeol();
	for (size_t i = 0; i < line->count; i++) {
		attrset(whole | attributes_of(line->spans[i].style));
		addstr(line->spans[i].text);
	}
	attrset(A_NORMAL);
	if (line->selected)
		mvchgat(y, 0, -1, A_REVERSE, 0, NULL);
}

void top_screen_show(const struct styled_lines *lines)
{
	int height = top_screen_height();

	erase();
	/* A line that a terminal finds wider than we do goes on in the next, which is then written over it. */
	for (int y = 0; y < height && (size_t)y < lines->count; y++)
		show_line(&lines->lines[y], y);
	refresh();
}

static int key_of_code(wint_t code)
{
	switch (code) {
	case KEY_UP:
		return LIVE_KEY_UP;
	case KEY_DOWN:
		return LIVE_KEY_DOWN;
	case KEY_PPAGE:
		return LIVE_KEY_PAGE_UP;
	case KEY_NPAGE:
		return LIVE_KEY_PAGE_DOWN;
	case KEY_HOME:
		return LIVE_KEY_HOME;
	case KEY_END:
		return LIVE_KEY_END;
	case KEY_ENTER:
		return LIVE_KEY_ENTER;
	case KEY_BACKSPACE:
		return LIVE_KEY_BACKSPACE;
	default:
		return -2;
	}
}

int top_screen_key(void)
{
	wint_t code;

	switch (get_wch(&code)) {
	case KEY_CODE_YES:
		return key_of_code(code);
	case OK:
		break;
	default:
		return -1;
	}
	if (code == '\r')
		return LIVE_KEY_ENTER;
	return code == '\b' ? LIVE_KEY_BACKSPACE : (int)code;
}
