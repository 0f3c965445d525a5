#include "crash/symbols.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "crash/symbolizer.h"

#define NAME_MAX_IN 8192  /* longer mangled names stay as they are */
#define NAME_MAX_OUT 4096 /* of a demangled one; they can grow without end */
#define FRAMES_MAX 256	  /* of one place */
#define DEPTH_MAX 200	  /* of nested entries of debug information */

struct range {
	Dwarf_Addr low, high;
	Dwarf_Addr reach; /* the highest high of this and those before */
	Dwarf_Die die;	  /* of a unit or of a function */
};

/* By low address; read through find_ranges(). */
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

struct memo {
	uint64_t offset;
	struct symbols_place *place; /* NULL: free */
};

struct module {
	struct module *next;
	char *path, *build_id;
	struct stat st;
	bool stale;
	bool unread; /* it has debug information that libdw cannot read */
	Dwfl *dwfl;  /* NULL: no such file, or no ELF file */
	Dwfl_Module *mod;
	Dwarf *dwarf;
	Dwarf_Addr bias;
	struct ranges units;
	struct unit *known;
	struct memo *memo;
	size_t used, size; /* size is a power of two */
};

struct symbols {
	struct module *first;
	struct symbolizer *helper;
};

static const struct symbols_place nothing;

struct symbols *
symbols_new(void)
{
	struct symbols *s;

	/* libdwfl would ask these servers for every file that it misses. */
	unsetenv("DEBUGINFOD_URLS");
	s = mem_alloc(sizeof(*s));
	s->helper = symbolizer_new();
	return s;
}

static void
free_place(struct symbols_place *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		free((char *)p->v[i].function);
		free((char *)p->v[i].linkage);
		free((char *)p->v[i].file);
	}
	free((struct symbols_frame *)p->v);
	free(p);
}

static void
free_units(struct module *m)
{
	struct unit *u;

	while ((u = m->known) != NULL) {
		m->known = u->next;
		free(u->functions.v);
		free(u);
	}
	free(m->units.v);
}

void
symbols_free(struct symbols *s)
{
	struct module *m;
	size_t i;

	if (s == NULL)
		return;
	while ((m = s->first) != NULL) {
		s->first = m->next;
		for (i = 0; i < m->size; i++)
			if (m->memo[i].place != NULL)
				free_place(m->memo[i].place);
		if (m->dwfl != NULL)
			dwfl_end(m->dwfl);
		free_units(m);
		free(m->memo);
		free(m->build_id);
		free(m->path);
		free(m);
	}
	symbolizer_free(s->helper);
	free(s);
}

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

/* clang writes no .debug_aranges, the only place where libdw 0.188 looks up
 * the unit of an address: an index of our own. */
static void
index_units(struct module *m)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;
	uint8_t type;

	while (dwarf_get_units(m->dwarf, cu, &cu, NULL, &type, &die, NULL) == 0)
		if (type == DW_UT_compile || type == DW_UT_skeleton)
			add_ranges(&m->units, &die);
	sort_ranges(&m->units);
}

/* Functions can be in namespaces, classes and other functions. */
static void
add_functions(struct ranges *r, Dwarf_Die *parent, int depth)
{
	Dwarf_Die die;

	if (depth == DEPTH_MAX || dwarf_child(parent, &die) != 0)
		return;
	do {
		if (dwarf_tag(&die) == DW_TAG_subprogram)
			add_ranges(r, &die);
		if (dwarf_haschildren(&die))
			add_functions(r, &die, depth + 1);
	} while (dwarf_siblingof(&die, &die) == 0);
}

/* What a debuginfod client of this user fetched before; -1: nothing. */
static int
open_cached(const char *build_id)
{
	static const struct {
		const char *variable, *under;
	} places[] = {{"DEBUGINFOD_CACHE_PATH", ""},
	    {"XDG_CACHE_HOME", "/debuginfod_client"},
	    {"HOME", "/.cache/debuginfod_client"}};
	struct stat st;
	char *path;
	int fd = -1;

	for (size_t i = 0; fd < 0 && i < sizeof(places) / sizeof(places[0]);
	     i++) {
		const char *dir = getenv(places[i].variable);
		if (dir == NULL || *dir != '/')
			continue;
		path = mem_printf(
		    "%s%s/%s/debuginfo", dir, places[i].under, build_id);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		free(path);
		/* An empty one says that no server has it. */
		if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
				   st.st_size == 0)) {
			close(fd);
			fd = -1;
		}
	}
	return fd;
}

