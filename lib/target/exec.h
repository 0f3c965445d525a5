/*
 * One input, one fresh process of the target: the plain way to run it, and the
 * referee for every faster one.
 *
 * A struct exec is a slot that runs one input after the other; several slots
 * run at the same time.  Behind it stands a guardian process that starts the
 * target, watches its limits, collects what it prints and kills and reaps
 * everything that it started, daemons in sessions of their own included,
 * before it says how the run ended.  When we are killed, the guardian ends the
 * run and itself.  A target that kills its guardian is told as one that was
 * killed; the next run has a new guardian.
 *
 *	e = exec_open(&target, &f);
 *	for each input: exec_run(e, &in, &f); use exec_result(e)
 *	exec_close(e);
 *
 * or for several slots: exec_start each; poll exec_fd of all for reading;
 * exec_step the readable ones until it returns 1; use exec_result.
 */
#ifndef LAGO_TARGET_EXEC_H
#define LAGO_TARGET_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct exec;
struct fail;
struct strs;

/* What to run.  Copied by exec_open except argv, env and crash_status, which
 * must stay as they are until exec_close. */
struct exec_target {
	/* "@@" anywhere in an argument is the path of the input.  Without one
	 * the input is standard input; the path is appended instead when the
	 * program is a libFuzzer target.  argv[0] without a slash is looked up
	 * in env's PATH. */
	char *const *argv;
	/* Exactly this; TMPDIR and HOME that it does not have are fresh
	 * directories. */
	char *const *env;
	const char *cwd;  /* NULL: a fresh empty directory for each run ... */
	const char *tree; /* ... with links to the entries of this one */
	const char *file; /* the name the input must have; NULL: "input" */
	double wall, cpu; /* limits in seconds, 0 none */
	/* MiB, 0 none.  The address space of a plain program; the resident
	 * memory of one with a sanitizer, and of scripts. */
	unsigned memory;
	/* The caller has no children but those of this slot: what is left when
	 * a target kills its guardian can be ended. */
	bool alone;
	size_t output;		 /* bytes kept of what it prints; 0: 256 KiB */
	int core;		 /* bind to this CPU; below 0: not */
	const int *crash_status; /* exit statuses that are crashes */
	size_t ncrash_status;
};
#define EXEC_TARGET_INIT   \
	{                  \
		.core = -1 \
	}

struct exec_input {
	const void *data; /* the bytes, or with NULL ... */
	size_t len;
	const char *path; /* ... a regular file: the target gets a copy */
	double wall, cpu; /* 0: the target's */
	bool aslr;	  /* leave address space randomisation on */
	/* LATE_AT_... of target/late.h: the run is a copy of a process that
	 * got so far before (late fork server), else 0: a fresh process.  -1
	 * and 69 when no server comes of it here.  Not with aslr. */
	int late;

	/* Called by exec_step.  at_start: before the program is executed in
	 * process pid, which waits meanwhile (with LATE_AT_AFL pid is the
	 * server, about to fork, and they share a process group); at_limit: a
	 * limit was passed, the process is killed afterwards.  Both may trace
	 * it and must leave it running; at_start may leave it traced. */
	void (*at_start)(pid_t pid, void *arg);
	void (*at_limit)(pid_t pid, void *arg);
	void *arg;
};

enum exec_limit { EXEC_NO_LIMIT, EXEC_WALL, EXEC_CPU, EXEC_MEMORY };

struct exec_result {
	int status; /* as waitpid(2); after a limit that of SIGKILL */
	/* A signal that nobody here sent, or a status of crash_status.  What
	 * a report in the output means is for crash/ to say. */
	bool crashed;
	enum exec_limit limit; /* the one it was ended for */
	bool aslr;	       /* addresses were random, wanted or not */
	pid_t pid;
	double wall, cpu; /* seconds; cpu of all that it waited for */
	uint64_t rss;	  /* most, bytes; never less than the guardian's */
	bool left;	  /* other processes of it were there and killed */

	/* Standard output and error in the order written, NULs included.
	 * More than fits: head, a line "[lago: N bytes left out]", tail. */
	const char *out;
	size_t outlen;
	uint64_t printed; /* bytes in all */
};

/* NULL: 66 the program is not there, 69 it cannot be executed, 75 else. */
struct exec *exec_open(const struct exec_target *t, struct fail *f);
void exec_close(struct exec *e); /* ends a run; NULL is fine */

/* -1: 66 the input cannot be read, 73 or 74 the copy cannot be made. */
int exec_start(struct exec *e, const struct exec_input *in, struct fail *f);
int exec_fd(const struct exec *e);
/* 1 the run has ended, 0 not yet (does not wait), -1: 69 the program cannot be
 * executed, 75 the guardian is gone; the slot is free after -1 and 1. */
int exec_step(struct exec *e, struct fail *f);
void exec_kill(struct exec *e); /* ends the run at once; step to the end */
/* Of the last run that ended, until the next start. */
const struct exec_result *exec_result(const struct exec *e);

/* Start and wait.  A signal of base/sig.h ends the run: -1, 75. */
int exec_run(struct exec *e, const struct exec_input *in, struct fail *f);

/* The program's absolute path, as it was found. */
const char *exec_program(const struct exec *e);
/* Flags FORKSERVER_... of target/forkserver.h: what kind of program it is. */
int exec_look(const struct exec *e);
/* Where a server of copies may begin, LATE_AT_... letters, the best first; ""
 * for scripts. */
const char *exec_late(const struct exec *e);
bool exec_is_libfuzzer(const char *path);

/*
 * Join to the *_OPTIONS of the sanitizers in an environment what replay needs
 * (later values win): no symbolizer processes, abort at the end of a report,
 * stacks for every signal, the report on standard error.
 */
enum {
	EXEC_LEAKS = 1,	   /* leak detection on, else off, unless the
			      environment says; never under ptrace */
	EXEC_SYMBOLIZE = 2 /* let the sanitizer symbolize all the same */
};
void exec_sanitizer_env(struct strs *env, unsigned flags);

#endif
