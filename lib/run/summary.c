#include "run/summary.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/kv.h"
#include "base/strs.h"
#include "job/rundir.h"
#include "run/seen.h"

#define STATS_MAX (256 << 20)
#define RECORDS_MAX (1 << 30)

static uint64_t
count_files(int dir, const char *name)
{
	struct strs names = {0};
	uint64_t n;

	file_list(dir, name, &names, NULL);
	n = names.n;
	strs_release(&names);
	return n;
}

/* Of the last line of stats.tsv. */
static void
read_stats(int dir, struct summary *s)
{
	enum { EXECS = 4, EDGES = 6 };
	struct buf b = BUF_INIT;
	char *line, *field;
	size_t i;

	s->execs = s->edges = -1;
	if (file_read(dir, "stats.tsv", STATS_MAX, &b, NULL, NULL) != 0 ||
	    b.len < 2 || b.p[b.len - 1] != '\n') {
		buf_release(&b);
		return;
	}
	b.p[b.len - 1] = '\0';
	line = strrchr(b.p, '\n');
	line = line != NULL ? line + 1 : b.p;
	for (i = 0; (field = strsep(&line, "\t")) != NULL; i++)
		if (*field != '\0' && i == EXECS)
			s->execs = strtoll(field, NULL, 10);
		else if (*field != '\0' && i == EDGES)
			s->edges = strtoll(field, NULL, 10);
	buf_release(&b);
}

int
summary_read(int dir, struct summary *s, struct fail *f)
{
	struct kv run = {0}, progress = {0};
	const char *state, *reason;
	int rc = rundir_read(dir, &run, &progress, f);

	memset(s, 0, sizeof(*s));
	if (rc == 0) {
		state = kv_get(&progress, "state");
		reason = kv_get(&progress, "reason");
		snprintf(s->state, sizeof(s->state), "%s",
		    state != NULL ? state : "starting");
		snprintf(s->reason, sizeof(s->reason), "%s",
		    reason != NULL ? reason : "");
		s->seconds = (double)kv_int(&progress, "fuzzed", 0);
		s->bugs = (uint64_t)kv_int(&progress, "bugs", 0);
		s->crashes = count_files(dir, "crashes");
		s->corpus = count_files(
		    dir, file_exists(dir, "corpus") ? "corpus" : "queue");
		read_stats(dir, s);
	}
	kv_release(&run);
	kv_release(&progress);
	return rc;
}

/* The buckets of the records in dir/crashes.jsonl. */
static void
read_buckets(int dir, struct seen *buckets)
{
	struct buf b = BUF_INIT, bucket = BUF_INIT;
	const char *p, *end, *crash;

	file_read(dir, "crashes.jsonl", RECORDS_MAX, &b, NULL, NULL);
	for (p = b.p; p != NULL && p < b.p + b.len; p = end + 1) {
		end = memchr(p, '\n', (size_t)(b.p + b.len - p));
		if (end == NULL)
			break;
		crash = json_type(p, (size_t)(end - p), "$.crash");
		if (crash != NULL && strcmp(crash, "true") == 0 &&
		    json_text(p, (size_t)(end - p), "$.bucket", &bucket))
			seen_put(buckets, bucket.p);
	}
	buf_release(&b);
	buf_release(&bucket);
}

size_t
summary_news(int dir, const char *known)
{
	struct seen ours = {0}, theirs = {0};
	int fd = known != NULL ? open(known, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
			       : -1;
	size_t i, n = 0;

	read_buckets(dir, &ours);
	if (fd >= 0) {
		read_buckets(fd, &theirs);
		close(fd);
	}
	for (i = 0; i < ours.size; i++)
		if (ours.slot[i].key != NULL &&
		    seen_find(&theirs, ours.slot[i].key) == NULL)
			n++;
	seen_release(&ours);
	seen_release(&theirs);
	return n;
}
