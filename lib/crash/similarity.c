#include "crash/similarity.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crash/frame.h"
#include "crash/rules.h"

#define ALPHA 0.04 /* a frame further down weighs less */
#define RHO 0.13   /* and less where the other stack has it elsewhere */

/* --- numbers for things ------------------------------------------------- */

struct entry {
	uint64_t hash;
	uint32_t number; /* 0: free */
};

struct similarity {
	const struct rules *rules;
	struct entry *v; /* open addressing, a power of two */
	size_t size;
	uint32_t n;
};

enum what { NOWHERE, FILE_LINE, MODULE, ADDRESS, NAME };

static uint64_t
mix(uint64_t h, const void *p, size_t n)
{
	const unsigned char *c = p;

	for (size_t i = 0; i < n; i++)
		h = (h ^ c[i]) * 0x100000001b3;
	return h ^ h >> 29;
}

static uint64_t
thing(enum what what, struct str text, uint64_t a, uint64_t b)
{
	uint64_t h = mix(0xcbf29ce484222325, &(int){what}, sizeof(int));

	h = mix(h, text.p, text.n);
	h = mix(h, &a, sizeof(a));
	return mix(h, &b, sizeof(b));
}

static struct entry *
slot(const struct similarity *s, uint64_t hash)
{
	size_t i = (hash ^ hash >> 32) & (s->size - 1);

	while (s->v[i].number != 0 && s->v[i].hash != hash)
		i = (i + 1) & (s->size - 1);
	return &s->v[i];
}

static void
grow(struct similarity *s)
{
	struct entry *old = s->v;
	size_t n = s->size;

	s->size = n > 0 ? 2 * n : 1024;
	s->v = mem_array(s->size, sizeof(*s->v));
	for (size_t i = 0; i < n; i++)
		if (old[i].number != 0)
			*slot(s, old[i].hash) = old[i];
	free(old);
}

static uint32_t
number(struct similarity *s, uint64_t hash)
{
	struct entry *e;

	if (2 * (size_t)s->n >= s->size)
		grow(s);
	e = slot(s, hash);
	if (e->number == 0)
		*e = (struct entry){hash, ++s->n};
	return e->number;
}

struct similarity *
similarity_new(const struct rules *rules)
{
	struct similarity *s = mem_alloc(sizeof(*s));

	s->rules = rules;
	return s;
}

void
similarity_free(struct similarity *s)
{
	if (s == NULL)
		return;
	free(s->v);
	free(s);
}

/* --- stacks ------------------------------------------------------------- */

/* Where ASLR moves a page to says nothing. */
static uint64_t
address(const struct frame *f)
{
	bool has = f->has_pc && f->pc != 0;

	if (has && f->raw.n > 0)
		return thing(ADDRESS, f->raw, f->pc & 0xfff, 0);
	if (has)
		return thing(ADDRESS, STR(""), f->pc, 0);
	if (f->file.n == 0 && f->mod.n == 0 && f->raw.n > 0)
		return thing(NAME, f->raw, 0, 0);
	return thing(NOWHERE, STR(""), 0, 0);
}

static struct similarity_frame
numbers(struct similarity *s, const struct frame *f)
{
	struct similarity_frame is = {.address = number(s, address(f))};

	if (f->file.n > 0)
		is.file = number(s, thing(FILE_LINE, f->file, f->line, f->col));
	if (f->mod.n > 0 && f->has_off && f->off != 0)
		is.place = number(s, thing(MODULE, f->mod, f->off, 0));
	return is;
}

bool
similarity_equal(
    const struct similarity_frame *a, const struct similarity_frame *b)
{
	if (a->file != 0 && b->file != 0)
		return a->file == b->file;
	if (a->place != 0 && b->place != 0)
		return a->place == b->place;
	return a->address == b->address;
}

/* A shared libc's function for sure, in a debugger's stack. */
static bool
of_libc(const struct frame *f)
{
	if (!f->has_pc || f->pc < 0x7f0000000000 || f->mod.n > 0)
		return false;
	return str_starts(f->raw, STR("__GI_")) ||
	       str_eq(f->raw, STR("__libc_start_main")) ||
	       str_eq(f->raw, STR("__libc_message")) ||
	       (f->file.n > 0 && !str_eq(f->raw, STR("_start")) &&
		   memmem(f->file.p, f->file.n, "sysdeps/", 8) != NULL);
}

