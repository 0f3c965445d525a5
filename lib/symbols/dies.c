#include "symbols/dies.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define DEPTH_MAX 200		/* of nested entries */
#define ENTRIES_MAX (1UL << 24) /* of a unit */

struct range {
	Dwarf_Addr low, high;
	Dwarf_Addr reach; /* the highest high of this and those before */
	Dwarf_Die die;	  /* of a unit or of a function */
};

/* By low address; read through find_range(). */
struct ranges {
	struct range *v;
	size_t n, size;
};

/* A compilation unit that was looked into. */
struct unit {
	struct unit *next;
	Dwarf_Off off;
	struct ranges functions;
	bool away; /* what the skeleton stands for was not found */
};

struct dies {
	struct ranges units;
	struct unit *known;
};

static int
by_low(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->low > y->low) - (x->low < y->low);
}

/* What an entry covers: it may be in several pieces. */
static void
add_ranges(struct ranges *r, Dwarf_Die *die)
{
	Dwarf_Addr base, low, high;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &low, &high)) > 0) {
		/* Linkers leave zero where they threw code away. */
		if (low == 0 || low >= high)
			continue;
		if (r->n == r->size) {
			r->size = r->size ? r->size * 2 : 64;
			r->v = mem_grow(r->v, r->size, sizeof(*r->v));
		}
		r->v[r->n++] =
		    (struct range){.low = low, .high = high, .die = *die};
	}
}

static void
sort_ranges(struct ranges *r)
{
	Dwarf_Addr reach = 0;

	if (r->n > 0)
		qsort(r->v, r->n, sizeof(*r->v), by_low);
	for (size_t i = 0; i < r->n; i++) {
		if (r->v[i].high > reach)
			reach = r->v[i].high;
		r->v[i].reach = reach;
	}
}

