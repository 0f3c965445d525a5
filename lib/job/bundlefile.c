#include "job/bundlefile.h"

#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Bytes that AFL++'s runtime and libFuzzer leave even in stripped programs. */
static const char afl_mark[] = "__AFL_SHM_ID";
static const char entry_mark[] = "LLVMFuzzerTestOneInput";
static const char driver_mark[] = "LLVMFuzzerRunDriver";
static const char libfuzzer_mark[] = "ERROR: libFuzzer: ";

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#define ALSO EM_386 /* 32-bit programs run here too */
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#elif defined(__i386__)
#define MACHINE EM_386
#elif defined(__arm__)
#define MACHINE EM_ARM
#elif defined(__riscv)
#define MACHINE EM_RISCV
#elif defined(__powerpc64__)
#define MACHINE EM_PPC64
#elif defined(__s390x__)
#define MACHINE EM_S390
#else
#error "add the ELF machine number of this processor"
#endif
#ifndef ALSO
#define ALSO MACHINE
#endif

static const struct {
	unsigned machine;
	const char *name;
} machines[] = {
    {EM_386, "x86"},
    {EM_X86_64, "x86-64"},
    {EM_ARM, "ARM"},
    {EM_AARCH64, "AArch64"},
    {EM_RISCV, "RISC-V"},
    {EM_PPC64, "PowerPC"},
    {EM_MIPS, "MIPS"},
    {EM_S390, "S/390"},
};

void
bundlefile_start(struct bundlefile *b)
{
	memset(b, 0, sizeof(*b));
}

static bool
is_program(const unsigned char *p, size_t n)
{
	return (n >= 4 && memcmp(p, ELFMAG, SELFMAG) == 0) ||
	       (n >= 2 && memcmp(p, "#!", 2) == 0);
}

static void
look(struct bundlefile *b, const char *p, size_t n)
{
	b->afl = b->afl || memmem(p, n, afl_mark, sizeof(afl_mark) - 1);
	b->libfuzzer = b->libfuzzer ||
		       memmem(p, n, libfuzzer_mark, sizeof(libfuzzer_mark) - 1);
	b->fuzzer = b->fuzzer || b->libfuzzer ||
		    memmem(p, n, entry_mark, sizeof(entry_mark) - 1) ||
		    memmem(p, n, driver_mark, sizeof(driver_mark) - 1);
}

/* A mark may lie across two pieces: the end of one and the start of the next
 * are looked at together. */
static void
scan_piece(struct bundlefile *b, const char *p, size_t n)
{
	size_t some = n < BUNDLEFILE_KEEP ? n : BUNDLEFILE_KEEP;
	size_t drop;

	memcpy(b->keep + b->kept, p, some);
	look(b, b->keep, b->kept + some);
	look(b, p, n);
	if (n >= BUNDLEFILE_KEEP) {
		memcpy(b->keep, p + n - BUNDLEFILE_KEEP, BUNDLEFILE_KEEP);
		b->kept = BUNDLEFILE_KEEP;
		return;
	}
	b->kept += some;
	if (b->kept > BUNDLEFILE_KEEP) {
		drop = b->kept - BUNDLEFILE_KEEP;
		memmove(b->keep, b->keep + drop, BUNDLEFILE_KEEP);
		b->kept = BUNDLEFILE_KEEP;
	}
}

void
bundlefile_add(struct bundlefile *b, const void *p, size_t n, bool scan)
{
	size_t some = sizeof(b->head) - b->n;
	bool first = b->n == 0;

	if (some > n)
		some = n;
	memcpy(b->head + b->n, p, some);
	b->n += some;
	if (first && is_program(p, n))
		b->hash = hash_new();
	if (b->hash != NULL)
		hash_add(b->hash, p, n);
	if (scan)
		scan_piece(b, p, n);
}

bool
bundlefile_end(struct bundlefile *b, char hex[HASH_HEX])
{
	if (b->hash == NULL)
		return false;
	hash_end(b->hash, hex);
	b->hash = NULL;
	return true;
}

static const char *
refuse_script(const unsigned char *head, size_t n)
{
	static char why[BUNDLEFILE_HEAD + 80];
	char path[BUNDLEFILE_HEAD + 1];
	size_t len;

	memcpy(path, head + 2, n - 2);
	path[n - 2] = '\0';
	len = strspn(path, " \t");
	memmove(path, path + len, n - 1 - len);
	len = strcspn(path, " \t\r\n");
	if (path[len] == '\r')
		return "a script with CR LF line ends";
	path[len] = '\0';
	if (path[0] == '/' && access(path, X_OK) == 0)
		return NULL;
	snprintf(why, sizeof(why),
	    "a script whose interpreter '%s' is not on this machine", path);
	return why;
}

static const char *
other_machine(unsigned machine)
{
	static char why[80];
	size_t i;

	for (i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i].machine == machine) {
			snprintf(why, sizeof(why), "a program for %s",
			    machines[i].name);
			return why;
		}
	return "a program for another machine";
}

static const char *
refuse_elf(const unsigned char *head, size_t n)
{
	const uint16_t one = 1;
	bool little = *(const uint8_t *)&one == 1;
	Elf64_Ehdr e;
	Elf32_Ehdr e32;
	bool entry;

	if (n < sizeof(e))
		return "a truncated program";
	memcpy(&e, head, sizeof(e));
	memcpy(&e32, head, sizeof(e32));
	if (e.e_ident[EI_DATA] != (little ? ELFDATA2LSB : ELFDATA2MSB))
		return "a program of the other byte order";
	/* e_type and e_machine lie at the same place in both classes */
	if (e.e_machine != MACHINE && e.e_machine != ALSO)
		return other_machine(e.e_machine);
	if (e.e_type != ET_EXEC && e.e_type != ET_DYN)
		return e.e_type == ET_REL ? "an object file, not a program"
					  : "not a program";
	entry = e.e_ident[EI_CLASS] == ELFCLASS64 ? e.e_entry != 0
						  : e32.e_entry != 0;
	return entry ? NULL : "a shared library, not a program";
}

const char *
bundlefile_refuse(const unsigned char *head, size_t n)
{
	if (n == 0)
		return "empty";
	if (n >= 2 && memcmp(head, "#!", 2) == 0)
		return refuse_script(head, n);
	if (n >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0)
		return refuse_elf(head, n);
	return "not a program (neither ELF nor '#!')";
}
