#include "symbols/debugfile.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

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

char *
debugfile_build_id(Dwfl_Module *mod)
{
	const unsigned char *bits;
	GElf_Addr where;
	struct buf b = BUF_INIT;
	int i, n = dwfl_module_build_id(mod, &bits, &where);

	for (i = 0; i < n; i++)
		buf_addf(&b, "%02x", bits[i]);
	return n > 0 ? buf_take(&b) : NULL;
}

int
debugfile_find(Dwfl_Module *mod, void **userdata, const char *name,
    Dwarf_Addr base, const char *file, const char *debuglink, GElf_Word crc,
    char **found)
{
	int fd = dwfl_standard_find_debuginfo(
	    mod, userdata, name, base, file, debuglink, crc, found);
	char *build_id;

	/* libdwfl looks into that cache only when it may ask a server. */
	if (fd >= 0 || (build_id = debugfile_build_id(mod)) == NULL)
		return fd;
	fd = open_cached(build_id);
	free(build_id);
	return fd;
}

bool
debugfile_has_section(Dwfl_Module *mod, const char *name)
{
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(mod, &bias);
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

int
debugfile_vdso(void)
{
	const Elf64_Ehdr *e =
	    (const Elf64_Ehdr *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
	size_t n;
	int fd;

	if (e == NULL || e->e_ident[EI_CLASS] != ELFCLASS64)
		return -1;
	n = e->e_shoff + (size_t)e->e_shnum * e->e_shentsize;
	fd = memfd_create("vdso", MFD_CLOEXEC);
	if (fd >= 0 && file_write_fd(fd, e, n) == -1) {
		close(fd);
		fd = -1;
	}
	return fd;
}
