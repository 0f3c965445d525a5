/*
 * One pass over the archive.  Each member's name is entered in a bundletree,
 * its bytes are counted and looked at as they go by; what the decision at the
 * end needs of a member at the top is kept as a struct top, everything else is
 * forgotten at once.
 */
#include "job/bundle.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/mem.h"
#include "base/out.h"
#include "job/bundlefile.h"
#include "job/bundleread.h"
#include "job/bundletree.h"

#define TEXT_MAX (1 << 20)    /* of the job file, of target.conf */
#define OPTIONS_MAX (1 << 20) /* of all NAME.options together */
#define TOPS 1000

const char *const bundle_seed_exts[] = {".zip", ".tar", ".tar.gz", ".tgz",
    ".tar.bz2", ".tb2", ".tbz", ".tbz2", ".tar.xz", NULL};

/* Builds of a target that may lie beside it. */
static const char *const builds[] = {".san", ".cmplog", ".laf", ".cov", NULL};

static const char *const special[] = {
    "target", "corpus", "driver", "provision.sh", "target.conf", "job", NULL};

struct top {
	char *name;
	enum bundletree_kind kind;
	char *why; /* it is no program of this machine; NULL: it is */
	bool afl, fuzzer, libfuzzer;
	struct buf text;
};

struct check {
	const struct bundle_limits *limits;
	struct bundle *b;
	bool nested; /* in a seed archive */
	struct bundletree *tree;
	struct buf name;
	struct top *tops;
	size_t n, size, options;
	uint64_t build[4];
};

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && strcmp(s + n - m, end) == 0;
}

static bool
is_one_of(const char *s, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(s, *list) == 0)
			return true;
	return false;
}

static bool
is_seeds(const char *name)
{
	const char *p = strstr(name, "_seed_corpus.");

	return p != NULL && p != name &&
	       is_one_of(p + strlen("_seed_corpus"), bundle_seed_exts);
}

static bool
is_build(const char *name)
{
	size_t i;

	for (i = 0; builds[i] != NULL; i++)
		if (ends_with(name, builds[i]))
			return true;
	return false;
}

/* May it be the name of an OSS-Fuzz target? */
static bool
is_target_name(const char *s)
{
	size_t n = strlen(s);

	return n <= 100 && *s != '-' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789@_-") == n &&
	       strncmp(s, "jazzer_driver", 13) != 0 &&
	       strcmp(s, "jazzerjs") != 0 && !is_one_of(s, special);
}

static bool
is_fuzzer_name(const char *s)
{
	return ends_with(s, "_fuzzer") || ends_with(s, "_fuzztest") ||
	       ends_with(s, "_fuzz_test");
}

static struct top *
top_add(struct check *c, const char *name, enum bundletree_kind kind)
{
	struct top *t;

	if (c->n == c->size) {
		c->size = c->size > 0 ? 2 * c->size : 16;
		c->tops = mem_grow(c->tops, c->size, sizeof(*c->tops));
	}
	t = &c->tops[c->n++];
	memset(t, 0, sizeof(*t));
	t->name = mem_strdup(name);
	t->kind = kind;
	return t;
}

static struct top *
top_find(struct check *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (strcmp(c->tops[i].name, name) == 0)
			return &c->tops[i];
	return NULL;
}

static int
too_big(struct check *c, struct fail *f)
{
	return fail_set(f, EX_LAGO_DATA,
	    "more than %llu bytes expanded (config bundle_bytes)",
	    (unsigned long long)c->limits->bytes);
}

/* Where the content of a member goes besides being counted. */
struct sink {
	struct bundlefile file;
	bool scan, hash;
	struct buf *text; /* or NULL */
	size_t max;
	int fd; /* a spool, or -1 */
};

