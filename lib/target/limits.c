#include "target/limits.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "target/exec.h"

/* Between two looks at the memory: at first often, for those that grow at
 * once; a target that lives longer is looked at less. */
#define TICK_FIRST 0.005
#define TICK_LAST 0.05

int
limits_set(const struct limits *l, bool *aslr)
{
	struct rlimit none = {0, 0}, space = {l->space, l->space};
	int had = personality(0xffffffff);

	/* Where it is not allowed the target runs all the same. */
	if (had != -1)
		had =
		    *aslr ? had & ~ADDR_NO_RANDOMIZE : had | ADDR_NO_RANDOMIZE;
	if (had == -1 || personality((unsigned long)had) == -1)
		*aslr = true;
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return -1;
	return l->space != 0 ? setrlimit(RLIMIT_AS, &space) : 0;
}

void
limits_first(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "1000", 4) == 4)
		close(fd);
}

void
limits_watch(struct limits_watch *w, const struct limits *l, pid_t pid)
{
	char path[64];

	*w = (struct limits_watch){.l = l, .start = clock_mono(), .pid = pid};
	w->statm = -1;
	w->tick = TICK_FIRST;
	if (l->resident != 0) {
		snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
		w->statm = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (clock_getcpuclockid(pid, &w->clock) != 0)
		w->clock = CLOCK_MONOTONIC;
}

static double
cpu_used(const struct limits_watch *w)
{
	struct timespec t;

	if (w->clock == CLOCK_MONOTONIC || clock_gettime(w->clock, &t) != 0)
		return 0;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t
resident(const struct limits_watch *w)
{
	unsigned long long size, pages;
	char buf[128];
	ssize_t n = pread(w->statm, buf, sizeof(buf) - 1, 0);

	if (n <= 0)
		return 0;
	buf[n] = '\0';
	if (sscanf(buf, "%llu %llu", &size, &pages) != 2)
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void
sooner(double *next, double seconds)
{
	if (seconds < 0.001)
		seconds = 0.001;
	if (*next < 0 || *next > seconds)
		*next = seconds;
}

int
limits_passed(struct limits_watch *w, double *next)
{
	double left;

	*next = -1;
	if (w->l->wall > 0) {
		left = w->start + w->l->wall - clock_mono();
		if (left <= 0)
			return EXEC_WALL;
		sooner(next, left);
	}
	if (w->l->cpu > 0) {
		left = w->l->cpu - cpu_used(w);
		if (left <= 0)
			return EXEC_CPU;
		/* Threads use it faster than the clock runs. */
		sooner(next, left > 0.1 ? left / 4 : left);
	}
	if (w->statm >= 0) {
		if (resident(w) > w->l->resident)
			return EXEC_MEMORY;
		sooner(next, w->tick);
		if (w->tick < TICK_LAST)
			w->tick *= 1.5;
	}
	return EXEC_NO_LIMIT;
}

void
limits_end(struct limits_watch *w)
{
	if (w->statm >= 0)
		close(w->statm);
	w->statm = -1;
}
