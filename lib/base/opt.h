/*
 * What every command does alike: usage, numbers, operands, the last look at
 * standard output.  Functions that say so end the program; only commands call
 * this file.
 *
 *	static const char usage[] =
 *	    "usage: lago-x [-j] [-n count] [id...]\n";
 *	...
 *	while ((c = getopt(argc, argv, "+hjn:V")) != -1)
 *		switch (c) {
 *		case 'n': count = opt_num(c, optarg, 0, 1000); break;
 *		default: opt_common(c, usage);	// h, V, ? and :
 *		}
 */
#ifndef LAGO_BASE_OPT_H
#define LAGO_BASE_OPT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct fail;

#define LAGO_VERSION "0.1"
#define LAGO_RECORDS 1 /* version of lago-records(5) */

/* At the start of main: the program's name, SIGPIPE left as it is, missing
 * descriptors 0 to 2 opened on /dev/null (1 and 2 so that writing fails). */
void opt_start(char **argv);

/* h: usage on stdout, 0.  V: versions on stdout, 0.  Else usage on stderr,
 * 64. Never returns. */
void opt_common(int c, const char *usage) __attribute__((noreturn));
void opt_usage(const char *usage, const char *fmt, ...)
    __attribute__((noreturn, format(printf, 2, 3)));

/* A number in [min,max] / a duration in seconds ("30" "1.5" "10m" "2h" "1d") of
 * option -c; 64 otherwise. */
int64_t opt_num(int c, const char *text, int64_t min, int64_t max);
double opt_duration(int c, const char *text);
/* The same for other callers: 0 or -1. */
int opt_parse_num(const char *text, int64_t min, int64_t max, int64_t *v);
int opt_parse_duration(const char *text, double *seconds);

/*
 * Operands: the arguments, or when there are none (needed: and standard input
 * is no terminal; else only for the single operand "-") field 1 of each line of
 * standard input, unescaped; with nul, NUL-separated raw names.
 * opt_next returns the next one (valid until the call after) or NULL.
 */
struct opt_operands {
	char **argv; /* what is left */
	bool input, nul;
	bool records; /* set it, and lines that begin with { are whole */
	char *line;
	size_t size;
};
/* needed: usage error when there is no operand and standard input is a
 * terminal. */
void opt_operands(struct opt_operands *o, char **argv, bool needed, bool nul,
    const char *usage);
char *opt_next(struct opt_operands *o);

/* Prints "PROGRAM: text" on standard error as one line in plain form; with
 * opt_die the end of the program. */
void opt_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void opt_die(int status, const char *fmt, ...)
    __attribute__((noreturn, format(printf, 2, 3)));

/* Prints "PROGRAM: text" and returns / exits with f->status. */
int opt_warn(const struct fail *f);
void opt_fail(const struct fail *f) __attribute__((noreturn));

/* The end of every command: checks that standard output took everything (74
 * and a message otherwise) and exits. */
void opt_exit(int status) __attribute__((noreturn));

#endif
