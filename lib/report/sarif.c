#include "report/sarif.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/strs.h"
#include "report/facts.h"
#include "report/kindinfo.h"
#include "report/page.h"
#include "report/pen.h"
#include "report/put.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define SCHEMA                                                                \
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/" \
	"sarif-schema-2.1.0.json"

#define OTHER "crash" /* the rule of what has no kind */

/* Most rules and files that are kept: more have one rule, and no index. */
enum { SLOTS = 1024, FILES = 20000, RULES = 1000 };

/* How bad: the words of SARIF, of forges that show it (a CVSS-like number), and
 * its own rank of 0 to 100. */
static const struct level {
	const char *severity, *level, *score;
	int rank;
} levels[] = {{"info", "note", "0.0", 5}, {"low", "warning", "3.0", 25},
    {"medium", "warning", "5.5", 50}, {"high", "error", "8.0", 80},
    {"critical", "error", "9.5", 95}};

struct file { /* an artifact, by its URI */
	char *uri;
	struct file *next; /* of the same slot */
	size_t index;
};

struct rule {
	char *id;
	size_t worst; /* of levels */
};

struct sarif {
	const struct kindinfo *kinds;
	size_t results;
	struct rule *rules;
	size_t nrules;
	struct file *slots[SLOTS], **files;
	size_t nfiles;
};

struct sarif *
sarif_new(const struct kindinfo *kinds)
{
	struct sarif *s = mem_alloc(sizeof(*s));

	s->kinds = kinds;
	return s;
}

void
sarif_free(struct sarif *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->nrules; i++)
		free(s->rules[i].id);
	for (i = 0; i < s->nfiles; i++) {
		free(s->files[i]->uri);
		free(s->files[i]);
	}
	free(s->rules);
	free(s->files);
	free(s);
}

/* A message: in its text braces stand for arguments and [x](y) is a link. */
static void
message(struct buf *b, const char *name, const char *s)
{
	bool links = strstr(s, "](") != NULL;
	struct buf t = BUF_INIT;

	for (; *s != '\0'; s++) {
		if (*s == '{' || *s == '}')
			buf_addc(&t, *s);
		else if (links && strchr("[]\\", *s) != NULL)
			buf_addc(&t, '\\');
		buf_addc(&t, *s);
	}
	put_open(b, name, "{");
	put_text(b, "text", buf_str(&t));
	buf_addc(b, '}');
	buf_release(&t);
}

/* --- places ------------------------------------------------------------- */

/* The segments of a path without those that say nothing; nothing is above the
 * root. */
static void
add_segments(struct strs *to, const char *path)
{
	bool absolute = *path == '/';
	size_t n;

	for (; *path != '\0'; path += n + (path[n] == '/')) {
		n = strcspn(path, "/");
		if (n == 0 || (n == 1 && *path == '.'))
			continue;
		if (n == 2 && memcmp(path, "..", 2) == 0 && to->n > 0 &&
		    strcmp(to->v[to->n - 1], "..") != 0) {
			free(to->v[--to->n]);
			to->v[to->n] = NULL;
		} else if (!absolute || n != 2 || memcmp(path, "..", 2) != 0) {
			strs_addn(to, path, n);
		}
	}
}

/* A path as a URI: relative as a reference, absolute with file://. */
static char *
uri_of(const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";
	struct strs segments = {0};
	struct buf b = BUF_INIT;
	const char *p;
	size_t i;

	add_segments(&segments, path);
	buf_adds(&b, *path == '/' ? "file://" : "");
	for (i = 0; i < segments.n; i++) {
		if (i > 0 || *path == '/')
			buf_addc(&b, '/');
		for (p = segments.v[i]; *p != '\0'; p++)
			if (strchr(plain, *p) != NULL)
				buf_addc(&b, *p);
			else
				buf_addf(&b, "%%%02X", (unsigned char)*p);
	}
	if (segments.n == 0)
		buf_addc(&b, *path == '/' ? '/' : '.');
	strs_release(&segments);
	return buf_take(&b);
}

