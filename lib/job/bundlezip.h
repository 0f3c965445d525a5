/*
 * The directory of a zip.  A zip says everything twice, in its central
 * directory and before each member, and tools differ in what they believe.
 * Here both must agree, so that what was checked is what any tool unpacks.
 */
#ifndef LAGO_JOB_BUNDLEZIP_H
#define LAGO_JOB_BUNDLEZIP_H

#include <stdbool.h>
#include <stdint.h>

struct fail;

bool bundlezip_is(int fd); /* begins like one; the offset stays */

/*
 * The central directory is whole and ends the file, each member is where it says
 * under the same name, none is encrypted.  *members and *bytes are
 * what it declares.  65, 74; the offset stays.
 */
int bundlezip_check(int fd, uint64_t *members, uint64_t *bytes, struct fail *f);

#endif
