#include "report/kindinfo.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/paths.h"

#define TABLE_MAX (1 << 20)

struct kindinfo {
	char *text;
	struct kindinfo_row *v;
	size_t n;
};

/* A line of four fields; an empty one or a comment is none. */
static int
add(struct kindinfo *k, char *line)
{
	struct kindinfo_row row;

	if (*line == '\0' || *line == '#')
		return 0;
	row.kind = strsep(&line, "\t");
	row.cwe = strsep(&line, "\t");
	row.what = strsep(&line, "\t");
	row.help = line;
	if (row.help == NULL || *row.kind == '\0' ||
	    (strcmp(row.cwe, "-") != 0 &&
		strspn(row.cwe, "0123456789") != strlen(row.cwe)))
		return -1;
	if (*row.cwe == '-')
		row.cwe = NULL;
	k->v = mem_grow(k->v, k->n + 1, sizeof(*k->v));
	k->v[k->n++] = row;
	return 0;
}

struct kindinfo *
kindinfo_load(struct fail *f)
{
	struct kindinfo *k = mem_alloc(sizeof(*k));
	char *path = mem_printf("%s/rules/kinds", paths_share()), *p, *line;
	struct buf b = BUF_INIT;
	size_t number = 0;
	int rc;

	rc = file_read(AT_FDCWD, path, TABLE_MAX, &b, NULL, f);
	k->text = p = buf_take(&b);
	while (rc == 0 && (line = strsep(&p, "\n")) != NULL) {
		number++;
		if (add(k, line) != 0)
			rc = fail_set(f, EX_LAGO_CONFIG,
			    "not a rule: line %zu of '%s'", number, path);
	}
	free(path);
	if (rc == 0)
		return k;
	kindinfo_free(k);
	return NULL;
}

void
kindinfo_free(struct kindinfo *k)
{
	if (k == NULL)
		return;
	free(k->text);
	free(k->v);
	free(k);
}

struct kindinfo_row
kindinfo_find(const struct kindinfo *k, const char *kind)
{
	struct kindinfo_row none = {kind, NULL, kind, ""};
	size_t i;

	for (i = 0; i < k->n; i++)
		if (strcmp(k->v[i].kind, kind) == 0)
			return k->v[i];
	return none;
}
