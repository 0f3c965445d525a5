/*
 * A fork server for libFuzzer targets: a shared object that lago preloads
 * (lib/target/forkserver.c).  It takes the place of libFuzzer's main, runs the
 * target's function again and again, and says to its client what AFL++'s
 * runtime (4.20 and later) would: a persistent target with test cases in shared
 * memory.  Its map is what libFuzzer counts: the inline counters of all
 * modules, extra counters, and the step of the stack's depth.
 *
 *	LAGO_LOOP=MiB	limit of a child's resident memory; never seen by the
 *			target
 *
 * The child answers its client itself, so a run is two switches between
 * processes.  Its pid goes ahead of the request: pid, then of each run status
 * and the pid for the next one.  The server only waits for it to die, tells its
 * status and makes another.  It is forked before the target's own start, so a
 * target may have threads.
 *
 * libFuzzer notes the operands of comparisons, for its mutations; nobody asks
 * for them here, and they cost a fifth of a run: those functions return at once.
 *
 * Where a target is of another kind (stripped, no inline counters, static) the
 * server ends before its hello, and the client asks another way.
 */
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/startmain.h"

enum {
	CONTROL = 198,
	STATUS = 199,
	HELLO = 0x41464c01,
	OPT_MAP = 1,
	OPT_SHARED = 2,
	REGIONS = 256,
	STEPS = 64 * 8, /* of a stack's depth */
	OWN = 8,	/* bytes in front that are the runtime's own */
	CANNOT = 3,	/* exit status */
	LOOK_MICROS = 20000
};

static struct {
	uint8_t *p;
	size_t n;
} region[REGIONS];
static size_t regions, counters;
static int (*run_one)(const uint8_t *, size_t);
static int (*initialize)(int *, char ***);
static uintptr_t *lowest; /* the stack's, as the instrumentation notes it */
static unsigned long long loaded; /* modules so far */

static uint8_t *map;
static const uint8_t *testcase; /* its length, 32 bits, and its bytes */
static size_t longest = SIZE_MAX;
static size_t memory; /* bytes */

/* Shared by server and child. */
static volatile struct {
	uint32_t ready;	   /* this child has come to its first input */
	uint32_t busy;	   /* with an input */
	uint32_t announce; /* the client has no pid yet for the next run */
} * state;

/* --- what the target has --- */

static void
note_region(uint8_t *p, size_t n)
{
	if (n == 0 || regions == REGIONS)
		return;
	region[regions].p = p;
	region[regions++].n = n;
	counters += (n + 7) & ~(size_t)7;
}

static bool
notes_operands(const char *name)
{
	static const char *const what[] = {
	    "cmp", "const_cmp", "switch", "div", "gep", "pc_indir"};
	static const char start[] = "__sanitizer_cov_trace_";

	if (strncmp(name, start, sizeof(start) - 1) != 0)
		return false;
	name += sizeof(start) - 1;
	for (size_t i = 0; i < sizeof(what) / sizeof(*what); i++)
		if (strncmp(name, what[i], strlen(what[i])) == 0)
			return true;
	return false;
}

/* A function that returns nothing returns at once. */
static void
stub(uint8_t *code)
{
#if defined(__x86_64__)
	static const uint8_t ret[] = {0xc3};
#elif defined(__aarch64__)
	static const uint8_t ret[] = {0xc0, 0x03, 0x5f, 0xd6};
#else
	static const uint8_t ret[] = {};
#endif
	uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t page = (uintptr_t)code & ~(size - 1);
	size_t n = (uintptr_t)code + sizeof(ret) - page;

	if (sizeof(ret) == 0 ||
	    mprotect((void *)page, n, PROT_READ | PROT_WRITE | PROT_EXEC))
		return;
	memcpy(code, ret, sizeof(ret));
	__builtin___clear_cache((char *)code, (char *)code + sizeof(ret));
	mprotect((void *)page, n, PROT_READ | PROT_EXEC);
}

