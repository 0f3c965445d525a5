#include "symbols/symbols.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "symbols/debugfile.h"
#include "symbols/demangle.h"
#include "symbols/dies.h"
#include "symbols/symbolizer.h"

#define FRAMES_MAX 256 /* of one place */

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
	struct dies *dies; /* NULL: no debug information */
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
		dies_free(m->dies);
		free(m->memo);
		free(m->build_id);
		free(m->path);
		free(m);
	}
	symbolizer_free(s->helper);
	free(s);
}

static void
open_dwfl(struct module *m, int fd)
{
	static const Dwfl_Callbacks callbacks = {
	    .find_elf = dwfl_build_id_find_elf,
	    .find_debuginfo = debugfile_find,
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
	m->build_id = debugfile_build_id(m->mod);
	m->dwarf = dwfl_module_getdwarf(m->mod, &m->bias);
	if (m->dwarf != NULL)
		m->dies = dies_open(m->dwarf);
	else
		m->unread = debugfile_has_section(m->mod, ".debug_info");
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
	fd = strcmp(path, "[vdso]") == 0
		 ? debugfile_vdso()
		 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
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
		if (strcmp(m->path, "[vdso]") == 0)
			continue;
		if (stat(m->path, &st) != 0)
			st = (struct stat){0};
		m->stale |= st.st_dev != m->st.st_dev ||
			    st.st_ino != m->st.st_ino ||
			    st.st_size != m->st.st_size ||
			    st.st_mtim.tv_sec != m->st.st_mtim.tv_sec ||
			    st.st_mtim.tv_nsec != m->st.st_mtim.tv_nsec;
	}
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
		f->function = demangle_name(name);
		return;
	}
	name = string_of(die, plain, 1);
	f->linkage = mem_strdup(name);
	if (name != NULL)
		f->function = dies_scoped_name(die, name);
}

static void
find_dwarf(struct module *m, uint64_t offset, struct place *p)
{
	Dwarf_Die *unit, chain[FRAMES_MAX];
	Dwarf_Addr addr = offset - m->bias;
	struct symbols_frame *f;
	struct where w;
	const char *dir;
	size_t n;

	if (m->dies == NULL || (unit = dies_unit(m->dies, addr)) == NULL)
		return;
	dir = dir_of(unit);
	w = line_at(unit, addr);
	n = dies_chain(m->dies, unit, addr, chain, FRAMES_MAX);
	while (n-- > 0) {
		f = add_frame(p);
		name_frame(f, m, offset, &chain[n]);
		set_where(f, &w, dir);
		f->inlined = n > 0;
		w = call_of(unit, &chain[n]);
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
	p->v[p->n - 1].function = demangle_name(name);
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
		f->function = demangle_name(name);
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
	Dwarf_Die *unit;

	if (m->dies == NULL)
		return m->unread;
	unit = dies_unit(m->dies, offset - m->bias);
	return unit != NULL && dies_away(m->dies, unit);
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
