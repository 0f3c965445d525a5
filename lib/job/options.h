/*
 * NAME.options of an OSS-Fuzz build: sections of key = value, as Python's
 * configparser reads them.
 */
#ifndef LAGO_JOB_OPTIONS_H
#define LAGO_JOB_OPTIONS_H

#include <stddef.h>

struct fail;
struct kv;

/*
 * Calls fn for each key, section and key in lower case but for keys of [env];
 * stops when it returns non-zero and returns that.  65 for a line that is
 * neither section, key, comment nor continuation.  name is for the message.
 */
int options_parse(const char *p, size_t n, const char *name,
    int (*fn)(
	const char *section, const char *key, const char *value, void *arg),
    void *arg, struct fail *f);

/*
 * Adds to kv what is a setting of the job: [asan] [msan] [ubsan] [hwasan]
 * [lsan] [tsan] as env.X_OPTIONS, [env] as env.NAME where NAME is allowed
 * (AFL_DRIVER_DONT_DEFER, GODEBUG, and those in allow, separated by commas,
 * may be NULL), dict and timeout of [libfuzzer].  Its other flags are the
 * driver's to read.
 */
int options_settings(const char *p, size_t n, const char *name,
    const char *allow, struct kv *kv, struct fail *f);

#endif