/* The file of that URI, which is taken; NULL: there are too many. */
static struct file *
file(struct sarif *s, char *uri)
{
	struct file *f;
	unsigned h = 5381;
	const char *p;

	for (p = uri; *p != '\0'; p++)
		h = h * 33 ^ (unsigned char)*p;
	for (f = s->slots[h % SLOTS]; f != NULL; f = f->next)
		if (strcmp(f->uri, uri) == 0)
			break;
	if (f != NULL || s->nfiles == FILES) {
		free(uri);
		return f;
	}
	f = mem_alloc(sizeof(*f));
	*f = (struct file){uri, s->slots[h % SLOTS], s->nfiles};
	s->slots[h % SLOTS] = f;
	s->files = mem_grow(s->files, s->nfiles + 1, sizeof(struct file *));
	s->files[s->nfiles++] = f;
	return f;
}

static void
artifact(struct sarif *s, const char *path, struct buf *b)
{
	char *uri = uri_of(path);
	struct file *f;

	put_open(b, "artifactLocation", "{");
	put_text(b, "uri", uri);
	if ((f = file(s, uri)) != NULL)
		put_number(b, "index", (int64_t)f->index);
	buf_addc(b, '}');
}

/* JSON readers keep 53 bits of a number. */
static int64_t
offset(const char *hex)
{
	unsigned long long v = strtoull(hex, NULL, 16);

	return v < 1ULL << 53 ? (int64_t)v : FACTS_NONE;
}

static void
physical(struct sarif *s, const struct facts_frame *v, struct buf *b)
{
	const char *path = v->file != NULL ? v->file : v->mod;

	if (path == NULL)
		return;
	put_open(b, "physicalLocation", "{");
	artifact(s, path, b);
	if (v->file != NULL && v->line != FACTS_NONE) {
		put_open(b, "region", "{");
		put_number(b, "startLine", v->line);
		put_number(b, "startColumn", v->col);
		buf_addc(b, '}');
	} else if (v->file == NULL && v->off != NULL) {
		put_open(b, "address", "{");
		put_text(b, "kind", "instruction");
		put_number(b, "relativeAddress", offset(v->off));
		buf_addc(b, '}');
	}
	buf_addc(b, '}');
}

static void
logical(const char *name, const char *kind, struct buf *b)
{
	if (name == NULL)
		return;
	put_open(b, "logicalLocations", "[{");
	put_text(b, "fullyQualifiedName", name);
	put_text(b, "kind", kind);
	buf_adds(b, "}]");
}

static void
location(struct sarif *s, const struct facts_frame *v, struct buf *b)
{
	physical(s, v, b);
	logical(v->fn != NULL ? v->fn : v->raw, "function", b);
}

/* --- results ------------------------------------------------------------ */

static const struct level *
level(const struct facts *x)
{
	size_t i;

	for (i = 0; x->severity != NULL && i < N(levels); i++)
		if (strcmp(levels[i].severity, x->severity) == 0)
			return &levels[i];
	return &levels[1];
}

/* The number of the rule of that name. */
static size_t
rule(struct sarif *s, const char *id, size_t worst)
{
	size_t i;

	for (i = 0; i < s->nrules; i++)
		if (strcmp(s->rules[i].id, id) == 0) {
			if (s->rules[i].worst < worst)
				s->rules[i].worst = worst;
			return i;
		}
	if (i + 1 >= RULES && strcmp(id, OTHER) != 0)
		return rule(s, OTHER, worst);
	s->rules = mem_grow(s->rules, i + 1, sizeof(*s->rules));
	s->rules[s->nrules++] = (struct rule){mem_strdup(id), worst};
	return i;
}

/* "heap-buffer-overflow in png: png_read. READ of 4 bytes at 0x10." */
static void
told(const struct facts *x, struct buf *b)
{
	struct buf none = BUF_INIT, all = BUF_INIT;
	struct pen p;

	pen_start(&p, &none, false);
	page_title(&p, x);
	buf_addf(&all, "%s.", buf_str(&p.said));
	buf_reset(&p.said);
	page_access(&p, x);
	if (p.said.len > 0)
		buf_addf(&all, " %s.", p.said.p);
	buf_reset(&p.said);
	if (x->message != NULL) {
		pen_value(&p, x->message);
		buf_addf(&all, " %s", buf_str(&p.said));
	}
	message(b, "message", all.p);
	pen_end(&p);
	buf_release(&none);
	buf_release(&all);
}

