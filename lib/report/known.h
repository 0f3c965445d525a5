/* What a home knows of a crash besides its record. */
#ifndef LAGO_REPORT_KNOWN_H
#define LAGO_REPORT_KNOWN_H

struct facts;
struct fail;
struct home;
struct pick;
struct store;

enum {
	KNOWN_REPRO = 1, /* the command too, for which the driver is asked */
	KNOWN_OUTPUT = 2 /* what the target printed */
};

/* The bug, how often it was seen and where, the files of the crash. */
int known_add(struct facts *x, struct store *s, const struct home *h,
    const struct pick *p, unsigned more, struct fail *f);

#endif
