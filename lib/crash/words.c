#include "crash/words.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/mem.h"

/*
 * States are numbered so that those where a word ends come last: the loop needs
 * one comparison a byte.  Bytes that are in no word share class 0; the classes
 * up to LAST_BREAK are bytes that may end a line.
 */
enum { BREAK = 1, MAYBE, LAST_BREAK = MAYBE };

struct words {
	unsigned char class[256];
	unsigned nclass, nstate, first_end;
	uint16_t *next;		/* [state * nclass + class] */
	struct words_set *ends; /* of state first_end and up */
};

/* While it is built: a trie with failure links. */
struct trie {
	uint16_t *next;
	unsigned nclass, n;
	struct words_set *ends;
	uint16_t *fail;
};

static void
classes(struct words *w, const char *const *list, size_t n, bool fold)
{
	w->nclass = LAST_BREAK + 1;
	for (size_t i = 0; i < n; i++)
		for (const char *p = list[i]; *p != '\0'; p++) {
			unsigned char c = (unsigned char)*p;
			if (w->class[c] == 0)
				w->class[c] = (unsigned char)w->nclass++;
			if (fold)
				w->class[toupper(c)] = w->class[tolower(c)] =
				    w->class[c];
		}
	for (const char *p = "\n\v\f\r\x1c\x1d\x1e"; *p != '\0'; p++)
		w->class[(unsigned char)*p] = BREAK;
	w->class[0x85] = w->class[0xa8] = w->class[0xa9] = MAYBE;
}

static void
plant(struct trie *t, const struct words *w, const char *word, size_t number)
{
	unsigned s = 0;

	for (; *word != '\0'; word++) {
		uint16_t *to =
		    &t->next[s * t->nclass + w->class[(unsigned char)*word]];
		if (*to == 0)
			*to = (uint16_t)t->n++;
		s = *to;
	}
	t->ends[s].bits[number / 64] |= (uint64_t)1 << (number % 64);
}

/* Breadth first: every missing step becomes that of the longest suffix. */
static void
link_up(struct trie *t)
{
	uint16_t *queue = mem_array(t->n, sizeof(*queue));
	size_t head = 0, tail = 0;

	for (unsigned c = 0; c < t->nclass; c++)
		if (t->next[c] != 0)
			queue[tail++] = t->next[c];
	while (head < tail) {
		unsigned s = queue[head++], f = t->fail[s];

		for (size_t i = 0; i < WORDS_MAX / 64; i++)
			t->ends[s].bits[i] |= t->ends[f].bits[i];
		for (unsigned c = 0; c < t->nclass; c++) {
			uint16_t *to = &t->next[s * t->nclass + c];
			if (*to != 0) {
				t->fail[*to] = t->next[f * t->nclass + c];
				queue[tail++] = *to;
			} else
				*to = t->next[f * t->nclass + c];
		}
	}
	free(queue);
}

/* Number the states anew, those with words last. */
static void
order(struct words *w, const struct trie *t)
{
	uint16_t *name = mem_array(t->n, sizeof(*name));
	unsigned n = 0;

	for (int ends = 0; ends < 2; ends++) {
		if (ends)
			w->first_end = n;
		for (unsigned s = 0; s < t->n; s++)
			if (words_none(&t->ends[s]) == !ends)
				name[s] = (uint16_t)n++;
	}
	w->nstate = t->n;
	w->next = mem_array((size_t)t->n * t->nclass, sizeof(*w->next));
	w->ends = mem_array(t->n - w->first_end, sizeof(*w->ends));
	for (unsigned s = 0; s < t->n; s++) {
		for (unsigned c = 0; c < t->nclass; c++)
			w->next[name[s] * t->nclass + c] =
			    name[t->next[s * t->nclass + c]];
		if (name[s] >= w->first_end)
			w->ends[name[s] - w->first_end] = t->ends[s];
	}
	free(name);
}

struct words *
words_new(const char *const *list, size_t n, bool fold)
{
	struct words *w = mem_alloc(sizeof(*w));
	struct trie t = {0};
	size_t bytes = 1;

	classes(w, list, n, fold);
	for (size_t i = 0; i < n; i++)
		bytes += strlen(list[i]);
	t.nclass = w->nclass;
	t.n = 1;
	t.next = mem_array(bytes * t.nclass, sizeof(*t.next));
	t.ends = mem_array(bytes, sizeof(*t.ends));
	t.fail = mem_array(bytes, sizeof(*t.fail));
	for (size_t i = 0; i < n; i++)
		plant(&t, w, list[i], i);
	link_up(&t);
	order(w, &t);
	free(t.next);
	free(t.ends);
	free(t.fail);
	return w;
}

void
words_free(struct words *w)
{
	if (w == NULL)
		return;
	free(w->next);
	free(w->ends);
	free(w);
}

size_t
words_break(struct str text)
{
	const unsigned char *p = (const unsigned char *)text.p;

	if (text.n == 0)
		return 0;
	if (p[0] == '\r')
		return text.n > 1 && p[1] == '\n' ? 2 : 1;
	if (p[0] == 0xc2)
		return text.n > 1 && p[1] == 0x85 ? 2 : 0;
	if (p[0] == 0xe2)
		return text.n > 2 && p[1] == 0x80 &&
			       (p[2] == 0xa8 || p[2] == 0xa9)
			   ? 3
			   : 0;
	return (p[0] >= '\n' && p[0] <= '\f') || (p[0] >= 0x1c && p[0] <= 0x1e);
}

/* Where the break whose last byte is at p begins; NULL when it is none. */
static const char *
break_start(const char *begin, const char *p)
{
	for (ptrdiff_t back = 1; back <= 2 && p - begin >= back; back++)
		if (words_break(str_of(p - back, (size_t)back + 1)) ==
		    (size_t)back + 1)
			return p - back;
	return NULL;
}

struct str
words_line(const struct words *w, struct str text, struct words_set *set)
{
	const char *p = text.p, *end = text.p + text.n, *at;
	unsigned s = 0;

	*set = (struct words_set){0};
	for (; p < end; p++) {
		unsigned c = w->class[(unsigned char)*p];
		if (c - 1 < LAST_BREAK) {
			if (c == BREAK)
				break;
			if ((at = break_start(text.p, p)) != NULL) {
				p = at;
				break;
			}
		}
		s = w->next[s * w->nclass + c];
		if (s >= w->first_end)
			for (size_t i = 0; i < WORDS_MAX / 64; i++)
				set->bits[i] |=
				    w->ends[s - w->first_end].bits[i];
	}
	return str_of(text.p, (size_t)(p - text.p));
}

bool
words_any(const struct words *w, struct str text)
{
	unsigned s = 0;

	for (size_t i = 0; i < text.n; i++) {
		s = w->next[s * w->nclass + w->class[(unsigned char)text.p[i]]];
		if (s >= w->first_end)
			return true;
	}
	return false;
}
