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
 * where allowed, [libfuzzer] dict -> dict, timeout -> timeout; its other flags
 * are the driver's to read, as are afl_margs and the like of target.conf.
 *
 * The driver is the one named; else the bundle's own (`bundle`); else afl when
 * there is a target.conf; else what template or config say; else what the
 * target's bytes look like.
 */
#ifndef LAGO_JOB_JOBFILE_H
#define LAGO_JOB_JOBFILE_H

struct bundle;
struct fail;
struct home;
struct kv;
struct strs;

enum jobfile_type {
	JOBFILE_WORD,	  /* of the bytes in set; min and max are lengths */
	JOBFILE_TEXT,	  /* anything */
	JOBFILE_PATH,	  /* inside the bundle */
	JOBFILE_NUMBER,	  /* min to max */
	JOBFILE_DURATION, /* min to max seconds */
	JOBFILE_CHOICE	  /* one of the words in set */
};

/* The table, ended by a NULL name. */
struct jobfile_key {
	const char *name;  /* "env." stands for env.NAME */
	const char *value; /* the word a page uses: "count", "duration" ... */
	const char *otherwise; /* default, or NULL */
	enum jobfile_type type;
	double min, max;
	const char *set;
};
extern const struct jobfile_key jobfile_keys[];

/* Check one value and set it in job in canonical form; a tag is added, an
 * env.X_OPTIONS joined to what is there, an empty value of any other key changes
 * nothing.  where is what messages call its place.  65. */
int jobfile_set(struct kv *job, const char *key, const char *value,
    const char *where, struct fail *f);
/* A value of an option of a command (struct opt of base/opt.h): name is a key,
 * or one of the letters that stand for one; job a struct kv. */
int jobfile_option(
    void *job, const char *name, const char *value, struct fail *f);

/*
 * All settings of a job of one target (a member's name) of a checked bundle,
 * added to job; and what tells about it:
 *	member	the target's name in the bundle
 *	named	1: the key target was given, 0: made of the bundle's name
 *	shape	lagopus or oss-fuzz
 *	build	of the bundle
 * options: -x and the letters, strongest, keys as in the table, may be NULL.
 * home gives config and templates, NULL: none.  name: the bundle's path.
 * notes (may be NULL) gets lines for a person: what was dropped.  65 for a bad
 * value or an unknown key, 66 no such target or template, 69 unknown driver,
 * 78 config.
 */
int jobfile_resolve(const struct bundle *b, const char *target,
    const char *name, const struct kv *options, const struct home *home,
    struct kv *job, struct strs *notes, struct fail *f);

/* Read jobs/N/job (dir = the job's directory): what submit wrote.  Keys this
 * version does not know are kept. */
int jobfile_read(int dir, struct kv *job, struct fail *f);

#endif
