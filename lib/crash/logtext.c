#include "crash/logtext.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "crash/frame.h"
#include "crash/lines.h"

enum {
	PREV = 1 << 16,	 /* bytes of the line before one that matters */
	PIN = 1 << 12,	 /* bytes of a line that tells of the whole text */
	PINS = 16 * PIN, /* of such lines that were cut out */
	BREAK = 3	 /* bytes that a line break has at most */
};

struct logtext {
	char *window; /* LOGTEXT_WHOLE, and room for the pins */
	size_t n;
	char *head, *tail; /* kept lines: LOGTEXT_END, twice LOGTEXT_END */
	size_t nhead, ntail;
	char *pins, *prev;
	size_t npins, nprev;
	struct words_set pinned;
	unsigned behind; /* lines still to be kept */
	bool has_prev, skipping, cut;
};

struct logtext *
logtext_new(void)
{
	struct logtext *l = mem_alloc(sizeof(*l));

	l->window = mem_array(LOGTEXT_WHOLE + PINS, 1);
	return l;
}

void
logtext_free(struct logtext *l)
{
	if (l == NULL)
		return;
	free(l->window);
	free(l->head);
	free(l->tail);
	free(l->pins);
	free(l->prev);
	free(l);
}

/* ---- what is kept ---- */

static void
append(char *to, size_t *n, struct str line)
{
	memcpy(to + *n, line.p, line.n);
	*n += line.n;
	to[(*n)++] = '\n';
}

/* A line is cut out: does it say something of the whole text? */
static void
pin(struct logtext *l, const struct lines_line *line)
{
	const struct words_set whole = lines_whole();
	struct str s = line->s;
	bool fresh = false;

	for (size_t i = 0; i < WORDS_MAX / 64; i++) {
		uint64_t has = line->has.bits[i] & whole.bits[i];
		fresh |= (has & ~l->pinned.bits[i]) != 0;
		l->pinned.bits[i] |= has;
	}
	if (s.n >= PIN)
		s.n = PIN - 1;
	if (fresh && l->npins + s.n < PINS)
		append(l->pins, &l->npins, s);
}

/* The older half of the tail goes. */
static void
drop_half(struct logtext *l)
{
	struct str rest = str_of(l->tail, l->ntail);
	struct lines_line line;

	while (rest.n > LOGTEXT_END && lines_next(NULL, &rest, &line))
		pin(l, &line);
	memmove(l->tail, rest.p, rest.n);
	l->ntail = rest.n;
	l->cut = true;
}

static void
keep(struct logtext *l, struct str line)
{
	if (l->ntail == 0 && l->nhead + line.n < LOGTEXT_END) {
		append(l->head, &l->nhead, line);
		return;
	}
	if (l->ntail + line.n >= 2 * LOGTEXT_END)
		drop_half(l);
	append(l->tail, &l->ntail, line);
}

static void
keep_prev(struct logtext *l)
{
	if (l->has_prev)
		keep(l, str_of(l->prev, l->nprev));
	l->has_prev = false;
}

/* Frames have no words.  libFuzzer's "#1024\tNEW ..." is none. */
static bool
like_frame(struct str line)
{
	struct str s = line;
	size_t i = 1;

	if (str_starts(s, STR("CRASH LOG: ")))
		s = str_from(s, 11);
	s = frame_blanks(s);
	if (s.n < 4)
		return false;
	if (s.p[0] == '#') {
		while (i < s.n && isdigit((unsigned char)s.p[i]))
			i++;
		return i > 1 && i < s.n && s.p[i] != '\t';
	}
	return str_starts(s, STR("at ")) || str_starts(s, STR("File \"")) ||
	       str_starts(s, STR("* frame #")) ||
	       str_starts(s, STR("frame #")) ||
	       (s.p[0] == 'F' && isdigit((unsigned char)s.p[1]));
}