static int
sink_add(struct sink *s, const char *name, const void *p, size_t n,
    int64_t offset, struct fail *f)
{
	if (n == 0)
		return 0;
	if (s->hash)
		bundlefile_add(&s->file, p, n, s->scan);
	if (s->text != NULL && n > s->max - s->text->len)
		return fail_set(f, EX_LAGO_DATA,
		    "'%.200s' is larger than %zu bytes", name, s->max);
	if (s->text != NULL)
		buf_add(s->text, p, n);
	if (s->fd != -1 && pwrite(s->fd, p, n, offset) != (ssize_t)n)
		return fail_errno(
		    f, EX_LAGO_IO, "cannot write a temporary file");
	return 0;
}

/* Count a member's content and pour it into the sink. */
static int
pour(struct check *c, struct bundleread *r, const struct bundleread_member *m,
    struct sink *s, struct fail *f)
{
	uint64_t left = c->limits->bytes - c->b->bytes, end = 0;
	const void *p;
	int64_t offset;
	size_t n;
	int got;

	if (m->size > 0 && (uint64_t)m->size > left)
		return too_big(c, f);
	while ((got = bundleread_data(r, &p, &n, &offset, f)) == 1) {
		if (offset < 0 || n > left || (uint64_t)offset > left - n)
			return too_big(c, f);
		end = (uint64_t)offset + n;
		if (m->size >= 0 && end > (uint64_t)m->size)
			return fail_set(f, EX_LAGO_DATA,
			    "'%.200s' holds more than it says", c->name.p);
		if (sink_add(s, c->name.p, p, n, offset, f) == -1)
			return -1;
	}
	if (m->size > 0 && (uint64_t)m->size > end)
		end = (uint64_t)m->size;
	c->b->bytes += end;
	return got;
}

/* A sum, so that the order in the archive does not matter and nothing needs to
 * be kept. */
static void
add_build(struct check *c, const char *name, const char *hex)
{
	char line[HASH_HEX];
	struct hash *h = hash_new();
	char part[17] = "";
	size_t i;

	hash_add(h, hex, HASH_HEX);
	hash_add(h, name, strlen(name));
	hash_end(h, line);
	for (i = 0; i < 4; i++) {
		memcpy(part, line + 16 * i, 16);
		c->build[i] += strtoull(part, NULL, 16);
	}
}

static int walk(struct check *c, int fd, struct fail *f);

/* A seed archive inside the bundle, spooled to an unnamed file: zips are read
 * from their end. */
static int
check_seeds(struct check *c, int fd, struct fail *f)
{
	struct check in = {.limits = c->limits, .b = c->b, .nested = true};
	struct fail why;
	int rc;

	rc = walk(&in, fd, &why);
	if (rc == -1)
		fail_set(f, why.status, "'%.200s': %s", c->name.p, why.text);
	buf_release(&in.name);
	return rc;
}

static int
open_spool(struct fail *f)
{
	const char *dir = getenv("TMPDIR");
	char *path;
	int fd;

	path = mem_printf(
	    "%s/lago.XXXXXX", dir != NULL && *dir == '/' ? dir : "/tmp");
	if ((fd = mkstemp(path)) == -1)
		fail_errno(f, EX_LAGO_CANTCREAT, "cannot make '%s'", path);
	else
		unlink(path);
	free(path);
	return fd;
}

/* Keep what finish() needs to know of a file at the top. */
static int
keep_top(struct check *c, struct sink *s, struct fail *f)
{
	const char *name = c->name.p, *why;
	struct top *t;

	why = bundlefile_refuse(s->file.head, s->file.n);
	if (s->text == NULL && !is_one_of(name, special) && !is_build(name) &&
	    !(is_target_name(name) &&
		(is_fuzzer_name(name) || strcmp(name, "afl-fuzz") == 0 ||
		    (s->file.fuzzer && s->file.n > 4 &&
			memcmp(s->file.head, "\177ELF", 4) == 0))))
		return 0;
	if (c->n == TOPS)
		return fail_set(f, EX_LAGO_DATA, "more than %d targets", TOPS);
	t = top_add(c, name, BUNDLETREE_FILE);
	t->why = why != NULL ? mem_strdup(why) : NULL;
	t->afl = s->file.afl;
	t->fuzzer = s->file.fuzzer;
	t->libfuzzer = s->file.libfuzzer || (s->file.fuzzer && !s->file.afl);
	if (s->text != NULL && ends_with(name, ".options")) {
		c->options += s->text->len;
		t->text = *s->text;
		memset(s->text, 0, sizeof(*s->text));
	}
	return 0;
}

