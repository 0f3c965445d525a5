/*
 * The late fork server: a shared object that lago preloads into a target
 * (lib/target/guardian.c).  When the target is about to look at its input for
 * the first time it stops there, and each run is a copy of it that goes on:
 * loading, constructors and start-up are paid once.
 *
 * LAGO_LATE=WHERE STDIN PATH in the environment (two letters and the path of
 * the input, nothing between them), which the target never sees:
 *
 *	WHERE	o at the open of the input, s also at a stat of it, m at main
 *	STDIN	i the input is standard input too, - it is not
 *
 * Words of 32 bits: hello on STATUS; then for each on CONTROL a copy is made
 * and its pid said on STATUS.  A copy is the child of the server's parent, who
 * waits for it and may trace it; of a word HOLD it waits for one on GO first.
 *
 * Raw system calls where a sanitizer's own functions could come between: MSan's
 * hooks of fork take 20 ms.  No thread but the first may exist, for only the
 * one that forks lives on in a copy.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "exec/startmain.h"
#include "exec/zeros.h"
#include "target/late.h"

extern char **environ;

static char input[4096], cwd[4096];
static char where; /* 0: not asked, or done */
static bool from_stdin;
static dev_t dev;
static ino_t ino;
static pid_t self;

static int
raw_stat(int dir, const char *path, void *st, int flags)
{
	return (int)syscall(SYS_newfstatat, dir, path, st, flags);
}

/* --- the environment --- */

static void
drop_variable(char **at)
{
	do
		at[0] = at[1];
	while (*at++ != NULL);
}

/* LD_PRELOAD=US or LD_PRELOAD=US:THEIRS. */
static void
drop_us(char **at)
{
	char *value = *at + strlen("LD_PRELOAD="), *rest = strchr(value, ':');

	if (rest == NULL)
		drop_variable(at);
	else
		memmove(value, rest + 1, strlen(rest + 1) + 1);
}

__attribute__((constructor)) static void
start(void)
{
	char **preload = NULL, **late = NULL, *text;
	struct stat st;

	for (char **e = environ; e != NULL && *e != NULL; e++)
		if (strncmp(*e, "LAGO_LATE=", 10) == 0)
			late = e;
		else if (strncmp(*e, "LD_PRELOAD=", 11) == 0)
			preload = e;
	if (late == NULL || preload == NULL)
		return;
	text = *late + 10;
	if (strlen(text) >= sizeof(input) || strlen(text) < 3)
		return;
	strcpy(input, text + 2);
	from_stdin = text[1] == 'i';
	if (raw_stat(AT_FDCWD, input, &st, 0) != 0)
		return;
	dev = st.st_dev;
	ino = st.st_ino;
	self = getpid();
	where = text[0];
	/* The later one first: dropping moves what is behind. */
	if (late > preload) {
		drop_variable(late);
		drop_us(preload);
	} else {
		drop_us(preload);
		drop_variable(late);
	}
}

/* --- serving --- */

static bool
alone(void)
{
	struct stat st;

	/* The links of this directory: itself, its parent, the threads. */
	return raw_stat(AT_FDCWD, "/proc/self/task", &st, 0) == 0 &&
	       st.st_nlink == 3;
}

/* The C library keeps the thread's number where it told the kernel to. */
static pid_t
copy(void)
{
	unsigned long flags = CLONE_PARENT | SIGCHLD;
	int *tid = NULL;

	if (prctl(PR_GET_TID_ADDRESS, &tid) == 0 && tid != NULL)
		flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
#if defined(__x86_64__)
	return (pid_t)syscall(SYS_clone, flags, 0, 0, tid, 0);
#else
	return (pid_t)syscall(SYS_clone, flags, 0, 0, 0, tid);
#endif
}

/* What a new process of its own would have got anew. */
static void
become_run(uint32_t word)
{
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	if (*cwd != '\0' && syscall(SYS_chdir, cwd) != 0)
		*cwd = '\0';
	if (from_stdin) {
		fd = (int)syscall(SYS_openat, AT_FDCWD, input, O_RDONLY, 0);
		if (fd > 0) {
			syscall(SYS_dup3, fd, 0, 0);
			syscall(SYS_close, fd);
		}
	}
	if (word == LATE_HOLD &&
	    syscall(SYS_read, LATE_GO, &word, sizeof(word)) != sizeof(word))
		syscall(SYS_exit_group, 127);
	syscall(SYS_close, LATE_CONTROL);
	syscall(SYS_close, LATE_STATUS);
	syscall(SYS_close, LATE_GO);
}

/* A sanitizer's list of modules, which it would make anew in each copy that
 * reports: 1 ms.  What is loaded later makes it look again. */
extern __attribute__((weak)) int __sanitizer_get_module_and_offset_for_pc(
    void *pc, char *module, size_t size, void **offset);

static void
warm_up(void)
{
	char module[8];
	void *offset;

	if (__sanitizer_get_module_and_offset_for_pc != NULL)
		__sanitizer_get_module_and_offset_for_pc(
		    (void *)(uintptr_t)&theirs, module, sizeof(module),
		    &offset);
}

static bool
say(uint32_t word)
{
	return syscall(SYS_write, LATE_STATUS, &word, sizeof(word)) ==
	       sizeof(word);
}

static void
serve(void)
{
	int before = errno;
	uint32_t word;
	pid_t pid;

	if (getpid() != self || !alone())
		return;
	where = 0;
	if (syscall(SYS_getcwd, cwd, sizeof(cwd)) <= 0)
		*cwd = '\0';
	warm_up();
	zeros_drop();
	if (!say(LATE_HELLO))
		return;
	for (;;) {
		if (syscall(SYS_read, LATE_CONTROL, &word, sizeof(word)) !=
		    sizeof(word))
			syscall(SYS_exit_group, 0);
		pid = copy();
		if (pid == 0)
			break;
		if (!say((uint32_t)pid))
			syscall(SYS_exit_group, 0);
	}
	become_run(word);
	errno = before;
}

