#include "crash/bucket.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "crash/ignore.h"
#include "crash/kinds.h"
#include "crash/lines.h"
#include "crash/names.h"
#include "crash/report.h"
#include "crash/rules.h"
#include "crash/verdict.h"

enum { PERIOD = 10, DEPTH = 3 };

void
bucket_hash(const void *p, size_t n, char key[BUCKET_KEY])
{
	char hex[HASH_HEX];

	hash_bytes(p, n, hex);
	memcpy(key, hex, BUCKET_KEY - 1);
	key[BUCKET_KEY - 1] = '\0';
}

/* A stub of the linker: one frame without a name, on top of one that has its
 * name, in a module whose functions have names. */
static bool
is_stub(const struct report_stack *s, size_t at)
{
	const struct frame *f = &s->v[at];

	if (f->raw.n > 0 || f->mod.n == 0 || at + 1 >= s->n ||
	    s->v[at + 1].raw.n == 0)
		return false;
	for (size_t i = at + 1; i < s->n; i++)
		if (s->v[i].raw.n > 0 && str_eq(s->v[i].mod, f->mod))
			return true;
	return false;
}

static void
mark_frames(
    struct bucket *b, const struct report_stack *s, const struct rules *rules)
{
	bool top = true, below = false;
	const struct rules_name *name;
	struct rules_name own;

	for (size_t i = 0; i < s->n; i++) {
		struct frame *f = &s->v[i];
		name = f->known != NULL ? &f->known->name : &own;
		if (name == &own)
			own = rules_name(rules, f, &b->arena);
		f->fn = name->fn;
		if (below || f->passing || f->fn.n == 0 ||
		    (top && is_stub(s, i)) || ignore_match(b->ignore, f->fn)) {
			f->ign = true;
			continue;
		}
		switch (rules_frame(name, top)) {
		case RULES_ENTRY:
			f->entry = below = true;
			break;
		case RULES_ABOVE:
			for (size_t k = 0; k <= i; k++)
				s->v[k].ign = true;
			top = true;
			break;
		case RULES_SKIP:
			f->ign = true;
			break;
		default:
			top = false;
		}
	}
}

struct list {
	struct str v[REPORT_FRAMES];
	size_t n;
};

static bool
repeats(const struct list *l, size_t at, size_t period)
{
	for (size_t i = 0; i < period; i++)
		if (!str_eq(l->v[at + i], l->v[at + period + i]))
			return false;
	return true;
}

/* One more; of intervals that repeat one is left. */
static void
add_collapsed(struct list *l, struct str s)
{
	l->v[l->n++] = s;
	for (size_t p = 1; p <= PERIOD && 2 * p <= l->n; p++)
		if (l->v[l->n - 1 - p].n == s.n &&
		    repeats(l, l->n - 2 * p, p)) {
			l->n -= p;
			break;
		}
}

/* Names of the kept frames. */
static void
kept_names(const struct report_stack *s, bool collapse, struct list *l)
{
	l->n = 0;
	for (size_t i = 0; s != NULL && i < s->n; i++) {
		const struct frame *f = &s->v[i];
		if (f->ign || f->entry)
			continue;
		if (collapse)
			add_collapsed(l, f->fn);
		else
			l->v[l->n++] = f->fn;
	}
	/* All of it happens where user code begins: that is the place then. */
	for (size_t i = 0; s != NULL && l->n == 0 && i < s->n; i++)
		if (s->v[i].entry)
			l->v[l->n++] = s->v[i].fn;
}

static int
compare(struct str a, struct str b)
{
	int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return c != 0 ? c : a.n < b.n ? -1 : a.n > b.n;
}

/* Is the rotation of v that begins at a smaller than that at b? */
static bool
smaller_rotation(const struct str *v, size_t n, size_t a, size_t b)
{
	for (size_t i = 0; i < n; i++) {
		int c = compare(v[(a + i) % n], v[(b + i) % n]);
		if (c != 0)
			return c < 0;
	}
	return false;
}

/*
 * The names that repeat three times, beginning with the smallest, wherever the
 * overflow hit; then, in rest, what they were called from.  False: none do.
 */
static bool
find_cycle(const struct list *l, struct list *cycle, struct list *rest)
{
	size_t n = 0, at = 0, end, least = 0;

	for (; at < l->n && n == 0; at += n == 0)
		for (size_t p = 1; p <= PERIOD && at + 3 * p <= l->n; p++)
			if (repeats(l, at, p) && repeats(l, at + p, p)) {
				n = p;
				break;
			}
	if (n == 0)
		return false;
	for (size_t i = 1; i < n; i++)
		if (smaller_rotation(l->v + at, n, i, least))
			least = i;
	for (size_t i = 0; i < n; i++)
		cycle->v[i] = l->v[at + (least + i) % n];
	cycle->n = n;
	for (end = at + n; end < l->n && str_eq(l->v[end], l->v[end - n]);)
		end++;
	rest->n = 0;
	while (end < l->n)
		add_collapsed(rest, l->v[end++]);
	return true;
}

