/* See chunk.h.  Every function is a frame of its own in a stack trace. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "chunk.h"

#define FRAME static __attribute__((noinline))
#define TAG(a, b, c, d) \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))

enum { HEADER = 6, MAX_TEXTS = 64, MAX_VISITS = 1 << 17 };

struct rgb {
	uint8_t red, green, blue;
};

struct text {
	size_t len;
	char *s;
};

struct head {
	unsigned width, height, bits, colours, gamma;
};

struct doc {
	const uint8_t *data;
	size_t size;
	int ended;
	unsigned visits; /* chunks so far */
	struct head head;
	struct rgb *palette;
	struct text *texts[MAX_TEXTS];
	unsigned ntexts;
	struct text *title;
	uint16_t *index;
	size_t nindex;
	struct chunk_info *info;
};

static size_t chunk_read(struct doc *, size_t);

static unsigned
be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

FRAME int
head_read(struct doc *doc, const uint8_t *p, size_t len)
{
	struct head h;

	if (doc->visits > 1 || len < 6)
		return -1;
	h.width = be16(p);
	h.height = be16(p + 2);
	h.bits = p[4];
	h.colours = p[5];
	if (len >= 8)
		h.gamma = be16(p + 6);
	if (h.width == 0 || h.height == 0 || h.bits < 1 || h.bits > 8)
		return -1;
	if (h.colours == 0 || h.colours > 1u << h.bits)
		return -1;
	/* BUG use-of-uninitialized-value: a short header has no gamma */
	if (h.gamma > 4000)
		doc->info->warnings++;
	doc->head = h;
	return 0;
}

FRAME void
palette_fill(struct rgb *palette, const uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++, p += 3) {
		palette[i].red = p[0];
		palette[i].green = p[1];
		palette[i].blue = p[2];
	}
}

FRAME int
palette_read(struct doc *doc, const uint8_t *p, size_t len)
{
	size_t n = len / 3;

	if (n == 0 || n > (size_t)1 << doc->head.bits)
		return -1;
	free(doc->palette);
	doc->palette = calloc(doc->head.colours, sizeof *doc->palette);
	/* BUG heap-buffer-overflow (write): n may be more than colours */
	if (doc->palette != NULL)
		palette_fill(doc->palette, p, n);
	return 0;
}

FRAME unsigned
pixel_unpack(unsigned byte, unsigned i, unsigned bits)
{
	/* BUG assert: 3, 5, 6 and 7 bits went through head_read */
	assert(8 % bits == 0);
	return byte >> (8 - bits * (i + 1)) & ((1u << bits) - 1);
}

FRAME int
pixels_read(struct doc *doc, const uint8_t *p, size_t len)
{
	unsigned i, per_byte = 8 / doc->head.bits;
	size_t n;

	for (n = 0; n < len; n++)
		for (i = 0; i < per_byte; i++)
			doc->info->sum += pixel_unpack(p[n], i, doc->head.bits);
	return 0;
}

FRAME unsigned
colour_sum(const struct rgb *colour)
{
	return colour->red + colour->green + colour->blue;
}

FRAME int
background_read(struct doc *doc, const uint8_t *p, size_t len)
{
	if (len < 1 || p[0] >= doc->head.colours)
		return -1;
	if (doc->palette == NULL && doc->head.bits < 8)
		return -1;
	/* BUG null-dereference: 8 bits need a palette just as well */
	doc->info->sum += colour_sum(&doc->palette[p[0]]);
	return 0;
}

static int
hex(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? 0 : (int)(at - digits);
}

/* The character that the escape at s stands for; *used bytes long. */
FRAME char
text_escape(const char *s, size_t left, size_t *used)
{
	*used = 2;
	/* BUG heap-buffer-overflow (read): a text may end in a backslash */
	switch (s[1]) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'x':
		if (left < 4)
			return 'x';
		*used = 4;
		return (char)(hex(s[2]) << 4 | hex(s[3]));
	default:
		return s[1];
	}
}

/* In place; the new length. */
FRAME size_t
text_unescape(char *s, size_t len)
{
	size_t from = 0, to = 0, used;

	while (from < len) {
		if (s[from] != '\\') {
			s[to++] = s[from++];
			continue;
		}
		s[to++] = text_escape(s + from, len - from, &used);
		from += used;
	}
	return to;
}

FRAME int
text_read(struct doc *doc, const uint8_t *p, size_t len)
{
	struct text *t;

	if (len == 0 || doc->ntexts == MAX_TEXTS)
		return -1;
	if ((t = malloc(sizeof *t)) == NULL)
		return -1;
	if ((t->s = malloc(len)) == NULL) {
		free(t);
		return -1;
	}
	memcpy(t->s, p, len);
	t->len = text_unescape(t->s, len);
	if (doc->ntexts == 0)
		doc->title = t;
	doc->texts[doc->ntexts++] = t;
	return 0;
}

FRAME void
text_drop(struct doc *doc, unsigned i)
{
	if (doc->texts[i] == NULL)
		return;
	/* BUG heap-use-after-free: the title is not forgotten */
	free(doc->texts[i]->s);
	free(doc->texts[i]);
	doc->texts[i] = NULL;
}

FRAME int
drop_read(struct doc *doc, const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] < doc->ntexts)
			text_drop(doc, p[i]);
	return 0;
}

FRAME int
list_child(struct doc *doc, size_t list, size_t end, size_t offset)
{
	/* BUG stack-overflow: a list at offset 0 of itself has no end */
	if (list + offset >= end)
		return -1;
	return chunk_read(doc, list + offset) == 0 ? -1 : 0;
}

