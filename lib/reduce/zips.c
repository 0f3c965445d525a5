#include "reduce/zips.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "reduce/fields.h"

/* Bytes of the parts without what follows in them, and where numbers are. */
enum {
	LOCAL = 30,
	LOCAL_CRC = 14,
	LOCAL_SIZE = 18,
	LOCAL_FULL = 22,
	LOCAL_NAME = 26,
	LOCAL_EXTRA = 28,
	CENTRAL = 46,
	CENTRAL_METHOD = 10,
	CENTRAL_CRC = 16,
	CENTRAL_SIZE = 20,
	CENTRAL_FULL = 24,
	CENTRAL_NAME = 28,
	CENTRAL_EXTRA = 30,
	CENTRAL_COMMENT = 32,
	CENTRAL_WHERE = 42,
	END = 22,
	END_HERE = 8,
	END_ENTRIES = 10,
	END_SIZE = 12,
	END_WHERE = 16,
	END_COMMENT = 20,
	COMMENT_MAX = 65535
};

static size_t
number(const uint8_t *p, size_t at, unsigned width)
{
	size_t v;

	fields_get(p + at, width, FIELD_LE, &v);
	return v;
}

static bool
is_at(const uint8_t *p, size_t n, size_t at, size_t room, const char *magic)
{
	return at <= n && n - at >= room && memcmp(p + at, magic, 4) == 0;
}

/* Where a member ends: another one or the directory begins. */
static size_t
end_of(const struct zips *z, size_t local)
{
	size_t end = z->from;

	for (size_t i = 0; i < z->n; i++)
		if (z->v[i].local > local && z->v[i].local < end)
			end = z->v[i].local;
	return end;
}

static bool
walk(const uint8_t *p, struct zips *z)
{
	for (size_t at = z->from; at < z->end;) {
		struct zips_entry e = {.central = at};

		if (!is_at(p, z->end, at, CENTRAL, "PK\1\2"))
			return false;
		e.local = number(p, at + CENTRAL_WHERE, 4);
		e.central_end = at + CENTRAL + number(p, at + CENTRAL_NAME, 2) +
				number(p, at + CENTRAL_EXTRA, 2) +
				number(p, at + CENTRAL_COMMENT, 2);
		if (e.central_end > z->end ||
		    !is_at(p, z->from, e.local, LOCAL, "PK\3\4"))
			return false;
		e.name = number(p, at + CENTRAL_NAME, 2);
		e.at[0] = e.local + LOCAL;
		e.at[1] = at + CENTRAL;
		z->v = mem_grow(z->v, z->n + 1, sizeof *z->v);
		z->v[z->n++] = e;
		at = e.central_end;
	}
	for (size_t i = 0; i < z->n; i++) {
		struct zips_entry *e = &z->v[i];

		e->local_end = end_of(z, e->local);
		if (number(p, e->local + LOCAL_NAME, 2) != e->name ||
		    e->at[0] + e->name > e->local_end)
			e->name = 0;
	}
	return z->n > 0;
}

bool
zips_find(const void *bytes, size_t n, struct zips *z)
{
	const uint8_t *p = bytes;
	size_t at = n;

	z->n = 0;
	if (n < LOCAL + CENTRAL + END || memcmp(p, "PK", 2) != 0)
		return false;
	for (at = n - END; !is_at(p, n, at, END, "PK\5\6"); at--)
		if (at == 0 || n - at > END + COMMENT_MAX)
			return false;
	z->end = at;
	z->from = number(p, at + END_WHERE, 4);
	z->comment = number(p, at + END_COMMENT, 2);
	if (z->comment > n - at - END)
		z->comment = 0; /* nobody looks at it */
	return z->from < at && number(p, at + END_SIZE, 4) == at - z->from &&
	       walk(p, z);
}

/* Of one member, both parts. */
static void
entry_fields(const uint8_t *p, const struct zips_entry *e, struct fields *f)
{
	size_t name = number(p, e->local + LOCAL_NAME, 2),
	       extra = number(p, e->local + LOCAL_EXTRA, 2),
	       from = e->local + LOCAL + name + extra,
	       to = from + number(p, e->central + CENTRAL_SIZE, 4),
	       at = e->central + CENTRAL;
	/* in the order in which they are there */
	const unsigned width[] = {CENTRAL_NAME, CENTRAL_EXTRA, CENTRAL_COMMENT};

	if (to > e->local_end)
		return;
	fields_add(f, e->central + CENTRAL_SIZE, from, to, 4, FIELD_LE);
	if (number(p, e->local + LOCAL_SIZE, 4) == to - from)
		fields_add(f, e->local + LOCAL_SIZE, from, to, 4, FIELD_LE);
	if (number(p, e->central + CENTRAL_METHOD, 2) == 0) {
		fields_add(f, e->central + CENTRAL_FULL, from, to, 4, FIELD_LE);
		if (number(p, e->local + LOCAL_FULL, 4) == to - from)
			fields_add(
			    f, e->local + LOCAL_FULL, from, to, 4, FIELD_LE);
	}
	fields_add(f, e->local + LOCAL_NAME, e->local + LOCAL,
	    e->local + LOCAL + name, 2, FIELD_LE);
	fields_add(f, e->local + LOCAL_EXTRA, from - extra, from, 2, FIELD_LE);
	for (int i = 0; i < 3; i++) {
		size_t len = number(p, e->central + width[i], 2);

		fields_add(f, e->central + width[i], at, at + len, 2, FIELD_LE);
		at += len;
	}
	if (fields_sealed(p, e->local + LOCAL_CRC, from, to, SUM_CRC32))
		fields_add_sum(f, e->local + LOCAL_CRC, from, to, SUM_CRC32);
	if (fields_sealed(p, e->central + CENTRAL_CRC, from, to, SUM_CRC32))
		fields_add_sum(
		    f, e->central + CENTRAL_CRC, from, to, SUM_CRC32);
}

void
zips_fields(const void *p, const struct zips *z, struct fields *f)
{
	for (size_t i = 0; i < z->n; i++)
		entry_fields(p, &z->v[i], f);
	fields_add(f, z->end + END_COMMENT, z->end + END,
	    z->end + END + z->comment, 2, FIELD_LE);
	/* An offset counts what is in front. */
	for (size_t i = 0; i < z->n; i++)
		fields_add(f, z->v[i].central + CENTRAL_WHERE, 0, z->v[i].local,
		    4, FIELD_LE);
	fields_add(f, z->end + END_SIZE, z->from, z->end, 4, FIELD_LE);
	fields_add(f, z->end + END_WHERE, 0, z->from, 4, FIELD_LE);
}

void
zips_lower(void *bytes, size_t end, size_t less)
{
	static const unsigned at[] = {END_HERE, END_ENTRIES};
	uint8_t *p = bytes;

	for (int i = 0; i < 2; i++) {
		size_t v = number(p, end + at[i], 2) - less;

		p[end + at[i]] = (uint8_t)v;
		p[end + at[i] + 1] = (uint8_t)(v >> 8);
	}
}

void
zips_release(struct zips *z)
{
	free(z->v);
	memset(z, 0, sizeof *z);
}
