#include "store/store_event.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/out.h"
#include "base/strs.h"
#include "store/store.h"
#include "store/tail.h"

static void
add_name(struct buf *b)
{
	const struct passwd *pw = getpwuid(getuid());

	if (pw != NULL)
		out_tsv_escape(b, pw->pw_name, strlen(pw->pw_name));
	else
		buf_addf(b, "%u", (unsigned)getuid());
}

/* The file's last byte is no newline: a line whose writer died.  It ends here,
 * so that ours is one of its own. */
static bool
torn(int fd)
{
	struct stat st;
	char c;

	return fstat(fd, &st) == 0 && st.st_size > 0 &&
	       pread(fd, &c, 1, st.st_size - 1) == 1 && c != '\n';
}

int
store_event_append_all(
    int dirfd, const char *verb, const struct strs *values, struct fail *f)
{
	struct buf b = BUF_INIT;
	size_t i;
	int fd, rc = -1;

	fd = openat(dirfd, "events",
	    O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return fail_errno(f, EX_LAGO_CANTCREAT, "cannot open 'events'");
	/* Under the file's lock, or two writers would both mend a torn line. */
	if (flock(fd, LOCK_EX) == 0 && torn(fd))
		buf_addc(&b, '\n');
	for (i = 0; i < values->n; i++) {
		buf_addf(&b, "%" PRId64 "\t", clock_unix());
		add_name(&b);
		buf_addf(&b, "\t%s\t", verb);
		out_tsv_escape(&b, values->v[i], strlen(values->v[i]));
		buf_addc(&b, '\n');
	}
	if (file_write_fd(fd, b.p, b.len) == 0 && fsync(fd) == 0)
		rc = file_sync_dir(dirfd, ".", f);
	else
		fail_errno(f, EX_LAGO_IO, "cannot write 'events'");
	close(fd);
	buf_release(&b);
	return rc;
}

int
store_event_append(
    int dirfd, const char *verb, const char *value, struct fail *f)
{
	struct strs values = {0};
	int rc;

	strs_add(&values, value);
	rc = store_event_append_all(dirfd, verb, &values, f);
	strs_release(&values);
	return rc;
}

struct event {
	char *field[4]; /* time, who, verb, value */
	int64_t time;
	char *project, *sha, *text; /* of a bug's value, or NULL */
	const char *bug;	    /* of news: the id that was told */
};

/* "PROJECT SHA256 TEXT", cut in place. */
static void
split_value(struct event *e, char *value)
{
	char *sha = strchr(value, ' '), *text;

	e->project = e->sha = e->text = NULL;
	if (sha == NULL)
		return;
	text = strchr(sha + 1, ' ');
	if (text == NULL || text - sha != HASH_HEX)
		return;
	*sha = *text = '\0';
	if (!hash_is_hex(sha + 1)) {
		*sha = *text = ' ';
		return;
	}
	e->project = value;
	e->sha = sha + 1;
	e->text = text + 1;
}

/* -1 for a line that is no event. */
static int
parse(struct event *e, char *line, size_t len)
{
	char *end;
	long n;
	int i;

	if (line == NULL || memchr(line, '\0', len) != NULL)
		return -1;
	for (i = 0; i < 4; i++) {
		if (line == NULL)
			return -1;
		e->field[i] = strsep(&line, "\t");
		n = out_tsv_unescape(e->field[i], strlen(e->field[i]));
		if (n < 0)
			return -1;
		e->field[i][n] = '\0';
	}
	errno = 0;
	e->time = strtoll(e->field[0], &end, 10);
	return errno != 0 || *end != '\0' || end == e->field[0] ? -1 : 0;
}

static int
put(struct store *s, long job, int64_t at, size_t len, struct event *e,
    struct fail *f)
{
	char *value = mem_strdup(e->field[3]);
	int rc;

	split_value(e, value);
	e->bug = e->text == NULL || strcmp(e->field[2], "news") != 0
		     ? NULL
		     : strchr(e->text, ' ');
	rc = store_exec(s, f,
	    "INSERT OR IGNORE INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
	    "CASE WHEN ?8 IS NULL THEN ?7 END, ?8, ?9, ?10, ?11)",
	    "iiiittttttt", (int64_t)job, at, (int64_t)len + 1, e->time,
	    e->field[1], e->field[2], e->field[3], e->project, e->sha, e->text,
	    e->bug == NULL ? NULL : e->bug + 1);
	free(value);
	return rc;
}

int
store_event_take(
    struct store *s, long job, int dirfd, unsigned *bad, struct fail *f)
{
	struct event e;
	struct tail t;
	sqlite3_stmt *q;
	int64_t at = 0;
	size_t len;
	char *line;
	int r;

	q = store_query(s, f,
	    "SELECT at + length FROM event WHERE job = ?1 ORDER BY at DESC "
	    "LIMIT 1",
	    "i", (int64_t)job);
	if (q == NULL || (r = store_row(s, q, f)) < 0)
		return -1;
	if (r == 1) {
		at = sqlite3_column_int64(q, 0);
		store_done(q);
	}
	if (tail_open(&t, dirfd, "events", at, f) != 0)
		return -1;
	r = 0;
	if (t.cut)
		r = store_exec(s, f, "DELETE FROM event WHERE job = ?1", "i",
		    (int64_t)job);
	while (r == 0 && (r = tail_next(&t, &line, &len, &at, f)) == 1) {
		if (parse(&e, line, len) == 0) {
			r = put(s, job, at, len, &e, f);
			continue;
		}
		if (bad != NULL)
			++*bad;
		r = store_exec(s, f,
		    "INSERT INTO event (job, at, length) VALUES (?1, ?2, ?3)",
		    "iii", (int64_t)job, at, (int64_t)len + 1);
	}
	tail_close(&t);
	return r;
}