/* Is it the input, under whatever name? */
static void
look(int dir, const char *path)
{
	int before = errno;
	struct stat st;

	if (path != NULL && (strcmp(path, input) == 0 ||
				(raw_stat(dir, path, &st, 0) == 0 &&
				    st.st_dev == dev && st.st_ino == ino)))
		serve();
	errno = before;
}

static inline void
opens(int dir, const char *path)
{
	if (where == LATE_AT_OPEN || where == LATE_AT_STAT)
		look(dir, path);
}

static inline void
stats(int dir, const char *path)
{
	if (where == LATE_AT_STAT)
		look(dir, path);
}

/* --- what the target calls --- */

#define MODE(flags, mode)                    \
	do {                                 \
		va_list ap;                  \
		va_start(ap, flags);         \
		mode = va_arg(ap, unsigned); \
		va_end(ap);                  \
	} while (0)

#define OPEN(name)                                                            \
	PUBLIC int name(const char *, int, ...);                              \
	int name(const char *path, int flags, ...)                            \
	{                                                                     \
		unsigned mode;                                                \
		MODE(flags, mode);                                            \
		opens(AT_FDCWD, path);                                        \
		return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode); \
	}
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                     \
	PUBLIC int name(int, const char *, int, ...);                    \
	int name(int dir, const char *path, int flags, ...)              \
	{                                                                \
		unsigned mode;                                           \
		MODE(flags, mode);                                       \
		opens(dir, path);                                        \
		return (int)syscall(SYS_openat, dir, path, flags, mode); \
	}
OPENAT(openat)
OPENAT(openat64)

#define OPEN_2(name)                                                       \
	PUBLIC int name(const char *, int);                                \
	int name(const char *path, int flags)                              \
	{                                                                  \
		opens(AT_FDCWD, path);                                     \
		return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0); \
	}
OPEN_2(__open_2)
OPEN_2(__open64_2)

#define OPENAT_2(name)                                                \
	PUBLIC int name(int, const char *, int);                      \
	int name(int dir, const char *path, int flags)                \
	{                                                             \
		opens(dir, path);                                     \
		return (int)syscall(SYS_openat, dir, path, flags, 0); \
	}
OPENAT_2(__openat_2)
OPENAT_2(__openat64_2)

#define FOPEN(name)                                                \
	PUBLIC FILE *name(const char *, const char *);             \
	FILE *name(const char *path, const char *mode)             \
	{                                                          \
		static FILE *(*next)(const char *, const char *);  \
		if (next == NULL)                                  \
			*(void **)&next = dlsym(RTLD_NEXT, #name); \
		opens(AT_FDCWD, path);                             \
		return next(path, mode);                           \
	}
FOPEN(fopen)
FOPEN(fopen64)

#define FREOPEN(name)                                                     \
	PUBLIC FILE *name(const char *, const char *, FILE *);            \
	FILE *name(const char *path, const char *mode, FILE *fp)          \
	{                                                                 \
		static FILE *(*next)(const char *, const char *, FILE *); \
		if (next == NULL)                                         \
			*(void **)&next = dlsym(RTLD_NEXT, #name);        \
		opens(AT_FDCWD, path);                                    \
		return next(path, mode, fp);                              \
	}
FREOPEN(freopen)
FREOPEN(freopen64)

#define STAT(name, type, flags)                             \
	PUBLIC int name(const char *, type *);              \
	int name(const char *path, type *st)                \
	{                                                   \
		stats(AT_FDCWD, path);                      \
		return raw_stat(AT_FDCWD, path, st, flags); \
	}
STAT(stat, struct stat, 0)
STAT(stat64, struct stat64, 0)
STAT(lstat, struct stat, AT_SYMLINK_NOFOLLOW)
STAT(lstat64, struct stat64, AT_SYMLINK_NOFOLLOW)

#define FSTATAT(name, type)                                      \
	PUBLIC int name(int, const char *, type *, int);         \
	int name(int dir, const char *path, type *st, int flags) \
	{                                                        \
		stats(dir, path);                                \
		return raw_stat(dir, path, st, flags);           \
	}
FSTATAT(fstatat, struct stat)
FSTATAT(fstatat64, struct stat64)

PUBLIC int statx(
    int dir, const char *path, int flags, unsigned mask, struct statx *st);
int
statx(int dir, const char *path, int flags, unsigned mask, struct statx *st)
{
	stats(dir, path);
	return (int)syscall(SYS_statx, dir, path, flags, mask, st);
}

/* Of programs linked with a C library before 2.33. */
#define XSTAT(name, flags)                                       \
	PUBLIC int name(int, const char *, struct stat *);       \
	int name(int version, const char *path, struct stat *st) \
	{                                                        \
		(void)version;                                   \
		stats(AT_FDCWD, path);                           \
		return raw_stat(AT_FDCWD, path, st, flags);      \
	}
XSTAT(__xstat, 0)
XSTAT(__xstat64, 0)
XSTAT(__lxstat, AT_SYMLINK_NOFOLLOW)
XSTAT(__lxstat64, AT_SYMLINK_NOFOLLOW)

/* A jump, no call: the stack is as without us. */
static int
ours(int argc, char **argv, char **env)
{
	if (where == LATE_AT_MAIN)
		serve();
	return theirs(argc, argv, env);
}
