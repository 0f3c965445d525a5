/*
 * The keeper: the one process below which everything of a run lives.
 *
 * keeper_start() starts lib/exec/keeper, inside bubblewrap (as process 1 of a
 * pid namespace) or without it (as a subreaper).  It starts commands when asked
 * over a socket and says when they end.  When the socket closes, because we
 * closed it or because we were killed, it kills every process below it, waits
 * until none is left, and exits; only then are the lock descriptors closed that
 * it, and nobody else, inherited.
 *
 * Each command has a guardian between the keeper and itself that collects its
 * orphans: a command has ended when no process of it is left, daemons and
 * descendants in sessions of their own included.  Those still there when the
 * command itself exits are killed.
 *
 * In the sandbox the system is read-only; /tmp, /var/tmp, /run, /dev, /proc and
 * (unless asked for) the network are private; the work directory is the only
 * place that can be written, at its own absolute path.
 */
#ifndef LAGO_TARGET_KEEPER_H
#define LAGO_TARGET_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpus;
struct fail;
struct keeper;

enum keeper_sandbox {
	KEEPER_SANDBOX_NO,
	KEEPER_SANDBOX_YES,
	KEEPER_SANDBOX_AUTO /* without, where bubblewrap does not work */
};

struct keeper_config {
	const char *work; /* absolute, exists */
	enum keeper_sandbox sandbox;
	bool network;
	/* Absolute path of a directory (made when absent), beside work and not
	 * in it, that takes what is written to the system: as root in a
	 * sandbox /etc /usr /var /opt ... become copy-on-write, and the copies
	 * stay there for the next keeper of the run.  NULL: read-only.  Not
	 * for plain users: ignored. */
	const char *overlay;
	const int *locks; /* descriptors that the keeper alone inherits */
	size_t nlocks;
};

/* NULL: 69 when the sandbox was demanded and does not work (the text says why,
 * in bwrap's words) or the keeper is not installed, 75 else. */
struct keeper *keeper_start(const struct keeper_config *c, struct fail *f);
bool keeper_sandboxed(const struct keeper *k);
bool keeper_overlaid(const struct keeper *k);
/* Why KEEPER_SANDBOX_AUTO went without, or what was asked for and is missing
 * (an overlay); "" else.  One line, for a person. */
const char *keeper_reason(const struct keeper *k);

struct keeper_cmd {
	char *const *argv; /* argv[0] without a slash: found by env's PATH */
	char *const *env;  /* exactly this; NULL: empty */
	const char *cwd;   /* absolute; NULL: the work directory */
	int in, out, err;  /* stay ours; -1: /dev/null */
	const struct cpus *cpus; /* NULL: all that we may run on */
	uint64_t memory;	 /* RLIMIT_AS in bytes, 0 none */
	uint64_t fsize;		 /* RLIMIT_FSIZE in bytes, 0 none */
	int nice;		 /* added to ours */
	int oom_score_adj;
};
#define KEEPER_CMD_INIT                        \
	{                                      \
		.in = -1, .out = -1, .err = -1 \
	}

/*
 * Start a command in a session of its own, without core files, with nothing
 * open but 0 to 2.  Its id (from 1, never used again), or -1: 69 when it
 * cannot be executed, 75 when the keeper is gone or there is no memory.
 */
int keeper_spawn(
    struct keeper *k, const struct keeper_cmd *cmd, struct fail *f);
/* To the command's process group; SIGKILL to all processes of the command.
 * One that has ended is no error. */
void keeper_signal(struct keeper *k, int id, int sig);

struct keeper_event {
	int id;
	int status; /* as waitpid(2) */
	double user,
	    sys;	 /* CPU seconds of the command and what it waited for */
	uint64_t maxrss; /* bytes, of the largest process of it */
};

/*
 * The ends of commands, each once.  keeper_next: 1 and *ev, 0 none now, -1 the
 * keeper is gone and all of the run with it.  keeper_fd is readable when there
 * may be one; call keeper_next until it gives no more *before* each poll, since
 * other calls may have read it already.
 */
int keeper_fd(const struct keeper *k);
int keeper_next(struct keeper *k, struct keeper_event *ev);

/* What a command uses now, with all its descendants; false when it ended. */
struct keeper_usage {
	uint64_t rss; /* bytes of memory of their own */
	unsigned nproc;
	double cpu; /* seconds, of those alive */
};
bool keeper_usage(struct keeper *k, int id, struct keeper_usage *u);

/* Kills the process of the command that uses most memory; false: that is the
 * command itself, which stays. */
bool keeper_shrink(struct keeper *k, int id);

/* TERM to all commands, KILL to what is there grace seconds later; returns when
 * nothing of the run is left, k freed.  Ends not fetched yet are lost.  NULL is
 * fine. */
void keeper_stop(struct keeper *k, double grace);

#endif
