/*
 * The files to minimise, smallest first.  Contents are told apart by their
 * SHA-256, taken when an input is read for its run, not before.
 */
#ifndef LAGO_CORPUS_INPUTS_H
#define LAGO_CORPUS_INPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT_SHA 32 /* bytes */

struct buf;
struct fail;

enum input_state {
	INPUT_NEW, /* not run (yet): it is kept */
	INPUT_TRACED,
	INPUT_CRASHED,
	INPUT_HUNG,
	INPUT_COPY,  /* same bytes as another one */
	INPUT_EMPTY, /* no fuzzer takes it */
	INPUT_GONE,  /* cannot be read (any more) */
	INPUT_STATES
};

struct input {
	char *path;
	uint64_t size;
	uint32_t state;	 /* enum input_state */
	uint32_t trace;	 /* when traced: number in struct traces */
	uint32_t micros; /* its run took; 0 unknown */
	bool base;	 /* it is there anyway: what it covers is covered */
	bool hashed;	 /* sha is known */
	bool known;	 /* the cache has it under its stamp ... */
	bool changed;	 /* ... but as something else */
	uint8_t chosen;	 /* by the last call, a bit for each goal */
	uint8_t sha[INPUT_SHA];
	uint64_t stamp; /* of the file as it was found, see inputs_stamp */
};

struct inputs {
	struct input *v;
	size_t n, room;
};

/* The regular files below a directory, or the file itself.  Links are followed
 * for the operand only, hidden directories (AFL's .state) left out. 66 when it
 * is not there. */
int inputs_add(struct inputs *l, const char *path, bool base, struct fail *f);
/* One file; GONE when it is not there or not regular. */
void inputs_put(struct inputs *l, const char *path);
/* Sorts by size and path, those of a base first; marks empty ones. */
void inputs_sort(struct inputs *l);
/* As stats_stamp; 0 also when it is not there. */
uint64_t inputs_stamp(const char *path);
/* Reads and hashes what is NEW, marks those with the bytes of another one as
 * copies. */
void inputs_dedupe(struct inputs *l);
/* Of the inputs with the same bytes the first is what one of them was found to
 * be, the others are the copies. */
void inputs_settle(struct inputs *l);

/* Sets sha. */
void inputs_hash(struct input *in, const struct buf *b);
void inputs_hex(const struct input *in, char hex[2 * INPUT_SHA + 1]);
/* The bytes; -1 and state GONE (or left alone: too large) when not. */
int inputs_read(struct input *in, struct buf *b, struct fail *f);
/* How many of each state. */
void inputs_count(const struct inputs *l, uint64_t n[INPUT_STATES]);
void inputs_release(struct inputs *l);

#endif
