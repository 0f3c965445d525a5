/*
 * The client's half of AFL++'s fork server: one server, one input at a time.
 * Both dialects (AFL++ up to 4.10 and from 4.20 on) and classic AFL, told
 * apart by the first word the server says.
 *
 * Whoever ends, nothing stays: the server gets SIGTERM when the process (the
 * thread) that started it dies, which makes it kill its stopped child; the
 * shared segments are marked for removal before the server exists.  A server
 * that dies is started again.  A server is never believed: sizes are bounded,
 * answers have a time limit, a pid is killed only when it is the server's
 * child.
 */
#ifndef LAGO_TARGET_FORKSERVER_H
#define LAGO_TARGET_FORKSERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct fail;
struct forkserver;

/* The descriptors of a server: it reads requests, and writes answers. */
enum { FORKSERVER_CONTROL = 198, FORKSERVER_STATUS };

/* What the bytes of a program say about it. */
enum {
	FORKSERVER_AFL = 1,	   /* AFL instrumentation */
	FORKSERVER_PERSISTENT = 2, /* many inputs in one process */
	FORKSERVER_DEFERRED = 4,   /* it starts its server itself */
	FORKSERVER_LIBFUZZER = 8,  /* libFuzzer's own driver */
	FORKSERVER_HONGGFUZZ = 32, /* honggfuzz's driver */
	FORKSERVER_SANITIZER = 16  /* one that maps terabytes */
};

/* Flags of the program that argv[0] names, looked up in the PATH as execvp
 * does; -1 when it cannot be read (66). */
int forkserver_look(const char *program, struct fail *f);

struct forkserver_opts {
	char *const *argv; /* "@@" inside an argument is the input's path;
			    * without one it is standard input */
	char *const *env;  /* the target's, without what the protocol adds */
	const char *input; /* path of the input file, made anew */
	int cpu;	   /* bind the server there; below 0: not */
	unsigned memory;   /* MiB, 0 no limit; not with sanitizers */
	double timeout;	   /* seconds a run may take */
	const int *crash_status; /* exit statuses that are crashes; */
	size_t ncrash_status;	 /* must stay as long as the server */
	int output; /* what the target prints goes there; 0: nowhere */
	bool loop;  /* libFuzzer's build, by our own server (exec/loop.c) */
};

enum forkserver_end {
	FORKSERVER_OK,	  /* ended, or goes on with the next input */
	FORKSERVER_CRASH, /* a signal, or an exit status that means one */
	FORKSERVER_TIMEOUT,
	FORKSERVER_DEAD,   /* this input ended the server, twice */
	FORKSERVER_STOPPED /* a signal for us came (sig_got) */
};

struct forkserver_run {
	enum forkserver_end end;
	int status; /* wait(2) status */
	bool fresh; /* first input of its process */
};

/* Starts and shakes hands; NULL with a message for a person: 69 for a program
 * that is no target, 66 when it is not there. */
struct forkserver *forkserver_start(
    const struct forkserver_opts *o, struct fail *f);

/* One run.  -1: the server is gone and does not come back (69).  The map is
 * valid until the next run; the runtime's own mark in slot 0 is taken
 * out.  Bytes above forkserver_limit() are cut off. */
int forkserver_run(struct forkserver *s, const void *data, size_t len,
    struct forkserver_run *r, struct fail *f);
const uint8_t *forkserver_map(const struct forkserver *s, size_t *size);
size_t forkserver_limit(const struct forkserver *s);
void forkserver_set_timeout(struct forkserver *s, double seconds);

/* Shakes hands with a server that somebody else started, without shared memory
 * for test cases: control is written, status (non-blocking) read. */
int forkserver_greet(pid_t pid, int control, int status, struct fail *f);

/* The next input gets a process of its own (persistent targets). */
void forkserver_fresh(struct forkserver *s);

pid_t forkserver_pid(const struct forkserver *s);

/* Ends server and child, removes the input file. NULL is allowed. */
void forkserver_stop(struct forkserver *s);

#endif
