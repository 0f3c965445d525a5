/*
 * Where the parts of lago are.  Found from the place of the running program,
 * so that a checkout, an installation and a copied installation all work:
 * BIN/../lib/lago and BIN/../share/lago, or in the source tree BIN/../lib and
 * BIN/../share.  LAGO_LIBEXEC and LAGO_SHARE come first.
 */
#ifndef LAGO_BASE_PATHS_H
#define LAGO_BASE_PATHS_H

const char *paths_bin(void);	 /* the commands */
const char *paths_libexec(void); /* driver/ engine/ exec/ */
const char *paths_share(void);	 /* rules/ examples/ ... */
/* $LAGO_HOME or ~/.lago; "" when neither is known. */
const char *paths_home(void);
/* The path of a command ("lago-run"), driver or engine.  The name must be
 * [a-z0-9_-]+ (NULL otherwise).  The caller frees. */
char *paths_command(const char *name);
char *paths_plugin(const char *kind, const char *name); /* kind "driver" ... */

#endif
