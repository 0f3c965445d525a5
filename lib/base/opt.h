/*
 * What every command does alike: usage, options, operands, the last look at
 * standard output.  Functions that say so end the program; only commands call
 * this file.
 *
 *	static const char usage[] =
 *	    "usage: lago-x [-jV] [-n count] [-x name=value]... [id...]\n";
 *	...
 *	const struct opt settings[] = {{"fresh", .flag = &fresh}, {0}};
 *	const struct opt options[] = {
 *	    {"j", .flag = &json},
 *	    {"n", .number = &count, .min = 0, .max = 1000},
 *	    {"x", .settings = settings}, {0}};
 *	...
 *	argv = opt_read(options, argc, argv, usage);
 */
#ifndef LAGO_BASE_OPT_H
#define LAGO_BASE_OPT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct fail;
struct strs;

#define LAGO_VERSION "0.1"
#define LAGO_RECORDS 1 /* version of lago-records(5) */

/* At the start of main: the program's name, SIGPIPE left as it is, missing
 * descriptors 0 to 2 opened on /dev/null (1 and 2 so that writing fails). */
void opt_start(char **argv);

/*
 * A row of a table of options, or of settings (-x name=value), which a row
 * without a name ends: the letter or the name, and where the value goes; exactly
 * one of the pointers is set.  A setting's name that ends with a point stands
 * for all that begin so, and the value is what follows the point; "" is any.
 */
struct opt {
	const char *name;
	bool *flag; /* the option was given; the setting is 0 or 1 */
	const char **text;
	double *seconds; /* "30" "1.5" "10m" "2h" "1d" */
	long *number, min, max;
	int *word;		  /* its index in words, which NULL ends */
	const char *const *words; /* text may be limited to some as well */
	struct strs *list;	  /* one more */
	int (*call)(void *arg, const char *name, const char *value,
	    struct fail *f); /* 0, or -1 */
	void *arg;
	const struct opt *settings;
};

/* Does what the options say, h and V too, and returns the operands; whatever is
 * wrong ends the program with 64. */
char **opt_read(
    const struct opt *table, int argc, char **argv, const char *usage);

/* The operands end at "--", *command begins behind it; without one *command is
 * NULL.  Of what opt_read returned. */
char **opt_split(char **argv, char ***command, const char *usage);

void opt_usage(const char *usage, const char *fmt, ...)
    __attribute__((noreturn, format(printf, 2, 3)));

/* A number in [min,max], a duration in seconds: 0, or -1 for what is none. */
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
