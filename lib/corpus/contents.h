/* The first input of each content: a hash table of hashed inputs. */
#ifndef LAGO_CORPUS_CONTENTS_H
#define LAGO_CORPUS_CONTENTS_H

#include <stddef.h>
#include <stdint.h>

struct inputs;

struct contents {
	const struct inputs *l;
	uint32_t *table; /* number + 1 */
	size_t slots;
};
/* Room for all inputs of the list. */
void contents_init(struct contents *c, const struct inputs *l);
/* The input that came first with the bytes of input i; i itself when it does. */
uint32_t contents_first(struct contents *c, uint32_t i);
void contents_release(struct contents *c);

#endif
