/*
 * The record of one crash, as lago-records(5) tells: an object with every key,
 * or the line of fields that people sort and join.
 */
#ifndef LAGO_CRASH_RECORD_H
#define LAGO_CRASH_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct out;
struct strs;
struct verdict;

struct record_bucket { /* a bucket that a try showed; "" no crash */
	char bucket[13];
	int count;
};

struct record {
	const struct verdict *verdict;
	const char *log;   /* saved output: its name; NULL: replay */
	const char *input; /* replay: path, and hex */
	const char *sha;
	int replays, reproduced, exit_status;
	int64_t wall_us;
	const struct record_bucket *buckets; /* in the order first seen */
	size_t nbuckets;
	const char *target, *build; /* name, hex build id; NULL not known */
	bool truncated;		    /* the output was cut */
	bool clusters;		    /* there is a field cluster */
	int64_t cluster;	    /* -1: in none */
	size_t after;	  /* replay: inputs that had to run before, 0 none */
	const char *mode; /* replay: "exec" or "fork" */
	bool aslr;	  /* addresses were random */
};

void record_write(struct out *o, const struct record *r);

#endif