static void
one_line(struct logtext *l, const struct lines_line *line)
{
	struct str s = line->s;

	if (s.n > LOGTEXT_LINE) /* still too long for those who skip such */
		s.n = LOGTEXT_LINE + 1;
	if (!words_none(&line->has) || like_frame(s)) {
		keep_prev(l);
		keep(l, s);
		l->behind = LOGTEXT_BEHIND;
	} else if (l->behind > 0) {
		keep(l, s);
		l->behind--;
	} else {
		l->nprev = s.n < PREV ? s.n : PREV;
		memcpy(l->prev, s.p, l->nprev);
		l->has_prev = true;
	}
}

/* ---- the window ---- */

/* All lines of the window that are known to be whole; what is left of it is moved
 * to its start.  A line as long as the window is one, its rest is skipped. */
static void
window_lines(struct logtext *l, bool end)
{
	struct str rest = str_of(l->window, l->n), before;
	struct lines_line line;

	for (before = rest; lines_next(NULL, &rest, &line); before = rest) {
		bool whole = end || before.n > line.s.n + BREAK;
		if (!whole && line.s.n + BREAK < LOGTEXT_WHOLE)
			break;
		if (!l->skipping)
			one_line(l, &line);
		l->skipping = !whole && line.s.n == before.n;
	}
	memmove(l->window, before.p, before.n);
	l->n = before.n;
}

/* Reads until the window is full or all is read: 1. */
static int
fill(struct logtext *l, int fd, const char *name, uint64_t size, struct fail *f)
{
	ssize_t n;

	while (l->n < LOGTEXT_WHOLE) {
		n = read(fd, l->window + l->n, LOGTEXT_WHOLE - l->n);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fail_errno(
			    f, EX_LAGO_IO, "cannot read '%s'", name);
		l->n += (size_t)n;
		if (n == 0 || l->n == size)
			return 1;
	}
	return 0;
}

static void
begin(struct logtext *l)
{
	if (l->head == NULL) {
		l->head = mem_array(LOGTEXT_END, 1);
		l->tail = mem_array(2 * LOGTEXT_END, 1);
		l->pins = mem_array(PINS, 1);
		l->prev = mem_array(PREV, 1);
	}
	l->nhead = l->ntail = l->npins = l->nprev = 0;
	l->pinned = (struct words_set){0};
	l->behind = 0;
	l->has_prev = l->skipping = false;
}

/* Head, pins where something is missing, and tail, in the window. */
static struct str
assemble(struct logtext *l)
{
	char *p = l->window;

	if (l->ntail > LOGTEXT_END)
		drop_half(l);
	memcpy(p, l->head, l->nhead);
	p += l->nhead;
	if (l->cut) {
		memcpy(p, l->pins, l->npins);
		p += l->npins;
	}
	memcpy(p, l->tail, l->ntail);
	return str_of(l->window, (size_t)(p - l->window) + l->ntail);
}

static int
condense(struct logtext *l, int fd, const char *name, struct str *text,
    struct fail *f)
{
	int end = 0;

	begin(l);
	while (!end) {
		window_lines(l, false);
		end = fill(l, fd, name, UINT64_MAX, f);
		if (end == -1)
			return -1;
	}
	window_lines(l, true);
	*text = assemble(l);
	return 0;
}

int
logtext_read(struct logtext *l, const char *name, struct str *text, bool *cut,
    struct fail *f)
{
	bool input = strcmp(name, "-") == 0;
	uint64_t size = 0;
	int fd = input ? STDIN_FILENO : file_open(AT_FDCWD, name, &size, f);
	int rc;

	if (fd == -1)
		return -1;
	l->n = 0;
	l->cut = false;
	rc = fill(l, fd, name, size > 0 ? size : UINT64_MAX, f);
	*text = str_of(l->window, l->n);
	if (rc == 0)
		rc = condense(l, fd, name, text, f);
	*cut = l->cut;
	if (!input)
		close(fd);
	return rc == -1 ? -1 : 0;
}
