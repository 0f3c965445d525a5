#include "crash/record.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/out.h"
#include "crash/bucket.h"
#include "crash/compat.h"
#include "crash/kinds.h"
#include "crash/lines.h"
#include "crash/report.h"
#include "crash/rules.h"
#include "crash/verdict.h"

enum { FRAMES = 64, VERSION = 1 };

/* Keys are never left out: null when nothing is known. */
static void
text(struct out *o, const char *name, struct str s)
{
	if (s.n > 0)
		out_bytes(o, name, s.p, s.n);
	else
		out_json(o, name, "null");
}

static void
word(struct out *o, const char *name, const char *s)
{
	if (s != NULL)
		out_text(o, name, s);
	else
		out_json(o, name, "null");
}

static void
add_hex(struct buf *b, bool known, uint64_t v)
{
	if (!known) {
		buf_add(b, "null", 4);
		return;
	}
	buf_addc(b, '"');
	buf_addx(b, v);
	buf_addc(b, '"');
}

static void
hex(struct out *o, const char *name, bool known, uint64_t v)
{
	add_hex(out_value(o, name), known, v);
}

static void
number(struct out *o, const char *name, bool known, int64_t v)
{
	if (known)
		out_int(o, name, v);
	else
		out_json(o, name, "null");
}

/* key: with quotes, a comma before and a colon behind it. */
static void
member(struct buf *b, struct str key, struct str s)
{
	buf_add(b, key.p, key.n);
	if (s.n > 0)
		out_json_string(b, s.p, s.n);
	else
		buf_add(b, "null", 4);
}

static void
member_number(struct buf *b, struct str key, uint64_t v)
{
	buf_add(b, key.p, key.n);
	if (v > 0)
		buf_addu(b, v);
	else
		buf_add(b, "null", 4);
}

#define KEY(name) STR(",\"" name "\":")

/* What is the same wherever the frame was. */
static void
add_text(struct buf *b, const struct frame *f)
{
	member(b, KEY("fn"), f->raw.n > 0 ? f->fn : STR(""));
	member(b, KEY("raw"), f->raw);
	member(b, KEY("file"), f->file);
	member_number(b, KEY("line"), f->line);
	member_number(b, KEY("col"), f->col);
	member(b, KEY("mod"), f->mod);
	buf_adds(b, ",\"off\":");
	add_hex(b, f->has_off, f->off);
}

static void
add_frame(struct buf *b, struct lines *l, const struct frame *f, size_t i)
{
	struct str *json = f->known != NULL ? &f->known->json : NULL;
	size_t at;

	buf_adds(b, "{\"i\":");
	buf_addu(b, i);
	at = b->len;
	if (json != NULL && json->n > 0)
		buf_add(b, json->p, json->n);
	else
		add_text(b, f);
	if (json != NULL && json->n == 0)
		*json = lines_keep(l, str_of(b->p + at, b->len - at));
	buf_adds(b, ",\"pc\":");
	add_hex(b, f->has_pc, f->pc);
	buf_adds(b, f->inl ? ",\"inl\":true" : ",\"inl\":false");
	buf_adds(b, f->ign ? ",\"ign\":true}" : ",\"ign\":false}");
}

static void
add_frames(struct buf *b, struct lines *l, const struct report_stack *s)
{
	buf_addc(b, '[');
	for (size_t i = 0; s != NULL && i < s->n && i < FRAMES; i++) {
		if (i > 0)
			buf_addc(b, ',');
		add_frame(b, l, &s->v[i], i);
	}
	buf_addc(b, ']');
}

