#include "job/bundlezip.h"

#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/out.h"

/* Sizes and signatures of APPNOTE.TXT 4.3. */
#define LOCAL 30
#define CENTRAL 46
#define END 22
#define END64 56
#define LOCATOR 20
#define SIG_LOCAL 0x04034b50
#define SIG_CENTRAL 0x02014b50
#define SIG_END 0x06054b50
#define SIG_END64 0x06064b50
#define SIG_LOCATOR 0x07064b50
#define FLAG_ENCRYPTED 1
#define FLAG_LATER 8
#define FLAG_UTF8 0x800
#define MAX16 0xffff
#define MAX32 0xffffffffU

#define WINDOW 262144 /* more than one record with its three texts */
#define SOME 4096     /* local headers lie apart: little is read ahead */

/* A piece of the file. */
struct window {
	int fd;
	uint64_t size, at; /* of the file, of p */
	size_t n, ahead;
	unsigned char p[WINDOW];
};

struct entry {
	unsigned flags, method;
	uint64_t packed, size, offset;
	const unsigned char *name;
	size_t name_len, length; /* of the name, of the whole record */
};

struct zip {
	struct window dir, local;
	uint64_t start, length, members; /* of the central directory */
};

static unsigned
u16(const unsigned char *p)
{
	return p[0] | (unsigned)p[1] << 8;
}

static uint32_t
u32(const unsigned char *p)
{
	return u16(p) | (uint32_t)u16(p + 2) << 16;
}

static uint64_t
u64(const unsigned char *p)
{
	return u32(p) | (uint64_t)u32(p + 4) << 32;
}

/* n bytes at an offset, or NULL: they are not in the file. */
static const unsigned char *
bytes(struct window *w, uint64_t at, size_t n)
{
	size_t want = n > w->ahead ? n : w->ahead;
	ssize_t r;

	if (at > w->size || n > w->size - at || n > WINDOW)
		return NULL;
	if (at >= w->at && at - w->at <= w->n && n <= w->n - (at - w->at))
		return w->p + (at - w->at);
	w->at = at;
	w->n = 0;
	while (w->n < n) {
		r = pread(w->fd, w->p + w->n, want - w->n, (off_t)(at + w->n));
		if (r <= 0)
			return NULL;
		w->n += (size_t)r;
	}
	return w->p;
}

bool
bundlezip_is(int fd)
{
	unsigned char p[4];

	return pread(fd, p, 4, 0) == 4 &&
	       (u32(p) == SIG_LOCAL || u32(p) == SIG_END);
}

static int
truncated(struct fail *f)
{
	return fail_set(f, EX_LAGO_DATA,
	    "not a whole zip: its central directory is missing or cut");
}

/* The end record is the last thing in the file, with at most a comment. */
static int
find_end(struct zip *z, uint64_t *at, struct fail *f)
{
	uint64_t size = z->dir.size;
	size_t back, n = size > END + MAX16 ? END + MAX16 : (size_t)size;
	const unsigned char *tail, *p;

	if ((tail = bytes(&z->dir, size - n, n)) == NULL)
		return truncated(f);
	for (back = END; back <= n; back++) {
		p = tail + n - back;
		if (u32(p) != SIG_END || u16(p + 20) != back - END)
			continue;
		*at = size - back;
		z->members = u16(p + 10);
		z->length = u32(p + 12);
		z->start = u32(p + 16);
		return 0;
	}
	return truncated(f);
}

/* A number of the end record, all ones when it stands in the zip64 one only. */
static bool
agrees(uint64_t narrow, uint64_t ones, uint64_t wide)
{
	return narrow == ones || narrow == wide;
}

/* The numbers that did not fit, in the zip64 end record. */
static int
find_end64(struct zip *z, uint64_t *at, struct fail *f)
{
	const unsigned char *p;
	uint64_t where;

	if (*at < LOCATOR ||
	    (p = bytes(&z->local, *at - LOCATOR, LOCATOR)) == NULL ||
	    u32(p) != SIG_LOCATOR)
		return 0;
	where = u64(p + 8);
	if ((p = bytes(&z->local, where, END64)) == NULL ||
	    u32(p) != SIG_END64 || u64(p + 4) != *at - LOCATOR - where - 12 ||
	    !agrees(z->members, MAX16, u64(p + 32)) ||
	    !agrees(z->length, MAX32, u64(p + 40)) ||
	    !agrees(z->start, MAX32, u64(p + 48)))
		return truncated(f);
	z->members = u64(p + 32);
	z->length = u64(p + 40);
	z->start = u64(p + 48);
	*at = where;
	return 0;
}

/* Take the 64-bit numbers that stand in the extra field for those that are all
 * ones in the record. */
