/*
 * From (module, offset) to functions and source lines, in process by libdw.
 *
 * A sanitizer report with symbolize=0 prints a path and an offset per frame;
 * so does crash/native.h.  Each module is opened once and each offset looked
 * up once: everything behind is a memo.  Nothing is fetched from a network.
 */
#ifndef LAGO_SYMBOLS_SYMBOLS_H
#define LAGO_SYMBOLS_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols;

/* One function, of several when others were inlined into it. */
struct symbols_frame {
	const char *function; /* demangled, not folded; NULL unknown */
	const char *linkage;  /* the name as in the object; NULL unknown */
	const char *file;     /* with the compilation directory; NULL unknown */
	const char *dir;      /* the compilation directory; NULL unknown */
	unsigned line, column; /* 0 unknown */
	bool inlined;	       /* into the next frame */
};

struct symbols_place {
	const struct symbols_frame *v; /* innermost first */
	size_t n;		       /* 0: nothing is known */
	bool dwarf; /* from debug information, not only an ELF symbol */
};

struct symbols *symbols_new(void);
void symbols_free(struct symbols *s); /* NULL is fine */

/*
 * offset is an address as in the ELF file (what sanitizers print; the address
 * less the load bias).  It must lie in the call, not behind it: of a return
 * address give one less.  build_id (lower-case hex) may be NULL; a module with
 * another one is not used.  Never NULL; valid until symbols_free.
 */
const struct symbols_place *symbols_find(struct symbols *s, const char *module,
    uint64_t offset, const char *build_id);

/* Of the file at that path now; NULL when it has none or cannot be read.
 * Valid until symbols_free. */
const char *symbols_build_id(struct symbols *s, const char *module);

/* Files that were replaced since are noticed only here: call it when a target
 * may have been built anew.  Places got before stay valid. */
void symbols_refresh(struct symbols *s);

#endif
