/* Taking in the results of another home. */
#ifndef LAGO_STORE_FOREIGN_H
#define LAGO_STORE_FOREIGN_H

struct fail;
struct import;

/*
 * path is another home, the directory of one of its jobs, or a run directory.
 * Each of its jobs is copied under a new number, with origin= saying where from,
 * and imported.  One of which a run is here already, by its uuid, is skipped;
 * so is a job without runs that came from the same place before.  What was not
 * over there is killed here: nobody runs it.  Files are copied only under the
 * names that results have, and hash-named ones only when the hash is right.
 */
int foreign_import(struct import *im, const char *path, struct fail *f);

#endif
