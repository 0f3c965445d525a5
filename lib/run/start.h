/*
 * From the bundle to a fuzzer that can start: work/ is filled, provision.sh
 * runs, the driver looks at the target, every seed runs once.
 *
 *	work/bundle	the bundle		work/in   seeds, by SHA-256
 *	work/out	the fuzzers' own	work/i/N  room of instance N
 *	work/log	what they print		work/home HOME of all
 *	work/job, env	job file; what provision.sh wrote to $LAGO_ENV
 *	work/triage	crashes being looked at
 */
#ifndef LAGO_RUN_START_H
#define LAGO_RUN_START_H

struct life;

int start_unpack(struct life *l);
int start_open(struct life *l); /* work/ that is there already */
int start_provision(struct life *l);
int start_check(struct life *l);

#endif
