#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/strs.h"
#include "target/scratch.h"

static char *dir;
static int told = -1; /* paths, NUL-ended, for the janitor */
static pid_t janitor;

/* Reads paths until nobody can write any more, then removes them. */
static void
janitor_main(int from)
{
	struct strs paths = {0};
	char c, path[PATH_MAX];
	size_t n = 0;
	int null = open("/dev/null", O_RDWR);

	setsid(); /* ^C is not for us */
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, 0);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	dup2(from, 3);
	close_range(4, ~0U, 0);
	while (read(3, &c, 1) == 1) {
		path[n] = c;
		if (!c) {
			strs_add(&paths, path);
			n = 0;
		} else if (n < sizeof path - 1) {
			n++;
		}
	}
	for (size_t i = 0; i < paths.n; i++)
		file_remove(AT_FDCWD, paths.v[i], NULL);
	_exit(0);
}

/* Named to the janitor before it is there, so that it goes however we end. */
static bool
make(const char *parent)
{
	char random[33];

	if (!parent || parent[0] != '/')
		return false;
	hash_random(random);
	free(dir);
	dir = mem_printf("%s/lago-minimize.%s", parent, random);
	scratch_also(dir);
	return mkdir(dir, 0700) == 0;
}

const char *
scratch_start(struct fail *f)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC)) {
		fail_errno(f, EX_LAGO_TEMP, "cannot make a pipe");
		return NULL;
	}
	janitor = fork();
	if (janitor == 0) {
		close(p[1]);
		janitor_main(p[0]);
	}
	close(p[0]);
	told = p[1];
	if (janitor < 0) {
		fail_errno(f, EX_LAGO_TEMP, "cannot fork");
		close(told);
		told = -1;
		return NULL;
	}
	if (make(getenv("TMPDIR")) || make("/dev/shm") || make("/tmp"))
		return dir;
	fail_errno(f, EX_LAGO_CANTCREAT, "cannot make a directory");
	return NULL;
}

void
scratch_also(const char *path)
{
	char full[PATH_MAX];

	if (path[0] != '/' && getcwd(full, sizeof full)) {
		char *joined = mem_printf("%s/%s", full, path);

		file_write_fd(told, joined, strlen(joined) + 1);
		free(joined);
		return;
	}
	file_write_fd(told, path, strlen(path) + 1);
}

void
scratch_end(void)
{
	if (told < 0)
		return;
	close(told);
	told = -1;
	waitpid(janitor, NULL, 0);
	free(dir);
	dir = NULL;
}
