/* How a crash input is run again by hand, as its job did. */
#ifndef LAGO_STORE_REPRO_H
#define LAGO_STORE_REPRO_H

struct buf;
struct fail;
struct home;

/*
 * build: "target", or what stands behind the target's name in that of another
 * build ("san").  The command comes from the job's driver, when that is one of
 * lago's own; a driver that a bundle brought is not run here.
 *
 * repro_lines: one command of several lines to paste into a shell: unpacks the
 * bundle in a new directory and runs the input.  A terminal can show it: words
 * with control characters are quoted as $'\x1b', which bash, zsh and ksh know.
 * repro_script: a POSIX shell script that unpacks the bundle and runs the file
 * `input` beside itself.  Every word from elsewhere is quoted.
 */
/* The build of a record's judge ("target.san"; NULL: not known). */
const char *repro_build(const char *judge);

int repro_lines(const struct home *h, long job, const char *build,
    const char *input, struct buf *b, struct fail *f);
int repro_script(const struct home *h, long job, const char *build,
    struct buf *b, struct fail *f);

#endif
