/*
 * What inputs covered before: for one target with its arguments, environment
 * and limits the traces of the inputs it has run, by the SHA-256 of their
 * bytes, and by a stamp of the file so that an unchanged file need not even be
 * read.
 *
 * It is a file of blocks, each with its length and a check sum, only appended
 * to under its lock.  A block that is torn (killed, disk full) and what follows
 * is no part of it and is cut by the next who adds.  Who cannot have the lock
 * adds nothing.  One file holds CACHE_FILE_MAX bytes at most, else it starts
 * anew with the inputs of the last call; a directory CACHE_DIR_MAX, the longest
 * unused files leave.
 */
#ifndef LAGO_CORPUS_CACHE_H
#define LAGO_CORPUS_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "corpus/inputs.h"

struct cache;
struct collect;
struct fail;
struct trace;
struct traces;

#define CACHE_FILE_MAX (128u << 20)
#define CACHE_DIR_MAX (1024u << 20)

struct cache_entry {
	uint64_t stamp; /* 0 none */
	uint8_t sha[INPUT_SHA];
	uint32_t state; /* INPUT_TRACED, _CRASHED or _HUNG */
	uint32_t trace, micros;
	uint32_t chosen; /* as of inputs */
};

/* For this target; merge: by libFuzzer's protocol, whose features are other
 * numbers.  A cache that cannot be had is NULL with the reason; a damaged one
 * is as far as it is whole. */
struct cache *cache_open(
    const char *dir, const struct collect *c, bool merge, struct fail *f);
const struct cache_entry *cache_by_stamp(const struct cache *c, uint64_t stamp);
const struct cache_entry *cache_by_sha(
    const struct cache *c, const uint8_t sha[INPUT_SHA]);
/* Number i of an entry; the bytes live as long as the cache. */
struct trace cache_trace(const struct cache *c, uint32_t i);
/* Settles inputs that are NEW and known: by their stamp, or by their bytes where
 * those were hashed, and counts them.  Second copies among them are marked. */
size_t cache_apply(const struct cache *c, struct inputs *in, struct traces *t);
/* Adds what these inputs showed and it does not have, or has otherwise. */
void cache_save(
    struct cache *c, const struct inputs *in, const struct traces *t);
void cache_close(struct cache *c); /* NULL is fine */

/* $XDG_CACHE_HOME/lago/traces, else ~/.cache/lago/traces; NULL when neither is
 * known.  The caller frees. */
char *cache_dir(void);

/* The blocks of such a file, pure: calls each for every entry, in order, and
 * trace for every trace; returns how many bytes are whole. */
struct cache_take {
	void (*trace)(const struct trace *t, void *arg);
	void (*entry)(const struct cache_entry *e, void *arg);
	void *arg;
};
size_t cache_parse(const void *p, size_t n, const struct cache_take *take);

#endif
