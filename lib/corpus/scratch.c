#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/strs.h"
#include "corpus/scratch.h"

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

static char *
make(const char *parent)
{
	char *path = mem_printf("%s/lago-minimize.XXXXXX", parent);

	if (mkdtemp(path))
		return path;
	free(path);
	return NULL;
}

const char *
scratch_start(struct fail *f)
{
	const char *where = getenv("TMPDIR");
	int p[2];

	if (!where || where[0] != '/' || !(dir = make(where)))
		if (!(dir = make("/dev/shm")))
			dir = make("/tmp");
	if (!dir || pipe2(p, O_CLOEXEC)) {
		fail_errno(f, EX_LAGO_CANTCREAT, "cannot make a directory");
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
		file_remove(AT_FDCWD, dir, NULL);
		fail_errno(f, EX_LAGO_TEMP, "cannot fork");
		return NULL;
	}
	scratch_also(dir);
	return dir;
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
