/* The command line and the environment of a crash made smaller: what the bug
 * needs of them. */
#ifndef LAGO_REDUCE_COMMAND_H
#define LAGO_REDUCE_COMMAND_H

struct buf;
struct fail;
struct shrink;

/* After shrink_input(): of s->argv what is neither the program nor the input's
 * path, of s->env all; within s->end.  shell gets what is left, as a line for
 * the shell.  As shrink_input(). */
int command_shrink(struct shrink *s, struct buf *shell, struct fail *f);

/* Words of an AFL or libFuzzer dictionary, added to the list. */
struct strs;
int command_words(const char *path, struct strs *words, struct fail *f);

#endif
