#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/strs.h"
#include "corpus/cachekey.h"
#include "corpus/collect.h"
#include "corpus/inputs.h"

enum { LIBRARIES_SECONDS = 10, LIBRARIES_MAX = 1 << 20 };

/* What tells this state of a file from others: its stamp, or its content when
 * it has none yet.  Programs are copied about: always their content. */
static void
add_file(struct buf *key, const char *path, bool content)
{
	uint64_t stamp = content ? 0 : inputs_stamp(path);
	char hex[HASH_HEX] = "";
	int fd;

	if (!stamp) {
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0) {
			hash_fd(fd, hex);
			close(fd);
		}
	}
	buf_addf(key, "%s %llx %s\n", content ? "" : path,
	    (unsigned long long)stamp, hex);
}

static bool
is_dynamic(const char *program)
{
	char start[4096];
	int fd = open(program, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, start, sizeof start);

	if (fd >= 0)
		close(fd);
	return n > 4 && !memcmp(start, "\177ELF", 4) &&
	       memmem(start, (size_t)n, "/ld", 3);
}

/* "	libz.so.1 => /lib/libz.so.1 (0x00007f0000000000)" */
static void
add_libraries(struct buf *key, const char *program, char *const *env)
{
	char *argv[] = {(char *)program, NULL}, *line, *save = NULL, *path;
	struct buf out = BUF_INIT;
	struct strs e = {0};
	int status;

	for (; *env; env++)
		strs_add(&e, *env);
	strs_env_set(&e, "LD_TRACE_LOADED_OBJECTS", "1");
	if (!child_run(argv, e.v, NULL, NULL, 0, LIBRARIES_SECONDS,
		LIBRARIES_MAX, &out, &status, NULL))
		for (line = strtok_r(out.p, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save)) {
			path = strchr(line, '/');
			if (!path)
				continue;
			path[strcspn(path, " ")] = '\0';
			add_file(key, path, false);
		}
	buf_release(&out);
	strs_release(&e);
}

/* As execvp looks for it; the caller frees. */
static char *
program_path(const char *name)
{
	const char *dirs = getenv("PATH"), *end;
	char *path;

	if (strchr(name, '/') || !dirs)
		return mem_strdup(name);
	for (;; dirs = end + 1) {
		end = strchrnul(dirs, ':');
		path = mem_printf("%.*s/%s", (int)(end - dirs), dirs, name);
		if (!*end || !access(path, X_OK))
			return path;
		free(path);
	}
}

void
cachekey_of(const struct collect *c, bool merge, char hex[HASH_HEX])
{
	char *program = program_path(c->argv[0]);
	struct buf key = BUF_INIT;

	buf_addf(&key, "lagotrc1 %d %d %g %u %s\n", c->loop ? 2 : merge,
	    c->edges, c->timeout, c->memory, c->file);
	for (size_t i = 0; i < c->ncrash_status; i++)
		buf_addf(&key, "%d\n", c->crash_status[i]);
	for (char *const *e = c->env; *e; e++)
		/* cron's PATH is not a person's; our directory is another
		 * one each time */
		if (strncmp(*e, "PATH=", 5) && !strstr(*e, c->dir))
			buf_add(&key, *e, strlen(*e) + 1);
	add_file(&key, program, true);
	for (size_t i = 1; c->argv[i]; i++) {
		buf_add(&key, c->argv[i], strlen(c->argv[i]) + 1);
		if (!access(c->argv[i], F_OK))
			add_file(&key, c->argv[i], false);
	}
	if (is_dynamic(program))
		add_libraries(&key, program, c->env);
	hash_bytes(key.p, key.len, hex);
	buf_release(&key);
	free(program);
}
