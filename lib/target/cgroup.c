#include "target/cgroup.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/mem.h"

static const char *const mounts[] = {
    "/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

/* Some text of DIR/NAME; NULL: it cannot be read. */
static char *
get(const char *dir, const char *name, char *text, size_t size)
{
	char *path = mem_printf("%s/%s", dir, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	free(path);
	text[n > 0 ? n : 0] = '\0';
	return n < 0 ? NULL : text;
}

static int
put(const char *dir, const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	free(path);
	return n < 0 ? -1 : 0;
}

static const char *
mounted(void)
{
	struct statfs fs;

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++)
		if (statfs(mounts[i], &fs) == 0 &&
		    fs.f_type == CGROUP2_SUPER_MAGIC)
			return mounts[i];
	return NULL;
}

/* Where we are: the line "0::/PATH" of several. */
static char *
own_group(const char *mount)
{
	char text[8192], *at;

	if (get("/proc/self", "cgroup", text, sizeof(text)) == NULL)
		return NULL;
	at = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (at == NULL)
		return NULL;
	at = strchr(at, '/');
	if (at == NULL)
		return NULL;
	at[strcspn(at, "\n")] = '\0';
	return mem_printf("%s%s", mount, strcmp(at, "/") == 0 ? "" : at);
}

/* A group in dir, if dir shares out memory and we may. */
static char *
make_in(const char *dir, uint64_t bytes)
{
	char text[1024], *path;

	if (get(dir, "cgroup.subtree_control", text, sizeof(text)) == NULL ||
	    strstr(text, "memory") == NULL)
		return NULL;
	path = mem_printf("%s/lago.XXXXXX", dir);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)bytes);
	if (mkdtemp(path) != NULL) {
		/* There may be no swap to limit. */
		put(path, "memory.swap.max", "0");
		if (put(path, "memory.max", text) == 0)
			return path;
		rmdir(path);
	}
	free(path);
	return NULL;
}

void
cgroup_make(struct cgroup *c, uint64_t bytes)
{
	const char *mount = mounted();
	char *dir;

	c->home = mount != NULL ? own_group(mount) : NULL;
	if (c->home == NULL)
		return;
	dir = mem_strdup(c->home);
	while (c->path == NULL && strlen(dir) >= strlen(mount)) {
		c->path = make_in(dir, bytes);
		*strrchr(dir, '/') = '\0';
	}
	free(dir);
}

void
cgroup_enter(struct cgroup *c)
{
	char *events;

	if (c->path == NULL || put(c->path, "cgroup.procs", "0") != 0)
		return;
	events = mem_printf("%s/memory.events", c->path);
	c->events = open(events, O_RDONLY | O_CLOEXEC);
	free(events);
}

uint64_t
cgroup_kills(const struct cgroup *c)
{
	char text[1024] = "", *at;

	if (c->events >= 0 && pread(c->events, text, sizeof(text) - 1, 0) > 0 &&
	    (at = strstr(text, "oom_kill ")) != NULL)
		return strtoull(at + strlen("oom_kill "), NULL, 10);
	return 0;
}

void
cgroup_leave(const struct cgroup *c)
{
	if (c->path != NULL && put(c->home, "cgroup.procs", "0") == 0)
		rmdir(c->path);
}

void
cgroup_remove(struct cgroup *c)
{
	if (c->path != NULL)
		rmdir(c->path);
	free(c->path);
	free(c->home);
	*c = (struct cgroup)CGROUP_INIT;
}
