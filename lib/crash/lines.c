#include "crash/lines.h"

#include "crash/compatin.h"
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
flags_of(const struct lines_line *line)
{
	unsigned found = 0;

	for (size_t i = 0; i < FLAGS; i++)
		if (words_has(&line->has, READER_WORDS + flags[i].word) &&
		    memmem(line->s.p, line->s.n, flags[i].exact,
			strlen(flags[i].exact)) != NULL)
			found |= flags[i].flag;
	return found;
}

bool
lines_next(struct str *text, struct lines_line *line)
{
	if (text->n == 0)
		return false;
	line->s = words_line(all_words(), *text, &line->has);
	line->flags = words_none(&line->has) ? 0 : flags_of(line);
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
