/*
 * Records on a stdio stream: TSV (one line, fields in the order of the calls)
 * or JSON lines (one object a line, absent fields left out).  The names and
 * order of each record are in lago-records(5).
 *
 * TSV escapes tab, newline, carriage return and backslash as \t \n \r \\ and
 * NUL as \0; all other bytes stay as they are; an absent field is empty.  JSON
 * text is UTF-8: each byte that is not becomes U+FFFD.  Nothing in either obeys
 * when a terminal shows it: JSON writes such characters as \\u, and TSV that goes
 * to a terminal as base/plain.h has it.
 */
#ifndef LAGO_BASE_OUT_H
#define LAGO_BASE_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"

struct out {
	FILE *fp;
	bool json;
	bool terminal;	 /* a person reads it: TSV in plain form too */
	unsigned fields; /* of the record that is being made ... */
	struct buf line; /* ... which goes out with out_end() */
};

void out_init(struct out *o, FILE *fp, bool json);
void out_text(struct out *o, const char *name, const char *s); /* NULL absent */
void out_bytes(struct out *o, const char *name, const char *p, size_t n);
void out_int(struct out *o, const char *name, int64_t v);
void out_int_or(struct out *o, const char *name, int64_t v, int64_t absent);
void out_real(struct out *o, const char *name, double v, int digits);
void out_bool(struct out *o, const char *name, bool v); /* 1 and 0, true ... */
/* A value that is JSON text already; in TSV it is written escaped. */
void out_json(struct out *o, const char *name, const char *json);
/* In JSON: where its caller adds the value, as JSON text. */
struct buf *out_value(struct out *o, const char *name);
void out_end(struct out *o); /* ends the line */

/* The pieces, for records that are built in memory. */
void out_tsv_escape(struct buf *b, const char *p, size_t n);
/* In place; the new length, or -1 for an escape that does not exist. */
long out_tsv_unescape(char *s, size_t n);
bool out_is_utf8(const char *p, size_t n);		      /* RFC 3629 */
void out_json_string(struct buf *b, const char *p, size_t n); /* with quotes */

#endif
