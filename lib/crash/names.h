/*
 * Function names as they are compared: the same function has the same name
 * whichever compiler, demangler or debugger spelt it.  No return type, no
 * arguments, no template arguments, no ABI tags, no clone suffixes, no hashes;
 * lambdas in one spelling; aliases (__interceptor_x, __GI_x, __x_impl) folded.
 */
#ifndef LAGO_CRASH_NAMES_H
#define LAGO_CRASH_NAMES_H

#include "crash/frame.h"

/* Room that a clean name may need ("$_0" becomes "{lambda}"). */
#define NAMES_ROOM(n) (5 * (n) + 16)

/* out has room for NAMES_ROOM(raw.n) bytes; the result lies in it. */
struct str names_clean(enum frame_lang lang, struct str raw, char *out);

/*
 * Text of a message without what changes from run to run: paths, numbers and
 * addresses; runs of blanks are one.  out has room for s.n bytes.
 */
struct str names_message(struct str s, char *out);

#endif