static const struct report_stack *
stack_of(const struct report *r, enum report_role role)
{
	for (size_t i = 0; i < r->nstacks; i++)
		if (r->stacks[i].role == role)
			return &r->stacks[i];
	return NULL;
}

/* One access each, whichever the machine did first. */
static void
race_names(const struct report *r, struct list *l)
{
	struct list other;

	kept_names(stack_of(r, REPORT_OTHER_ACCESS), true, &other);
	if (l->n > 1)
		l->n = 1;
	if (other.n == 0)
		return;
	l->v[l->n++] = other.v[0];
	if (l->n == 2 && compare(l->v[0], l->v[1]) > 0) {
		l->v[1] = l->v[0];
		l->v[0] = other.v[0];
	}
}

/* Memory used up bit by bit has no place; one allocation too large has. */
static bool
of_target_alone(const struct report *r)
{
	if (strcmp(r->kind->class, "oom") != 0)
		return strcmp(r->kind->name, "timeout") != 0;
	return memmem(r->message.p, r->message.n, "used: ", 6) != NULL ||
	       memmem(r->message.p, r->message.n, "rss limit", 9) != NULL ||
	       r->message.n == 0;
}

/* What languages call a stack overflow. */
static bool
is_recursion(const struct report *r)
{
	static const char *const names[] = {"RecursionError",
	    "java.lang.StackOverflowError", "SystemStackError",
	    "StackOverflowException", "System.StackOverflowException"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(r->exception, str_of(names[i], strlen(names[i]))))
			return true;
	return strcmp(r->kind->name, "stack-overflow") == 0 ||
	       str_starts(r->message,
		   STR("RangeError: Maximum call stack size exceeded")) ||
	       memmem(r->message.p, r->message.n,
		   "FuzzerSecurityIssueLow: Stack overflow", 38) != NULL ||
	       (strcmp(r->tool, "lua") == 0 &&
		   memmem(r->message.p, r->message.n, "stack overflow", 14) !=
		       NULL);
}

/* The kept frames of the crash stack; of a recursion the cycle, too. */
struct names {
	struct list kept;	      /* collapsed */
	struct list all, cycle, rest; /* set for a recursion, if cyclic */
	bool recursion, cyclic;
};

static void
read_names(const struct report *r, struct names *names)
{
	const struct report_stack *s = report_crash_stack(r);

	kept_names(s, true, &names->kept);
	names->recursion = is_recursion(r);
	names->cyclic = false;
	if (!names->recursion)
		return;
	kept_names(s, false, &names->all);
	names->cyclic = find_cycle(&names->all, &names->cycle, &names->rest);
}

/* The names of a key; the kept ones are cut to as many. */
static const struct list *
choose_names(const struct report *r, int depth, struct names *names)
{
	size_t most = (size_t)(depth > 0 ? depth : DEPTH);
	struct list *l = &names->kept;

	/* All of it; what has no cycle, in a stack cut short, as it is. */
	if (names->recursion)
		return names->cyclic ? &names->cycle : &names->all;
	if (strcmp(r->kind->name, "data-race") == 0) {
		race_names(r, l);
		return l;
	}
	if (r->kind->flags & KINDS_TARGET)
		most = of_target_alone(r) ? 0 : 1;
	if (l->n > most)
		l->n = most;
	return l;
}

static void
add_part(struct buf *key, struct str s)
{
	buf_add(key, s.p, s.n);
	buf_addc(key, '\0');
}

static void
add_words(struct buf *key, const char *s)
{
	add_part(key, str_of(s, strlen(s)));
}

static void
add_message(struct bucket *b, struct str message)
{
	const char *end = memchr(message.p, '\n', message.n);

	if (end != NULL) /* what follows is mostly values */
		message.n = (size_t)(end - message.p);
	add_part(&b->text,
	    names_message(message, arena_alloc(&b->arena, message.n + 1)));
}

/* What of a report, beside names, tells one bug from another. */
static void
add_kind(struct bucket *b, const struct report *r, bool names,
    const struct verdict_policy *policy)
{
	struct buf *key = &b->text;

	add_words(key, r->kind->class);
	if (strcmp(r->kind->class, "memory") != 0 || !names)
		add_words(key, r->kind->name);
	if (r->kind->flags & KINDS_TYPE)
		add_part(key, r->exception);
	if ((r->kind->flags & KINDS_TARGET) && policy->target != NULL)
		add_words(key, policy->target);
	if ((r->kind->flags & KINDS_MESSAGE) ||
	    (!names && !(r->kind->flags & KINDS_TARGET)))
		add_message(b, r->message);
}

static void
make_key(struct bucket *b, const struct report *r, const struct list *l,
    size_t names, const struct verdict_policy *policy, char key[BUCKET_KEY])
{
	buf_reset(&b->text);
	add_kind(b, r, l->n > 0, policy);
	for (size_t i = 0; i < l->n && i < names; i++)
		add_part(&b->text, l->v[i]);
	bucket_hash(b->text.p, b->text.len, key);
}

