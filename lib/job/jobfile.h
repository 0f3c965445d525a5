/*
 * The settings of a job, lago-job(5): which keys there are, what values they
 * take, and where a value comes from:
 *
 *	option > job file > target.conf or NAME.options > template > config
 *	> default
 *
 * jobfile_resolve gives every key that has a value, checked and in canonical
 * form: durations in seconds, booleans 0 or 1, memory in MiB.  What submit
 * writes to jobs/N/job is that plus what it records (bundle, build...).
 *
 * env.NAME goes by the same order, but values of env.X_OPTIONS are joined
 * with ':', strongest last, as sanitizers let the last one win.
 * From target.conf: cmdline -> args, timeout -> timeout, dict -> dict,
 * qemu and dumb -> mode, environment -> env.NAME.  From NAME.options: [asan]
 * [msan] [ubsan] [hwasan] [lsan] [tsan] -> env.X_OPTIONS, [env] -> env.NAME
 * where allowed, [libfuzzer] dict -> dict, timeout -> timeout, close to the
 * reference; its other flags are the driver's to read.
 */
#ifndef LAGO_JOB_JOBFILE_H
#define LAGO_JOB_JOBFILE_H

#include <stdbool.h>
#include <stddef.h>

struct bundle;
struct fail;
struct home;
struct kv;

/* The table, for pages and completion; ended by a NULL name. */
struct jobfile_key {
	const char *name;  /* "env." stands for env.NAME */
	const char *value; /* the word a page uses: "count", "duration" ... */
	const char *otherwise; /* default, or NULL */
	const char *help;
};
extern const struct jobfile_key jobfile_keys[];

/* Check one value and bring it into canonical form (into buf of the kv).
 * where is what messages call its place.  65. */
int jobfile_set(struct kv *job, const char *key, const char *value,
    const char *where, struct fail *f);

/*
 * All settings of a job of one target of a checked bundle.  options: -x and
 * the letters, strongest, keys as in the table, may be NULL.  home gives
 * config and templates, NULL: none.  name: the bundle's path, for the default
 * name.  65 for a bad value or an unknown key, 69 for an unknown driver.
 */
int jobfile_resolve(const struct bundle *b, const char *target,
    const char *name, const struct kv *options, const struct home *home,
    struct kv *job, struct fail *f);

/* Read jobs/N/job (dir = the job's directory): what submit wrote.  Keys this
 * version does not know are kept. */
int jobfile_read(int dir, struct kv *job, struct fail *f);

#endif
