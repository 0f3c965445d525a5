#include "cluster/take.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/kv.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/plain.h"

#define CONTENT_MAX (16 << 20)	     /* bytes of a file named by a hash */
#define GROWN_MAX (INT64_C(1) << 30) /* of a file that grows */
#define PROGRESS_MAX (64 << 10)
#define END_MAX (64 << 20)
#define TOTAL_MAX (INT64_C(4) << 30) /* of a stream */
#define CHUNK (64 << 10)

/* Directories of files named by hashes, and whether it is their own. */
static const struct {
	const char *dir;
	bool own;
} contents[] = {{"crashes", true}, {"queue", true}, {"corpus", true},
    {"quarantine", true}, {"reports", false}, {"reduced", false}};

static const char *const grown[] = {
    "crashes.jsonl", "stats.tsv", "log", ".found", ".queue"};

struct stream {
	struct archive *a;
	int dir;
	struct take *t;
	struct buf *cursor;
	struct buf b; /* of the member */
	int64_t total;
	struct fail *f;
};

static void
refuse(struct stream *s, const char *name, const char *why)
{
	struct buf b = BUF_INIT;

	if (s->t->refused++ == 0) {
		plain_add(&b, name, strnlen(name, 100));
		snprintf(s->t->first, sizeof(s->t->first), "'%s' %s",
		    buf_str(&b), why);
		buf_release(&b);
	}
}

/* The member's bytes into s->b; false when it is refused or at the end of the
 * stream in the middle of it. */
static bool
read_member(struct stream *s, const char *name, int64_t most)
{
	char chunk[CHUNK];
	la_ssize_t n;

	buf_reset(&s->b);
	while ((n = archive_read_data(s->a, chunk, sizeof(chunk))) > 0) {
		if ((int64_t)s->b.len + n > most) {
			refuse(s, name, "is too large");
			return false;
		}
		buf_add(&s->b, chunk, (size_t)n);
	}
	return n == 0; /* else cut: the next header says so */
}

/* Whole or not there; synced with all others in the end. */
static int
store(struct stream *s, const char *dir, const char *name)
{
	char *path = mem_printf("%s/%s", dir, name);
	char *temp = mem_printf("%s/.%s", dir, name);
	int fd, rc = 0;

	if (mkdirat(s->dir, dir, 0755) != 0 && errno != EEXIST)
		rc = -1;
	fd = rc != 0
		 ? -1
		 : openat(s->dir, temp,
		       O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		       0644);
	if (fd < 0 || file_write_fd(fd, buf_str(&s->b), s->b.len) != 0 ||
	    renameat(s->dir, temp, s->dir, path) != 0)
		rc = fail_errno(
		    s->f, EX_LAGO_IO, "cannot write '%s' of a run", path);
	else
		s->t->files++;
	if (fd >= 0)
		close(fd);
	free(temp);
	free(path);
	return rc;
}

static int
take_content(struct stream *s, const char *path, const char *dir, bool own,
    const char *name)
{
	char *at, sha[HASH_HEX];
	bool have;

	if (!hash_is_hex(name)) {
		refuse(s, path, "is no name of a result");
		return 0;
	}
	at = mem_printf("%s/%s", dir, name);
	have = file_exists(s->dir, at);
	free(at);
	if (have || !read_member(s, path, CONTENT_MAX))
		return 0;
	if (own) {
		hash_bytes(buf_str(&s->b), s->b.len, sha);
		if (strcmp(sha, name) != 0) {
			refuse(s, path, "is not what its name says");
			return 0;
		}
	}
	return store(s, dir, name);
}

/* NAME@OFFSET: what we have of it may be more, never less. */
static int
take_grown(
    struct stream *s, const char *path, const char *name, const char *offset)
{
	struct stat st;
	int64_t at;
	int fd, rc = 0;

