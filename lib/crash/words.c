#include "crash/words.h"

#include <ctype.h>
#include <endian.h>
#include <stdlib.h>

#include "base/mem.h"

/*
 * A block is three bytes.  Its hash is the product's upper bits; the constant's
 * lowest byte is 0, so that of four bytes the last one does not count.
 */
enum { BLOCK = 3, SHORTEST = BLOCK + 1, HASH = 15, SLOTS = 1024 };

static const uint32_t MULTIPLIER = 0x9e377900;
static const uint32_t BYTES = 0xffffff; /* of a block, in four bytes */

struct entry {
	uint32_t block;
	uint16_t number, at, len; /* which word, where in it */
	uint16_t next;		  /* of the same slot, 0: none */
};

struct words {
	uint64_t map[(1 << HASH) / 64];
	uint16_t slots[SLOTS]; /* 0: none, else where in entries */
	struct entry *entries; /* the first is not used */
	size_t nentries;
	const char *const *list;
	size_t n;
	uint32_t fold; /* bits that make letters small */
	char small[256];
	uint16_t *brief; /* numbers of the words shorter than SHORTEST */
	size_t nbrief;
	char **own; /* the list, with its letters small */
};

/* ---- the table ---- */

static uint32_t
hash(uint32_t block)
{
	return block * MULTIPLIER >> (32 - HASH);
}

/* How common a byte is in logs, roughly. */
static int
common(unsigned char c)
{
	static const char often[] =
	    "jqzkxwv]['\"`(){}<>*=;!?ybpgmhufdlcsnroitea"
	    "9876543_.:-/210 ";
	const char *at = strchr(often, tolower(c));

	return at != NULL && c != '\0' ? (int)(at - often) : 0;
}

/* Where in the word the two blocks begin that are seen least. */
static size_t
rarest(const char *word, size_t n)
{
	size_t best = 0;
	int least = 0;

	for (size_t i = 0; i + SHORTEST <= n; i++) {
		int sum = 0;
		for (size_t k = 0; k < SHORTEST; k++)
			sum += common((unsigned char)word[i + k]);
		if (i == 0 || sum < least) {
			best = i;
			least = sum;
		}
	}
	return best;
}

static uint32_t
four(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static void
add_entry(struct words *w, size_t number, size_t at)
{
	struct entry *e = &w->entries[++w->nentries];
	uint32_t h;

	e->block = (four(w->list[number] + at) | w->fold) & BYTES;
	e->number = (uint16_t)number;
	e->at = (uint16_t)at;
	e->len = (uint16_t)strlen(w->list[number]);
	h = hash(e->block);
	e->next = w->slots[h % SLOTS];
	w->slots[h % SLOTS] = (uint16_t)w->nentries;
	w->map[h / 64] |= (uint64_t)1 << (h % 64);
}

static char *
small_copy(const struct words *w, const char *word)
{
	char *copy = mem_strdup(word);

	for (char *p = copy; *p != '\0'; p++)
		*p = w->small[(unsigned char)*p];
	return copy;
}

struct words *
words_new(const char *const *list, size_t n, bool fold)
{
	struct words *w = mem_alloc(sizeof(*w));

	w->fold = fold ? 0x20202020 & BYTES : 0;
	for (int c = 0; c < 256; c++)
		w->small[c] = (char)(fold ? tolower(c) : c);
	w->n = n;
	w->own = mem_array(n + 1, sizeof(*w->own));
	w->entries = mem_array(2 * n + 1, sizeof(*w->entries));
	w->brief = mem_array(n + 1, sizeof(*w->brief));
	w->list = (const char *const *)w->own;
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(list[i]), at;
		w->own[i] = small_copy(w, list[i]);
		if (len < SHORTEST) {
			w->brief[w->nbrief++] = (uint16_t)i;
			continue;
		}
		at = rarest(w->own[i], len);
		add_entry(w, i, at);
		add_entry(w, i, at + 1);
	}
	return w;
}

void
words_free(struct words *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->n; i++)
		free(w->own[i]);
	free(w->own);
	free(w->entries);
	free(w->brief);
	free(w);
}

/* ---- lines ---- */

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

static uint64_t
eight(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Eight bytes at a time, as long as none is a control character or not ASCII;
 * only such begin a line break. */
static size_t
line_length(struct str text)
{
	const uint64_t ones = 0x0101010101010101, high = ones * 0x80;
	size_t i = 0, end;

	while (i < text.n) {
		if (i + 8 <= text.n) {
			uint64_t v = eight(text.p + i);
			if (((v | (v - ones * 0x20)) & high) == 0) {
				i += 8;
				continue;
			}
		}
		end = i + 8 < text.n ? i + 8 : text.n;
		for (; i < end; i++)
			if (words_break(str_from(text, i)) > 0)
				return i;
	}
	return text.n;
}

/* ---- search ---- */

static bool
same(const struct words *w, const char *text, const char *word)
{
	for (; *word != '\0'; text++, word++)
		if (w->small[(unsigned char)*text] != *word)
			return false;
	return true;
}

/* The entries that fit the block at i; false when set is NULL and one did. */
static bool
look(const struct words *w, struct str s, size_t i, uint32_t block,
    struct words_set *set)
{
	const struct entry *e;
	uint16_t slot = w->slots[hash(block) % SLOTS];

	for (; slot != 0; slot = e->next) {
		e = &w->entries[slot];
		if (e->block != (block & BYTES) || e->at > i ||
		    i - e->at + e->len > s.n ||
		    !same(w, s.p + i - e->at, w->list[e->number]))
			continue;
		if (set == NULL)
			return false;
		if (e->number < WORDS_MAX)
			words_put(set, e->number);
	}
	return true;
}

static bool
look_brief(const struct words *w, struct str s, struct words_set *set)
{
	for (size_t k = 0; k < w->nbrief; k++) {
		const char *word = w->list[w->brief[k]];
		size_t n = strlen(word);
		for (size_t i = 0; i + n <= s.n; i++) {
			if (!same(w, s.p + i, word))
				continue;
			if (set == NULL)
				return false;
			if (w->brief[k] < WORDS_MAX)
				words_put(set, w->brief[k]);
			break;
		}
	}
	return true;
}

static bool
maybe(const struct words *w, uint32_t block)
{
	uint32_t h = hash(block);

	return w->map[h / 64] >> (h % 64) & 1;
}

/* Every other place of s; false when set is NULL and there is a word. */
static bool
search(const struct words *w, struct str s, struct words_set *set)
{
	const uint32_t fold = w->fold;
	uint32_t block;
	char rest[4] = {0};
	size_t i = 0;

	for (; i + 4 <= s.n; i += 2) {
		block = four(s.p + i) | fold;
		if (maybe(w, block) && !look(w, s, i, block, set))
			return false;
	}
	if (i + BLOCK == s.n) {
		memcpy(rest, s.p + i, BLOCK);
		block = four(rest) | fold;
		if (maybe(w, block) && !look(w, s, i, block, set))
			return false;
	}
	return w->nbrief == 0 || look_brief(w, s, set);
}

struct str
words_line(const struct words *w, struct str text, struct words_set *set)
{
	struct str line = str_of(text.p, line_length(text));

	*set = (struct words_set){0};
	search(w, line, set);
	return line;
}

bool
words_any(const struct words *w, struct str text)
{
	return !search(w, text, NULL);
}
