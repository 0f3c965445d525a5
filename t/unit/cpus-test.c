/*
 * cpus-test list LIST: the list as cpus_format writes it.
 * cpus-test claim N WAIT [COMMAND...]: claims N of our CPUs, prints them, and
 * becomes the command, which inherits the locks.
 * cpus-test free: how many are free.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/sig.h"
#include "target/cpus.h"

static int
complain(const struct fail *f)
{
	fprintf(stderr, "%s\n", f->text);
	return f->status;
}

static void
show(const struct cpus *c)
{
	struct buf b = BUF_INIT;

	cpus_format(c, &b);
	printf("%s\n", buf_str(&b));
	fflush(stdout);
	buf_release(&b);
}

static int
claim(const struct cpus *from, char **argv)
{
	struct cpus_claim c;
	struct fail f = {0};
	size_t i;

	sig_init();
	if (cpus_claim(&c, from, (size_t)atoi(argv[0]), atof(argv[1]), &f) < 0)
		return complain(&f);
	show(&c.cpus);
	if (argv[2] != NULL) {
		for (i = 0; i < c.cpus.n; i++)
			fcntl(c.fd[i], F_SETFD, 0);
		sig_default();
		execvp(argv[2], argv + 2);
		return 69;
	}
	cpus_unclaim(&c);
	return 0;
}

int
main(int argc, char **argv)
{
	struct cpus c;
	struct fail f = {0};
	int n;

	if (argc == 3 && strcmp(argv[1], "list") == 0) {
		if (cpus_parse(&c, argv[2], &f) < 0)
			return complain(&f);
		show(&c);
		cpus_release(&c);
		return 0;
	}
	if (cpus_allowed(&c, &f) < 0)
		return complain(&f);
	if (argc >= 4 && strcmp(argv[1], "claim") == 0)
		n = claim(&c, argv + 2);
	else if ((n = cpus_free(&c, &f)) >= 0)
		n = printf("%d\n", n) > 0 ? 0 : 74;
	else
		n = complain(&f);
	cpus_release(&c);
	return n;
}