static void
note_symbol(const struct dl_phdr_info *m, const ElfW(Sym) * s, const char *name)
{
	void *at = (void *)(m->dlpi_addr + s->st_value);

	if (s->st_shndx == SHN_UNDEF)
		return;
	if (strcmp(name, "LLVMFuzzerTestOneInput") == 0)
		*(void **)&run_one = at;
	else if (strcmp(name, "LLVMFuzzerInitialize") == 0)
		*(void **)&initialize = at;
	else if (ELF64_ST_TYPE(s->st_info) == STT_FUNC && notes_operands(name))
		stub(at);
	else if (strcmp(name, "__sancov_lowest_stack") == 0 &&
		 ELF64_ST_TYPE(s->st_info) == STT_TLS &&
		 m->dlpi_tls_data != NULL)
		lowest = (void *)((char *)m->dlpi_tls_data + s->st_value);
}

struct image {
	const struct dl_phdr_info *m;
	const uint8_t *p;
	size_t n, sections;
	const ElfW(Shdr) * section;
};

/* n bytes at that place of the file, or NULL. */
static const void *
at(const struct image *i, uint64_t offset, uint64_t n)
{
	return offset <= i->n && n <= i->n - offset ? i->p + offset : NULL;
}

static const char *
name_in(const struct image *i, const ElfW(Shdr) * names, uint32_t offset)
{
	const char *p = at(i, names->sh_offset, names->sh_size);

	return p != NULL && offset < names->sh_size &&
		       memchr(p + offset, '\0', names->sh_size - offset) != NULL
		   ? p + offset
		   : "";
}

static void
note_symbols(const struct image *i, const ElfW(Shdr) * table)
{
	const ElfW(Sym) *s = at(i, table->sh_offset, table->sh_size);

	if (s == NULL || table->sh_link >= i->sections)
		return;
	for (size_t k = 0; k < table->sh_size / sizeof(*s); k++)
		note_symbol(i->m, &s[k],
		    name_in(i, &i->section[table->sh_link], s[k].st_name));
}

static void
note_sections(const struct image *i, const ElfW(Ehdr) * head)
{
	const ElfW(Shdr) *names = &i->section[head->e_shstrndx];

	for (size_t k = 0; k < i->sections; k++) {
		const ElfW(Shdr) *s = &i->section[k];
		const char *name = name_in(i, names, s->sh_name);

		if (strcmp(name, "__sancov_cntrs") == 0 ||
		    strcmp(name, "__libfuzzer_extra_counters") == 0)
			note_region((uint8_t *)(i->m->dlpi_addr + s->sh_addr),
			    s->sh_size);
		else if (i->m->dlpi_name[0] == '\0' &&
			 (s->sh_type == SHT_SYMTAB || s->sh_type == SHT_DYNSYM))
			note_symbols(i, s);
	}
}

static int
note_module(struct dl_phdr_info *m, size_t size, void *arg)
{
	const char *path = m->dlpi_name[0] ? m->dlpi_name : "/proc/self/exe";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct image i = {.m = m};
	const ElfW(Ehdr) * head;
	struct stat st;

	(void)size;
	(void)arg;
	loaded = m->dlpi_adds;
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 && st.st_size > 0) {
		i.n = (size_t)st.st_size;
		i.p = mmap(NULL, i.n, PROT_READ, MAP_PRIVATE, fd, 0);
	}
	close(fd);
	if (i.p == NULL || i.p == MAP_FAILED)
		return 0;
	head = at(&i, 0, sizeof(*head));
	if (head != NULL && memcmp(head->e_ident, ELFMAG, SELFMAG) == 0 &&
	    head->e_shstrndx < head->e_shnum) {
		i.sections = head->e_shnum;
		i.section =
		    at(&i, head->e_shoff, i.sections * sizeof(*i.section));
		if (i.section != NULL)
			note_sections(&i, head);
	}
	munmap((void *)i.p, i.n);
	return 0;
}