static int
check_file(struct check *c, struct bundleread *r,
    const struct bundleread_member *m, struct fail *f)
{
	const char *name = c->name.p;
	bool top = !c->nested && strchr(name, '/') == NULL;
	bool seed = c->nested || strncmp(name, "corpus/", 7) == 0;
	struct buf options = BUF_INIT;
	struct sink s = {.fd = -1, .hash = !seed, .max = TEXT_MAX};
	char hex[HASH_HEX];
	int rc;

	c->b->seeds += seed;
	if (top) {
		s.scan = is_target_name(name) || is_one_of(name, special);
		if (strcmp(name, "target.conf") == 0)
			s.text = &c->b->conf_text;
		else if (strcmp(name, "job") == 0)
			s.text = &c->b->job_text;
		else if (ends_with(name, ".options")) {
			s.text = &options;
			s.max = OPTIONS_MAX - c->options;
		} else if (is_seeds(name) && (s.fd = open_spool(f)) == -1)
			return -1;
	}
	bundlefile_start(&s.file);
	rc = pour(c, r, m, &s, f);
	if (bundlefile_end(&s.file, hex) && rc == 0)
		add_build(c, name, hex);
	if (rc == 0 && s.fd != -1)
		rc = check_seeds(c, s.fd, f);
	if (rc == 0 && top)
		rc = keep_top(c, &s, f);
	buf_release(&options);
	if (s.fd != -1)
		close(s.fd);
	return rc;
}

static int
check_hard_link(
    struct check *c, const struct bundleread_member *m, struct fail *f)
{
	struct buf to = BUF_INIT;
	int rc = 0;

	if (bundletree_name(m->target, &to, f) == -1)
		rc = -1;
	else if (bundletree_find(c->tree, buf_str(&to)) != BUNDLETREE_FILE ||
		 m->size > 0)
		rc = fail_set(f, EX_LAGO_DATA,
		    "the hard link '%.200s' is not to a file before it",
		    c->name.p);
	buf_release(&to);
	return rc;
}

static const struct {
	mode_t type;
	enum bundletree_kind kind; /* NONE: refused as */
	const char *what;
} types[] = {
    {S_IFREG, BUNDLETREE_FILE, NULL},
    {S_IFDIR, BUNDLETREE_DIR, NULL},
    {S_IFLNK, BUNDLETREE_LINK, NULL},
    {S_IFCHR, BUNDLETREE_NONE, "device"},
    {S_IFBLK, BUNDLETREE_NONE, "device"},
    {S_IFIFO, BUNDLETREE_NONE, "fifo"},
    {S_IFSOCK, BUNDLETREE_NONE, "socket"},
};

static int
kind_of(const struct bundleread_member *m, enum bundletree_kind *kind,
    struct fail *f)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == m->type)
			break;
	if (i == sizeof(types) / sizeof(types[0]))
		return fail_set(f, EX_LAGO_DATA,
		    "'%.200s' is no file, directory or link", m->raw);
	*kind = types[i].kind;
	if (*kind == BUNDLETREE_NONE)
		return fail_set(
		    f, EX_LAGO_DATA, "'%.200s' is a %s", m->raw, types[i].what);
	if (*kind == BUNDLETREE_LINK && m->target == NULL)
		return fail_set(
		    f, EX_LAGO_DATA, "the link '%.200s' leads nowhere", m->raw);
	return 0;
}

