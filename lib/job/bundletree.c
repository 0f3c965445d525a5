#include "job/bundletree.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/mem.h"

#define NAME_BYTES 3000 /* leaves room for the directory it is unpacked to */
#define PART_BYTES 255
#define DEPTH 100
#define LINKS 10000
#define LINK_BYTES 1000
#define STEPS 200000
#define HOPS 40 /* as the kernel */

/* Two 64-bit hashes that grow by one byte at a time, so that one pass over a
 * name hashes all directories above it too.  The seed is random: nobody can
 * prepare two names that are taken for the same. */
struct key {
	uint64_t a, b;
};

struct link {
	char *name, *target;
};

struct bundletree {
	struct key seed;
	struct key *keys;
	uint8_t *kinds; /* BUNDLETREE_NONE: free */
	size_t slots, used;
	uint64_t max;
	struct link *links;
	size_t nlinks, links_size, steps;
};

struct bundletree *
bundletree_new(uint64_t max)
{
	struct bundletree *t = mem_alloc(sizeof(*t));

	t->max = max;
	t->slots = 1024;
	t->keys = mem_array(t->slots, sizeof(*t->keys));
	t->kinds = mem_array(t->slots, 1);
	while (getrandom(&t->seed, sizeof(t->seed), 0) != sizeof(t->seed))
		;
	return t;
}

void
bundletree_free(struct bundletree *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->nlinks; i++) {
		free(t->links[i].name);
		free(t->links[i].target);
	}
	free(t->links);
	free(t->keys);
	free(t->kinds);
	free(t);
}

static struct key
key_add(struct key k, char c)
{
	k.a = (k.a ^ (uint8_t)c) * 0x9fb21c651e98df25ULL;
	k.a ^= k.a >> 32;
	k.b = ((k.b << 23 | k.b >> 41) + (uint8_t)c) * 0xd6e8feb86659fd93ULL;
	k.b ^= k.b >> 29;
	return k;
}

static size_t
slot(const struct bundletree *t, struct key k)
{
	size_t i = (size_t)(k.a ^ k.b) & (t->slots - 1);

	while (t->kinds[i] != BUNDLETREE_NONE &&
	       (t->keys[i].a != k.a || t->keys[i].b != k.b))
		i = (i + 1) & (t->slots - 1);
	return i;
}

static void
grow(struct bundletree *t)
{
	struct bundletree old = *t;
	size_t i, to;

	t->slots *= 2;
	t->keys = mem_array(t->slots, sizeof(*t->keys));
	t->kinds = mem_array(t->slots, 1);
	for (i = 0; i < old.slots; i++)
		if (old.kinds[i] != BUNDLETREE_NONE) {
			to = slot(t, old.keys[i]);
			t->keys[to] = old.keys[i];
			t->kinds[to] = old.kinds[i];
		}
	free(old.keys);
	free(old.kinds);
}

static int
enter(struct bundletree *t, size_t i, struct key k, enum bundletree_kind kind,
    struct fail *f)
{
	if (t->kinds[i] == BUNDLETREE_NONE && ++t->used > t->max)
		return fail_set(
		    f, EX_LAGO_DATA, "too many names and directories");
	t->keys[i] = k;
	t->kinds[i] = (uint8_t)kind;
	if (t->used * 4 > t->slots * 3)
		grow(t);
	return 0;
}

int
bundletree_name(const char *raw, struct buf *name, struct fail *f)
{
	const char *p = raw, *shown = raw;
	size_t n, depth = 0;

	buf_reset(name);
	if (*raw == '/')
		return fail_set(
		    f, EX_LAGO_DATA, "the name '%.200s' is absolute", shown);
	for (; *p != '\0'; p += n) {
		if (*p == '/') {
			n = 1;
			continue;
		}
		n = strcspn(p, "/");
		if (n == 1 && *p == '.')
			continue;
		if (n == 2 && memcmp(p, "..", 2) == 0)
			return fail_set(f, EX_LAGO_DATA,
			    "the name '%.200s' has '..' in it", shown);
		if (n > PART_BYTES || name->len + n > NAME_BYTES ||
		    ++depth > DEPTH)
			return fail_set(f, EX_LAGO_DATA,
			    "the name '%.60s...' is too long or too deep",
			    shown);
		if (name->len > 0)
			buf_addc(name, '/');
		buf_add(name, p, n);
	}
	return 0;
}

/* All directories above a name are, or become, directories.  *k is the key of
 * the name itself afterwards. */