static int
widen(struct entry *e, const unsigned char *extra, size_t n)
{
	uint64_t *values[] = {&e->size, &e->packed, &e->offset};
	const unsigned char *p, *end;
	size_t i;

	for (; n >= 4; extra += 4 + u16(extra + 2)) {
		if (u16(extra + 2) > n - 4)
			return -1;
		n -= 4 + u16(extra + 2);
		if (u16(extra) != 1)
			continue;
		p = extra + 4;
		end = p + u16(extra + 2);
		for (i = 0; i < 3; i++)
			if (*values[i] == MAX32) {
				if (end - p < 8)
					return -1;
				*values[i] = u64(p);
				p += 8;
			}
	}
	return 0;
}

static int
read_entry(struct zip *z, uint64_t at, uint64_t end, struct entry *e)
{
	const unsigned char *p;
	size_t extra;

	if (end - at < CENTRAL || (p = bytes(&z->dir, at, CENTRAL)) == NULL ||
	    u32(p) != SIG_CENTRAL)
		return -1;
	e->name_len = u16(p + 28);
	extra = u16(p + 30);
	e->length = CENTRAL + e->name_len + extra + u16(p + 32);
	if (end - at < e->length || (p = bytes(&z->dir, at, e->length)) == NULL)
		return -1;
	e->flags = u16(p + 8);
	e->method = u16(p + 10);
	e->packed = u32(p + 20);
	e->size = u32(p + 24);
	e->offset = u32(p + 42);
	e->name = p + CENTRAL;
	return widen(e, e->name + e->name_len, extra);
}

static int
check_entry(struct zip *z, const struct entry *e, struct fail *f)
{
	const unsigned char *p;
	int len = (int)(e->name_len > 200 ? 200 : e->name_len);
	bool sizes;
	size_t n;

	if (e->flags & FLAG_ENCRYPTED)
		return fail_set(
		    f, EX_LAGO_DATA, "'%.*s' is encrypted", len, e->name);
	if (e->name_len == 0 || memchr(e->name, '\0', e->name_len) != NULL)
		return fail_set(f, EX_LAGO_DATA,
		    "a member has no name, or a NUL in its name");
	if (e->flags & FLAG_UTF8 &&
	    !out_is_utf8((const char *)e->name, e->name_len))
		return fail_set(f, EX_LAGO_DATA,
		    "the name '%.*s' says it is UTF-8 and is not", len,
		    e->name);
	if ((p = bytes(&z->local, e->offset, LOCAL)) == NULL ||
	    u32(p) != SIG_LOCAL || e->offset >= z->start)
		return fail_set(f, EX_LAGO_DATA,
		    "'%.*s' is not where the zip's directory says", len,
		    e->name);
	n = u16(p + 26);
	/* sizes may follow the data, or stand in the extra field */
	sizes = (e->flags & FLAG_LATER) || u32(p + 18) == MAX32 ||
		u32(p + 22) == MAX32 ||
		(u32(p + 18) == e->packed && u32(p + 22) == e->size);
	if (!sizes || u16(p + 8) != e->method || n != e->name_len ||
	    (p = bytes(&z->local, e->offset + LOCAL, n)) == NULL ||
	    memcmp(p, e->name, n) != 0)
		return fail_set(f, EX_LAGO_DATA,
		    "'%.*s' has another name, method or size in the zip's "
		    "directory than before its data",
		    len, e->name);
	return 0;
}

static int
check_all(struct zip *z, uint64_t *members, uint64_t *size, struct fail *f)
{
	uint64_t at, end = 0;
	struct entry e;

	if (find_end(z, &end, f) == -1 || find_end64(z, &end, f) == -1)
		return -1;
	if (z->start > end || end - z->start != z->length)
		return truncated(f);
	*members = *size = 0;
	for (at = z->start; at < end; at += e.length) {
		if (read_entry(z, at, end, &e) == -1)
			return truncated(f);
		if (check_entry(z, &e, f) == -1)
			return -1;
		++*members;
		*size =
		    e.size > UINT64_MAX - *size ? UINT64_MAX : *size + e.size;
	}
	return *members == z->members ? 0 : truncated(f);
}

int
bundlezip_check(int fd, uint64_t *members, uint64_t *size, struct fail *f)
{
	static struct zip z;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return fail_errno(f, EX_LAGO_IO, "cannot read");
	memset(&z, 0, sizeof(z));
	z.dir.fd = z.local.fd = fd;
	z.dir.size = z.local.size = (uint64_t)st.st_size;
	z.dir.ahead = WINDOW;
	z.local.ahead = SOME;
	return check_all(&z, members, size, f);
}