struct range {
	uint64_t from, to;
};

/* The part of libc that a stack shows. */
static struct range
libc_of(const struct frame *f, size_t n)
{
	struct range r = {UINT64_MAX, 0};

	for (size_t i = 0; i < n; i++)
		if (of_libc(&f[i])) {
			r.from = f[i].pc < r.from ? f[i].pc : r.from;
			r.to = f[i].pc > r.to ? f[i].pc : r.to;
		}
	return r;
}

/* Marks what repeats with that period: of n frames in a row that are equal to
 * the ones a period on, the first whole periods. */
static bool
mark(const struct similarity_frame *v, size_t n, size_t period, bool *marks)
{
	bool any = false;
	size_t run;

	for (size_t i = 0; i + period < n; i += run + 1) {
		for (run = 0;
		     i + run + period < n &&
		     similarity_equal(&v[i + run], &v[i + run + period]);
		     run++)
			;
		for (size_t k = 0; k < run / period * period; k++)
			marks[i + k] = any = true;
	}
	return any;
}

/* Of what repeats the last time stays. */
static size_t
without_repeats(struct similarity_frame *v, size_t n)
{
	for (bool any = true; any;) {
		bool marks[SIMILARITY_FRAMES] = {false};
		size_t kept = 0;
		any = false;
		for (size_t period = 1; period <= n / 2; period++)
			any |= mark(v, n, period, marks);
		for (size_t i = 0; i < n; i++)
			if (!marks[i])
				v[kept++] = v[i];
		n = kept;
	}
	return n;
}

size_t
similarity_stack(struct similarity *s, const struct frame *f, size_t n,
    const char *name, struct similarity_frame v[SIMILARITY_FRAMES])
{
	static const char entry[] = "LLVMFuzzerTestOneInput";
	struct range libc = libc_of(f, n);
	size_t kept = 0;
	bool below = false;

	for (size_t i = 0; i < n && kept < SIMILARITY_FRAMES && !below; i++) {
		below = memmem(f[i].raw.p, f[i].raw.n, entry,
			    sizeof(entry) - 1) != NULL;
		if (!f[i].passing && !rules_casr(s->rules, &f[i]) &&
		    !(f[i].has_pc && f[i].pc >= libc.from &&
			f[i].pc <= libc.to))
			v[kept++] = numbers(s, &f[i]);
	}
	kept = without_repeats(v, kept);
	if (kept == 0)
		v[kept++] = (struct similarity_frame){
		    .file = number(s,
			thing(NAME, STR(""), 0, mix(0, name, strlen(name))))};
	return kept;
}

/* --- the measure -------------------------------------------------------- */

static struct {
	double alpha[SIMILARITY_FRAMES + 1], rho[SIMILARITY_FRAMES + 1];
	double sum[SIMILARITY_FRAMES + 1];
} table;

static void
fill(void)
{
	if (table.alpha[0] > 0)
		return;
	for (size_t k = 0; k <= SIMILARITY_FRAMES; k++) {
		table.rho[k] = exp(-RHO * (double)k);
		table.alpha[k] = exp(-ALPHA * (double)k);
		table.sum[k] = k > 0 ? table.sum[k - 1] + table.alpha[k] : 0;
	}
}

double
similarity_weight(size_t i, size_t j)
{
	fill();
	return i < j ? table.alpha[i] * table.rho[j - i]
		     : table.alpha[j] * table.rho[i - j];
}

double
similarity_sum(size_t n)
{
	fill();
	return table.sum[n];
}

double
similarity_of(const struct similarity_frame *a, size_t n,
    const struct similarity_frame *b, size_t m)
{
	/* The best that the first frames of a and the first j of b have in
	 * common: of one frame of a less, and now. */
	double best[SIMILARITY_FRAMES + 1] = {0}, before, less, with;

	for (size_t i = 1; i <= n; i++) {
		less = 0;
		for (size_t j = 1; j <= m; j++) {
			before = best[j];
			if (similarity_equal(&a[i - 1], &b[j - 1])) {
				with = less + similarity_weight(i, j);
				best[j] = with > best[j] ? with : best[j];
			}
			if (best[j - 1] > best[j])
				best[j] = best[j - 1];
			less = before;
		}
	}
	return best[m] / similarity_sum(n < m ? n : m);
}