static void
add_colon(struct buf *text, unsigned number)
{
	if (number == 0)
		return;
	buf_addc(text, ':');
	buf_addu(text, number);
}

/* "file:3:4", or the module and offset: the frame's place. */
static void
add_place(struct buf *text, const struct frame *f, bool relative)
{
	struct str file = f->file;

	if (file.n > 0) {
		if (relative)
			file = str_from(file, f->dir);
		buf_add(text, file.p, file.n);
		add_colon(text, f->line);
		if (f->line > 0)
			add_colon(text, f->col);
	} else if (f->mod.n > 0 && f->has_off) {
		buf_add(text, f->mod.p, f->mod.n);
		buf_addc(text, '+');
		buf_addx(text, f->off);
	} else {
		buf_add(text, f->fn.p, f->fn.n);
		/* Where in a page it is stays, wherever the pages are. */
		if (f->has_pc && f->pc != 0) {
			buf_addc(text, '@');
			buf_addx(text, f->pc & 0xfff);
		}
	}
}

static void
make_exact(struct bucket *b, const struct report *r, bool recursion,
    const struct verdict_policy *policy, char key[BUCKET_KEY])
{
	const struct report_stack *s = report_crash_stack(r);
	struct list all, places, rest;
	struct buf *text = &b->text;

	all.n = places.n = 0;
	for (size_t i = 0; s != NULL && i < s->n; i++) {
		if (s->v[i].ign)
			continue;
		buf_reset(text);
		add_place(text, &s->v[i], true);
		all.v[all.n++] =
		    arena_str(&b->arena, str_of(text->p, text->len));
	}
	/* Where in its cycle a stack overflowed is chance. */
	if (!recursion || !find_cycle(&all, &places, &rest))
		for (size_t i = 0; i < all.n; i++)
			add_collapsed(&places, all.v[i]);
	buf_reset(text);
	for (size_t i = 0; i < places.n; i++)
		add_part(text, places.v[i]);
	if (places.n == 0)
		add_kind(b, r, false, policy);
	bucket_hash(text->p, text->len, key);
}

/* The first names, as they are shown. */
static void
make_top(struct bucket *b, const struct names *names)
{
	const struct list *l = names->cyclic ? &names->cycle : &names->kept;

	b->ntop = 0;
	for (size_t i = 0; i < l->n && b->ntop < BUCKET_TOP; i++)
		b->top[b->ntop++] = l->v[i];
	for (size_t i = 0;
	     names->cyclic && i < names->rest.n && b->ntop < BUCKET_TOP; i++)
		b->top[b->ntop++] = names->rest.v[i];
}

/* The key that was asked for, when the output has what it is made of. */
static void
make_asked(struct bucket *b, const struct report *r,
    const struct verdict_policy *policy)
{
	struct str by = STR("");

	if (policy->key == VERDICT_EXACT)
		memcpy(b->key, b->exact, sizeof(b->key));
	else if (policy->key == VERDICT_TOKEN)
		by = r->dedup;
	else if (policy->key == VERDICT_LINE)
		by = b->line;
	if (by.n == 0)
		return;
	buf_reset(&b->text);
	add_words(&b->text, r->kind->class);
	add_part(&b->text, by);
	bucket_hash(b->text.p, b->text.len, b->key);
}

static void
make_line(struct bucket *b, const struct report *r)
{
	const struct report_stack *s = report_crash_stack(r);
	const struct frame *at = NULL;

	for (size_t i = 0; s != NULL && i < s->n; i++) {
		if (s->v[i].ign)
			continue;
		at = &s->v[i];
		break;
	}
	buf_reset(&b->text);
	if (at != NULL && (at->file.n > 0 || (at->mod.n > 0 && at->has_off)))
		add_place(&b->text, at, false);
	b->line = arena_str(&b->arena, str_of(b->text.p, b->text.len));
}

void
bucket_make(struct bucket *b, struct report *r, const struct rules *rules,
    const struct verdict_policy *policy)
{
	const struct list *l;
	struct names names;

	arena_reset(&b->arena);
	if (b->ignore == NULL)
		b->ignore = ignore_new(policy->ignore);
	for (size_t i = 0; i < r->nstacks; i++)
		mark_frames(b, &r->stacks[i], rules);
	read_names(r, &names);
	make_top(b, &names);
	l = choose_names(r, policy->depth, &names);
	make_key(b, r, l, l->n, policy, b->key);
	if (!policy->brief)
		make_key(b, r, l, 1, policy, b->top_key);
	if (!policy->brief || policy->key == VERDICT_EXACT)
		make_exact(b, r, names.recursion, policy, b->exact);
	make_line(b, r);
	make_asked(b, r, policy);
}

void
bucket_release(struct bucket *b)
{
	ignore_free(b->ignore);
	arena_release(&b->arena);
	buf_release(&b->text);
}