static char *
hex_build_id(Dwfl_Module *mod)
{
	const unsigned char *bits;
	GElf_Addr where;
	struct buf b = BUF_INIT;
	int i, n = dwfl_module_build_id(mod, &bits, &where);

	for (i = 0; i < n; i++)
		buf_addf(&b, "%02x", bits[i]);
	return n > 0 ? buf_take(&b) : NULL;
}

/* libdwfl looks into that cache only when it may ask a server. */
static int
find_debuginfo(Dwfl_Module *mod, void **userdata, const char *name,
    Dwarf_Addr base, const char *file, const char *debuglink, GElf_Word crc,
    char **found)
{
	int fd = dwfl_standard_find_debuginfo(
	    mod, userdata, name, base, file, debuglink, crc, found);
	char *build_id;

	if (fd >= 0 || (build_id = hex_build_id(mod)) == NULL)
		return fd;
	fd = open_cached(build_id);
	free(build_id);
	return fd;
}

static bool
has_section(struct module *m, const char *name)
{
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(m->mod, &bias);
	Elf_Scn *scn = NULL;
	const char *is;
	GElf_Shdr head;
	size_t names;

	if (elf == NULL || elf_getshdrstrndx(elf, &names) != 0)
		return false;
	while ((scn = elf_nextscn(elf, scn)) != NULL)
		if (gelf_getshdr(scn, &head) != NULL &&
		    (is = elf_strptr(elf, names, head.sh_name)) != NULL &&
		    strcmp(is, name) == 0)
			return true;
	return false;
}

static void
open_dwfl(struct module *m, int fd)
{
	static const Dwfl_Callbacks callbacks = {
	    .find_elf = dwfl_build_id_find_elf,
	    .find_debuginfo = find_debuginfo,
	    .section_address = dwfl_offline_section_address};

	m->dwfl = dwfl_begin(&callbacks);
	if (m->dwfl != NULL) {
		dwfl_report_begin(m->dwfl);
		m->mod =
		    dwfl_report_elf(m->dwfl, m->path, m->path, fd, 0, true);
		dwfl_report_end(m->dwfl, NULL, NULL);
	}
	if (m->mod == NULL) {
		close(fd);
		if (m->dwfl != NULL)
			dwfl_end(m->dwfl);
		m->dwfl = NULL;
		return;
	}
	m->build_id = hex_build_id(m->mod);
	m->dwarf = dwfl_module_getdwarf(m->mod, &m->bias);
	if (m->dwarf != NULL)
		index_units(m);
	else
		m->unread = has_section(m, ".debug_info");
}

static struct module *
get_module(struct symbols *s, const char *path)
{
	struct module *m;
	int fd;

	for (m = s->first; m != NULL; m = m->next)
		if (!m->stale && strcmp(m->path, path) == 0)
			return m;
	m = mem_alloc(sizeof(*m));
	m->path = mem_strdup(path);
	m->next = s->first;
	s->first = m;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return m;
	if (fstat(fd, &m->st) == 0 && S_ISREG(m->st.st_mode))
		open_dwfl(m, fd);
	else
		close(fd);
	return m;
}

void
symbols_refresh(struct symbols *s)
{
	struct module *m;
	struct stat st;

	for (m = s->first; m != NULL; m = m->next) {
		if (stat(m->path, &st) != 0)
			st = (struct stat){0};
		m->stale |= st.st_dev != m->st.st_dev ||
			    st.st_ino != m->st.st_ino ||
			    st.st_size != m->st.st_size ||
			    st.st_mtim.tv_sec != m->st.st_mtim.tv_sec ||
			    st.st_mtim.tv_nsec != m->st.st_mtim.tv_nsec;
	}
}

struct demangled {
	struct buf b;
	jmp_buf full;
};

static void
take(const char *p, size_t n, void *arg)
{
	struct demangled *d = arg;

	if (n > NAME_MAX_OUT - d->b.len)
		n = NAME_MAX_OUT - d->b.len;
	buf_add(&d->b, p, n);
	/* The demanglers cannot be told to stop, and keep all that they have on
	 * the stack. */
	if (d->b.len == NAME_MAX_OUT)
		longjmp(d->full, 1);
}

