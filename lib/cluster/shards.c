#include "cluster/shards.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/kv.h"
#include "base/mem.h"
#include "cluster/nodes.h"
#include "cluster/place.h"
#include "job/home.h"
#include "job/jobfile.h"
#include "job/rundir.h"

static int
shard_of(const struct home *h, long job, long run, long *shard, struct fail *f)
{
	struct kv file = {0};
	int dir = home_run(h, job, run, f), rc;

	if (dir < 0)
		return -1;
	rc = rundir_read(dir, &file, NULL, f);
	close(dir);
	*shard = (long)kv_int(&file, "shard", 1);
	kv_release(&file);
	return rc;
}

/* From the last run backwards, until each shard has one. */
static int
find_latest(struct shards *s, const struct home *h, long job, const long *runs,
    size_t n, struct fail *f)
{
	long shard, missing = s->n;

	while (n-- > 0 && missing > 0) {
		if (shard_of(h, job, runs[n], &shard, f) != 0)
			return -1;
		if (shard < 1 || shard > s->n || s->latest[shard] != 0)
			continue;
		s->latest[shard] = runs[n];
		missing--;
	}
	return 0;
}

int
shards_read(
    struct shards *s, const struct home *h, long job, int dir, struct fail *f)
{
	struct kv settings = {0};
	long *runs = NULL;
	size_t n = 0;
	int rc = jobfile_read(dir, &settings, f);

	memset(s, 0, sizeof(*s));
	if (rc == 0)
		rc = home_runs(h, job, &runs, &n, f);
	if (rc == 0) {
		s->n = (long)kv_int(&settings, "shards", 1);
		if (s->n < 1)
			s->n = 1;
		if (s->n > SHARDS_MOST)
			s->n = SHARDS_MOST;
		s->latest = mem_array((size_t)s->n + 1, sizeof(*s->latest));
		if (s->n == 1)
			s->latest[1] = n > 0 ? runs[n - 1] : 0;
		else
			rc = find_latest(s, h, job, runs, n, f);
	}
	free(runs);
	kv_release(&settings);
	return rc;
}

void
shards_release(struct shards *s)
{
	free(s->latest);
	s->latest = NULL;
}

long
shards_split(struct kv *job, const struct nodes *nodes)
{
	const char *needs = kv_get(job, "needs");
	int64_t cpus = kv_int(job, "cpus", 2), most = 0, n;
	int64_t memory = kv_int(job, "memory", 2048), has;
	const struct node *node;

	for (node = nodes->v; node < nodes->v + nodes->n; node++) {
		has = node->run_cpus > 0 ? node->run_cpus : node->cpus;
		if (has > most &&
		    place_tags(node->tags, needs == NULL ? "" : needs))
			most = has;
	}
	if (most == 0 || cpus <= most || kv_int(job, "shards", 1) > 1)
		return 0;
	n = (cpus + most - 1) / most;
	if (n > SHARDS_MOST)
		n = SHARDS_MOST;
	kv_setf(job, "shards", "%lld", (long long)n);
	kv_setf(job, "cpus", "%lld", (long long)((cpus + n - 1) / n));
	kv_setf(job, "memory", "%lld", (long long)((memory + n - 1) / n));
	return (long)n;
}
