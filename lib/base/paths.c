#include "base/paths.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* The directory of the running program.  Programs of libexec lie one or two
 * levels below it, so go up until there is a bin beside. */
static const char *
here(void)
{
	static char dir[4096];
	ssize_t n;

	if (dir[0] != '\0')
		return dir;
	n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
	if (n <= 0)
		return strcpy(dir, "/usr/bin");
	dir[n] = '\0';
	dirname(dir);
	return dir;
}

/* Some directory above the program that holds bin/lago-run or bin/lago. */
static const char *
prefix(void)
{
	static char *found;
	char *dir, *try;

	if (found != NULL)
		return found;
	dir = mem_strdup(here());
	while (strcmp(dir, "/") != 0 && strcmp(dir, ".") != 0) {
		try = mem_printf("%s/bin/lago", dir);
		if (access(try, F_OK) == 0) {
			free(try);
			return found = dir;
		}
		free(try);
		dirname(dir);
	}
	free(dir);
	return found = mem_strdup("/usr");
}

static const char *
part(const char *variable, const char *installed, const char *source)
{
	const char *set = getenv(variable);
	char *dir;

	if (set != NULL && *set != '\0')
		return set;
	dir = mem_printf("%s/%s", prefix(), installed);
	if (access(dir, F_OK) == 0)
		return dir;
	free(dir);
	return mem_printf("%s/%s", prefix(), source);
}

const char *
paths_bin(void)
{
	static char *dir;

	return dir != NULL ? dir : (dir = mem_printf("%s/bin", prefix()));
}

const char *
paths_libexec(void)
{
	static const char *dir;

	return dir != NULL ? dir
			   : (dir = part("LAGO_LIBEXEC", "lib/lago", "lib"));
}

const char *
paths_share(void)
{
	static const char *dir;

	return dir != NULL ? dir
			   : (dir = part("LAGO_SHARE", "share/lago", "share"));
}

const char *
paths_home(void)
{
	static const char *dir;
	const char *set;

	if (dir != NULL)
		return dir;
	if ((set = getenv("LAGO_HOME")) != NULL && *set != '\0')
		return dir = set;
	if ((set = getenv("HOME")) != NULL && *set != '\0')
		return dir = mem_printf("%s/.lago", set);
	return dir = "";
}

static char *
program(const char *dir, const char *kind, const char *name)
{
	if (*name == '\0' ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") !=
		strlen(name))
		return NULL;
	if (kind == NULL)
		return mem_printf("%s/%s", dir, name);
	return mem_printf("%s/%s/%s", dir, kind, name);
}

char *
paths_command(const char *name)
{
	return program(paths_bin(), NULL, name);
}

char *
paths_plugin(const char *kind, const char *name)
{
	return program(paths_libexec(), kind, name);
}
