/* The processes below a process, as /proc tells. */
#ifndef LAGO_TARGET_PROCS_H
#define LAGO_TARGET_PROCS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct procs_one {
	pid_t pid, parent;
	uint64_t rss; /* bytes, without what it shares with files or others */
	double cpu;   /* seconds used by itself */
	char state;   /* of /proc/PID/stat: 'Z' is a zombie */
	int below;
};

struct procs {
	struct procs_one *v;
	size_t n;
};

/* All descendants of root, itself not.  Those whose parents ended while we
 * looked may be missing. */
void procs_below(pid_t root, struct procs *p);
void procs_release(struct procs *p);

void procs_kill_below(pid_t root);
/* Kill all that is below us and reap it, until nothing is left.  Orphans must
 * come to us: as process 1 or a subreaper. */
void procs_end(void);

#endif
