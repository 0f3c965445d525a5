/*
 * The names in an archive, as a tree that will be unpacked: each name once
 * (directories aside), nothing below a file or a link, no way out.  Memory is
 * 17 bytes a name: names are kept as hashes, only links in full.
 */
#ifndef LAGO_JOB_BUNDLETREE_H
#define LAGO_JOB_BUNDLETREE_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct fail;

enum bundletree_kind {
	BUNDLETREE_NONE,
	BUNDLETREE_IMPLIED, /* a directory that only its contents name */
	BUNDLETREE_DIR,
	BUNDLETREE_FILE,
	BUNDLETREE_LINK
};

struct bundletree;

struct bundletree *bundletree_new(uint64_t max); /* names, implied included */
void bundletree_free(struct bundletree *t);

/*
 * A member's name in plain form: "./a//b/" becomes "a/b", "." becomes "".
 * Refused, 65: absolute, "..", too long, too deep.
 */
int bundletree_name(const char *raw, struct buf *name, struct fail *f);

/* Enter a name in plain form.  target: where a symbolic link leads.  65 when it
 * clashes with what is there. */
int bundletree_add(struct bundletree *t, const char *name,
    enum bundletree_kind kind, const char *target, struct fail *f);
enum bundletree_kind bundletree_find(
    const struct bundletree *t, const char *name);

/* When all names are in: does every link lead inside, every link on its way
 * followed? */
int bundletree_links(struct bundletree *t, struct fail *f);

#endif
