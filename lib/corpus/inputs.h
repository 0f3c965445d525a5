/*
 * The files to minimise, smallest first, each content once.
 */
#ifndef LAGO_CORPUS_INPUTS_H
#define LAGO_CORPUS_INPUTS_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct fail;

enum input_state {
	INPUT_NEW, /* not run (yet): it is kept */
	INPUT_TRACED,
	INPUT_CRASHED,
	INPUT_HUNG,
	INPUT_COPY,  /* same bytes as another one */
	INPUT_EMPTY, /* no fuzzer takes it */
	INPUT_GONE   /* cannot be read (any more) */
};

struct input {
	char *path;
	uint64_t size;
	uint32_t state; /* enum input_state */
	uint32_t trace; /* when traced: number in struct traces */
};

struct inputs {
	struct input *v;
	size_t n, room;
};

/* The regular files below a directory, or the file itself.  Links are followed
 * for the operand only, hidden directories (AFL's .state) left out. 66 when it
 * is not there. */
int inputs_add(struct inputs *l, const char *path, struct fail *f);
/* One file; GONE when it is not there or not regular. */
void inputs_put(struct inputs *l, const char *path);
/* Sorts by size and path, marks empty ones and copies. */
void inputs_sort(struct inputs *l);
/* The bytes; -1 and state GONE (or left alone: too large) when not. */
int inputs_read(struct input *in, struct buf *b, struct fail *f);
size_t inputs_count(
    const struct inputs *l, enum input_state state, uint64_t *bytes);
void inputs_release(struct inputs *l);

#endif
