/*
 * Everything that a trace depends on but the input, as one number: the program,
 * its libraries, arguments and files among them, environment and limits.
 */
#ifndef LAGO_CORPUS_CACHEKEY_H
#define LAGO_CORPUS_CACHEKEY_H

#include <stdbool.h>

#include "base/hash.h"

struct collect;

/* merge: traces by libFuzzer's merge protocol, whose features are other
 * numbers. */
void cachekey_of(const struct collect *c, bool merge, char hex[HASH_HEX]);

#endif
