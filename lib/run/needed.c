#include "run/needed.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/strs.h"
#include "run/inside.h"
#include "run/life.h"
#include "run/rooms.h"
#include "run/task.h"

#define LIMIT 60 /* seconds */
#define ANSWER (1 << 20)

/* "	libfoo.so.1 => not found" */
static void
add_missing(const char *p, size_t n, struct strs *names)
{
	static const char end[] = " => not found";
	size_t i, len = sizeof(end) - 1;
	char *name;

	while (n > 0 && (*p == '\t' || *p == ' ')) {
		p++;
		n--;
	}
	if (n <= len || memcmp(p + n - len, end, len) != 0)
		return;
	name = mem_strndup(p, n - len);
	for (i = 0; i < names->n && strcmp(names->v[i], name) != 0; i++)
		;
	if (i == names->n)
		strs_add(names, name);
	free(name);
}

void
needed_missing(const char *p, size_t n, struct strs *names)
{
	const char *end = p + n, *next;

	for (; p < end; p = next + 1) {
		next = memchr(p, '\n', (size_t)(end - p));
		if (next == NULL)
			next = end;
		add_missing(p, (size_t)(next - p), names);
	}
}

/* Executable ELF files at the bundle's top. */
static void
add_programs(struct life *l, struct strs *argv)
{
	int fd = inside_open(l->workfd, "bundle", O_RDONLY | O_DIRECTORY, 0);
	struct strs names = {0};
	struct buf b = BUF_INIT;
	struct stat st;
	size_t i;

	if (fd >= 0)
		file_list(fd, ".", &names, NULL);
	for (i = 0; i < names.n; i++)
		if (fstatat(fd, names.v[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0 &&
		    inside_read_ends(fd, names.v[i], 8, &b) == 0 &&
		    b.len >= 4 && memcmp(b.p, "\177ELF", 4) == 0)
			strs_addf(argv, "./%s", names.v[i]);
	strs_release(&names);
	buf_release(&b);
	if (fd >= 0)
		close(fd);
}

static struct task *
start(struct life *l, struct fail *f)
{
	struct keeper_cmd cmd = KEEPER_CMD_INIT;
	struct strs argv = {0}, env = {0};
	char *cwd = mem_printf("%s/bundle", l->work);
	struct task *t = NULL;

	strs_add(&argv, "ldd");
	add_programs(l, &argv);
	strs_addf(
	    &env, "LD_LIBRARY_PATH=%s/bundle/lib:%s/bundle", l->work, l->work);
	rooms_env(l, &env);
	cmd.argv = argv.v;
	cmd.env = env.v;
	cmd.cwd = cwd;
	if (argv.n > 1)
		t = task_start(l, "ldd", &cmd, LIMIT, f);
	strs_release(&argv);
	strs_release(&env);
	free(cwd);
	return t;
}

int
needed_check(struct life *l)
{
	struct buf b = BUF_INIT, all = BUF_INIT;
	struct strs names = {0};
	struct fail f = {0};
	struct task *t = start(l, &f);
	size_t i;
	int rc = 0;

	if (t == NULL) /* no program of this machine's, or no ldd */
		return 0;
	task_wait(l, t);
	task_read(t, 0, ANSWER, &b);
	needed_missing(buf_str(&b), b.len, &names);
	for (i = 0; i < names.n; i++)
		buf_addf(&all, " %s", names.v[i]);
	if (names.n > 0)
		rc = life_fail(l, "provision", EX_LAGO_DATA,
		    "libraries are missing:%s", all.p);
	task_free(l, t);
	strs_release(&names);
	buf_release(&all);
	buf_release(&b);
	return rc;
}
