#include "crash/lines.h"

#include <stdlib.h>

#include "base/mem.h"
#include "crash/compatin.h"
#include "crash/memo.h"
#include "crash/reader.h"

enum { WORDS = READER_WORDS + COMPAT_WORDS };

_Static_assert((int)WORDS <= (int)WORDS_MAX, "more words than a set holds");

static const struct {
	enum compat_word word;
	enum lines_flag flag;
	const char *exact; /* letter case counts */
} flags[] = {
    {C_GO_FILE, LINES_GO, ".go:"},
    {C_PYTHON_FILE, LINES_PYTHON, ".py\", line"},
    {C_JAZZER, LINES_JS, "Uncaught Exception: Jazzer.js"},
    {C_KASAN, LINES_KASAN, "KASAN"},
};

enum { FLAGS = sizeof(flags) / sizeof(flags[0]) };

static const struct words *
all_words(void)
{
	static struct words *w;
	const char *list[WORDS];

	if (w != NULL)
		return w;
	for (int i = 0; i < READER_WORDS; i++)
		list[i] = report_words[i];
	for (int i = 0; i < COMPAT_WORDS; i++)
		list[READER_WORDS + i] = compat_words[i];
	w = words_new(list, WORDS, true);
	return w;
}

static unsigned
flags_of(struct str line, const struct words_set *has)
{
	unsigned found = 0;

	if (words_none(has))
		return 0;
	for (size_t i = 0; i < FLAGS; i++)
		if (words_has(has, READER_WORDS + flags[i].word) &&
		    memmem(line.p, line.n, flags[i].exact,
			strlen(flags[i].exact)) != NULL)
			found |= flags[i].flag;
	return found;
}

/* ---- frames that are known ---- */

enum { FRAME = 4096 }; /* bytes: what is longer is taken apart each time */

struct lines {
	const struct rules *rules;
	struct memo *memo;  /* struct lines_frame */
	struct arena arena; /* while one is made */
};

struct lines *
lines_new(const struct rules *rules)
{
	struct lines *l = mem_alloc(sizeof(*l));

	l->rules = rules;
	l->memo = memo_new(sizeof(struct lines_frame));
	return l;
}

void
lines_free(struct lines *l)
{
	if (l == NULL)
		return;
	memo_free(l->memo);
	arena_release(&l->arena);
	free(l);
}

void
lines_begin(struct lines *l)
{
	memo_trim(l->memo);
}

struct str
lines_keep(struct lines *l, struct str s)
{
	return memo_keep(l->memo, s);
}

/* The frame with a number and an address that stand for all.  No word of the
 * readers begins in them. */
static struct str
any_frame(struct lines *l, struct str rest)
{
	static const struct str head = {"#0 0x0", 6};
	char *text = arena_alloc(&l->arena, head.n + rest.n);

	memcpy(text, head.p, head.n);
	memcpy(text + head.n, rest.p, rest.n);
	return memo_keep(l->memo, str_of(text, head.n + rest.n));
}

static void
no_null(struct str *s)
{
	if (s->n == 0)
		*s = STR("");
}

/* False: it is none, or its text is not all that counts: it has colours, or an
 * address of its own at the end. */
static bool
learn(struct lines *l, struct str rest, struct lines_frame *f)
{
	struct str bare = frame_strip(rest);

	if (memchr(rest.p, '\033', rest.n) != NULL ||
	    str_ends(bare, STR("]")) || str_eq(bare, STR("in")))
		return false;
	arena_reset(&l->arena);
	f->text = any_frame(l, rest);
	if (!frame_numbered(f->text, true, &f->frame))
		return false;
	no_null(&f->frame.raw);
	no_null(&f->frame.file);
	no_null(&f->frame.mod);
	words_in(all_words(), f->text, 0, &f->has);
	f->flags = flags_of(f->text, &f->has);
	f->name = rules_name(l->rules, &f->frame, &l->arena);
	f->name.fn = memo_keep(l->memo, f->name.fn);
	f->frame.known = f;
	return true;
}

/* Is the line a frame that is known, from now on? */
static bool
find_frame(struct lines *l, struct lines_line *line)
{
	struct lines_frame *f;
	struct str rest;
	bool made;

	line->frame = NULL;
	if (l == NULL || line->s.n > FRAME ||
	    !frame_addressed(line->s, &line->number, &line->pc, &rest))
		return false;
	f = memo_find(l->memo, rest, &made);
	if (f == NULL || (made && !learn(l, rest, f)) || f->frame.known == NULL)
		return false;
	line->frame = f;
	line->has = f->has;
	line->flags = f->flags;
	return true;
}

bool
lines_next(struct lines *l, struct str *text, struct lines_line *line)
{
	if (text->n == 0)
		return false;
	line->s = words_first_line(*text);
	if (!find_frame(l, line)) {
		words_in(all_words(), line->s, text->n - line->s.n, &line->has);
		line->flags = flags_of(line->s, &line->has);
	}
	*text = str_from(*text, line->s.n);
	*text = str_from(*text, words_break(*text));
	return true;
}

struct words_set
lines_whole(void)
{
	struct words_set set = {0};

	words_put(&set, READER_WORDS + C_JAZZER);
	for (unsigned i = C_GO_FILE; i < C_OOM; i++)
		words_put(&set, READER_WORDS + i);
	return set;
}
