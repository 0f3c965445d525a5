#include "crash/rules.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/paths.h"
#include "crash/arena.h"
#include "symbols/demangle.h"
#include "crash/foreign.h"
#include "crash/kinds.h"
#include "crash/names.h"
#include "crash/report.h"
#include "crash/words.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

enum how {
	NAME,
	LIBC,
	BARE,
	PREFIX,
	CONTAINS,
	RUST,
	GO,
	JAVA,
	JS,
	IN_PATH,
	TOOL_PATH,
	ENTRY,
	ABOVE,
	GO_ABOVE,
	HOWS
};

static const char *const how_names[HOWS] = {"name", "libc", "bare", "prefix",
    "contains", "rust", "go", "java", "js", "path", "tool-path", "entry",
    "above", "go-above"};

struct pattern {
	enum how how;
	const char *text;
	size_t len;
	struct pattern *next; /* of the same slot */
};

enum { NAMES = 1024, FIELDS = 7 };

struct table {
	char *(*v)[FIELDS];
	size_t n;
};

struct rules {
	char *text[5]; /* of the files; all else points into them */
	struct pattern *patterns;
	size_t npatterns, libc_longest;
	struct pattern *names[NAMES];  /* whole names, by hash */
	struct pattern *prefixes[256]; /* by first byte */
	struct words *in_name, *in_path, *in_tool_path;
	struct table severity, classes;
	struct foreign *clusterfuzz, *casr_function, *casr_path;
};

static unsigned
hash(struct str s)
{
	unsigned h = 5381;

	for (size_t i = 0; i < s.n; i++)
		h = h * 33 ^ (unsigned char)s.p[i];
	return h % NAMES;
}

/* Calls line() with the fields of each line that is no comment. */
static int
each_line(char *text, size_t min, size_t max, const char *name,
    int (*line)(struct rules *r, char **field), struct rules *r, struct fail *f)
{
	size_t number = 0, n;

	for (char *p = text, *end; p != NULL; p = end) {
		char *field[FIELDS] = {0};
		number++;
		end = strchr(p, '\n');
		if (end != NULL)
			*end++ = '\0';
		if (*p == '#' || *p == '\0')
			continue;
		for (n = 0; n < max && p != NULL; n++)
			field[n] = n + 1 < max ? strsep(&p, "\t") : p;
		if (n < min || line(r, field) == -1)
			return fail_set(f, EX_LAGO_CONFIG,
			    "not a rule: line %zu of '%s'", number, name);
	}
	return 0;
}

static int
add_pattern(struct rules *r, char **field)
{
	struct pattern p = {.how = HOWS};
	char *text = field[1];

	for (int i = 0; i < HOWS; i++)
		if (strcmp(field[0], how_names[i]) == 0)
			p.how = (enum how)i;
	while (text != NULL) {
		p.text = p.how == BARE ? strsep(&text, " ") : text;
		p.len = strlen(p.text);
		if (p.how == HOWS || p.len == 0)
			return -1;
		r->patterns = mem_grow(
		    r->patterns, r->npatterns + 1, sizeof(*r->patterns));
		r->patterns[r->npatterns++] = p;
		if (p.how != BARE)
			break;
	}
	return 0;
}

static void
add_row(struct table *t, char **field)
{
	t->v = mem_grow(t->v, t->n + 1, sizeof(*t->v));
	memcpy(t->v[t->n++], field, sizeof(*t->v));
}

static const char *const severities[] = {
    "info", "low", "medium", "high", "critical"};

static int
severity_level(const char *name)
{
	for (size_t i = 0; i < N(severities); i++)
		if (strcmp(name, severities[i]) == 0)
			return (int)i;
	return -1;
}

static int
add_severity(struct rules *r, char **field)
{
	if (severity_level(field[0]) == -1 ||
	    (field[1][0] != '@' && field[1][0] != '!' &&
		strcmp(field[1], "*") != 0 && kinds_find(field[1]) == NULL))
		return -1;
	add_row(&r->severity, field);
	return 0;
}

static int
add_class(struct rules *r, char **field)
{
	if (strcmp(field[3], "*") != 0 && kinds_find(field[3]) == NULL)
		return -1;
	add_row(&r->classes, field);
	return 0;
}

