#include "run/early.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/strs.h"
#include "run/inside.h"
#include "run/instances.h"
#include "run/life.h"
#include "run/verbs.h"

#define LOG_MAX (64 << 10)
#define UNIT_MAX (4 << 20)

/* The path below work/ that the log's end names, as libFuzzer does; NULL: none.
 * The caller frees. */
static char *
last_unit(const struct life *l, const struct instance *in)
{
	static const char says[] = "Test unit written to ";
	struct buf log = BUF_INIT;
	char *at, *path = NULL;
	size_t n = strlen(l->work);

	if (inside_read_ends(l->workfd, in->log, LOG_MAX, &log) != 0)
		return NULL;
	for (char *p = log.p; p != NULL && (at = strstr(p, says)) != NULL;
	     p = path)
		path = at + sizeof(says) - 1;
	if (path != NULL) {
		path[strcspn(path, "\n")] = '\0';
		path = strncmp(path, l->work, n) == 0 && path[n] == '/'
			   ? mem_strdup(path + n + 1)
			   : NULL;
	}
	buf_release(&log);
	return path;
}

static bool
is_same(struct life *l, const char *path, const struct buf *unit)
{
	struct buf b = BUF_INIT;
	struct stat st;
	bool same;

	same = fstatat(l->workfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (size_t)st.st_size == unit->len &&
	       inside_read(l->workfd, path, UNIT_MAX, &b) == 0 &&
	       b.len == unit->len && memcmp(b.p, unit->p, b.len) == 0;
	buf_release(&b);
	return same;
}

/* Out of the fuzzers' sight; how many files it was. */
static unsigned
take_away(struct life *l, const struct buf *unit, const char *sha)
{
	char *seed = mem_printf("in/%s", sha);
	struct strs paths = {0};
	struct fail f = {0};
	unsigned n = 0;

	verbs_paths(l, "queue", &paths, &f);
	strs_add(&paths, seed);
	for (size_t i = 0; i < paths.n; i++)
		if (is_same(l, paths.v[i], unit)) {
			inside_remove(l->workfd, paths.v[i]);
			n++;
		}
	strs_release(&paths);
	free(seed);
	return n;
}

static void
quarantine(struct life *l, const struct instance *in, const char *path)
{
	struct buf unit = BUF_INIT;
	char sha[HASH_HEX], *to;

	if (inside_read(l->workfd, path, UNIT_MAX, &unit) == 0 &&
	    unit.len > 0) {
		hash_bytes(unit.p, unit.len, sha);
		if (take_away(l, &unit, sha) > 0) {
			to = mem_printf("quarantine/%s", sha);
			mkdirat(l->dir, "quarantine", 0755);
			file_write(l->dir, to, unit.p, unit.len, 0644, NULL);
			life_say(l,
			    "instance %u died of a unit of its corpus, twice: "
			    "now in '%s'",
			    in->no, to);
			free(to);
		}
	}
	buf_release(&unit);
}

void
early_death(struct life *l, struct instance *in)
{
	char *unit = last_unit(l, in);

	if (unit != NULL && in->unit != NULL && strcmp(unit, in->unit) == 0)
		quarantine(l, in, unit);
	free(in->unit);
	in->unit = unit;
}
