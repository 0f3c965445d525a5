/* Reading the files of one run; for import.c. */
#ifndef LAGO_STORE_IMPORT_RUN_H
#define LAGO_STORE_IMPORT_RUN_H

struct fail;
struct import;
struct store;

/* Once per open store: the SQL function that import_run needs. */
int import_run_init(struct import *im, struct fail *f);

/* New content of jobs/JOB/runs/RUN.  The run's row is made when absent; a run
 * whose files cannot be read becomes a lost one, and 0 is returned. */
int import_run(struct import *im, long job, long run, struct fail *f);

#endif