static int
check_member(struct check *c, struct bundleread *r,
    const struct bundleread_member *m, struct fail *f)
{
	enum bundletree_kind kind = BUNDLETREE_NONE;
	const char *name;

	if (++c->b->members > c->limits->members)
		return fail_set(f, EX_LAGO_DATA,
		    "more than %llu members (config bundle_members)",
		    (unsigned long long)c->limits->members);
	if (kind_of(m, &kind, f) == -1 ||
	    bundletree_name(m->raw, &c->name, f) == -1)
		return -1;
	name = buf_str(&c->name);
	if (*name == '\0') /* "./" */
		return kind == BUNDLETREE_DIR
			   ? 0
			   : fail_set(f, EX_LAGO_DATA, "a member has no name");
	if (!c->nested && strncmp(name, "corpus/", 7) != 0 &&
	    !out_is_utf8(name, c->name.len))
		return fail_set(f, EX_LAGO_DATA,
		    "the name '%.200s' is not UTF-8 (allowed below corpus/)",
		    name);
	if (m->hard && check_hard_link(c, m, f) == -1)
		return -1;
	if (bundletree_add(c->tree, name, kind, m->target, f) == -1)
		return -1;
	if (kind == BUNDLETREE_FILE && !m->hard)
		return check_file(c, r, m, f);
	if (!c->nested && is_one_of(name, special))
		top_add(c, name, m->hard ? BUNDLETREE_LINK : kind);
	return 0;
}

static int
walk(struct check *c, int fd, struct fail *f)
{
	uint64_t members = c->limits->members - c->b->members;
	struct bundleread_member m;
	struct bundleread *r;
	int got = -1;

	r = bundleread_open(fd, c->limits->bytes - c->b->bytes, members, f);
	if (r == NULL)
		return -1;
	/* Directories that only their contents name count too. */
	c->tree = bundletree_new(2 * members + 100);
	while ((got = bundleread_next(r, &m, f)) == 1)
		if (check_member(c, r, &m, f) == -1) {
			got = -1;
			break;
		}
	if (got == 0)
		got = bundletree_links(c->tree, f);
	if (got == 0 && !c->nested)
		memcpy(c->b->ext, bundleread_ext(r), sizeof(c->b->ext));
	bundleread_close(r);
	if (c->nested)
		bundletree_free(c->tree);
	return got;
}

static bool
has(struct check *c, const char *name, const char *ext)
{
	char *path = mem_printf("%s%s", name, ext);
	bool found = bundletree_find(c->tree, path) == BUNDLETREE_FILE;

	free(path);
	return found;
}

/* Programs that must be ones of this machine. */
static int
check_program(
    struct check *c, const char *name, const char *ext, struct fail *f)
{
	char *path = mem_printf("%s%s", name, ext);
	struct top *t = top_find(c, path);
	int rc = 0;

	free(path);
	if (t == NULL)
		return 0;
	if (t->kind != BUNDLETREE_FILE)
		rc = fail_set(f, EX_LAGO_DATA, "'%.200s' is a %s", t->name,
		    t->kind == BUNDLETREE_LINK ? "link, not a regular file"
					       : "directory");
	else if (t->why != NULL)
		rc = fail_set(
		    f, EX_LAGO_DATA, "'%.200s' is %s", t->name, t->why);
	return rc;
}

static int
add_target(struct check *c, struct top *t, struct fail *f)
{
	struct bundle_target *to;
	struct top *options;
	char *path;
	size_t i;

	if (check_program(c, t->name, "", f) == -1)
		return -1;
	for (i = 0; builds[i] != NULL; i++)
		if (check_program(c, t->name, builds[i], f) == -1)
			return -1;
	to = &c->b->targets[c->b->n++];
	to->name = mem_strdup(t->name);
	to->afl = t->afl || top_find(c, "afl-fuzz") != NULL;
	to->libfuzzer = t->libfuzzer && !to->afl;
	to->dict = has(c, t->name, ".dict");
	path = mem_printf("%s.options", t->name);
	if ((options = top_find(c, path)) != NULL) {
		to->options = true;
		buf_add(&to->options_text, options->text.p, options->text.len);
	}
	free(path);
	path = mem_printf("%s_seed_corpus", t->name);
	for (i = 0; bundle_seed_exts[i] != NULL; i++)
		to->seeds = to->seeds || has(c, path, bundle_seed_exts[i]);
	free(path);
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(
	    ((const struct top *)a)->name, ((const struct top *)b)->name);
}

