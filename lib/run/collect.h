/*
 * What the fuzzers find leaves work/ here: artefacts become crashes/SHA256,
 * durable at once, the corpus becomes queue/SHA256; the file `.queue` has their
 * names, a line each, in the order in which they came.
 *
 * The file `.found` remembers what is known of each crash when it is found, a
 * line each; those without a record in crashes.jsonl are triaged when the run
 * goes on.
 */
#ifndef LAGO_RUN_COLLECT_H
#define LAGO_RUN_COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "run/life.h"

struct found {
	char sha[HASH_HEX];
	double seconds; /* of fuzzing, when it was found */
	int instance;	/* below 0: unknown */
	bool seed;	/* else by a fuzzer */
	bool late;	/* a hang or slow unit: triaged after the others */
	uint64_t size;
	char *artefact; /* its file name */
	enum life_build judge;
	unsigned attempts; /* to triage it, without a record */
};

int collect_start(struct life *l);
/* Once a second: looks whether there can be anything new, cheaply. */
void collect_tick(struct life *l);
void collect_crashes(struct life *l); /* all new artefacts, now */
void collect_queue(struct life *l);   /* all new corpus files, now */
/* A seed, or another input below work/, that crashes: into crashes/.  NULL when
 * it was there already. */
struct found *collect_input(struct life *l, const char *path, bool seed);
/* For its replay: the corpus of the instance that found it, as far as known. */
void collect_before(struct life *l, const struct found *f);
void collect_free(struct life *l);

uint64_t collect_count(const struct life *l); /* crashes kept, hangs too */
uint64_t collect_hangs(const struct life *l);
uint64_t collect_corpus(const struct life *l); /* files in queue/ */
/* Is it in queue/, or did others find it?  What they did comes not into it. */
bool collect_has(const struct life *l, const char *sha);
void collect_others(struct life *l, const char *sha);
struct found *collect_find(const struct life *l, const char *sha);
/* Remove one that its bucket has enough of. */
void collect_drop(struct life *l, struct found *f);

#endif
