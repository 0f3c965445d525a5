#include "crash/reader.h"

#include <ctype.h>

#include "base/mem.h"
#include "crash/kinds.h"
#include "crash/names.h"
#include "crash/rules.h"

struct str
reader_keep(struct reader *r, struct str s)
{
	return arena_str(&r->arena, s);
}

struct report *
reader_open(struct reader *r, const char *kind, const char *tool, bool fatal)
{
	struct report *p;

	r->seen++;
	/* One more than is kept replaces the last one. */
	if (r->n < REPORT_REPORTS)
		r->n++;
	p = &r->reports[r->n - 1];
	memset(p, 0, sizeof(*p));
	p->thread = p->message = p->exception = p->dedup = STR("");
	p->scariness = p->insn = p->place = p->place_fn = STR("");
	p->kind = kinds_find(kind);
	p->tool = tool;
	p->fatal = fatal;
	r->now = p;
	r->stack = NULL;
	r->more = NULL;
	r->role = REPORT_CRASH;
	r->thread = STR("");
	r->heading = true;
	return p;
}

void
reader_heading(struct reader *r, enum report_role role, struct str thread)
{
	r->role = role;
	r->thread = reader_keep(r, thread);
	r->stack = NULL;
	r->heading = true;
}

void
reader_place(struct reader *r, struct str function, struct str file)
{
	r->now->place_fn = reader_keep(r, function);
	r->now->place = reader_keep(r, file);
}

bool
reader_restack(struct reader *r)
{
	struct report *p = r->now;
	const struct report_stack *s = report_crash_stack(p);
	size_t at;

	if (s != NULL && s->n > 1)
		return false;
	if (s != NULL) {
		at = (size_t)(s - p->stacks);
		p->nstacks--;
		memmove(&p->stacks[at], &p->stacks[at + 1],
		    (p->nstacks - at) * sizeof(p->stacks[0]));
	}
	reader_heading(r, REPORT_CRASH, STR(""));
	return true;
}

static struct report_stack *
open_stack(struct reader *r)
{
	struct report *p = r->now;
	struct report_stack *s = &r->spill;

	if (p->nstacks < REPORT_STACKS)
		s = &p->stacks[p->nstacks++];
	else
		p->truncated = true;
	*s = (struct report_stack){.thread = r->thread};
	/* Without a heading it is another thread's. */
	s->role = r->heading ? r->role : REPORT_THREAD;
	r->heading = false;
	r->stack = s;
	return s;
}

static struct frame *
add_frame(struct reader *r, struct report_stack *s)
{
	struct frame *v;

	if (s->n >= REPORT_FRAMES) {
		s->cut = r->now->truncated = true;
		return NULL;
	}
	if (s->n == s->size) {
		s->size = s->size > 0 ? s->size * 2 : 16;
		v = arena_alloc(&r->arena, s->size * sizeof(*v));
		if (s->n > 0)
			memcpy(v, s->v, s->n * sizeof(*v));
		s->v = v;
	}
	return &s->v[s->n++];
}

struct frame *
reader_last(struct reader *r)
{
	if (r->stack == NULL || r->stack->n == 0)
		return NULL;
	return &r->stack->v[r->stack->n - 1];
}

void
reader_frame(struct reader *r, const struct frame *f)
{
	struct report_stack *s = r->stack;
	struct frame *kept;

	if (r->now == NULL)
		return;
	if (s == NULL || f->number == 0)
		s = open_stack(r);
	if (s->role == REPORT_CRASH && f->number > r->now->deepest)
		r->now->deepest = f->number;
	kept = s == &r->spill ? NULL : add_frame(r, s);
	if (kept == NULL)
		return;
	*kept = *f;
	if (f->known != NULL)
		return;
	kept->raw = reader_keep(r, f->raw);
	kept->file = reader_keep(r, f->file);
	kept->mod = reader_keep(r, f->mod);
}

bool
reader_message(struct reader *r, struct str line)
{
	struct report *p = r->now;
	char *text;

	if (r->state++ == 0) {
		p->message = reader_keep(r, line);
		return true;
	}
	if (r->state > 16)
		return false;
	if (p->message.n + line.n > 4096)
		return true;
	text = arena_alloc(&r->arena, p->message.n + 1 + line.n);
	memcpy(text, p->message.p, p->message.n);
	text[p->message.n] = '\n';
	memcpy(text + p->message.n + 1, line.p, line.n);
	p->message = str_of(text, p->message.n + 1 + line.n);
	return true;
}

void
reader_exception(struct reader *r, struct str line)
{
	size_t n = 0;

	while (n < line.n && line.p[n] != ':' && line.p[n] != ' ')
		n++;
	r->now->message = reader_keep(r, line);
	r->now->exception = reader_keep(r, str_of(line.p, n));
}

bool
reader_rules(struct reader *r, struct str line, const struct words_set *has,
    const struct reader_rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (words_has(has, rules[i].word) && rules[i].read(r, line))
			return true;
	return false;
}