static int
parents(struct bundletree *t, const char *name, struct key *k, struct fail *f)
{
	const char *p;
	size_t i;

	*k = t->seed;
	for (p = name; *p != '\0'; p++) {
		if (*p == '/') {
			i = slot(t, *k);
			if (t->kinds[i] >= BUNDLETREE_FILE)
				return fail_set(f, EX_LAGO_DATA,
				    "'%.200s' lies below a %s", name,
				    t->kinds[i] == BUNDLETREE_LINK ? "link"
								   : "file");
			if (t->kinds[i] == BUNDLETREE_NONE &&
			    enter(t, i, *k, BUNDLETREE_IMPLIED, f) == -1)
				return -1;
		}
		*k = key_add(*k, *p);
	}
	return 0;
}

static int
add_link(
    struct bundletree *t, const char *name, const char *target, struct fail *f)
{
	if (strlen(target) > LINK_BYTES || t->nlinks == LINKS)
		return fail_set(f, EX_LAGO_DATA,
		    "too many or too long links, at '%.200s'", name);
	if (t->nlinks == t->links_size) {
		t->links_size = t->links_size > 0 ? 2 * t->links_size : 16;
		t->links = mem_grow(t->links, t->links_size, sizeof(*t->links));
	}
	t->links[t->nlinks].name = mem_strdup(name);
	t->links[t->nlinks++].target = mem_strdup(target);
	return 0;
}

int
bundletree_add(struct bundletree *t, const char *name,
    enum bundletree_kind kind, const char *target, struct fail *f)
{
	struct key k;
	size_t i;

	if (parents(t, name, &k, f) == -1)
		return -1;
	i = slot(t, k);
	if (t->kinds[i] != BUNDLETREE_NONE &&
	    (kind != BUNDLETREE_DIR || t->kinds[i] > BUNDLETREE_DIR))
		return fail_set(f, EX_LAGO_DATA, "'%.200s' is there %s", name,
		    t->kinds[i] == BUNDLETREE_IMPLIED ? "as a directory too"
						      : "twice");
	if (kind == BUNDLETREE_LINK && target != NULL &&
	    add_link(t, name, target, f) == -1)
		return -1;
	return enter(t, i, k, kind, f);
}

enum bundletree_kind
bundletree_find(const struct bundletree *t, const char *name)
{
	struct key k = t->seed;

	while (*name != '\0')
		k = key_add(k, *name++);
	return t->kinds[slot(t, k)];
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(
	    ((const struct link *)a)->name, ((const struct link *)b)->name);
}

static const struct link *
find_link(const struct bundletree *t, const char *name)
{
	struct link key = {(char *)name, NULL};

	if (bundletree_find(t, name) != BUNDLETREE_LINK)
		return NULL;
	return bsearch(&key, t->links, t->nlinks, sizeof(key), by_name);
}

static void
pop(struct buf *at)
{
	char *slash = at->len > 0 ? strrchr(at->p, '/') : NULL;

	at->len = slash != NULL ? (size_t)(slash - at->p) : 0;
	if (at->p != NULL)
		at->p[at->len] = '\0';
}

/* Walk a path (taken) from the directory at; false when it leaves the top, goes
 * in circles or takes too long to tell. */
static bool
leads_inside(struct bundletree *t, struct buf *at, char *path)
{
	const struct link *link;
	char *p = path, *part;
	unsigned hops = 0;
	bool inside = true;
	size_t n;

	while (inside && *p != '\0') {
		part = p + strspn(p, "/");
		n = strcspn(part, "/");
		p = part + n;
		inside = at->len <= NAME_BYTES && ++t->steps < STEPS;
		if (n == 0 || (n == 1 && *part == '.'))
			continue;
		if (n == 2 && memcmp(part, "..", 2) == 0) {
			inside = inside && at->len > 0;
			pop(at);
			continue;
		}
		if (at->len > 0)
			buf_addc(at, '/');
		buf_add(at, part, n);
		if ((link = find_link(t, at->p)) == NULL)
			continue;
		inside = inside && ++hops <= HOPS && *link->target != '/';
		pop(at);
		part = mem_printf("%s%s", link->target, p);
		free(path);
		p = path = part;
	}
	free(path);
	return inside;
}

int
bundletree_links(struct bundletree *t, struct fail *f)
{
	struct buf at = BUF_INIT;
	struct link *l;
	size_t i;
	bool ok;

	if (t->nlinks > 0)
		qsort(t->links, t->nlinks, sizeof(*t->links), by_name);
	for (i = 0; i < t->nlinks; i++) {
		l = &t->links[i];
		buf_reset(&at);
		buf_adds(&at, l->name);
		pop(&at);
		ok = *l->target != '/' && *l->target != '\0' &&
		     leads_inside(t, &at, mem_strdup(l->target));
		if (!ok) {
			buf_release(&at);
			return fail_set(f, EX_LAGO_DATA,
			    "the link '%.200s' leads out of the bundle, or in "
			    "a circle: to '%.200s'",
			    l->name, l->target);
		}
	}
	buf_release(&at);
	return 0;
}
