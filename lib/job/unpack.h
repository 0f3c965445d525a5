/*
 * Unpacking a bundle that bundle_check accepted.  Two steps, because
 * provision.sh may make or change seeds:
 *
 *	unpack_bundle(fd, name, &limits, work_bundle, f)
 *	... provision.sh runs in work/bundle ...
 *	unpack_seeds(work_bundle, "target", &limits, work_in, &n, f)
 *
 * The second takes corpus/ and TARGET_seed_corpus.* (target is the member's
 * name, the job's key `member`), wherever they came from.
 */
#ifndef LAGO_JOB_UNPACK_H
#define LAGO_JOB_UNPACK_H

#include <stdint.h>

struct bundle_limits;
struct fail;

/*
 * Unpack everything into dest, a descriptor of an empty directory.  Files get
 * mode 0644, or 0755 where they had an x bit or are programs (zips may carry
 * no modes); nothing else of owner, mode, ACL arrives.  Limits may be smaller
 * than the checked ones (a disk quota): 74.  The working directory and the umask
 * are changed meanwhile and restored.
 */
int unpack_bundle(int fd, const char *name, const struct bundle_limits *l,
    int dest, struct fail *f);

/*
 * The seeds of one target, from an unpacked bundle (dir), as regular files
 * named by their SHA-256, flat, into seeds.  Same content = one file; empty
 * files and anything but regular files are left out.  What dir holds may be
 * hostile by now: links are not followed.  *n is the number of files in seeds
 * that came from here.
 */
int unpack_seeds(int dir, const char *target, const struct bundle_limits *l,
    int seeds, uint64_t *n, struct fail *f);

#endif
