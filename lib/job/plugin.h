/*
 * Drivers and engines: calling them, and reading what they print.  lago-driver(7)
 * and lago-engine(7) say what the verbs mean.
 */
#ifndef LAGO_JOB_PLUGIN_H
#define LAGO_JOB_PLUGIN_H

#include <stddef.h>

#include "base/kv.h"
#include "base/strs.h"

struct buf;
struct fail;

#define PLUGIN_PROTOCOL 1
#define PLUGIN_ANSWER (16 << 20) /* bytes an answer may have */

/*
 * Run `path verb...` (argv, NULL-ended, the path first), with env (NULL: ours),
 * in cwd (NULL: ours), with in/inlen on its standard input; its answer into
 * out.  Errors: 69 when it cannot be run, prints too much or takes longer than
 * seconds; an exit status of 64 to 78 is that error; any other, and a signal,
 * are 69.
 */
int plugin_run(char *const *argv, char *const *env, const char *cwd,
    const void *in, size_t inlen, double seconds, struct buf *out,
    struct fail *f);
/* What a wait status says about `name verb`; 0 when it is 0. */
int plugin_status(
    int status, const char *name, const char *verb, struct fail *f);

/* ---- answers: pure functions on bytes ---- */

/* Lines `key TAB value`, values unescaped; others are left out.  A key may
 * come several times. */
void plugin_lines(const char *p, size_t n, struct kv *kv);
/* Items that each end with a NUL; what follows the last NUL is left out. */
void plugin_items(const char *p, size_t n, struct strs *items);

/* Of probe: 69 unless its protocol is ours, and when a program is missing. */
int plugin_probe(const char *p, size_t n, const char *name, struct fail *f);

/* Of argv and replay: an environment and a command. */
struct plugin_command {
	struct strs env, argv;
	/* replay only */
	struct strs more; /* what follows: "stdin", "file NAME" ... */
};
/* 65 when it is no such answer. */
int plugin_command(const char *p, size_t n, const char *name,
    struct plugin_command *c, struct fail *f);
void plugin_command_release(struct plugin_command *c);

#endif
