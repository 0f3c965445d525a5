#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "corpus/stats.h"

enum { PROCESSES = 16, EACH = 4096 /* files that are worth a fork */ };

/* A file system's clock ticks in up to 10 ms; be generous. */
#define SETTLED 2

static uint64_t
mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0xff51afd7ed558ccd;
	return h ^ h >> 32;
}

uint64_t
stats_stamp(const struct stat *st)
{
	uint64_t h = 0x9e3779b97f4a7c15;

	if (!S_ISREG(st->st_mode) ||
	    st->st_ctim.tv_sec + SETTLED > clock_unix())
		return 0;
	h = mix(h, st->st_dev);
	h = mix(h, st->st_ino);
	h = mix(h, (uint64_t)st->st_size);
	h = mix(h, (uint64_t)st->st_mtim.tv_sec);
	h = mix(h, (uint64_t)st->st_mtim.tv_nsec);
	h = mix(h, (uint64_t)st->st_ctim.tv_sec);
	h = mix(h, (uint64_t)st->st_ctim.tv_nsec);
	return h ? h : 1;
}

/* Processes to share n files. */
static size_t
processes(size_t n)
{
	size_t most = n / EACH < PROCESSES ? n / EACH : PROCESSES, cpus;
	cpu_set_t set;

	if (most < 2 || sched_getaffinity(0, sizeof set, &set))
		return 1;
	cpus = (size_t)CPU_COUNT(&set);
	return cpus < most ? cpus : most;
}

struct slice {
	int dir;
	char *const *path;
	size_t skip, from, to;
	struct stats *out;
};

static void
ask(const struct slice *s)
{
	struct stat st;

	for (size_t i = s->from; i < s->to; i++)
		if (!fstatat(
			s->dir, s->path[i] + s->skip, &st, AT_SYMLINK_NOFOLLOW))
			s->out[i] = (struct stats){
			    (uint64_t)st.st_size, stats_stamp(&st), st.st_mode};
}

/* What a process does not do, for whatever reason, we do. */
static void
ask_at_once(struct slice *s, size_t n, size_t workers)
{
	size_t bound[PROCESSES + 1];
	pid_t pid[PROCESSES];
	int status;

	for (size_t i = 0; i <= workers; i++)
		bound[i] = n * i / workers;
	for (size_t i = 0; i < workers; i++) {
		s->from = bound[i];
		s->to = bound[i + 1];
		pid[i] = i + 1 < workers ? fork() : -1;
		if (pid[i] == 0) {
			ask(s);
			_exit(0);
		}
		if (pid[i] < 0)
			ask(s);
	}
	for (size_t i = 0; i < workers; i++) {
		s->from = bound[i];
		s->to = bound[i + 1];
		if (pid[i] > 0 &&
		    (waitpid(pid[i], &status, 0) != pid[i] || status))
			ask(s);
	}
}

struct stats *
stats_of(int dir, char *const *path, size_t skip, size_t n)
{
	struct slice s = {.dir = dir, .path = path, .skip = skip};

	s.out = mmap(NULL, (n + 1) * sizeof *s.out, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s.out == MAP_FAILED)
		return NULL;
	ask_at_once(&s, n, processes(n));
	return s.out;
}

void
stats_free(struct stats *s, size_t n)
{
	munmap(s, (n + 1) * sizeof *s);
}
