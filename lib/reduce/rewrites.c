/* Passes of the reducer that put other bytes in a place. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "reduce/reducein.h"

enum { WORDS = 300 };

/* p[pos..pos + n) becomes those. */
static void
replace(const struct state *s, struct cand *c, size_t pos, size_t n,
    const char *with, size_t len)
{
	const char *p = buf_str(s->best);

	buf_reset(&c->bytes);
	buf_add(&c->bytes, p, pos);
	buf_add(&c->bytes, with, len);
	buf_add(&c->bytes, p + pos + n, s->best->len - pos - n);
	c->made = true;
	if (len < n)
		cuts_one(c, pos + len, n - len);
}

/* All words of two letters and more, each once. */
static bool
rename_begin(struct state *s, struct cursor *c)
{
	const char *p = buf_str(s->best);
	struct units u = {0};

	(void)c;
	strs_release(&s->words);
	if (!reduce_is_text(s))
		return false;
	units_tokens(p, s->best->len, &u);
	for (size_t i = 0; i < u.n && s->words.n < WORDS; i++) {
		size_t n = u.at[i + 1] - u.at[i], k = 0;
		char *word;

		if (n < 2 || !units_is_word(p[u.at[i]]))
			continue;
		word = mem_strndup(p + u.at[i], n);
		while (k < s->words.n && strcmp(s->words.v[k], word) != 0)
			k++;
		if (k == s->words.n)
			strs_add(&s->words, word);
		free(word);
	}
	units_release(&u);
	return s->words.n > 0;
}

/* The word is another one wherever it stands; false when it stands once or
 * never. */
static bool
rename_word(struct state *s, const char *word, char to, struct cand *cand)
{
	const char *p = buf_str(s->best);
	struct units u = {0};
	size_t len = strlen(word), times = 0;

	buf_reset(&cand->bytes);
	units_tokens(p, s->best->len, &u);
	for (size_t i = 0; i < u.n; i++) {
		size_t n = u.at[i + 1] - u.at[i];

		if (n == len && !memcmp(p + u.at[i], word, n)) {
			buf_addc(&cand->bytes, to);
			times++;
		} else {
			buf_add(&cand->bytes, p + u.at[i], n);
		}
	}
	units_release(&u);
	cand->made = true;
	return times > 0;
}

static bool
rename_next(struct state *s, struct cursor *c, struct cand *cand)
{
	static const char letters[] = "ab0";

	while (c->i / 3 < s->words.n) {
		const char *word = s->words.v[c->i / 3];
		char to = letters[c->i % 3];

		c->i++;
		if (rename_word(s, word, to, cand))
			return true;
	}
	return false;
}

static bool
atoms_begin(struct state *s, struct cursor *c)
{
	(void)c;
	if (!reduce_is_text(s))
		return false;
	units_tokens(buf_str(s->best), s->best->len, &s->units);
	spans_find(buf_str(s->best), s->best->len, &s->spans);
	return true;
}

/* One token, or one piece of the tree, becomes something short. */
static bool
atoms_next(struct state *s, struct cursor *c, struct cand *cand)
{
	static const char *const atom[] = {"0", "a", "1", "\"\"", "{}", " "};
	enum { ATOMS = sizeof atom / sizeof *atom };
	size_t most = ATOMS + (s->r->words ? s->r->words->n : 0);

	for (; c->i < s->spans.n + s->units.n; c->i++, c->k = 0)
		while (c->k < most) {
			const char *with = c->k < ATOMS
					       ? atom[c->k]
					       : s->r->words->v[c->k - ATOMS];
			size_t i = c->i, len = strlen(with), from, to;

			c->k++;
			if (i < s->spans.n) {
				from = s->spans.v[i].from;
				to = s->spans.v[i].to;
			} else {
				from = s->units.at[i - s->spans.n];
				to = s->units.at[i - s->spans.n + 1];
			}
			if (to - from <= len || len == 0)
				continue;
			replace(s, cand, from, to - from, with, len);
			return true;
		}
	return false;
}

/* Blocks of printable or of zero bytes, where there are others. */
static bool
values_begin(struct state *s, struct cursor *c)
{
	for (c->d = 64; c->d > s->best->len && c->d > 1;)
		c->d /= 2;
	return s->r->plain && s->best->len > 0;
}

static bool
values_next(struct state *s, struct cursor *c, struct cand *cand)
{
	const char *p = buf_str(s->best);
	char with[64];

	while (c->d > 0) {
		size_t pos = c->pos;
		bool other = false;

		if (pos + c->d > s->best->len) {
			c->pos = c->k = 0;
			c->d /= 2;
			continue;
		}
		memset(with, c->k ? 0 : '0', c->d);
		/* From others to digits, and from high numbers to none. */
		for (size_t i = 0; i < c->d; i++)
			other |=
			    p[pos + i] != '0' && (p[pos + i] != 0 || !c->k);
		if (reduce_is_text(s) ? c->k > 0 : false)
			other = false;
		if (c->k++ > 0) {
			c->k = 0;
			c->pos += c->d;
		}
		if (!other)
			continue;
		replace(s, cand, pos, c->d, with, c->d);
		return true;
	}
	return false;
}

const struct pass rewrites_rename = {rename_begin, rename_next, NULL};
const struct pass rewrites_atoms = {atoms_begin, atoms_next, NULL};
const struct pass rewrites_values = {values_begin, values_next, NULL};
