/* small FILE: the bug that the file's first line names, a few calls deep. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plant.h"

struct level {
	int (*go)(const struct level *l, const char *name);
	const struct level *next;
};

static volatile int steps;

static int
call_plant(const struct level *l, const char *name)
{
	int v = plant(name);

	(void)l;
#ifdef CXX
	v += plant_cxx(name);
#endif
	steps += v;
	return v;
}

static inline int
step(const struct level *l, const char *name)
{
	int v = l->next->go(l->next, name);

	steps += v;
	return v;
}

__attribute__((noinline)) static int
walk(const struct level *l, const char *name)
{
	int v = step(l, name);

	return v + steps;
}

int
main(int argc, char **argv)
{
	static const struct level bottom = {call_plant, NULL},
				  middle = {walk, &bottom},
				  top = {walk, &middle};
	char line[100] = "";
	FILE *fp;

	if (argc < 2 || (fp = fopen(argv[1], "r")) == NULL)
		return 64;
	if (fgets(line, sizeof(line), fp) == NULL)
		return 65;
	fclose(fp);
	line[strcspn(line, " \n")] = '\0';
	return walk(&top, line) == 77;
}
