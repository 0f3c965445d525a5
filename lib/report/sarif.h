/*
 * SARIF 2.1.0 (OASIS), for code scanning of forges and for editors: one run, a
 * result for each crash, a rule for each kind.  Results are written as they
 * come; what they refer to (rules, files) stands behind them.
 */
#ifndef LAGO_REPORT_SARIF_H
#define LAGO_REPORT_SARIF_H

struct buf;
struct facts;
struct kindinfo;
struct sarif;

struct sarif *sarif_new(const struct kindinfo *kinds);
void sarif_free(struct sarif *s); /* NULL is fine */

void sarif_add(struct sarif *s, const struct facts *x, struct buf *b);
void sarif_end(struct sarif *s, struct buf *b);

#endif
