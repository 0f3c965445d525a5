#include "run/limits.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "run/instances.h"
#include "run/life.h"
#include "run/task.h"

#define MIB (1024 * 1024)
#define RESERVE (16 * MIB)
#define NODE_LEAST (64 * MIB) /* free on the machine's disk */
#define COST 50		      /* measuring may take this part of the time */
#define MEMORY_COST 200
#define SHRINK 20.0 /* seconds in which processes are ended one by one */
#define OWN 5.0	    /* seconds that a fuzzer has to see it, while below */
#define OWN_TIMES 4 /* times the limit */

void
limits_reserve(struct life *l)
{
	int fd = openat(l->dir, ".reserve",
	    O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return;
	if (posix_fallocate(fd, 0, RESERVE) != 0)
		unlinkat(l->dir, ".reserve", 0);
	close(fd);
}

/* A target that dies of it is a crash to the fuzzer, which keeps the input; more
 * like it may follow.  A fuzzer that is the largest itself may be about to see
 * that, and to keep the input, as libFuzzer does. */
static void
shrink(struct life *l, struct instance *in)
{
	uint64_t most = (uint64_t)life_int(l, "memory", 2048);
	double now = clock_mono();
	bool killed;

	if (in->over == 0)
		in->over = now;
	killed =
	    now - in->over < SHRINK && keeper_shrink(l->keeper, in->task->id);
	if (!killed && now - in->over < OWN && l->rss / MIB < OWN_TIMES * most)
		return;
	life_say(l,
	    "memory: the run uses %llu MiB of %llu, %sinstance %u is ended "
	    "(%llu MiB)",
	    (unsigned long long)(l->rss / MIB), (unsigned long long)most,
	    killed ? "the largest process of " : "", in->no,
	    (unsigned long long)(in->rss / MIB));
	if (!killed)
		task_signal(l, in->task, SIGKILL);
}

static void
measure_memory(struct life *l)
{
	struct keeper_usage u;
	struct instance *in, *most = NULL;
	unsigned i;

	l->rss = 0;
	for (i = 0; l->instances != NULL && i < l->n; i++) {
		in = &l->instances->v[i];
		in->rss = in->task != NULL && !l->gone &&
				  keeper_usage(l->keeper, in->task->id, &u)
			      ? u.rss
			      : 0;
		l->rss += in->rss;
		if (most == NULL || in->rss > most->rss)
			most = in;
	}
	if (most == NULL || most->task == NULL ||
	    l->rss / MIB <= (uint64_t)life_int(l, "memory", 2048)) {
		for (i = 0; l->instances != NULL && i < l->n; i++)
			l->instances->v[i].over = 0;
		return;
	}
	shrink(l, most);
}

/* Each tick, but for no more than a small part of the time. */
static void
watch_memory(struct life *l)
{
	double now = clock_mono();

	if (now < l->memory_next)
		return;
	measure_memory(l);
	l->memory_next = clock_mono() + MEMORY_COST * (clock_mono() - now);
}

void
limits_measure(struct life *l)
{
	double now = clock_mono();

	measure_memory(l);
	if (now < l->disk_next)
		return;
	l->disk = file_usage(l->dir, ".");
	l->disk_next = clock_mono() + COST * (clock_mono() - now);
}

static int
full(struct life *l, const char *reason, int status, const char *text)
{
	unlinkat(l->dir, ".reserve", 0);
	return life_fail(l, reason, status, "%s", text);
}

int
limits_tick(struct life *l)
{
	struct statvfs v;

	watch_memory(l);
	if (l->disk / MIB > (uint64_t)life_int(l, "disk", 20480))
		return full(l, "quota", EX_LAGO_DATA,
		    "the run uses more disk than the job's quota");
	if (fstatvfs(l->dir, &v) == 0 &&
	    (uint64_t)v.f_bavail * v.f_frsize < NODE_LEAST)
		return full(l, "disk", EX_LAGO_IO,
		    "this machine's disk is full: less than 64 MiB are free");
	return 0;
}

uint64_t
limits_rss(const struct life *l)
{
	return l->rss / MIB;
}

uint64_t
limits_disk(const struct life *l)
{
	return l->disk / MIB;
}
