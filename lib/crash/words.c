#include "crash/words.h"

#include <ctype.h>
#include <endian.h>
#include <stdlib.h>
#include <strings.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/mem.h"

/*
 * A block is three bytes.  Its hash is the product's upper bits; the constant's
 * lowest byte is 0, so that of four bytes the last one does not count.
 */
enum { BLOCK = 3, SHORTEST = BLOCK + 1, HASH = 15, SLOTS = 4096 };

static const uint32_t MULTIPLIER = 0x9e377900;
static const uint32_t BYTES = 0xffffff; /* of a block, in four bytes */

struct entry {
	uint32_t block;
	uint16_t number, at, len; /* which word, where in it */
	uint16_t next;		  /* of the same slot, 0: none */
	char last;		  /* byte of the word */
};

struct words {
	unsigned char map[1 << HASH]; /* 1: a block may have that hash */
	uint16_t slots[SLOTS];	      /* 0: none, else where in entries */
	struct entry *entries;	      /* the first is not used */
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

static uint32_t
four(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

/* What most of a log looks like: blocks that are in it are not rare. */
static const char sample[] =
    "    #0 0x55d0c1e2f3a4 in fuzz_target_one(char const*, unsigned long) "
    "/src/project/src/lib/test/parser/read_file.cc:123:45\n"
    "    #12 0x4a8fb7 in fuzzer::Fuzzer::ExecuteCallback(unsigned char "
    "const*, unsigned long) /src/llvm-project/compiler-rt/lib/fuzzer/"
    "FuzzerLoop.cpp:611:15\n"
    "    #9 0x7fa9c4b16249 in __libc_start_call_main csu/../sysdeps/nptl/"
    "libc_start_call_main.h:58:16\n"
    "    #3 0x7f in __interceptor_malloc (/lib/x86_64-linux-gnu/libc.so.6+"
    "0x2724f) (BuildId: 93ac1d8f)\n"
    "    #5 0x7f in std::__1::basic_string<char, std::__1::char_traits<char>, "
    "std::__1::allocator<char> >::operator=(void*) /usr/include/c++/v1/"
    "string:20:1\n"
    "==123==ERROR: AddressSanitizer: SEGV on address 0x602000000010 at pc "
    "0x000000 bp 0x7ffe sp 0x7ffd T0\n"
    "================================================================\n"
    "SUMMARY: AddressSanitizer: heap-buffer-overflow /src/x.c:1:2 in main\n"
    "  0x0c047fff8000: fa fa fd fd fa fa 00 00[fa]fa fa fa fa fa f1 f2 f3\n"
    "#1024\tNEW    cov: 12 ft: 13 corp: 5/20b lim: 4 exec/s: 0 rss: 30Mb "
    "L: 4/4 MS: 1 ChangeBit-\n"
    "INFO: Running with entropic power schedule (0xFF, 100). INFO: Seed: 12\n"
    "    #7 0x7f in blink::internal::LocalFrame::ReleaseContext(base::Callback"
    "<void (external::ImageSource*)>) third_party/blink/renderer/core/page/"
    "frame/animation_thread.cc:12\n"
    "    #8 0x7f in update_color_table out/../lib/trace/message_function.h:3\n"
    "freed by thread T0 here, previously allocated by thread T1 here: static "
    "object symbol address state image location output error return name data "
    "alternate create note runtime overflow\n"
    "artifact_prefix='./'; Test unit written to ./crash-0123456789abcdef\n";

/* How often blocks are in the sample, by their hash. */
static void
count_sample(const struct words *w, unsigned char often[1 << HASH])
{
	for (size_t i = 0; i + SHORTEST < sizeof(sample); i++)
		often[hash(four(sample + i) | w->fold)]++;
}

/* Where in the word the two blocks begin that are seen least. */
static size_t
rarest(const struct words *w, const char *word, size_t n,
    const unsigned char often[1 << HASH])
{
	size_t best = 0;
	int least = 0;

	for (size_t i = 0; i + SHORTEST <= n; i++) {
		int sum = often[hash(four(word + i) | w->fold)] +
			  often[hash(four(word + i + 1) | w->fold)];
		if (i == 0 || sum < least) {
			best = i;
			least = sum;
		}
	}
	return best;
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
	e->last = w->list[number][e->len - 1];
	h = hash(e->block);
	e->next = w->slots[h % SLOTS];
	w->slots[h % SLOTS] = (uint16_t)w->nentries;
	w->map[h] = 1;
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
	unsigned char *often = mem_alloc(1 << HASH);

	w->fold = fold ? 0x20202020 & BYTES : 0;
	for (int c = 0; c < 256; c++)
		w->small[c] = (char)(fold ? tolower(c) : c);
	w->n = n;
	w->own = mem_array(n + 1, sizeof(*w->own));
	w->entries = mem_array(2 * n + 1, sizeof(*w->entries));
	w->brief = mem_array(n + 1, sizeof(*w->brief));
	w->list = (const char *const *)w->own;
	count_sample(w, often);
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(list[i]), at;
		w->own[i] = small_copy(w, list[i]);
		if (len < SHORTEST) {
			w->brief[w->nbrief++] = (uint16_t)i;
			continue;
		}
		at = rarest(w, w->own[i], len, often);
		add_entry(w, i, at);
		add_entry(w, i, at + 1);
	}
	free(often);
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

/* A bit for each of 16 bytes that is a control character or not ASCII; only such
 * begin a line break. */
static int
suspects(const char *p)
{
#ifdef __SSE2__
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);

	return _mm_movemask_epi8(_mm_cmplt_epi8(v, _mm_set1_epi8(' ')));
#else
	int bits = 0;

	for (int i = 0; i < 16; i++)
		bits |= (int)((signed char)p[i] < ' ') << i;
	return bits;
#endif
}

struct str
words_first_line(struct str text)
{
	size_t i = 0, at;

	for (; i + 16 <= text.n; i += 16)
		for (int bits = suspects(text.p + i); bits != 0;
		     bits &= bits - 1) {
			at = i + (size_t)ffs(bits) - 1;
			if (words_break(str_from(text, at)) > 0)
				return str_of(text.p, at);
		}
	for (; i < text.n; i++)
		if (words_break(str_from(text, i)) > 0)
			return str_of(text.p, i);
	return text;
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
	const char *at;
	uint16_t slot = w->slots[hash(block) % SLOTS];

	for (; slot != 0; slot = e->next) {
		e = &w->entries[slot];
		if (e->block != (block & BYTES) || e->at > i ||
		    i - e->at + e->len > s.n)
			continue;
		at = s.p + i - e->at;
		if (w->small[(unsigned char)at[e->len - 1]] != e->last ||
		    !same(w, at, w->list[e->number]))
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

/* The last bytes of a text, where four cannot be read at once. */
static bool
search_end(const struct words *w, struct str s, size_t i, struct words_set *set)
{
	for (; i + BLOCK <= s.n; i += 2) {
		char rest[4] = {0};
		uint32_t block;

		memcpy(rest, s.p + i, s.n - i < 4 ? s.n - i : 4);
		block = four(rest) | w->fold;
		if (w->map[hash(block)] && !look(w, s, i, block, set))
			return false;
	}
	return w->nbrief == 0 || look_brief(w, s, set);
}

/*
 * Every other place of s, four at a time as long as the map has none of them;
 * false when set is NULL and there is a word.  So many bytes behind s can be
 * read, too.
 */
static bool
search(
    const struct words *w, struct str s, size_t behind, struct words_set *set)
{
	const unsigned char *map = w->map;
	const uint32_t fold = w->fold;
	const size_t end = s.n + (behind < 8 ? behind : 8);
	size_t i = 0;

	for (; i + 10 <= end; i += 8) {
		const char *p = s.p + i;
		if (!(map[hash(four(p) | fold)] |
			map[hash(four(p + 2) | fold)] |
			map[hash(four(p + 4) | fold)] |
			map[hash(four(p + 6) | fold)]))
			continue;
		for (size_t k = 0; k < 8; k += 2) {
			uint32_t block = four(p + k) | fold;
			if (map[hash(block)] && !look(w, s, i + k, block, set))
				return false;
		}
	}
	return search_end(w, s, i, set);
}

void
words_in(const struct words *w, struct str line, size_t behind,
    struct words_set *set)
{
	*set = (struct words_set){0};
	search(w, line, behind, set);
}

bool
words_any(const struct words *w, struct str text)
{
	return !search(w, text, 0, NULL);
}