static char *
demangle(const char *name)
{
	static const int options = DMGL_PARAMS | DMGL_ANSI;
	static struct demangled d; /* static: survives longjmp unharmed */

	if (strlen(name) > NAME_MAX_IN)
		return mem_strndup(name, NAME_MAX_IN);
	buf_reset(&d.b);
	if (setjmp(d.full) == 0) {
		if (!rust_demangle_callback(name, options, take, &d)) {
			buf_reset(&d.b);
			if (!cplus_demangle_v3_callback(
				name, options, take, &d))
				return mem_strdup(name);
		}
	}
	return mem_strdup(buf_str(&d.b));
}

struct place {
	struct symbols_frame *v;
	size_t n;
};

static struct symbols_frame *
add_frame(struct place *p)
{
	p->v = mem_grow(p->v, p->n + 1, sizeof(*p->v));
	p->v[p->n] = (struct symbols_frame){0};
	return &p->v[p->n++];
}

static const char *
string_of(Dwarf_Die *die, const unsigned *names, size_t n)
{
	Dwarf_Attribute attr;
	const char *s = NULL;
	size_t i;

	for (i = 0; s == NULL && i < n; i++)
		if (dwarf_attr_integrate(die, names[i], &attr) != NULL)
			s = dwarf_formstring(&attr);
	return s;
}

static unsigned
number_of(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attr;
	Dwarf_Word v;

	if (dwarf_attr(die, name, &attr) == NULL ||
	    dwarf_formudata(&attr, &v) != 0 || v > 0x7fffffff)
		return 0;
	return (unsigned)v;
}

static const char *
dir_of(Dwarf_Die *cu)
{
	static const unsigned comp_dir[] = {DW_AT_comp_dir};

	return string_of(cu, comp_dir, 1);
}

/* libdw has put the directory before some names itself. */
static char *
whole_path(const char *dir, const char *file)
{
	size_t n = dir != NULL ? strlen(dir) : 0;

	if (file == NULL || *file == '/' || n == 0 ||
	    (strncmp(file, dir, n) == 0 && file[n] == '/'))
		return mem_strdup(file);
	return mem_printf("%s/%s", dir, file);
}

/* A position in the source, handed from an inlined function to its caller. */
struct where {
	const char *file;
	unsigned line, column;
};

static struct where
line_at(Dwarf_Die *cu, Dwarf_Addr addr)
{
	Dwarf_Line *line = dwarf_getsrc_die(cu, addr);
	struct where w = {0};
	int n;

	if (line == NULL)
		return w;
	w.file = dwarf_linesrc(line, NULL, NULL);
	if (dwarf_lineno(line, &n) == 0)
		w.line = (unsigned)n;
	if (dwarf_linecol(line, &n) == 0)
		w.column = (unsigned)n;
	return w;
}

static struct where
call_of(Dwarf_Die *cu, Dwarf_Die *inlined)
{
	struct where w = {.line = number_of(inlined, DW_AT_call_line),
	    .column = number_of(inlined, DW_AT_call_column)};
	unsigned file = number_of(inlined, DW_AT_call_file);
	Dwarf_Files *files;
	size_t n;

	if (dwarf_getsrcfiles(cu, &files, &n) == 0 && file < n)
		w.file = dwarf_filesrc(files, file, NULL, NULL);
	return w;
}

static void
set_where(struct symbols_frame *f, const struct where *w, const char *dir)
{
	f->file = whole_path(dir, w->file);
	f->line = w->line;
	f->column = w->column;
	f->dir = dir;
}