static int
count_modules(struct dl_phdr_info *m, size_t size, void *arg)
{
	(void)size;
	*(unsigned long long *)arg = m->dlpi_adds;
	return 1;
}

/* Flags of libFuzzer that change what an input is or covers. */
static bool
flags_fit(char **argv)
{
	for (; *argv != NULL; argv++) {
		if (strncmp(*argv, "-max_len=", 9) == 0 && atol(*argv + 9) > 0)
			longest = (size_t)atol(*argv + 9);
		else if (strncmp(*argv, "-use_value_profile=", 19) == 0 ||
			 strncmp(*argv, "-use_counters=", 14) == 0 ||
			 strncmp(*argv, "-data_flow_trace=", 17) == 0)
			return false;
	}
	return true;
}

/* --- a child --- */

static bool
say(const uint32_t *word, size_t n)
{
	return write(STATUS, word, n * sizeof(*word)) ==
	       (ssize_t)(n * sizeof(*word));
}

static void
unpoison(const void *p, size_t n)
{
	static void (*param)(size_t), (*bytes)(const void *, size_t);
	static bool looked;

	if (!looked) {
		looked = true;
		*(void **)&param = dlsym(RTLD_DEFAULT, "__msan_unpoison_param");
		*(void **)&bytes = dlsym(RTLD_DEFAULT, "__msan_unpoison");
	}
	if (param != NULL && bytes != NULL) {
		bytes(p, n);
		param(2);
	}
}

/* As libFuzzer numbers it. */
static size_t
depth_step(size_t words)
{
	unsigned log = 0;

	while (words >> (log + 1) != 0)
		log++;
	return log < 3 ? words : (log - 2) * 8 + ((words >> (log - 3)) & 7);
}

/* On memory of just its size, so that a sanitizer sees its ends.  The step of
 * the stack's depth, 0 unknown. */
static size_t
run(const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n);
	uintptr_t top = (uintptr_t)&copy;
	size_t step = 0;

	if (copy == NULL)
		abort();
	memcpy(copy, p, n);
	unpoison(copy, n);
	if (lowest != NULL)
		*lowest = top;
	run_one(copy, n);
	if (lowest != NULL && *lowest < top)
		step = depth_step((top - *lowest) / 8);
	free(copy);
	return step;
}

/* The counters into the map, and back to zero. */
static void
collect(size_t step)
{
	uint8_t *to = map + OWN;
	uint64_t eight;
	size_t k;

	for (size_t i = 0; i < regions; i++) {
		uint8_t *from = region[i].p;

		for (k = 0; k + 8 <= region[i].n; k += 8) {
			memcpy(&eight, from + k, 8);
			if (eight == 0)
				continue;
			memcpy(to + k, &eight, 8);
			memset(from + k, 0, 8);
		}
		memcpy(to + k, from + k, region[i].n - k);
		memset(from + k, 0, region[i].n - k);
		to += (region[i].n + 7) & ~(size_t)7;
	}
	if (step != 0)
		to[step] = 1;
}

/* Every 20 ms that it computes. */
static void
look_at_memory(int sig)
{
	char text[64] = "", *p;
	int fd = (int)syscall(
	    SYS_openat, AT_FDCWD, "/proc/self/statm", O_RDONLY | O_CLOEXEC, 0);

	(void)sig;
	if (fd < 0)
		return;
	if (syscall(SYS_read, fd, text, sizeof(text) - 1) > 0 &&
	    (p = strchr(text, ' ')) != NULL) {
		size_t pages = 0;

		while (*++p >= '0' && *p <= '9')
			pages = pages * 10 + (size_t)(*p - '0');
		if (pages > memory / 4096)
			syscall(SYS_kill, getpid(), SIGKILL);
	}
	syscall(SYS_close, fd);
}

static void
guard_memory(void)
{
	struct itimerval every = {{0, LOOK_MICROS}, {0, LOOK_MICROS}};
	struct sigaction act = {
	    .sa_handler = look_at_memory, .sa_flags = SA_RESTART | SA_ONSTACK};

	if (memory == 0)
		return;
	sigaction(SIGPROF, &act, NULL);
	setitimer(ITIMER_PROF, &every, NULL);
}

