/*
 * A block: its head, then traces (length, number of tuples, packed bytes, each
 * from a multiple of 8), then entries.  Traces are numbered through the file.
 * Those that the writer knew when it opened the file keep their numbers in its
 * entries, its own count from `base`: what others append in between shifts
 * only the latter.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/strs.h"
#include "corpus/cache.h"
#include "corpus/cachekey.h"
#include "corpus/contents.h"
#include "corpus/trace.h"

#define MAGIC "lagotrc1"
#define NONE UINT32_MAX
enum { WAIT = 100 /* for who is writing, hundredths of a second */ };

struct head {
	char magic[8];
	uint64_t len, check; /* of what follows the head */
	uint32_t base, traces, entries, unused;
};

struct cache {
	char *dir, *path;
	int fd;
	const uint8_t *map;
	size_t size; /* of the file as it was mapped; its whole part */
	size_t whole;
	struct trace *trace;
	size_t traces, traces_room;
	struct cache_entry *entry;
	size_t entries, entries_room;
	uint32_t *by_sha, *by_stamp; /* entry + 1 */
	size_t slots;
};

/* --- blocks --- */

static size_t
padded(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/* The traces of a block from p on; where they end, or NULL. */
static const uint8_t *
block_traces(const uint8_t *p, const uint8_t *end, uint32_t n,
    const struct cache_take *take)
{
	for (; n; n--) {
		struct trace t = {0};

		if ((size_t)(end - p) < 8)
			return NULL;
		memcpy(&t.len, p, 4);
		memcpy(&t.n, p + 4, 4);
		p += 8;
		if (t.n > t.len || padded(t.len) > (size_t)(end - p))
			return NULL;
		t.packed = p;
		if (take)
			take->trace(&t, take->arg);
		p += padded(t.len);
	}
	return p;
}

static void
block_entries(const uint8_t *p, const struct head *h, uint32_t first,
    const struct cache_take *take)
{
	for (uint32_t i = 0; i < h->entries; i++) {
		struct cache_entry e;

		memcpy(&e, p + i * sizeof e, sizeof e);
		if (e.state != INPUT_TRACED)
			e.trace = NONE;
		else if (e.trace >= h->base) {
			e.trace -= h->base;
			if (e.trace >= h->traces)
				continue;
			e.trace += first;
		} else if (e.trace >= first) {
			continue;
		}
		take->entry(&e, take->arg);
	}
}

size_t
cache_parse(const void *bytes, size_t n, const struct cache_take *take)
{
	const uint8_t *p = bytes, *end = p + n, *from, *to;
	uint32_t first = 0;
	struct head h;

	while ((size_t)(end - p) >= sizeof h) {
		memcpy(&h, p, sizeof h);
		from = p + sizeof h;
		if (memcmp(h.magic, MAGIC, sizeof h.magic) != 0 ||
		    h.len > (size_t)(end - from) || h.len % 8 ||
		    h.traces > h.len || h.entries > h.len ||
		    trace_hash(from, (uint32_t)h.len) != h.check)
			break;
		to = block_traces(from, from + h.len, h.traces, NULL);
		if (!to || (size_t)(from + h.len - to) !=
			       h.entries * sizeof(struct cache_entry))
			break;
		if (take) {
			block_traces(from, from + h.len, h.traces, take);
			block_entries(to, &h, first, take);
		}
		first += h.traces;
		p = from + h.len;
	}
	return (size_t)(p - (const uint8_t *)bytes);
}

/* --- which file --- */

char *
cache_dir(void)
{
	const char *set = getenv("XDG_CACHE_HOME");

	if (set && set[0] == '/')
		return mem_printf("%s/lago/traces", set);
	set = getenv("HOME");
	return set && set[0] == '/' ? mem_printf("%s/.cache/lago/traces", set)
				    : NULL;
}

/* --- reading --- */

static void
take_trace(const struct trace *t, void *arg)
{
	struct cache *c = arg;

	if (c->traces == c->traces_room) {
		c->traces_room = c->traces_room ? c->traces_room * 2 : 1024;
		c->trace = mem_grow(c->trace, c->traces_room, sizeof *c->trace);
	}
	c->trace[c->traces++] = *t;
}

static void
take_entry(const struct cache_entry *e, void *arg)
{
	struct cache *c = arg;

	if (c->entries == c->entries_room) {
		c->entries_room = c->entries_room ? c->entries_room * 2 : 1024;
		c->entry =
		    mem_grow(c->entry, c->entries_room, sizeof *c->entry);
	}
	c->entry[c->entries++] = *e;
}

static uint64_t
sha_number(const uint8_t *sha)
{
	uint64_t h;

	memcpy(&h, sha, sizeof h);
	return h;
}

/* The later entry of the same file or content wins. */
static void
index_entries(struct cache *c)
{
	size_t at;

	for (c->slots = 1024; c->slots < c->entries * 2;)
		c->slots *= 2;
	c->by_sha = mem_array(c->slots, sizeof *c->by_sha);
	c->by_stamp = mem_array(c->slots, sizeof *c->by_stamp);
	for (size_t i = c->entries; i-- > 0;) {
		const struct cache_entry *e = &c->entry[i];

		for (at = sha_number(e->sha) & (c->slots - 1); c->by_sha[at];)
			at = (at + 1) & (c->slots - 1);
		c->by_sha[at] = (uint32_t)i + 1;
		if (!e->stamp)
			continue;
		for (at = e->stamp & (c->slots - 1); c->by_stamp[at];)
			at = (at + 1) & (c->slots - 1);
		c->by_stamp[at] = (uint32_t)i + 1;
	}
}

static void
load(struct cache *c)
{
	struct cache_take take = {take_trace, take_entry, c};
	struct stat st;
	void *p;

	for (int i = 0; i < WAIT && flock(c->fd, LOCK_SH | LOCK_NB); i++)
		clock_sleep(0.01);
	if (fstat(c->fd, &st) == 0 && st.st_size > 0 &&
	    st.st_size <= CACHE_FILE_MAX) {
		p = mmap(
		    NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, c->fd, 0);
		if (p != MAP_FAILED) {
			c->map = p;
			c->size = (size_t)st.st_size;
			c->whole = cache_parse(p, c->size, &take);
		}
	}
	flock(c->fd, LOCK_UN);
	futimens(c->fd, NULL); /* in use */
	index_entries(c);
}

struct cache *
cache_open(const char *dir, const struct collect *c, bool merge, struct fail *f)
{
	struct cache *k;
	char hex[HASH_HEX];

	if (file_mkdirs(AT_FDCWD, dir, 0700, f))
		return NULL;
	k = mem_alloc(sizeof *k);
	cachekey_of(c, merge, hex);
	k->dir = mem_strdup(dir);
	k->path = mem_printf("%s/%s", dir, hex);
	k->fd = open(k->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (k->fd < 0) {
		fail_errno(f, EX_LAGO_CANTCREAT, "cannot open '%s'", k->path);
		cache_close(k);
		return NULL;
	}
	load(k);
	return k;
}

const struct cache_entry *
cache_by_stamp(const struct cache *c, uint64_t stamp)
{
	size_t at = stamp & (c->slots - 1);

	for (; stamp && c->by_stamp[at]; at = (at + 1) & (c->slots - 1))
		if (c->entry[c->by_stamp[at] - 1].stamp == stamp)
			return &c->entry[c->by_stamp[at] - 1];
	return NULL;
}

const struct cache_entry *
cache_by_sha(const struct cache *c, const uint8_t sha[INPUT_SHA])
{
	size_t at = sha_number(sha) & (c->slots - 1);

	for (; c->by_sha[at]; at = (at + 1) & (c->slots - 1))
		if (!memcmp(c->entry[c->by_sha[at] - 1].sha, sha, INPUT_SHA))
			return &c->entry[c->by_sha[at] - 1];
	return NULL;
}

struct trace
cache_trace(const struct cache *c, uint32_t i)
{
	return c->trace[i];
}

/* had: the numbers + 1 in t of traces of the cache.  Many inputs share one. */
static void
apply(const struct cache *c, const struct cache_entry *e, struct inputs *in,
    uint32_t i, struct traces *t, uint32_t *had)
{
	struct input *to = &in->v[i];
	struct trace one;

	memcpy(to->sha, e->sha, sizeof to->sha);
	to->known = !to->hashed; /* by its stamp */
	to->hashed = true;
	to->state = e->state;
	to->micros = e->micros;
	to->chosen = (uint8_t)e->chosen;
	if (e->state != INPUT_TRACED)
		return;
	if (!had[e->trace]) {
		one = c->trace[e->trace];
		one.input = i;
		had[e->trace] = trace_put(t, &one, true, NULL) + 1;
	}
	to->trace = had[e->trace] - 1;
}

size_t
cache_apply(const struct cache *c, struct inputs *in, struct traces *t)
{
	uint32_t *had = mem_array(c->traces, sizeof *had);
	const struct cache_entry *e;
	struct contents first;
	size_t n = 0;

	contents_init(&first, in);
	for (uint32_t i = 0; i < in->n; i++) {
		struct input *one = &in->v[i];

		if (one->state != INPUT_NEW)
			continue;
		e = one->hashed ? cache_by_sha(c, one->sha)
				: cache_by_stamp(c, one->stamp);
		if (!e)
			continue;
		apply(c, e, in, i, t, had);
		n++;
		if (contents_first(&first, i) != i)
			one->state = INPUT_COPY;
	}
	contents_release(&first);
	free(had);
	return n;
}

/* --- writing --- */

/* The number of a trace whose bytes are ours, else NONE: ours lie in the file
 * one behind the other. */
static uint32_t
number_of(const struct cache *c, const struct trace *t)
{
	size_t low = 0, high = c->traces, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (c->trace[mid].packed < t->packed)
			low = mid + 1;
		else
			high = mid;
	}
	return low < c->traces && c->trace[low].packed == t->packed
		   ? (uint32_t)low
		   : NONE;
}

/* A block being made. */
struct block {
	const struct cache *c;
	const struct traces *t;
	struct buf traces, entries;
	struct head head;
	uint32_t *number; /* of each of t, or NONE */
	bool anew;	  /* for an empty file: all of them */
};

static void
block_add(struct block *b, const struct input *in, const struct input *same)
{
	static const char zero[8];
	struct cache_entry e = {.stamp = in->stamp,
	    .state = same->state,
	    .trace = NONE,
	    .micros = same->micros,
	    .chosen = same->chosen};

	memcpy(e.sha, in->sha, sizeof e.sha);
	if (same->state == INPUT_TRACED) {
		const struct trace *t = &b->t->v[same->trace];
		uint32_t *number = &b->number[same->trace];

		if (*number == NONE && !b->anew)
			*number = number_of(b->c, t);
		if (*number == NONE) {
			*number = b->head.base + b->head.traces++;
			buf_add(&b->traces, &t->len, 4);
			buf_add(&b->traces, &t->n, 4);
			buf_add(&b->traces, t->packed, t->len);
			buf_add(&b->traces, zero, padded(t->len) - t->len);
		}
		e.trace = *number;
	}
	buf_add(&b->entries, &e, sizeof e);
	b->head.entries++;
}

static bool
is_new(const struct block *b, const struct input *in)
{
	if (b->anew || in->changed || in->known)
		return b->anew || in->changed;
	return in->stamp ? !cache_by_stamp(b->c, in->stamp)
			 : !cache_by_sha(b->c, in->sha);
}

static bool
was_run(const struct input *in)
{
	return in->hashed && in->state >= INPUT_TRACED &&
	       in->state <= INPUT_HUNG;
}

/* Those that are copies are what the input with their bytes is. */
static void
block_copies(struct block *b, const struct inputs *in)
{
	const struct input *same;
	struct contents first;

	contents_init(&first, in);
	for (uint32_t i = 0; i < in->n; i++)
		if (was_run(&in->v[i]))
			contents_first(&first, i);
	for (uint32_t i = 0; i < in->n; i++) {
		if (in->v[i].state != INPUT_COPY || !in->v[i].hashed ||
		    !is_new(b, &in->v[i]))
			continue;
		same = &in->v[contents_first(&first, i)];
		if (was_run(same))
			block_add(b, &in->v[i], same);
	}
	contents_release(&first);
}

static void
block_make(struct block *b, const struct inputs *in)
{
	bool copies = false;

	b->number = mem_array(b->t->n, sizeof *b->number);
	for (size_t i = 0; i < b->t->n; i++)
		b->number[i] = NONE;
	memcpy(b->head.magic, MAGIC, sizeof b->head.magic);
	b->head.base = b->anew ? 0 : (uint32_t)b->c->traces;
	for (uint32_t i = 0; i < in->n; i++) {
		const struct input *one = &in->v[i];

		if (was_run(one) && is_new(b, one))
			block_add(b, one, one);
		copies |= one->state == INPUT_COPY && is_new(b, one);
	}
	if (copies)
		block_copies(b, in);
	buf_add(&b->traces, buf_str(&b->entries), b->entries.len);
	b->head.len = b->traces.len;
	b->head.check =
	    trace_hash((const uint8_t *)buf_str(&b->traces), b->traces.len);
	free(b->number);
	buf_release(&b->entries);
}

/* Behind what is whole, now that nobody else writes. */
static void
append(struct cache *c, const struct block *b)
{
	struct stat st;
	size_t at;
	void *p;

	at = c->whole;
	if (fstat(c->fd, &st) || (size_t)st.st_size < at)
		return;
	if ((size_t)st.st_size > at) {
		p = mmap(
		    NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, c->fd, 0);
		if (p == MAP_FAILED)
			return;
		at = cache_parse(p, (size_t)st.st_size, NULL);
		munmap(p, (size_t)st.st_size);
	}
	if ((size_t)st.st_size > at && ftruncate(c->fd, (off_t)at))
		return;
	if (pwrite(c->fd, &b->head, sizeof b->head, (off_t)at) ==
	    sizeof b->head)
		(void)!pwrite(c->fd, b->traces.p, b->traces.len,
		    (off_t)(at + sizeof b->head));
}

/* In place of the file: a temporary one, renamed. */
static void
begin_anew(struct cache *c, const struct inputs *in, const struct traces *t)
{
	struct block b = {.c = c, .t = t, .anew = true};
	struct buf all = BUF_INIT;

	block_make(&b, in);
	buf_add(&all, &b.head, sizeof b.head);
	buf_add(&all, buf_str(&b.traces), b.traces.len);
	if (all.len <= CACHE_FILE_MAX)
		file_write(AT_FDCWD, c->path, all.p, all.len, 0600, NULL);
	buf_release(&all);
	buf_release(&b.traces);
}

struct old {
	char *path;
	uint64_t size;
	struct timespec used;
};

static int
by_use(const void *a, const void *b)
{
	const struct old *x = a, *y = b;

	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec < y->used.tv_sec ? 1 : -1;
	return x->used.tv_nsec < y->used.tv_nsec ? 1 : -1;
}

/* The files used last stay, as long as they fit. */
static void
sweep(const char *dir)
{
	struct strs names = {0};
	struct old *v;
	uint64_t sum = 0;
	struct stat st;
	size_t n = 0;

	file_sweep(AT_FDCWD, dir);
	if (file_list(AT_FDCWD, dir, &names, NULL))
		return;
	v = mem_array(names.n, sizeof *v);
	for (size_t i = 0; i < names.n; i++) {
		char *path = mem_printf("%s/%s", dir, names.v[i]);

		if (hash_is_hex(names.v[i]) && !lstat(path, &st))
			v[n++] = (struct old){
			    path, (uint64_t)st.st_size, st.st_mtim};
		else
			free(path);
	}
	if (n)
		qsort(v, n, sizeof *v, by_use);
	for (size_t i = 0; i < n; i++) {
		sum += v[i].size;
		if (sum > CACHE_DIR_MAX)
			unlink(v[i].path);
		free(v[i].path);
	}
	free(v);
	strs_release(&names);
}

void
cache_save(struct cache *c, const struct inputs *in, const struct traces *t)
{
	struct block b = {.c = c, .t = t};
	struct stat ours, there;

	if (flock(c->fd, LOCK_EX | LOCK_NB))
		return;
	if (!fstat(c->fd, &ours) && !stat(c->path, &there) &&
	    ours.st_ino == there.st_ino && ours.st_dev == there.st_dev) {
		block_make(&b, in);
		if ((uint64_t)there.st_size + b.traces.len + sizeof b.head >
		    CACHE_FILE_MAX)
			begin_anew(c, in, t);
		else if (b.head.entries)
			append(c, &b);
		buf_release(&b.traces);
		sweep(c->dir);
	}
	flock(c->fd, LOCK_UN);
}

void
cache_close(struct cache *c)
{
	if (!c)
		return;
	if (c->map)
		munmap((void *)c->map, c->size);
	if (c->fd >= 0)
		close(c->fd);
	free(c->dir);
	free(c->path);
	free(c->trace);
	free(c->entry);
	free(c->by_sha);
	free(c->by_stamp);
	free(c);
}
