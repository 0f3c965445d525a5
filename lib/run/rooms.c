#include "run/rooms.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strs.h"
#include "run/inside.h"
#include "run/life.h"
#include "target/keeper.h"

/* Links to all that the bundle's top holds; hidden names too. */
static void
link_all(struct life *l, int bundle, int room)
{
	DIR *d = fdopendir(bundle);
	struct dirent *e;
	char *to;

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		to = mem_printf("%s/bundle/%s", l->work, e->d_name);
		if (symlinkat(to, room, e->d_name) != 0 && errno != EEXIST)
			life_say(l, "cannot link '%s'", e->d_name);
		free(to);
	}
	if (d != NULL)
		closedir(d);
}

int
rooms_make(struct life *l, const char *kind, unsigned number)
{
	int parent = inside_dir(l->workfd, kind);
	int bundle =
	    inside_open(l->workfd, "bundle", O_RDONLY | O_DIRECTORY, 0);
	char name[16];
	int room;

	snprintf(name, sizeof(name), "%u", number);
	room = parent >= 0 ? inside_dir(parent, name) : -1;
	if (room >= 0 && bundle >= 0) {
		link_all(l, bundle, room);
		bundle = -1;
	}
	if (parent >= 0)
		close(parent);
	if (bundle >= 0)
		close(bundle);
	if (room >= 0)
		close(room);
	return room >= 0 ? 0 : -1;
}

void
rooms_env(const struct life *l, struct strs *env)
{
	const char *path = getenv("PATH");
	char *home = mem_printf("%s/home", l->work);

	if (strs_env_get(env, "PATH") == NULL)
		strs_env_set(
		    env, "PATH", path != NULL ? path : "/usr/bin:/bin");
	if (strs_env_get(env, "HOME") == NULL)
		strs_env_set(env, "HOME", home);
	if (strs_env_get(env, "TMPDIR") == NULL)
		strs_env_set(
		    env, "TMPDIR", keeper_sandboxed(l->keeper) ? "/tmp" : home);
	if (strs_env_get(env, "LANG") == NULL)
		strs_env_set(env, "LANG", "C");
	free(home);
}