	if (opt_parse_num(offset, 0, GROWN_MAX, &at) != 0 ||
	    !read_member(s, path, GROWN_MAX - at))
		return 0;
	fd = openat(
	    s->dir, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		rc = fail_errno(
		    s->f, EX_LAGO_IO, "cannot write '%s' of a run", name);
	else if (st.st_size < at)
		refuse(s, path, "begins behind what is here");
	else if (lseek(fd, at, SEEK_SET) != at ||
		 file_write_fd(fd, buf_str(&s->b), s->b.len) != 0)
		rc = fail_errno(
		    s->f, EX_LAGO_IO, "cannot write '%s' of a run", name);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* A file of the run that the node says it has: do we? */
static bool
have(struct stream *s, const char *path)
{
	const char *slash = strchr(path, '/');
	size_t i;

	for (i = 0; slash != NULL && i < sizeof(contents) / sizeof(*contents);
	     i++)
		if (strncmp(contents[i].dir, path, (size_t)(slash - path)) ==
			0 &&
		    contents[i].dir[slash - path] == '\0' &&
		    hash_is_hex(slash + 1))
			return file_exists(s->dir, path);
	return true; /* we would not take it */
}

static bool
of_cursor(const char *key)
{
	size_t i;

	for (i = 0; i < sizeof(grown) / sizeof(grown[0]); i++)
		if (strcmp(key, grown[i]) == 0)
			return true;
	return strcmp(key, "sent") == 0;
}

static void
take_end(struct stream *s)
{
	char *rest, *line, *value;

	if (!read_member(s, ".end", END_MAX))
		return;
	s->t->end = true;
	for (rest = s->b.p;
	     rest != NULL && (line = strsep(&rest, "\n")) != NULL;) {
		value = strchr(line, '\t');
		if (value == NULL)
			continue;
		*value++ = '\0';
		if (strcmp(line, "whole") == 0)
			s->t->whole = true;
		else if (strcmp(line, "more") == 0)
			s->t->more = true;
		else if (strcmp(line, "has") == 0)
			s->t->missing += !have(s, value);
		else if (of_cursor(line) &&
			 strspn(value, "0123456789") == strlen(value))
			buf_addf(s->cursor, "%s\t%.18s\n", line, value);
	}
}

/* One that cannot be read would stop the judging of its run. */
static int
take_progress(struct stream *s)
{
	struct kv kv = {0};
	int rc;

	if (!read_member(s, "progress", PROGRESS_MAX))
		return 0;
	rc = kv_parse(&kv, buf_str(&s->b), s->b.len, "progress", NULL);
	kv_release(&kv);
	if (rc != 0) {
		refuse(s, "progress", "is broken");
		return 0;
	}
	return file_write(
	    s->dir, "progress", buf_str(&s->b), s->b.len, 0644, s->f);
}

static int
take_member(struct stream *s, const char *path)
{
	const char *slash = strchr(path, '/'), *at = strrchr(path, '@');
	size_t i;

	for (i = 0; slash != NULL && i < sizeof(contents) / sizeof(*contents);
	     i++)
		if (strncmp(contents[i].dir, path, (size_t)(slash - path)) ==
			0 &&
		    contents[i].dir[slash - path] == '\0')
			return take_content(s, path, contents[i].dir,
			    contents[i].own, slash + 1);
	for (i = 0; at != NULL && i < sizeof(grown) / sizeof(grown[0]); i++)
		if (strncmp(grown[i], path, (size_t)(at - path)) == 0 &&
		    grown[i][at - path] == '\0')
			return take_grown(s, path, grown[i], at + 1);
	if (strcmp(path, "progress") == 0)
		return take_progress(s);
	if (strcmp(path, ".end") == 0)
		take_end(s);
	else
		refuse(s, path, "is no name of a result");
	return 0;
}

static int
members(struct stream *s)
{
	struct archive_entry *e;
	const char *path;
	int r, rc = 0;

	while (rc == 0 && !s->t->end &&
	       (r = archive_read_next_header(s->a, &e)) != ARCHIVE_EOF) {
		if (r < ARCHIVE_WARN)
			return fail_set(s->f, EX_LAGO_DATA,
			    "what the node sent is no tar, or cut");
		path = archive_entry_pathname(e);
		if (path == NULL)
			path = "";
		/* What is refused is read all the same. */
		s->total += archive_entry_size(e);
		if (s->total > TOTAL_MAX) {
			refuse(s, path, "claims too many bytes");
			return fail_set(s->f, EX_LAGO_DATA,
			    "what the node sends is too large");
		}
		if (archive_entry_filetype(e) == AE_IFDIR)
			continue; /* made when something is in it */
		if (archive_entry_filetype(e) != AE_IFREG ||
		    archive_entry_hardlink(e) != NULL)
			refuse(s, path, "is no regular file");
		else
			rc = take_member(s, path);
	}
	return rc;
}

int
take_stream(int fd, int dir, struct take *t, struct buf *cursor, struct fail *f)
{
	struct stream s = {.dir = dir, .t = t, .cursor = cursor, .f = f};
	int rc;

	memset(t, 0, sizeof(*t));
	buf_reset(cursor);
	s.a = archive_read_new();
	archive_read_support_format_tar(s.a);
	if (archive_read_open_fd(s.a, fd, CHUNK) != ARCHIVE_OK)
		rc = fail_set(f, EX_LAGO_DATA, "what the node sent is no tar");
	else
		rc = members(&s);
	archive_read_free(s.a);
	buf_release(&s.b);
	/* The cursor may pass over only what is on the disk. */
	if (t->files > 0 && syncfs(dir) != 0 && rc == 0)
		rc = fail_errno(f, EX_LAGO_IO, "cannot write results");
	return rc;
}
