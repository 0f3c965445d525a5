/*
 * target.conf, the configuration of afl-multicore (afl-utils 1.33a), as
 * Lagopus bundles for the driver afl carry it: a JSON object.
 */
#ifndef LAGO_JOB_TARGETCONF_H
#define LAGO_JOB_TARGETCONF_H

#include <stddef.h>

struct fail;
struct kv;

/*
 * Check it: JSON, known keys, their types and values; input, output and target
 * must be the places that every bundle has.  Adds to kv what is a setting of
 * the job: args, timeout, dict, mode, env.NAME.  afl_margs, dirty, fuzzer,
 * file, mem_limit, master_instances are the driver's to read.  65, naming the
 * key.
 */
int targetconf_parse(const char *p, size_t n, struct kv *kv, struct fail *f);

#endif