/* The file of that name, if it has one. */
static int
own_file(struct check *c, const char *name, bool *there, struct fail *f)
{
	struct top *t = top_find(c, name);

	*there = t != NULL;
	if (t != NULL && t->kind != BUNDLETREE_FILE)
		return fail_set(
		    f, EX_LAGO_DATA, "'%s' is not a regular file", name);
	return 0;
}

static int
find_targets(struct check *c, struct fail *f)
{
	struct top *t;
	size_t i;

	c->b->targets = mem_array(c->n + 1, sizeof(*c->b->targets));
	if ((t = top_find(c, "target")) != NULL) {
		c->b->shape = BUNDLE_LAGOPUS;
		if (add_target(c, t, f) == -1)
			return -1;
		t = top_find(c, "corpus");
		if (t != NULL && t->kind != BUNDLETREE_DIR)
			return fail_set(
			    f, EX_LAGO_DATA, "'corpus' is not a directory");
		return 0;
	}
	if (bundletree_find(c->tree, "target") != BUNDLETREE_NONE)
		return fail_set(f, EX_LAGO_DATA, "'target' is a directory");
	if (c->b->members == 0)
		return fail_set(f, EX_LAGO_DATA, "nothing in it");
	c->b->shape = BUNDLE_OSSFUZZ;
	for (i = 0; i < c->n; i++)
		if (is_target_name(c->tops[i].name) &&
		    (is_fuzzer_name(c->tops[i].name) || c->tops[i].fuzzer) &&
		    add_target(c, &c->tops[i], f) == -1)
			return -1;
	if (c->b->n == 0)
		return fail_set(f, EX_LAGO_DATA,
		    "no target: neither 'target' nor a fuzz target at the "
		    "top");
	return 0;
}

static int
finish(struct check *c, struct fail *f)
{
	struct bundle *b = c->b;

	if (c->n > 0)
		qsort(c->tops, c->n, sizeof(*c->tops), by_name);
	if (find_targets(c, f) == -1 ||
	    own_file(c, "provision.sh", &b->provision, f) == -1 ||
	    own_file(c, "driver", &b->driver, f) == -1 ||
	    own_file(c, "target.conf", &b->conf, f) == -1 ||
	    own_file(c, "job", &b->job, f) == -1 ||
	    check_program(c, "driver", "", f) == -1)
		return -1;
	hash_bytes(c->build, sizeof(c->build), b->build);
	return 0;
}

int
bundle_check(int fd, const char *name, const struct bundle_limits *l,
    struct bundle *b, struct fail *f)
{
	struct check c = {.limits = l, .b = b};
	struct fail why;
	size_t i;
	int rc;

	memset(b, 0, sizeof(*b));
	rc = walk(&c, fd, &why);
	if (rc == 0)
		rc = finish(&c, &why);
	if (rc == -1)
		fail_set(f, why.status, "'%.300s': %s", name, why.text);
	for (i = 0; i < c.n; i++) {
		free(c.tops[i].name);
		free(c.tops[i].why);
		buf_release(&c.tops[i].text);
	}
	free(c.tops);
	bundletree_free(c.tree);
	buf_release(&c.name);
	return rc;
}

void
bundle_release(struct bundle *b)
{
	size_t i;

	for (i = 0; i < b->n; i++) {
		free(b->targets[i].name);
		buf_release(&b->targets[i].options_text);
	}
	free(b->targets);
	buf_release(&b->conf_text);
	buf_release(&b->job_text);
	memset(b, 0, sizeof(*b));
}

const struct bundle_target *
bundle_find(const struct bundle *b, const char *name)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (strcmp(b->targets[i].name, name) == 0)
			return &b->targets[i];
	return NULL;
}