static void
places(struct sarif *s, const struct facts *x, struct buf *b)
{
	const struct facts_frame *v = facts_place(x);

	put_open(b, "locations", "[");
	if (v != NULL || x->target != NULL) {
		put_open(b, NULL, "{");
		if (v != NULL)
			location(s, v, b);
		else
			logical(x->target, "module", b);
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
}

/* The first frame that counts of each other stack. */
static void
related(struct sarif *s, const struct facts *x, struct buf *b)
{
	const struct facts_stack *t;
	size_t i, k, n = 0;

	for (i = 1; i < x->nstacks; i++) {
		t = &x->stacks[i];
		for (k = 0; k < t->n && t->v[k].ign; k++)
			;
		if (k == t->n)
			continue;
		if (n == 0)
			put_open(b, "relatedLocations", "[");
		put_open(b, NULL, "{");
		put_number(b, "id", (int64_t)++n);
		message(b, "message", page_role(t->role));
		location(s, &t->v[k], b);
		buf_addc(b, '}');
	}
	if (n > 0)
		buf_addc(b, ']');
}

/* The words for a stack; those of one result must differ. */
static void
stack_message(const struct facts *x, size_t i, struct buf *b)
{
	const char *role =
	    i == 0 ? "Crash stack" : page_role(x->stacks[i].role);
	char words[64];
	size_t k, n = 1;

	for (k = 1; k < i; k++)
		n += strcmp(page_role(x->stacks[k].role), role) == 0;
	snprintf(words, sizeof(words), n > 1 ? "%s (%zu)" : "%s", role, n);
	message(b, "message", words);
}

static void
stacks(struct sarif *s, const struct facts *x, struct buf *b)
{
	size_t i, k;

	put_open(b, "stacks", "[");
	for (i = 0; i < x->nstacks; i++) {
		if (x->stacks[i].n == 0)
			continue;
		put_open(b, NULL, "{");
		stack_message(x, i, b);
		put_open(b, "frames", "[");
		for (k = 0; k < x->stacks[i].n; k++) {
			put_open(b, NULL, "{");
			put_open(b, "location", "{");
			location(s, &x->stacks[i].v[k], b);
			buf_addc(b, '}');
			put_text(b, "module", x->stacks[i].v[k].mod);
			buf_addc(b, '}');
		}
		buf_adds(b, "]}");
	}
	buf_addc(b, ']');
}

/* What a home knows. */
static void
history(const struct facts *x, struct buf *b)
{
	if (x->inputs > 0)
		put_number(b, "occurrenceCount", x->inputs);
	if (x->first != FACTS_NONE) {
		put_open(b, "provenance", "{");
		put_time(b, "firstDetectionTimeUtc", x->first);
		put_time(b, "lastDetectionTimeUtc", x->last);
		buf_addc(b, '}');
	}
	if (x->state != NULL && strcmp(x->state, "ignored") == 0) {
		put_open(b, "suppressions", "[{");
		put_text(b, "kind", "external");
		put_text(b, "status", "accepted");
		put_text(b, "justification", x->note);
		buf_adds(b, "}]");
	}
}

static void
properties(const struct facts *x, struct buf *b)
{
	const struct {
		const char *name, *value;
	} texts[] = {{"severity", x->severity},
	    {"severityReason", x->severity_reason},
	    {"exploitability", x->exploitability}, {"class", x->class},
	    {"target", x->target}, {"tool", x->tool}, {"access", x->access},
	    {"address", x->address}, {"signal", x->signal_name},
	    {"bug", x->bug}, {"state", x->state}, {"note", x->note},
	    {"inputSha256", x->sha}, {"run", x->run}, {"log", x->log}};
	size_t i;

	put_open(b, "properties", "{");
	put_text(b, "security-severity", level(x)->score);
	for (i = 0; i < N(texts); i++)
		put_text(b, texts[i].name, texts[i].value);
	if (x->access_size > 0)
		put_number(b, "accessSize", x->access_size);
	put_number(b, "tries", x->replays);
	put_number(b, "reproduced", x->reproduced);
	buf_addc(b, '}');
}

static void
start(struct buf *b)
{
	buf_adds(b, "{\"$schema\":\"" SCHEMA "\",\"version\":\"2.1.0\","
		    "\"runs\":[{\"results\":[");
}

void
sarif_add(struct sarif *s, const struct facts *x, struct buf *b)
{
	const struct level *l = level(x);
	size_t i =
	    rule(s, x->kind == NULL ? OTHER : x->kind, (size_t)(l - levels));

	if (s->results++ == 0)
		start(b);
	else
		buf_addc(b, ',');
	buf_adds(b, "\n{");
	put_text(b, "ruleId", s->rules[i].id);
	put_number(b, "ruleIndex", (int64_t)i);
	put_text(b, "level", l->level);
	put_number(b, "rank", l->rank);
	told(x, b);
	places(s, x, b);
	related(s, x, b);
	stacks(s, x, b);
	put_open(b, "partialFingerprints", "{");
	put_text(b, "bucket/v1", x->bucket);
	put_text(b, "bucketExact/v1", x->bucket_exact);
	buf_addc(b, '}');
	history(x, b);
	properties(x, b);
	buf_addc(b, '}');
}

/* --- what results refer to ---------------------------------------------- */

/* heap-buffer-overflow: HeapBufferOverflow; not where it is the id again. */
static void
friendly(struct buf *b, const char *id)
{
	const char *whole = id;
	char name[64];
	size_t n = 0;
	bool up = true;

	for (; *id != '\0' && n < sizeof(name) - 1; id++) {
		if ((*id >= 'a' && *id <= 'z') || (*id >= '0' && *id <= '9')) {
			name[n++] = (char)(up && *id >= 'a' ? *id - 32 : *id);
			up = false;
		} else {
			up = true;
		}
	}
	name[n] = '\0';
	if (n > 0 && strcasecmp(name, whole) != 0)
		put_text(b, "name", name);
}

static void
add_rule(const struct sarif *s, const struct rule *r, struct buf *b)
{
	struct kindinfo_row row = kindinfo_find(s->kinds, r->id);
	const struct level *l = &levels[r->worst];
	char cwe[96];

	put_open(b, NULL, "{");
	put_text(b, "id", r->id);
	friendly(b, r->id);
	message(b, "shortDescription", row.what);
	message(b, "help", *row.help == '\0' ? row.what : row.help);
	if (row.cwe != NULL) {
		snprintf(cwe, sizeof(cwe),
		    "https://cwe.mitre.org/data/definitions/%.20s.html",
		    row.cwe);
		put_text(b, "helpUri", cwe);
	}
	put_open(b, "defaultConfiguration", "{");
	put_text(b, "level", l->level);
	buf_addc(b, '}');
	put_open(b, "properties", "{");
	put_text(b, "security-severity", l->score);
	put_text(b, "precision", "very-high");
	put_open(b, "tags", "[");
	put_text(b, NULL, "security");
	if (row.cwe != NULL) {
		snprintf(cwe, sizeof(cwe), "external/cwe/cwe-%.20s", row.cwe);
		put_text(b, NULL, cwe);
	}
	buf_adds(b, "]}}");
}

void
sarif_end(struct sarif *s, struct buf *b)
{
	size_t i;

	if (s->results == 0)
		start(b);
	buf_adds(b, "\n],\"tool\":{\"driver\":{");
	put_text(b, "name", "lago");
	put_text(b, "version", LAGO_VERSION);
	put_open(b, "rules", "[");
	for (i = 0; i < s->nrules; i++)
		add_rule(s, &s->rules[i], b);
	buf_adds(b, "]}},\"artifacts\":[");
	for (i = 0; i < s->nfiles; i++) {
		put_open(b, NULL, "{");
		put_open(b, "location", "{");
		put_text(b, "uri", s->files[i]->uri);
		buf_adds(b, "},\"roles\":[\"tracedFile\"]}");
	}
	buf_adds(b, "]}]}\n");
}
