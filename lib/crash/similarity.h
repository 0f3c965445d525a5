/*
 * How alike are two crash stacks?  CASR's measure and its view of a stack: its
 * frame filter (share/rules/casr), what repeats once, and frames that are equal
 * when file, line and column are, else module and offset, else the address;
 * names are not compared.
 *
 *	struct similarity *s = similarity_new(rules);
 *	n = similarity_stack(s, frames, nframes, bucket_exact, a);
 *	...
 *	similarity_of(a, n, b, m);	// 0 to 1
 *
 * Two things of CASR's are told from the text where it asks the process: which
 * frames of a debugger are libc's (those between two that say so), and the
 * address, of which name and place in the page are taken, so that it is the
 * same when the address space is laid out anew.
 */
#ifndef LAGO_CRASH_SIMILARITY_H
#define LAGO_CRASH_SIMILARITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame;
struct rules;
struct similarity; /* the numbers that were given out */

/* Numbers from 1, the same for the same thing; file and place 0: not known. */
struct similarity_frame {
	uint32_t file, place, address;
};

enum { SIMILARITY_FRAMES = 512 }; /* looked at of a stack */

/* The rules must outlive it. */
struct similarity *similarity_new(const struct rules *rules);
void similarity_free(struct similarity *s); /* NULL is fine */

/* What counts of a stack; its length, at least 1: when nothing of it is left,
 * name stands for it (bucket_exact). */
size_t similarity_stack(struct similarity *s, const struct frame *f, size_t n,
    const char *name, struct similarity_frame v[SIMILARITY_FRAMES]);

bool similarity_equal(
    const struct similarity_frame *a, const struct similarity_frame *b);
/* 1: the same, or one is the top of the other; 0: nothing in common. */
double similarity_of(const struct similarity_frame *a, size_t n,
    const struct similarity_frame *b, size_t m);

/* The parts of the measure: what a frame in common weighs at best that is the
 * k-th of both stacks, k from 1, and one that is the i-th and the j-th; the sum
 * of the first n weights. */
double similarity_weight(size_t i, size_t j);
double similarity_sum(size_t n);

#endif
