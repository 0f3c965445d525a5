/*
 * A run directory, jobs/N/runs/M or the one that lago-run -o names: its files
 * `run`, `progress` and `lock`, and why runs end.
 *
 * `run` is written by whoever made the directory (by=dispatch or lago-run) and
 * by nobody else; keys: uuid by node shard attempt created state reason start
 * end version.  `progress` is lago-run's; keys: phase fuzzed state reason
 * reason_text start end version dropped untriaged.  Times are Unix seconds of
 * that machine.  `lock` is held while anything of the run lives.
 */
#ifndef LAGO_JOB_RUNDIR_H
#define LAGO_JOB_RUNDIR_H

#include <stdbool.h>

struct fail;
struct home;
struct home_new;
struct kv;

/* Whose fault the end of a run is. */
enum rundir_fault {
	RUNDIR_NOBODY,	 /* it is over as asked: done, killed */
	RUNDIR_JOB,	 /* failed; not tried again */
	RUNDIR_NODE,	 /* lost; tried elsewhere, counted */
	RUNDIR_UNCOUNTED /* goes on later, not counted */
};

struct rundir_reason {
	const char *word;
	enum rundir_fault fault;
	const char *state; /* of a run that ends so; NULL: it goes on */
};
extern const struct rundir_reason rundir_reasons[]; /* ended by a NULL word */

/* By the first word of text; NULL when it is none of the list. */
const struct rundir_reason *rundir_reason(const char *text);
/* One of done, failed, killed, lost. */
bool rundir_ended(const char *state);

/*
 * Make jobs/N/runs/M, whole at once, with a file `run` of these keys; uuid,
 * created, version, shard, attempt and state=starting are added where they are
 * missing.  First a draft, then, with others perhaps, its number and place: a
 * descriptor of the directory, or -1; the draft is gone then.
 */
int rundir_draft(struct home_new *n, const struct home *h, long job,
    const struct kv *keys, struct fail *f);
int rundir_publish(struct home_new *n, const struct home *h, long job,
    long *run, struct fail *f);
/* A run directory by its path, whose last part must not exist (73) or
 * be an empty directory. */
int rundir_new_at(const char *path, const struct kv *keys, struct fail *f);

/* The files; an absent progress leaves its kv empty, an absent run is 66.
 * progress may be NULL. */
int rundir_read(int dir, struct kv *run, struct kv *progress, struct fail *f);
int rundir_write_run(int dir, const struct kv *run, struct fail *f);
int rundir_write_progress(int dir, const struct kv *progress, struct fail *f);

/* The lock's descriptor, closed on exec; 75 when the run lives. */
int rundir_lock(int dir, struct fail *f);
bool rundir_alive(int dir);

#endif