/* What a target does once it does here, with the input that libFuzzer begins
 * with too.  The map may be in use for the next run already. */
static bool
warm_up(int argc, char **argv)
{
	unsigned long long now = 0;

	if (initialize != NULL)
		initialize(&argc, &argv);
	run(testcase, 0);
	for (size_t i = 0; i < regions; i++)
		memset(region[i].p, 0, region[i].n);
	dl_iterate_phdr(count_modules, &now);
	return now == loaded;
}

static void
child(int argc, char **argv, pid_t server)
{
	uint32_t word[2] = {SIGSTOP << 8 | 0x7f, (uint32_t)getpid()}, n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != server)
		_exit(CANNOT);
	guard_memory();
	if (!warm_up(argc, argv))
		_exit(CANNOT);
	state->ready = 1;
	if (state->announce && !say(&word[1], 1))
		_exit(CANNOT);
	state->announce = 0;
	while (read(CONTROL, &n, sizeof(n)) == sizeof(n)) {
		state->busy = 1;
		memcpy(&n, testcase, sizeof(n));
		collect(run(testcase + sizeof(n), n < longest ? n : longest));
		state->busy = 0;
		if (!say(word, 2))
			break;
	}
	_exit(0);
}

/* --- the server --- */

static void *
segment(const char *name)
{
	const char *id = getenv(name);
	void *p = id != NULL ? shmat(atoi(id), NULL, 0) : (void *)-1;

	return p == (void *)-1 ? NULL : p;
}

static bool
greet(void)
{
	uint32_t size = (uint32_t)(OWN + counters + STEPS);
	uint32_t hello = HELLO, reply,
		 rest[] = {OPT_MAP | OPT_SHARED, size, hello};
	const char *offered = getenv("AFL_MAP_SIZE");

	if (offered == NULL || strtoul(offered, NULL, 10) < size + 64) {
		hello = 0xeffe0001;
		say(&hello, 1);
		return false;
	}
	return say(&hello, 1) &&
	       read(CONTROL, &reply, sizeof(reply)) == sizeof(reply) &&
	       reply == (HELLO ^ 0xffffffff) && say(rest, 3);
}

static bool
prepare(char **argv)
{
	dl_iterate_phdr(note_module, NULL);
	if (run_one == NULL || regions == 0 || regions == REGIONS ||
	    !flags_fit(argv))
		return false;
	map = segment("__AFL_SHM_ID");
	testcase = segment("__AFL_SHM_FUZZ_ID");
	state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return map != NULL && testcase != NULL && state != MAP_FAILED;
}

/* Returns when it cannot. */
static void
serve(int argc, char **argv)
{
	pid_t self = getpid(), pid;
	uint32_t word;
	int status;

	if (!prepare(argv) || !greet())
		return;
	state->announce = 1;
	for (;;) {
		state->ready = state->busy = 0;
		pid = fork();
		if (pid == 0)
			child(argc, argv, self);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || !state->ready)
			return;
		if (!state->busy)
			continue;
		/* To end is to fail here, as with libFuzzer. */
		word = WIFSIGNALED(status) ? (uint32_t)status : SIGABRT;
		if (!say(&word, 1))
			return;
		state->announce = 1;
	}
}

/* --- what the target calls --- */

static int
ours(int argc, char **argv, char **env)
{
	const char *mib = getenv("LAGO_LOOP"), *preload = getenv("LD_PRELOAD");

	if (mib == NULL || preload == NULL)
		return theirs(argc, argv, env);
	memory = (size_t)atol(mib) << 20;
	unsetenv("LAGO_LOOP");
	preload = strchr(preload, ':');
	if (preload == NULL)
		unsetenv("LD_PRELOAD");
	else
		setenv("LD_PRELOAD", preload + 1, 1);
	serve(argc, argv);
	_exit(CANNOT);
}
