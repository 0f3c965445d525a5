/*
 * Why a call failed: an exit status of lago(7) and one line of text.
 *
 * Library functions that can fail for a reason a person must read take a
 * struct fail * as their last parameter and return -1 (or NULL) after filling
 * it.  They never print.  A command turns it into its message and its exit
 * status with one line: opt_fail() of base/opt.h.
 */
#ifndef LAGO_BASE_FAIL_H
#define LAGO_BASE_FAIL_H

#include <stdarg.h>

/* Exit statuses: sysexits, because callers need "retry" against "tell a
 * person", and the numbers collide neither with the shell's nor with
 * libFuzzer's. */
enum {
	EX_LAGO_OK = 0,
	EX_LAGO_NO = 1,		  /* the answer is no */
	EX_LAGO_USAGE = 64,	  /* wrong options */
	EX_LAGO_DATA = 65,	  /* malformed record, file or bundle */
	EX_LAGO_NOINPUT = 66,	  /* no such input or id */
	EX_LAGO_UNAVAILABLE = 69, /* driver, engine or tool absent, unusable */
	EX_LAGO_CANTCREAT = 73,	  /* output cannot be made */
	EX_LAGO_IO = 74,	  /* read or write failed */
	EX_LAGO_TEMP = 75,	  /* the same call may succeed later */
	EX_LAGO_CONFIG = 78	  /* bad configuration, newer database */
};

struct fail {
	int status;
	char text[1024];
};

/* Fill *f (may be NULL) and return -1. */
int fail_set(struct fail *f, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

int fail_vset(struct fail *f, int status, const char *fmt, va_list ap);

/* The same, with ": " and the text of errno at the end.  ENOMEM, EAGAIN and
 * the like keep the given status. */
int fail_errno(struct fail *f, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Of two exit statuses the one a command ends with: the first hard one (64 to
 * 74, 78), else 75, else 1, else 0. */
int fail_worse(int have, int also);

#endif
