/* Rows of jobs. */
#ifndef LAGO_STORE_STORE_JOB_H
#define LAGO_STORE_STORE_JOB_H

#include <stdbool.h>
#include <stdint.h>

struct fail;
struct kv;
struct store;
struct strs;

/* The row of jobs/ID from its job file, state queued; one that is there stays
 * as it is.  submitted (Unix seconds) counts where the job file has no key
 * `submitted`.  Inside a transaction. */
int store_job_add(struct store *s, long id, const struct kv *job,
    int64_t submitted, struct fail *f);
bool store_job_known(struct store *s, long id);

/* Its state as of the last commit: queued running done failed killed.  66. */
int store_job_state(struct store *s, long id, char state[16], struct fail *f);

/* Tags as one text (NULL when there are none; the caller frees), and the SQL
 * condition that the job `job` has all of those in `tags`, NULL or that text. */
char *store_job_tags(const struct strs *tags);
#define STORE_JOB_TAGGED(job, tags)                                  \
	"(" tags " IS NULL OR (SELECT count(*) FROM tag AS t WHERE " \
	"t.job = " job " AND instr(" tags ", char(10) || t.tag || "  \
	"char(10))) = length(" tags ") - length(replace(" tags       \
	", char(10), '')) - 1)"

/* For store_commit: work out the state of every job that was touched. */
int store_job_judge(struct store *s, struct fail *f);

#endif
