/*
 * Job bundles: an archive from a stranger, checked completely without writing
 * anything.  Archives are zip, 7z, tar and cpio, the last two also compressed
 * by gzip, bzip2, xz or zstd.
 *
 * Two shapes.  Lagopus: `target` at the top, seeds in corpus/.  OSS-Fuzz: any
 * number of fuzz targets at the top, each with its NAME_seed_corpus.zip,
 * NAME.dict, NAME.options.
 */
#ifndef LAGO_JOB_BUNDLE_H
#define LAGO_JOB_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"

struct fail;

enum bundle_shape { BUNDLE_LAGOPUS, BUNDLE_OSSFUZZ };

struct bundle_limits {
	uint64_t bytes;	  /* expanded, nested seed archives included */
	uint64_t members; /* likewise */
};
#define BUNDLE_LIMITS                \
	{                            \
		10ULL << 30, 1000000 \
	}

struct bundle_target {
	char *name;		   /* "target" in the Lagopus shape */
	bool afl, libfuzzer;	   /* its bytes look like such a build */
	bool dict, options, seeds; /* has NAME.dict, .options, _seed_corpus.* */
	struct buf options_text;   /* of NAME.options */
};

struct bundle {
	enum bundle_shape shape;
	char ext[16]; /* "zip", "tar.gz" ...: the bytes decide */
	struct bundle_target *targets; /* sorted by name, at least one */
	size_t n;
	bool provision, driver; /* has provision.sh, a driver of its own */
	bool conf, job;		/* has target.conf, a job file; their texts: */
	struct buf conf_text, job_text;
	uint64_t members, bytes; /* all that was counted */
	uint64_t seeds;		 /* files in corpus/ and in seed archives */
	char build[HASH_HEX];	 /* SHA-256 over its executables, libraries */
};

/*
 * Check the archive at fd (seekable, its offset is moved).  name is what
 * messages call it, anything that was wrong is one line beginning with it.
 * Errors: 65 the bundle, 74 reading, 69 this libarchive lacks something.
 * target.conf and the job file are only taken here; targetconf.h and jobfile.h
 * judge them, which jobfile_resolve does.  The caller releases b, also after
 * an error.
 */
int bundle_check(int fd, const char *name, const struct bundle_limits *l,
    struct bundle *b, struct fail *f);
void bundle_release(struct bundle *b);

/* Names of seed archives: TARGET_seed_corpus and one of these; ends by NULL. */
extern const char *const bundle_seed_exts[];

/* The target of that name, or NULL. */
const struct bundle_target *bundle_find(
    const struct bundle *b, const char *name);

#endif
