/*
 * The proof: the files as delivered, run once more.  A tuple that is missing
 * then is looked for in every input that had shown it reliably; whoever shows
 * it again joins.  What nobody shows reliably was chance (unstable), no loss.
 */
#ifndef LAGO_CORPUS_MINIMIZEPROVE_H
#define LAGO_CORPUS_MINIMIZEPROVE_H

struct work;

/* Of what was chosen, by its runs as it was delivered. */
int minimizeprove_choice(struct work *w);
/* Shrinks what is kept (joint.h), runs it again. */
int minimizeprove_shrunk(struct work *w);

#endif