/* Of those around an address the one that begins last; NULL: none. */
static struct range *
find_range(const struct ranges *r, Dwarf_Addr addr)
{
	size_t low = 0, high = r->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (r->v[mid].low <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	while (low > 0 && addr < r->v[low - 1].reach)
		if (addr < r->v[--low].high)
			return &r->v[low];
	return NULL;
}

struct dies *
dies_open(Dwarf *dwarf)
{
	struct dies *d = mem_alloc(sizeof(*d));
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;
	uint8_t type;

	while (dwarf_get_units(dwarf, cu, &cu, NULL, &type, &die, NULL) == 0)
		if (type == DW_UT_compile || type == DW_UT_skeleton)
			add_ranges(&d->units, &die);
	sort_ranges(&d->units);
	return d;
}

void
dies_free(struct dies *d)
{
	struct unit *u;

	if (d == NULL)
		return;
	while ((u = d->known) != NULL) {
		d->known = u->next;
		free(u->functions.v);
		free(u);
	}
	free(d->units.v);
	free(d);
}

Dwarf_Die *
dies_unit(struct dies *d, Dwarf_Addr addr)
{
	struct range *r = find_range(&d->units, addr);

	return r != NULL ? &r->die : NULL;
}

/* Functions can be in namespaces, classes and other functions.  False: there is
 * no end to it, as in a file that somebody made to keep us busy. */
static bool
add_functions(struct ranges *r, Dwarf_Die *parent, int depth, size_t *left)
{
	Dwarf_Die die;

	if (depth == DEPTH_MAX || dwarf_child(parent, &die) != 0)
		return true;
	do {
		if ((*left)-- == 0)
			return false;
		if (dwarf_tag(&die) == DW_TAG_subprogram)
			add_ranges(r, &die);
		if (dwarf_haschildren(&die) &&
		    !add_functions(r, &die, depth + 1, left))
			return false;
	} while (dwarf_siblingof(&die, &die) == 0);
	return true;
}

/* Its functions are listed when it is first asked for. */
static struct unit *
get_unit(struct dies *d, Dwarf_Die *cu)
{
	Dwarf_Off off = dwarf_dieoffset(cu);
	Dwarf_Die sub, *at = cu;
	size_t left = ENTRIES_MAX;
	struct unit *u;
	uint8_t type;

	for (u = d->known; u != NULL; u = u->next)
		if (u->off == off)
			return u;
	u = mem_alloc(sizeof(*u));
	u->off = off;
	u->next = d->known;
	d->known = u;
	/* Split DWARF: the lines are in the skeleton, the rest elsewhere. */
	if (dwarf_cu_info(cu->cu, NULL, &type, NULL, &sub, NULL, NULL, NULL) ==
		0 &&
	    type == DW_UT_skeleton) {
		if (sub.addr != NULL)
			at = &sub;
		else
			u->away = true;
	}
	if (!add_functions(&u->functions, at, 0, &left))
		u->functions.n = 0;
	sort_ranges(&u->functions);
	return u;
}

bool
dies_away(struct dies *d, Dwarf_Die *unit)
{
	return get_unit(d, unit)->away;
}

/* The block or inlined function directly below that covers an address. */
static bool
step_in(Dwarf_Die *die, Dwarf_Addr addr)
{
	Dwarf_Die child;
	int tag;

	if (dwarf_child(die, &child) != 0)
		return false;
	do {
		tag = dwarf_tag(&child);
		if ((tag == DW_TAG_inlined_subroutine ||
			tag == DW_TAG_lexical_block ||
			tag == DW_TAG_try_block || tag == DW_TAG_catch_block) &&
		    dwarf_haspc(&child, addr) == 1) {
			*die = child;
			return true;
		}
	} while (dwarf_siblingof(&child, &child) == 0);
	return false;
}

size_t
dies_chain(struct dies *d, Dwarf_Die *unit, Dwarf_Addr addr, Dwarf_Die *chain,
    size_t max)
{
	struct range *r = find_range(&get_unit(d, unit)->functions, addr);
	Dwarf_Die die;
	size_t n = 0;

	if (r == NULL)
		return 0;
	chain[n++] = die = r->die;
	for (int depth = 0; depth < DEPTH_MAX && n < max; depth++) {
		if (!step_in(&die, addr))
			break;
		if (dwarf_tag(&die) == DW_TAG_inlined_subroutine)
			chain[n++] = die;
	}
	return n;
}

static bool
has_scopes(Dwarf_Die *die)
{
	Dwarf_Die unit;

	if (dwarf_diecu(die, &unit, NULL, NULL) == NULL)
		return false;
	switch (dwarf_srclang(&unit)) {
	case DW_LANG_C:
	case DW_LANG_C89:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case 0x2c: /* C17 */
	case 0x3e: /* C23 */
		return false;
	default:
		return true;
	}
}

/* The entry that stands where the source has the declaration. */
static Dwarf_Die
declaration(Dwarf_Die die)
{
	Dwarf_Attribute attr;
	Dwarf_Die next;

	for (int i = 0; i < DEPTH_MAX; i++) {
		if (dwarf_attr(&die, DW_AT_abstract_origin, &attr) == NULL &&
		    dwarf_attr(&die, DW_AT_specification, &attr) == NULL)
			break;
		if (dwarf_formref_die(&attr, &next) == NULL)
			break;
		die = next;
	}
	return die;
}

/* What a scope is called in names; NULL: nothing. */
static const char *
scope_name(Dwarf_Die *scope, const char *function)
{
	const char *name = dwarf_diename(scope);

	switch (dwarf_tag(scope)) {
	case DW_TAG_namespace:
		return name != NULL ? name : "(anonymous namespace)";
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
		if (name != NULL)
			return name;
		return strcmp(function, "operator()") == 0 ? "{lambda}"
							   : "{unnamed}";
	case DW_TAG_subprogram:
		return name;
	default:
		return NULL;
	}
}

char *
dies_scoped_name(Dwarf_Die *function, const char *name)
{
	Dwarf_Die at = declaration(*function), *scopes = NULL;
	struct buf b = BUF_INIT;
	const char *scope;
	int n;

	if (!has_scopes(function))
		return mem_strdup(name);
	n = dwarf_getscopes_die(&at, &scopes);
	while (n-- > 1)
		if ((scope = scope_name(&scopes[n], name)) != NULL)
			buf_addf(&b, "%s::", scope);
	free(scopes);
	buf_adds(&b, name);
	return buf_take(&b);
}