/* Its functions are listed when it is first asked for. */
static struct unit *
get_unit(struct module *m, Dwarf_Die *cu)
{
	Dwarf_Off off = dwarf_dieoffset(cu);
	Dwarf_Die sub, *at = cu;
	struct unit *u;
	uint8_t type;

	for (u = m->known; u != NULL; u = u->next)
		if (u->off == off)
			return u;
	u = mem_alloc(sizeof(*u));
	u->off = off;
	u->next = m->known;
	m->known = u;
	/* Split DWARF: the lines are in the skeleton, the rest elsewhere. */
	if (dwarf_cu_info(cu->cu, NULL, &type, NULL, &sub, NULL, NULL, NULL) ==
		0 &&
	    type == DW_UT_skeleton) {
		if (sub.addr != NULL)
			at = &sub;
		else
			u->away = true;
	}
	add_functions(&u->functions, at, 0);
	sort_ranges(&u->functions);
	return u;
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

/* The function at an address and those inlined into it there, outermost first;
 * how many. */
static size_t
chain_at(struct module *m, Dwarf_Die *cu, Dwarf_Addr addr, Dwarf_Die *chain)
{
	struct range *r = find_range(&get_unit(m, cu)->functions, addr);
	Dwarf_Die die;
	size_t n = 0;

	if (r == NULL)
		return 0;
	chain[n++] = die = r->die;
	for (int depth = 0; depth < DEPTH_MAX && n < FRAMES_MAX; depth++) {
		if (!step_in(&die, addr))
			break;
		if (dwarf_tag(&die) == DW_TAG_inlined_subroutine)
			chain[n++] = die;
	}
	return n;
}

static const char *
elf_name(struct module *m, uint64_t addr)
{
	const char *name;
	GElf_Off behind;
	GElf_Sym sym;

	name =
	    dwfl_module_addrinfo(m->mod, addr, &behind, &sym, NULL, NULL, NULL);
	if (name == NULL || *name == '\0' ||
	    (sym.st_size != 0 && behind >= sym.st_size))
		return NULL;
	return name;
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

/* A function that no other file sees can be without a mangled name: its
 * namespaces, classes and functions put before it. */
static char *
scoped_name(Dwarf_Die *die, const char *name)
{
	Dwarf_Die at = declaration(*die), *scopes = NULL;
	struct buf b = BUF_INIT;
	const char *scope;
	int n;

	n = dwarf_getscopes_die(&at, &scopes);
	while (n-- > 1)
		if ((scope = scope_name(&scopes[n], name)) != NULL)
			buf_addf(&b, "%s::", scope);
	free(scopes);
	buf_adds(&b, name);
	return buf_take(&b);
}

static void
name_frame(
    struct symbols_frame *f, struct module *m, uint64_t addr, Dwarf_Die *die)
{
	static const unsigned mangled[] = {
	    DW_AT_linkage_name, DW_AT_MIPS_linkage_name};
	static const unsigned plain[] = {DW_AT_name};
	const char *name = string_of(die, mangled, 2), *symbol;

	if (name == NULL && dwarf_tag(die) == DW_TAG_subprogram) {
		symbol = elf_name(m, addr);
		if (symbol != NULL && strncmp(symbol, "_Z", 2) == 0)
			name = symbol;
	}
	if (name != NULL) {
		f->linkage = mem_strdup(name);
		f->function = demangle(name);
		return;
	}
	name = string_of(die, plain, 1);
	f->linkage = mem_strdup(name);
	f->function = name != NULL && has_scopes(die) ? scoped_name(die, name)
						      : mem_strdup(name);
}

static void
find_dwarf(struct module *m, uint64_t offset, struct place *p)
{
	Dwarf_Die *cu, chain[FRAMES_MAX];
	Dwarf_Addr addr = offset - m->bias;
	struct range *unit = find_range(&m->units, addr);
	struct symbols_frame *f;
	struct where w;
	const char *dir;
	size_t n;

	if (unit == NULL)
		return;
	cu = &unit->die;
	dir = dir_of(cu);
	w = line_at(cu, addr);
	n = chain_at(m, cu, addr, chain);
	while (n-- > 0) {
		f = add_frame(p);
		name_frame(f, m, offset, &chain[n]);
		set_where(f, &w, dir);
		f->inlined = n > 0;
		w = call_of(cu, &chain[n]);
	}
	/* Assembler has lines and no functions. */
	if (p->n == 0 && w.file != NULL)
		set_where(add_frame(p), &w, dir);
}

static void
find_elf(struct module *m, uint64_t addr, struct place *p)
{
	const char *name;

	if (p->n > 0 && p->v[p->n - 1].function != NULL)
		return;
	name = elf_name(m, addr);
	if (name == NULL)
		return;
	if (p->n == 0)
		add_frame(p);
	p->v[p->n - 1].linkage = mem_strdup(name);
	p->v[p->n - 1].function = demangle(name);
}

/* One function of a symbolizer's answer; what is behind it. */
static const char *
take_answer(const char *text, struct place *p)
{
	char *name = mem_strndup(text, strcspn(text, "\n"));
	struct symbols_frame *f = add_frame(p);
	char *file, *colon;

	text += strcspn(text, "\n");
	text += *text == '\n';
	file = mem_strndup(text, strcspn(text, "\n"));
	text += strcspn(text, "\n");
	if ((colon = strrchr(file, ':')) != NULL) {
		f->column = (unsigned)strtoul(colon + 1, NULL, 10);
		*colon = '\0';
	}
	if ((colon = strrchr(file, ':')) != NULL) {
		f->line = (unsigned)strtoul(colon + 1, NULL, 10);
		*colon = '\0';
	}
	if (strcmp(file, "??") != 0)
		f->file = mem_strdup(file);
	if (strcmp(name, "??") != 0) {
		f->linkage = mem_strdup(name);
		f->function = demangle(name);
	}
	free(file);
	free(name);
	return text + (*text == '\n');
}

static void
find_outside(
    struct symbols *s, struct module *m, uint64_t offset, struct place *p)
{
	const char *text = symbolizer_ask(s->helper, m->path, offset);

	if (text == NULL || strstr(text, "\n??:0") != NULL)
		return;
	while (*text != '\0' && *text != '\n' && p->n < FRAMES_MAX) {
		if (p->n > 0)
			p->v[p->n - 1].inlined = true;
		text = take_answer(text, p);
	}
	/* A name that only the symbol table told. */
	if (p->n == 1 && p->v[0].line == 0 && p->v[0].file != NULL &&
	    strchr(p->v[0].file, '/') == NULL) {
		free((char *)p->v[0].file);
		p->v[0].file = NULL;
	}
}

/* Is there debug information in a form that the libdw at hand cannot read? */
static bool
needs_help(struct module *m, uint64_t offset)
{
	struct range *unit;

	if (m->dwarf == NULL)
		return m->unread;
	unit = find_range(&m->units, offset - m->bias);
	return unit != NULL && get_unit(m, &unit->die)->away;
}

static struct symbols_place *
look_up(struct symbols *s, struct module *m, uint64_t offset)
{
	struct symbols_place *place = mem_alloc(sizeof(*place));
	struct place p = {0};

	if (needs_help(m, offset))
		find_outside(s, m, offset, &p);
	if (p.n == 0)
		find_dwarf(m, offset, &p);
	place->dwarf = p.n > 0;
	find_elf(m, offset, &p);
	place->v = p.v;
	place->n = p.n;
	return place;
}

static struct memo *
slot(struct memo *memo, size_t size, uint64_t offset)
{
	size_t i = (size_t)(offset * 0x9e3779b97f4a7c15 >> 20) & (size - 1);

	while (memo[i].place != NULL && memo[i].offset != offset)
		i = (i + 1) & (size - 1);
	return &memo[i];
}

static void
grow(struct module *m)
{
	size_t size = m->size ? m->size * 2 : 64, i;
	struct memo *memo = mem_array(size, sizeof(*memo));

	for (i = 0; i < m->size; i++)
		if (m->memo[i].place != NULL)
			*slot(memo, size, m->memo[i].offset) = m->memo[i];
	free(m->memo);
	m->memo = memo;
	m->size = size;
}

const struct symbols_place *
symbols_find(struct symbols *s, const char *module, uint64_t offset,
    const char *build_id)
{
	struct module *m = get_module(s, module);
	struct memo *at;

	if (m->dwfl == NULL || (build_id != NULL && m->build_id != NULL &&
				   strcmp(build_id, m->build_id) != 0))
		return &nothing;
	if (m->used * 2 >= m->size)
		grow(m);
	at = slot(m->memo, m->size, offset);
	if (at->place == NULL) {
		at->offset = offset;
		at->place = look_up(s, m, offset);
		m->used++;
	}
	return at->place;
}

const char *
symbols_build_id(struct symbols *s, const char *module)
{
	return get_module(s, module)->build_id;
}