static struct words *
words_of(const struct rules *r, enum how how)
{
	const char **list = mem_array(r->npatterns, sizeof(*list));
	struct words *w;
	size_t n = 0;

	for (size_t i = 0; i < r->npatterns; i++)
		if (r->patterns[i].how == how)
			list[n++] = r->patterns[i].text;
	w = words_new(list, n, false);
	free(list);
	return w;
}

static void
index_patterns(struct rules *r)
{
	for (size_t i = r->npatterns; i > 0; i--) {
		struct pattern *p = &r->patterns[i - 1], **slot;
		switch (p->how) {
		case LIBC:
		case BARE:
			if (p->len > r->libc_longest)
				r->libc_longest = p->len;
			/* FALLTHROUGH */
		case NAME:
		case ENTRY:
		case ABOVE:
		case GO_ABOVE:
			slot = &r->names[hash(str_of(p->text, p->len))];
			break;
		case PREFIX:
		case RUST:
		case GO:
		case JAVA:
		case JS:
			slot = &r->prefixes[(unsigned char)p->text[0]];
			break;
		default:
			continue;
		}
		p->next = *slot;
		*slot = p;
	}
	r->in_name = words_of(r, CONTAINS);
	r->in_path = words_of(r, IN_PATH);
	r->in_tool_path = words_of(r, TOOL_PATH);
}

static int
add_clusterfuzz(struct rules *r, char **field)
{
	return foreign_add(r->clusterfuzz, field[0], field[1]);
}

static int
add_casr(struct rules *r, char **field)
{
	if (strcmp(field[0], "function") == 0)
		return foreign_add(r->casr_function, field[1], field[2]);
	if (strcmp(field[0], "path") == 0)
		return foreign_add(r->casr_path, field[1], field[2]);
	return -1;
}

bool
rules_clusterfuzz(const struct rules *r, const char *text, size_t n)
{
	return foreign_fits(r->clusterfuzz, str_of(text, n));
}

bool
rules_casr(const struct rules *r, const struct frame *f)
{
	return foreign_fits(r->casr_function, f->raw) ||
	       foreign_fits(r->casr_path, f->file) ||
	       foreign_fits(r->casr_path, f->mod);
}

static const struct {
	const char *name;
	size_t min, max;
	int (*line)(struct rules *r, char **field);
} files[] = {
    {"frames", 2, 2, add_pattern},
    {"severity", 5, 5, add_severity},
    {"classes", 7, 7, add_class},
    {"clusterfuzz", 2, 2, add_clusterfuzz},
    {"casr", 3, 3, add_casr},
};

struct rules *
rules_load(const char *dir, struct fail *f)
{
	struct rules *r = mem_alloc(sizeof(*r));
	struct buf text = BUF_INIT, path = BUF_INIT;
	int rc = 0;

	r->clusterfuzz = foreign_new();
	r->casr_function = foreign_new();
	r->casr_path = foreign_new();
	for (size_t i = 0; i < N(files) && rc == 0; i++) {
		buf_reset(&path);
		if (dir != NULL)
			buf_addf(&path, "%s/%s", dir, files[i].name);
		else
			buf_addf(
			    &path, "%s/rules/%s", paths_share(), files[i].name);
		rc = file_read(AT_FDCWD, path.p, 1 << 20, &text, NULL, f);
		if (rc == -1)
			break;
		r->text[i] = buf_take(&text);
		rc = each_line(r->text[i], files[i].min, files[i].max, path.p,
		    files[i].line, r, f);
	}
	buf_release(&text);
	buf_release(&path);
	if (rc == -1) {
		rules_free(r);
		return NULL;
	}
	index_patterns(r);
	foreign_index(r->clusterfuzz);
	foreign_index(r->casr_function);
	foreign_index(r->casr_path);
	return r;
}

void
rules_free(struct rules *r)
{
	if (r == NULL)
		return;
	words_free(r->in_name);
	words_free(r->in_path);
	words_free(r->in_tool_path);
	foreign_free(r->clusterfuzz);
	foreign_free(r->casr_function);
	foreign_free(r->casr_path);
	free(r->patterns);
	free(r->severity.v);
	free(r->classes.v);
	for (size_t i = 0; i < N(r->text); i++)
		free(r->text[i]);
	free(r);
}