static void
frames(struct out *o, struct lines *l, const struct report *r)
{
	const struct report_stack *crash = report_crash_stack(r);
	struct buf *b;
	bool first = true;

	add_frames(out_value(o, "frames"), l, crash);
	b = out_value(o, "stacks");
	buf_addc(b, '[');
	for (size_t i = 0; i < r->nstacks; i++) {
		const struct report_stack *s = &r->stacks[i];
		if (s == crash)
			continue;
		if (!first)
			buf_addc(b, ',');
		first = false;
		buf_addf(b, "{\"role\":\"%s\"", report_role_name(s->role));
		member(b, KEY("thread"), s->thread);
		buf_adds(b, ",\"frames\":");
		add_frames(b, l, s);
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
}

static void
add_top(struct buf *b, const struct bucket *k)
{
	buf_addc(b, '[');
	for (size_t i = 0; k != NULL && i < k->ntop; i++) {
		if (i > 0)
			buf_addc(b, ',');
		out_json_string(b, k->top[i].p, k->top[i].n);
	}
	buf_addc(b, ']');
}

/* The reports that are not the verdict. */
static void
also(struct out *o, const struct verdict *v)
{
	struct buf *b = out_value(o, "also");
	const struct bucket *k;
	const struct report *r;
	const char *access;

	buf_addc(b, '[');
	for (size_t i = 0; (r = verdict_other(v, i, &k)) != NULL; i++) {
		access = report_access_name(r->access);
		buf_addf(b, "%s{\"kind\":\"%s\",\"tool\":\"%s\"",
		    i > 0 ? "," : "", r->kind->name, r->tool);
		member(b, KEY("access"),
		    str_of(access, access != NULL ? strlen(access) : 0));
		member(b, KEY("message"), r->message);
		buf_adds(b, ",\"top\":");
		add_top(b, k);
		member(b, KEY("crash_line"), k->line);
		buf_addf(b, ",\"bucket\":\"%s\"}", k->key);
	}
	buf_addc(b, ']');
}

static void
region(struct out *o, const struct report *r)
{
	struct buf b = BUF_INIT;

	if (r->region.kind == NULL) {
		out_json(o, "region", "null");
		return;
	}
	buf_addf(&b, "{\"kind\":\"%s\"", r->region.kind);
	if (r->region.where != NULL)
		buf_addf(&b, ",\"size\":%llu,\"offset\":%lld,\"where\":\"%s\"}",
		    (unsigned long long)r->region.size,
		    (long long)r->region.offset, r->region.where);
	else
		buf_adds(&b, ",\"size\":null,\"offset\":null,\"where\":null}");
	out_json(o, "region", b.p);
	buf_release(&b);
}

static void
signal_name(struct out *o, const struct report *r)
{
	const char *abbrev = r->signal > 0 ? sigabbrev_np(r->signal) : NULL;
	char name[32];

	if (abbrev != NULL)
		snprintf(name, sizeof(name), "SIG%s", abbrev);
	word(o, "signal_name", abbrev != NULL ? name : NULL);
}

/* The instruction at pc, and what follows it. */
static void
code(struct out *o, const struct report *r)
{
	char text[2 * sizeof(r->code) + 1];

	if (r->ncode == 0)
		return;
	for (size_t i = 0; i < r->ncode; i++)
		sprintf(text + 2 * i, "%02x", r->code[i]);
	out_text(o, "code", text);
}

/* What the report says. */
static void
found(struct out *o, const struct report *r)
{
	bool crash = r->kind != NULL;

	out_bool(o, "crash", crash);
	word(o, "kind", crash ? r->kind->name : NULL);
	word(o, "tool", r->tool);
	word(o, "access", report_access_name(r->access));
	number(o, "access_size", r->size > 0, (int64_t)r->size);
	hex(o, "address", r->has_address, r->address);
	if (r->has_address)
		out_bool(o, "near_null", r->address < 65536);
	else
		out_json(o, "near_null", "null");
	region(o, r);
	number(o, "signal", r->signal > 0, r->signal);
	signal_name(o, r);
	hex(o, "pc", r->has_pc, r->pc);
	hex(o, "sp", r->has_sp, r->sp);
	hex(o, "bp", r->has_bp, r->bp);
	code(o, r);
	text(o, "thread", r->thread);
	text(o, "message", r->message);
	text(o, "exception", r->exception);
	if (r->scariness.n > 0)
		text(o, "scariness", r->scariness);
	if (r->dedup.n > 0)
		text(o, "dedup_token", r->dedup);
}

static void
replay(struct out *o, const struct record *r)
{
	struct buf b = BUF_INIT;

	out_int(o, "exit_status", r->exit_status);
	out_int(o, "wall_us", r->wall_us);
	out_int(o, "replays", r->replays);
	out_int(o, "reproduced", r->reproduced);
	buf_addc(&b, '[');
	for (size_t i = 0; i < r->nbuckets; i++)
		buf_addf(&b, "%s{\"bucket\":%s%s%s,\"count\":%d}",
		    i > 0 ? "," : "", r->buckets[i].bucket[0] ? "\"" : "null",
		    r->buckets[i].bucket, r->buckets[i].bucket[0] ? "\"" : "",
		    r->buckets[i].count);
	buf_addc(&b, ']');
	out_json(o, "buckets", b.p);
	out_text(o, "mode", r->mode);
	out_bool(o, "aslr", r->aslr);
	if (r->after > 0)
		out_int(o, "after", (int64_t)r->after);
	if (r->target != NULL)
		out_text(o, "target", r->target);
	if (r->build != NULL)
		out_text(o, "build_id", r->build);
	buf_release(&b);
}

static void
clusterfuzz(struct out *o, const struct compat *c)
{
	out_bytes(o, "crash_type", buf_str(&c->type), c->type.len);
	out_bytes(o, "crash_address", buf_str(&c->address), c->address.len);
	out_bytes(o, "crash_state", buf_str(&c->state), c->state.len);
	out_bool(o, "security", c->security);
	word(o, "cf_severity", c->severity);
}

static void
write_json(struct out *o, const struct record *r)
{
	const struct verdict *v = r->verdict;
	const struct report *p = v->report;
	const struct bucket *k = p->kind != NULL ? v->bucket : NULL;

	out_int(o, "v", VERSION);
	word(o, "log", r->log);
	if (r->input != NULL)
		out_text(o, "input", r->input);
	if (r->sha != NULL)
		out_text(o, "input_sha256", r->sha);
	clusterfuzz(o, v->compat);
	found(o, p);
	add_top(out_value(o, "top"), k);
	frames(o, v->lines, p);
	word(o, "severity", v->severity);
	word(o, "severity_reason", v->reason);
	word(o, "exploitability", k != NULL ? v->exploitability : NULL);
	word(o, "class", v->class);
	text(o, "crash_line", k != NULL ? k->line : STR(""));
	word(o, "bucket", k != NULL ? k->key : NULL);
	word(o, "bucket_top", k != NULL ? k->top_key : NULL);
	word(o, "bucket_exact", k != NULL ? k->exact : NULL);
	if (r->clusters)
		out_int_or(o, "cluster", r->cluster, -1);
	out_int(o, "reports", (int64_t)v->reports);
	also(o, v);
	out_bool(o, "truncated", p->truncated || r->truncated);
	if (r->log == NULL)
		replay(o, r);
	out_end(o);
}

static void
write_tsv(struct out *o, const struct record *r)
{
	const struct verdict *v = r->verdict;
	const struct report *p = v->report;
	const struct bucket *k = p->kind != NULL ? v->bucket : NULL;
	struct buf b = BUF_INIT;

	out_text(o, "id", r->log != NULL ? r->log : r->sha);
	out_text(o, "bucket", k != NULL ? k->key : NULL);
	out_text(o, "kind", k != NULL ? p->kind->name : NULL);
	out_text(o, "severity", v->severity);
	if (r->log == NULL)
		buf_addf(&b, "%d/%d", r->reproduced, r->replays);
	out_text(o, "reproduced", b.p);
	out_text(o, "access", report_access_name(p->access));
	out_int_or(o, "access_size", (int64_t)p->size, 0);
	buf_reset(&b);
	for (size_t i = 0; k != NULL && i < k->ntop; i++) {
		buf_adds(&b, i > 0 ? " < " : "");
		buf_add(&b, k->top[i].p, k->top[i].n);
	}
	out_bytes(o, "top", buf_str(&b), b.len);
	if (k != NULL)
		out_bytes(o, "crash_line", k->line.p, k->line.n);
	else
		out_text(o, "crash_line", NULL);
	out_bytes(
	    o, "message", p->message.n > 0 ? p->message.p : "", p->message.n);
	out_text(o, "input", r->input != NULL ? r->input : r->log);
	if (r->clusters)
		out_int_or(o, "cluster", r->cluster, -1);
	out_end(o);
	buf_release(&b);
}

void
record_write(struct out *o, const struct record *r)
{
	if (o->json)
		write_json(o, r);
	else
		write_tsv(o, r);
}
