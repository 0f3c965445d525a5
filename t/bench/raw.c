/*
 * raw WORKERS DIR COMMAND...: runs each file of DIR once through a fork server
 * on each of so many CPUs, looks at nothing, and prints the seconds that took,
 * the start of the servers left out.
 */
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/strs.h"
#include "target/forkserver.h"

extern char **environ;

static volatile struct {
	uint32_t next, ready, go;
} * all;

static void
work(int cpu, char **argv, const struct buf *data, size_t n)
{
	struct forkserver_opts o = {.argv = argv,
	    .env = environ,
	    .input = mem_printf("raw.input.%d", cpu),
	    .cpu = -1,
	    .timeout = 10};
	struct forkserver_run r;
	struct forkserver *s;
	struct fail f = {0};
	cpu_set_t set;
	uint32_t i;

	CPU_ZERO(&set);
	CPU_SET((unsigned)cpu, &set);
	sched_setaffinity(0, sizeof set, &set);
	s = forkserver_start(&o, &f);
	if (!s)
		errx(1, "%s", f.text);
	__sync_fetch_and_add(&all->ready, 1);
	while (!all->go)
		sched_yield();
	while ((i = __sync_fetch_and_add(&all->next, 1)) < n)
		if (forkserver_run(s, data[i].p, data[i].len, &r, &f))
			errx(1, "%s", f.text);
	/* How long the end takes is no run. */
	__sync_fetch_and_sub(&all->ready, 1);
	forkserver_stop(s);
	_exit(0);
}

int
main(int argc, char **argv)
{
	struct strs names = {0};
	struct fail f = {0};
	struct buf *data;
	int dir, workers;
	double start;

	if (argc < 4)
		errx(64, "raw WORKERS DIR COMMAND...");
	workers = atoi(argv[1]);
	dir = open(argv[2], O_RDONLY | O_DIRECTORY);
	if (dir < 0 || file_list(dir, ".", &names, &f))
		err(66, "%s", argv[2]);
	data = mem_array(names.n, sizeof *data);
	for (size_t i = 0; i < names.n; i++)
		if (file_read(dir, names.v[i], 1 << 20, &data[i], NULL, &f))
			errx(66, "%s", f.text);
	all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < workers; i++)
		if (fork() == 0)
			work(i, argv + 3, data, names.n);
	while (all->ready < (uint32_t)workers)
		clock_sleep(0.001);
	start = clock_mono();
	all->go = 1;
	while (all->ready)
		clock_sleep(0.001);
	printf("%.3f\n", clock_mono() - start);
	while (wait(NULL) > 0)
		;
	return 0;
}