static const struct pattern *
next_name(const struct pattern *p, struct str name)
{
	while (p != NULL && !str_eq(name, str_of(p->text, p->len)))
		p = p->next;
	return p;
}

static const struct pattern *
whole_name(const struct rules *r, struct str name)
{
	return next_name(r->names[hash(name)], name);
}

static bool
is_above(const struct pattern *p, struct str name, enum frame_lang lang)
{
	for (; p != NULL; p = next_name(p->next, name))
		if (p->how == ABOVE || (p->how == GO_ABOVE && lang == FRAME_GO))
			return true;
	return false;
}

/* memcpy for __memcpy, __memcpy_avx_unaligned, memcpy-x.S; but read_header is
 * no read. */
static const struct pattern *
libc_name(const struct rules *r, struct str name)
{
	bool reserved = str_starts(name, STR("__"));
	const struct pattern *p;
	size_t n = 0;

	while (name.n > 0 && *name.p == '_')
		name = str_from(name, 1);
	for (n = 1; n <= name.n && n <= r->libc_longest; n++) {
		if (n < name.n && memchr("-@.", name.p[n], 3) == NULL &&
		    !(reserved && name.p[n] == '_'))
			continue;
		p = whole_name(r, str_of(name.p, n));
		if (p != NULL && (p->how == LIBC || p->how == BARE))
			return p;
	}
	return NULL;
}

static bool
begins(const struct rules *r, struct str name, enum frame_lang lang)
{
	static const enum frame_lang of[HOWS] = {[RUST] = FRAME_RUST,
	    [GO] = FRAME_GO,
	    [JAVA] = FRAME_JAVA,
	    [JS] = FRAME_JS};
	const struct pattern *p;

	if (name.n == 0)
		return false;
	p = r->prefixes[(unsigned char)*name.p];
	for (; p != NULL; p = p->next) {
		/* Rust's frames come in a sanitizer's clothes too. */
		if (p->how != PREFIX && of[p->how] != lang &&
		    !(p->how == RUST && lang == FRAME_C))
			continue;
		if (str_starts(name, str_of(p->text, p->len)))
			return true;
	}
	return false;
}

static bool
of_toolchain(struct str path)
{
	return str_starts(path, STR("/usr/")) ||
	       str_starts(path, STR("/rustc/")) ||
	       str_starts(path, STR("/build/"));
}

static bool
skipped_path(const struct rules *r, struct str path)
{
	return path.n > 0 &&
	       (words_any(r->in_path, path) ||
		   (of_toolchain(path) && words_any(r->in_tool_path, path)));
}

/* What becomes of a frame of that name, as far as names decide. */
static void
judge_name(const struct rules *r, enum frame_lang lang, struct str raw,
    bool file, struct rules_name *name)
{
	const struct pattern *p = raw.n > 0 ? whole_name(r, name->fn) : NULL;
	const struct pattern *libc =
	    raw.n > 0 && lang == FRAME_C ? libc_name(r, name->fn) : NULL;

	if (p != NULL && p->how == ENTRY)
		name->is = RULES_ENTRY;
	else if (is_above(p, name->fn, lang))
		name->is = RULES_ABOVE;
	else if ((p != NULL && p->how == NAME) || begins(r, raw, lang) ||
		 begins(r, name->fn, lang) || (libc != NULL && !file))
		name->is = RULES_SKIP;
	name->libc = libc != NULL && libc->how == LIBC;
	if (raw.n > 0 && lang == FRAME_C && words_any(r->in_name, name->fn))
		name->maybe = RULES_SKIP;
	/* Rust's main is inside the crate's name. */
	if (lang == FRAME_RUST && str_ends(name->fn, STR("::main")))
		name->maybe = RULES_ENTRY;
}

static struct str
base_name(struct str path)
{
	const char *slash = memrchr(path.p, '/', path.n);

	return slash != NULL ? str_from(path, (size_t)(slash - path.p) + 1)
			     : path;
}

/* A frame without a function is called by module and offset, else by its file. */
static struct str
place_name(const struct frame *f, struct arena *arena)
{
	struct str base;
	char *out;

	if (f->mod.n == 0 || !f->has_off)
		return base_name(f->file);
	base = base_name(f->mod);
	out = arena_alloc(arena, base.n + 24);
	memcpy(out, base.p, base.n);
	return str_of(out, base.n + (size_t)sprintf(out + base.n, "+0x%llx",
					(unsigned long long)f->off));
}

