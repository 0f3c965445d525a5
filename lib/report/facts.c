#include "report/facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/json.h"
#include "base/mem.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* A member of an object, and where it goes. */
struct member {
	const char *name;
	size_t at;
	enum { TEXT, NAME, NUMBER, FLAG } how;
};

#define M(type, name, field, how)                       \
	{                                               \
		name, offsetof(struct type, field), how \
	}
#define T(name) M(facts, #name, name, TEXT)
#define I(name) M(facts, #name, name, NUMBER)

static const struct member record_members[] = {T(tool), T(kind), T(access),
    T(address), T(signal_name), T(pc), T(sp), T(bp), T(thread), T(message),
    T(exception), T(severity), T(severity_reason), T(exploitability), T(class),
    T(bucket), T(bucket_exact), T(crash_type), T(crash_state), T(cf_severity),
    T(target), T(build_id), T(origin), T(finder), T(judge), T(artefact), T(bug),
    T(state), T(note), T(run), M(facts, "crash_line", crash_line, NAME),
    M(facts, "log", log, NAME), M(facts, "input_sha256", sha, TEXT),
    I(access_size), I(signal), I(replays), I(reproduced), I(exit_status),
    I(reports), I(found), I(instance), M(facts, "crash", crash, FLAG),
    M(facts, "security", security, FLAG),
    M(facts, "truncated", truncated, FLAG),
    M(facts, "near_null", near_null, FLAG)};

static const struct member region_members[] = {M(facts, "kind", region, TEXT),
    M(facts, "where", region_where, TEXT),
    M(facts, "size", region_size, NUMBER),
    M(facts, "offset", region_offset, NUMBER)};

static const struct member frame_members[] = {M(facts_frame, "fn", fn, NAME),
    M(facts_frame, "raw", raw, NAME), M(facts_frame, "file", file, NAME),
    M(facts_frame, "mod", mod, NAME), M(facts_frame, "off", off, TEXT),
    M(facts_frame, "pc", pc, TEXT), M(facts_frame, "line", line, NUMBER),
    M(facts_frame, "col", col, NUMBER), M(facts_frame, "inl", inl, FLAG),
    M(facts_frame, "ign", ign, FLAG)};

static const struct member stack_members[] = {
    M(facts_stack, "role", role, TEXT), M(facts_stack, "thread", thread, TEXT)};

const char *
facts_keep(struct facts *x, const char *text, size_t n, size_t max)
{
	bool cut = n > max;

	if (cut)
		for (n = max; n > 0 && (text[n] & 0xc0) == 0x80; n--)
			;
	if (cut)
		strs_addf(&x->pool, "%.*s...", (int)n, text);
	else
		strs_addn(&x->pool, text, n);
	return x->pool.v[x->pool.n - 1];
}

/* Objects and arrays within the one that is being read: json_each is not to be
 * called from within itself. */
struct inner {
	struct buf frames, stacks, region, top;
};

struct reading {
	struct facts *x;
	const struct member *members;
	size_t n;
	void *to;
	struct inner *inner;
};

static void
put(struct facts *x, const struct member *m, void *to, const char *type,
    const char *value, size_t len)
{
	char *at = (char *)to + m->at;

	if (m->how == FLAG && strcmp(type, "true") == 0)
		*(bool *)at = true;
	else if (m->how == NUMBER && strcmp(type, "integer") == 0)
		*(int64_t *)at = strtoll(value, NULL, 10);
	else if (m->how < NUMBER && strcmp(type, "text") == 0 && len > 0)
		*(const char **)at = facts_keep(
		    x, value, len, m->how == NAME ? FACTS_NAME : FACTS_TEXT);
}

static int
take(
    const char *key, const char *type, const char *value, size_t len, void *arg)
{
	struct reading *r = arg;
	struct inner *in = r->inner;
	const struct {
		const char *name, *type;
		struct buf *b;
	} inner[] = {{"frames", "array", in == NULL ? NULL : &in->frames},
	    {"stacks", "array", in == NULL ? NULL : &in->stacks},
	    {"region", "object", in == NULL ? NULL : &in->region},
	    {"top", "array", in == NULL ? NULL : &in->top}};
	size_t i;

	for (i = 0; i < r->n; i++)
		if (strcmp(key, r->members[i].name) == 0)
			put(r->x, &r->members[i], r->to, type, value, len);
	for (i = 0; in != NULL && i < N(inner); i++)
		if (strcmp(key, inner[i].name) == 0 &&
		    strcmp(type, inner[i].type) == 0) {
			buf_reset(inner[i].b);
			buf_add(inner[i].b, value, len);
		}
	return 0;
}

static void
read_object(struct facts *x, const char *json, size_t n,
    const struct member *members, size_t nmembers, void *to,
    struct inner *inner)
{
	struct reading r = {x, members, nmembers, to, inner};

	json_each(json, n, "$", take, &r);
}

/* The objects of an array, as JSON text. */
struct items {
	struct strs list;
	size_t max;
};

static int
collect(
    const char *key, const char *type, const char *value, size_t len, void *arg)
{
	struct items *l = arg;

	(void)key;
	if (strcmp(type, "object") == 0)
		strs_addn(&l->list, value, len);
	return l->list.n >= l->max;
}