FRAME int
list_read(struct doc *doc, const uint8_t *p, size_t len)
{
	size_t list = (size_t)(p - doc->data) - HEADER;
	size_t i, n = len == 0 ? 0 : p[0];

	if (len < 1 + 2 * n)
		return -1;
	for (i = 0; i < n; i++)
		if (list_child(doc, list, list + HEADER + len,
			be16(p + 1 + 2 * i)) != 0)
			doc->info->warnings++;
	return 0;
}

FRAME unsigned
anim_unit(const uint8_t *p)
{
	/* BUG undefined-shift: 32 and more */
	return 1 << p[0];
}

/* How long the frames take, from frame 0 to the last. */
FRAME unsigned
anim_play(const uint8_t *frames, size_t n, unsigned unit)
{
	unsigned ticks = 0;
	size_t next, delay, i;

	/* BUG timeout: the way back may be taken for ever */
	for (i = 0; i < n; i = next) {
		next = frames[2 * i];
		delay = frames[2 * i + 1];
		ticks += unit * (unsigned)delay;
		if (next == i || (next < i && delay > 0))
			break;
	}
	return ticks;
}

FRAME int
anim_read(struct doc *doc, const uint8_t *p, size_t len)
{
	if (len < 3)
		return -1;
	doc->info->sum += anim_play(p + 1, (len - 1) / 2, anim_unit(p));
	return 0;
}

FRAME uint16_t *
index_table(const uint8_t *p, size_t n)
{
	uint16_t *table = calloc(n, sizeof *table);
	size_t i;

	for (i = 0; table != NULL && i < n; i++)
		table[i] = (uint16_t)be16(p + 2 * i);
	return table;
}

FRAME int
index_read(struct doc *doc, const uint8_t *p, size_t len)
{
	if (len < 2)
		return -1;
	/* BUG direct-leak: a second index replaces the first */
	doc->index = index_table(p, len / 2);
	doc->nindex = doc->index == NULL ? 0 : len / 2;
	return 0;
}

FRAME int
sum_read(struct doc *doc, const uint8_t *p, size_t len)
{
	const uint8_t *q;
	unsigned sum = 0;

	if (len < 2)
		return -1;
	for (q = doc->data; q < p - HEADER; q++)
		sum += *q;
	return (sum & 0xffff) == be16(p) ? 0 : -1;
}

static int
end_read(struct doc *doc, const uint8_t *p, size_t len)
{
	(void)p;
	(void)len;
	doc->ended = 1;
	return 0;
}

static const struct {
	uint32_t tag;
	int (*read)(struct doc *, const uint8_t *, size_t);
} readers[] = {
    {TAG('H', 'E', 'A', 'D'), head_read},
    {TAG('P', 'L', 'T', 'E'), palette_read},
    {TAG('P', 'I', 'X', 'L'), pixels_read},
    {TAG('B', 'K', 'G', 'D'), background_read},
    {TAG('T', 'E', 'X', 'T'), text_read},
    {TAG('D', 'R', 'O', 'P'), drop_read},
    {TAG('L', 'I', 'S', 'T'), list_read},
    {TAG('A', 'N', 'I', 'M'), anim_read},
    {TAG('I', 'N', 'D', 'X'), index_read},
    {TAG('C', 'S', 'U', 'M'), sum_read},
    {TAG('E', 'N', 'D', '.'), end_read},
};

/* Read the chunk at an offset; its length with header, 0: there is none. */
FRAME size_t
chunk_read(struct doc *doc, size_t at)
{
	const uint8_t *p = doc->data + at;
	size_t i, len, left = doc->size - at;
	uint32_t tag;

	if (left < HEADER || ++doc->visits > MAX_VISITS)
		return 0;
	tag = TAG(p[0], p[1], p[2], p[3]);
	len = be16(p + 4);
	if (len > left - HEADER)
		len = left - HEADER;
	for (i = 0; i < sizeof readers / sizeof *readers; i++)
		if (readers[i].tag == tag &&
		    readers[i].read(doc, p + HEADER, len) != 0)
			doc->info->warnings++;
	return HEADER + len;
}

FRAME unsigned
title_sum(const struct text *title)
{
	size_t i, len = title->len;
	unsigned sum = 0;

	for (i = 0; i < len; i++)
		sum += (unsigned char)title->s[i];
	return sum;
}

FRAME void
doc_finish(struct doc *doc)
{
	size_t i;

	if (doc->title != NULL)
		doc->info->sum += title_sum(doc->title);
	for (i = 0; i < doc->nindex; i++)
		if (doc->index[i] >= doc->size)
			doc->info->warnings++;
	for (i = 0; i < doc->ntexts; i++)
		doc->info->texts += doc->texts[i] != NULL;
	doc->info->width = doc->head.width;
	doc->info->height = doc->head.height;
}

static void
doc_release(struct doc *doc)
{
	unsigned i;

	for (i = 0; i < doc->ntexts; i++)
		text_drop(doc, i);
	free(doc->palette);
	free(doc->index);
}

int
chunk_parse(const uint8_t *data, size_t size, struct chunk_info *info)
{
	struct doc doc = {.data = data,
	    .size = size,
	    .info = info,
	    .head = {.width = 8, .height = 8, .bits = 2, .colours = 4}};
	size_t n, at = 4;

	memset(info, 0, sizeof *info);
	if (size < 4 || memcmp(data, "CHNK", 4) != 0)
		return -1;
	while (!doc.ended && (n = chunk_read(&doc, at)) != 0)
		at += n;
	doc_finish(&doc);
	doc_release(&doc);
	return 0;
}