/* Not every tool demangles what it prints, and none knows all names. */
static struct str
plain_name(struct str raw, struct arena *arena)
{
	char *mangled, *name;

	if (raw.n < 3 || raw.p[0] != '_' ||
	    (raw.p[1] != 'Z' && raw.p[1] != 'R'))
		return raw;
	mangled = mem_strndup(raw.p, raw.n);
	name = demangle_name(mangled);
	raw = arena_str(arena, str_of(name, strlen(name)));
	free(mangled);
	free(name);
	return raw;
}

struct rules_name
rules_name(const struct rules *r, const struct frame *f, struct arena *arena)
{
	struct rules_name name = {.fn = STR("")};
	struct str raw = plain_name(f->raw, arena);

	if (raw.n > 0)
		name.fn = names_clean(
		    f->lang, raw, arena_alloc(arena, NAMES_ROOM(raw.n)));
	else
		name.fn = place_name(f, arena);
	judge_name(r, f->lang, raw, f->file.n > 0, &name);
	name.path = skipped_path(r, f->file) ||
		    (f->file.n == 0 && skipped_path(r, f->mod));
	return name;
}

enum rules_frame
rules_frame(const struct rules_name *name, bool top)
{
	if (name->is != RULES_KEEP)
		return name->is;
	return name->path || (top && name->libc) ? RULES_SKIP : name->maybe;
}

static bool
fits(const char *rule, const char *is)
{
	return (rule[0] == '*' && rule[1] == '\0') ||
	       (rule[0] == is[0] && strcmp(rule, is) == 0);
}

static bool
kind_fits(const char *rule, const struct kinds_kind *kind)
{
	if (rule[0] == '@')
		return strcmp(rule + 1, kind->class) == 0;
	return fits(rule, kind->name);
}

static bool
what_fits(const char *rule, const struct report *report)
{
	if (rule[0] == '!')
		return str_eq(
		    report->exception, str_of(rule + 1, strlen(rule + 1)));
	return kind_fits(rule, report->kind);
}

static const char *
access_word(const struct report *report)
{
	const char *name = report_access_name(report->access);

	return name != NULL ? name : "-";
}

static const char *
place_word(const struct report *report)
{
	if (!report->has_address)
		return "-";
	return report->address < 65536 ? "near" : "far";
}

struct rules_severity
rules_severity(const struct rules *r, const struct report *report)
{
	for (size_t i = 0; i < r->severity.n; i++) {
		char **row = r->severity.v[i];
		if (what_fits(row[1], report) &&
		    fits(row[2], access_word(report)) &&
		    fits(row[3], place_word(report)))
			return (struct rules_severity){
			    row[0], row[4], severity_level(row[0])};
	}
	return (struct rules_severity){"low", "no rule fits", RULES_LOW};
}

static bool
has_function(const struct report *report, const char *name)
{
	const struct report_stack *s = report_crash_stack(report);
	struct str want = str_of(name, strlen(name));

	for (size_t i = 0; s != NULL && i < s->n; i++)
		if (str_eq(s->v[i].fn, want))
			return true;
	return false;
}

struct rules_class
rules_class(
    const struct rules *r, const struct report *report, const char *what)
{
	const char *tool =
	    report->tool != NULL && (strcmp(report->tool, "signal") == 0 ||
					strcmp(report->tool, "gdb") == 0)
		? "signal"
		: "report";
	const char *access = access_word(report), *place = place_word(report);

	for (size_t i = 0; i < r->classes.n; i++) {
		char **row = r->classes.v[i];
		/* What few rows fit comes first. */
		if (!fits(row[3], report->kind->name) || !fits(row[2], tool) ||
		    !fits(row[4], access) || !fits(row[5], place))
			continue;
		if (strncmp(row[6], "frame:", 6) == 0
			? has_function(report, row[6] + 6)
			: fits(row[6], what != NULL ? what : "-"))
			return (struct rules_class){row[0], row[1]};
	}
	return (struct rules_class){"undefined", "Undefined"};
}
