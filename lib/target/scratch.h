/*
 * A private directory that is gone however we end, SIGKILL included: a small
 * process waits until this one and those it forked are dead and removes it,
 * and whatever else it was told of.
 */
#ifndef LAGO_TARGET_SCRATCH_H
#define LAGO_TARGET_SCRATCH_H

struct fail;

/* Once per process, before other children.  The path (below TMPDIR, else in
 * memory, else /tmp) lives until the end; NULL with a message. */
const char *scratch_start(struct fail *f);
/* This path too, a file or a tree; absent at the end is fine. */
void scratch_also(const char *path);
/* Removes all now, and waits until that is done. */
void scratch_end(void);

#endif