static void
read_frames(struct facts *x, struct facts_stack *s, const struct buf *json)
{
	struct items l = {.max = FACTS_FRAMES};
	struct facts_frame *v;

	if (json->len > 0)
		json_each(json->p, json->len, "$", collect, &l);
	s->v = mem_array(l.list.n + 1, sizeof(*s->v));
	for (v = s->v; s->n < l.list.n; s->n++, v++) {
		v->line = v->col = FACTS_NONE;
		read_object(x, l.list.v[s->n], strlen(l.list.v[s->n]),
		    frame_members, N(frame_members), v, NULL);
		v->line = v->line < 1 ? FACTS_NONE : v->line;
		v->col = v->col < 1 ? FACTS_NONE : v->col;
	}
	strs_release(&l.list);
}

static void
read_stacks(struct facts *x, const struct buf *json)
{
	struct items l = {.max = FACTS_STACKS};
	struct inner in = {0};
	struct facts_stack *s;
	size_t i;

	if (json->len > 0)
		json_each(json->p, json->len, "$", collect, &l);
	for (i = 0; i < l.list.n; i++) {
		s = &x->stacks[x->nstacks++];
		buf_reset(&in.frames);
		read_object(x, l.list.v[i], strlen(l.list.v[i]), stack_members,
		    N(stack_members), s, &in);
		read_frames(x, s, &in.frames);
	}
	strs_release(&l.list);
	buf_release(&in.frames);
	buf_release(&in.stacks);
	buf_release(&in.region);
	buf_release(&in.top);
}

static int
first_text(
    const char *key, const char *type, const char *value, size_t len, void *arg)
{
	struct facts *x = arg;

	(void)key;
	if (strcmp(type, "text") != 0 || len == 0)
		return 0;
	x->top = facts_keep(x, value, len, FACTS_NAME);
	return 1;
}

/* A copy in which no text holds a NUL, which the JSON functions of some
 * versions would end it at: visible as everywhere else. */
static void
without_nul(struct buf *b, const char *p, size_t n)
{
	size_t i, len;

	for (i = 0; i < n; i += len) {
		len = p[i] == '\\' && i + 1 < n ? 2 : 1;
		if (len == 2 && n - i >= 6 &&
		    memcmp(p + i, "\\u0000", 6) == 0) {
			buf_adds(b, "\\\\x00");
			len = 6;
		} else {
			buf_add(b, p + i, len);
		}
	}
}

/* A number behind the last colon of s[0..*n): taken off. */
static int64_t
last_number(const char *s, size_t *n)
{
	size_t i = *n;
	int64_t v = 0;

	while (i > 0 && s[i - 1] >= '0' && s[i - 1] <= '9' && *n - i < 9)
		i--;
	if (i == *n || i < 2 || s[i - 1] != ':')
		return FACTS_NONE;
	v = strtoll(s + i, NULL, 10);
	*n = i - 1;
	return v < 1 ? FACTS_NONE : v;
}

/* "file:line:column" or "file:line"; "module+offset" names no source. */
static void
split_line(struct facts *x)
{
	struct facts_frame *v = &x->line;
	size_t n = x->crash_line == NULL ? 0 : strlen(x->crash_line);
	int64_t last, before;

	v->line = v->col = FACTS_NONE;
	if (n == 0 || (last = last_number(x->crash_line, &n)) == FACTS_NONE)
		return;
	before = last_number(x->crash_line, &n);
	v->line = before == FACTS_NONE ? last : before;
	v->col = before == FACTS_NONE ? FACTS_NONE : last;
	v->file = facts_keep(x, x->crash_line, n, FACTS_NAME);
}

int
facts_read(struct facts *x, const char *json, size_t n, struct fail *f)
{
	struct inner in = {0};
	struct buf b = BUF_INIT;
	int rc = -1;

	memset(x, 0, sizeof(*x));
	x->access_size = x->signal = x->replays = x->reproduced =
	    x->exit_status = x->reports = x->found = x->instance = FACTS_NONE;
	x->region_size = x->region_offset = x->first = x->last = FACTS_NONE;
	without_nul(&b, json, n);
	if (!json_valid(buf_str(&b), b.len) ||
	    (json_type(b.p, b.len, "$.crash") == NULL &&
		json_type(b.p, b.len, "$.input_sha256") == NULL)) {
		fail_set(f, EX_LAGO_DATA, "not the record of a crash");
	} else {
		read_object(
		    x, b.p, b.len, record_members, N(record_members), x, &in);
		if (in.region.len > 0)
			read_object(x, in.region.p, in.region.len,
			    region_members, N(region_members), x, NULL);
		if (in.top.len > 0)
			json_each(in.top.p, in.top.len, "$", first_text, x);
		x->nstacks = 1;
		read_frames(x, &x->stacks[0], &in.frames);
		read_stacks(x, &in.stacks);
		split_line(x);
		rc = 0;
	}
	buf_release(&b);
	buf_release(&in.frames);
	buf_release(&in.stacks);
	buf_release(&in.region);
	buf_release(&in.top);
	return rc;
}

void
facts_release(struct facts *x)
{
	size_t i;

	for (i = 0; i < x->nstacks; i++)
		free(x->stacks[i].v);
	buf_release(&x->small);
	buf_release(&x->repro);
	buf_release(&x->printed);
	strs_release(&x->pool);
	memset(x, 0, sizeof(*x));
}

const struct facts_frame *
facts_place(const struct facts *x)
{
	size_t i;

	for (i = 0; i < x->stacks[0].n; i++)
		if (!x->stacks[0].v[i].ign)
			return &x->stacks[0].v[i];
	return x->stacks[0].n == 0 && x->line.file != NULL ? &x->line : NULL;
}

const char *
facts_function(const struct facts *x)
{
	const struct facts_frame *v = facts_place(x);

	return x->top != NULL ? x->top : v == NULL ? NULL : v->fn;
}
