/*
 * For a process whose copies print sanitizers' reports: the runtime's own memset
 * goes byte by byte, and clears 4 KiB before each piece of a line, a thousand
 * times a report: 1 ms.  Its code is replaced by an instruction that does the
 * same.  Nothing is done where its name is not to be found (stripped programs,
 * shared runtimes) or on other processors.
 */
#ifndef LAGO_EXEC_FASTSET_H
#define LAGO_EXEC_FASTSET_H

#include <elf.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct fastset_file {
	const uint8_t *p;
	size_t n;
};

/* count things of that size, or NULL when the file ends before. */
static const void *
fastset_at(
    const struct fastset_file *f, uint64_t at, uint64_t count, size_t size)
{
	return at <= f->n && count <= (f->n - at) / size ? f->p + at : NULL;
}

/* Not memcmp, which may be a sanitizer's. */
static bool
fastset_same(const char *a, const char *b, size_t n)
{
	while (n > 0 && *a == *b) {
		a++;
		b++;
		n--;
	}
	return n == 0;
}

static bool
fastset_is(const char *names, size_t n, uint32_t at)
{
	static const char *const known[] = {
	    "_ZN11__sanitizer15internal_memsetEPvim",
	    "__sanitizer_internal_memset"};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		size_t len = strlen(known[i]) + 1;
		if (at <= n && len <= n - at &&
		    fastset_same(names + at, known[i], len))
			return true;
	}
	return false;
}

/* Where it is in the program's own addresses, 0 nowhere. */
static uint64_t
fastset_find(const struct fastset_file *f, const Elf64_Ehdr *e, size_t least)
{
	const Elf64_Shdr *s = fastset_at(f, e->e_shoff, e->e_shnum, sizeof(*s));
	const Elf64_Sym *sym;
	const char *names;

	for (size_t i = 0; s != NULL && i < e->e_shnum; i++) {
		if (s[i].sh_type != SHT_SYMTAB || s[i].sh_link >= e->e_shnum)
			continue;
		const Elf64_Shdr *t = &s[s[i].sh_link];
		size_t n = s[i].sh_size / sizeof(*sym);
		sym = fastset_at(f, s[i].sh_offset, n, sizeof(*sym));
		names = fastset_at(f, t->sh_offset, t->sh_size, 1);
		for (size_t k = 0; sym && names && k < n; k++)
			if (ELF64_ST_TYPE(sym[k].st_info) == STT_FUNC &&
			    sym[k].st_size >= least &&
			    fastset_is(names, t->sh_size, sym[k].st_name))
				return sym[k].st_value;
	}
	return 0;
}

/* What is added to the program's own addresses; -1: unknown. */
static uint64_t
fastset_bias(const struct fastset_file *f, const Elf64_Ehdr *e)
{
	const Elf64_Phdr *p = fastset_at(f, e->e_phoff, e->e_phnum, sizeof(*p));

	for (size_t i = 0; p != NULL && i < e->e_phnum; i++)
		if (p[i].p_type == PT_PHDR)
			return getauxval(AT_PHDR) - p[i].p_vaddr;
	return (uint64_t)-1;
}

static void
fastset_patch(uintptr_t at, const uint8_t *code, size_t n)
{
	uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t page = at & ~(size - 1);
	volatile uint8_t *to = (volatile uint8_t *)at;

	if (syscall(SYS_mprotect, page, at + n - page,
		PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
		return;
	for (size_t i = 0; i < n; i++)
		to[i] = code[i];
	syscall(SYS_mprotect, page, at + n - page, PROT_READ | PROT_EXEC);
}

static void
fastset(void)
{
#if defined(__x86_64__)
	static const uint8_t code[] = {0x49, 0x89, 0xf8, /* mov %rdi, %r8 */
	    0x89, 0xf0,					 /* mov %esi, %eax */
	    0x48, 0x89, 0xd1,				 /* mov %rdx, %rcx */
	    0xf3, 0xaa,					 /* rep stosb */
	    0x4c, 0x89, 0xc0,				 /* mov %r8, %rax */
	    0xc3};
	int fd = (int)syscall(
	    SYS_openat, AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct fastset_file f = {.n = 0};
	const Elf64_Ehdr *e;
	uint64_t at, bias;
	off_t n = fd < 0 ? 0 : syscall(SYS_lseek, fd, 0, SEEK_END);

	if (n > 0) {
		f.p = (const uint8_t *)syscall(
		    SYS_mmap, NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
		f.n = (size_t)n;
	}
	syscall(SYS_close, fd);
	if (n <= 0 || f.p == MAP_FAILED)
		return;
	e = fastset_at(&f, 0, 1, sizeof(*e));
	if (e != NULL &&
	    fastset_same((const char *)e->e_ident, ELFMAG, SELFMAG) &&
	    e->e_ident[EI_CLASS] == ELFCLASS64 &&
	    (at = fastset_find(&f, e, sizeof(code))) != 0 &&
	    (bias = fastset_bias(&f, e)) != (uint64_t)-1)
		fastset_patch((uintptr_t)(bias + at), code, sizeof(code));
	syscall(SYS_munmap, f.p, f.n);
#endif
}

#endif
