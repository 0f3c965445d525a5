/*
 * lago-dispatch: one pass over the queue, or one every -i seconds.
 */
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/opt.h"
#include "base/out.h"
#include "base/sig.h"
#include "cluster/pass.h"
#include "job/home.h"

static const char usage[] =
    "usage: lago-dispatch [-jNq] [-H dir] [-i duration] [-n count]\n"
    "                     [-w duration] [-x name=value]\n";

static bool Nflag, qflag, drain;
static double interval, wait_lock;
static long most = -1;
static struct out out;

static void
say(const struct pass_event *e, void *arg)
{
	char id[64];

	(void)arg;
	if (qflag)
		return;
	if (e->run > 0)
		snprintf(id, sizeof(id), "%ld.%ld", e->job, e->run);
	else
		snprintf(id, sizeof(id), "%ld", e->job);
	out_text(&out, "id", e->job > 0 ? id : NULL);
	out_text(&out, "event", e->what);
	out_text(&out, "node", *e->node == '\0' ? NULL : e->node);
	out_text(&out, "reason", *e->reason == '\0' ? NULL : e->reason);
	out_end(&out);
	fflush(stdout);
}

static void
warn(const char *text)
{
	struct fail f;

	fail_set(&f, EX_LAGO_UNAVAILABLE, "%s", text);
	opt_warn(&f);
}

/* One pass; its exit status. *active: jobs that are not over. */
static int
pass(const char *path, size_t *active)
{
	struct pass p = {.dry = Nflag, .most = most, .say = say, .warn = warn};
	struct fail f;
	struct home home;
	int status = 0;

	if (home_open(&home, path, false, &f) != 0)
		opt_fail(&f);
	p.home = &home;
	if (pass_run(&p, wait_lock, &f) != 0) {
		status = f.status;
		if (!qflag || status != EX_LAGO_TEMP)
			opt_warn(&f);
	}
	*active = p.active;
	home_close(&home);
	return status;
}

int
main(int argc, char **argv)
{
	const char *path = NULL;
	size_t active = 0;
	int status;
	const struct opt settings[] = {{"drain", .flag = &drain}, {0}};
	const struct opt options[] = {{"H", .text = &path},
	    {"i", .seconds = &interval}, {"j", .flag = &out.json},
	    {"N", .flag = &Nflag}, {"n", .number = &most, .max = 1000000},
	    {"q", .flag = &qflag}, {"w", .seconds = &wait_lock},
	    {"x", .settings = settings}, {0}};

	opt_start(argv);
	argv = opt_read(options, argc, argv, usage);
	if (*argv != NULL)
		opt_usage(usage, "no operand is known: '%s'", *argv);
	if (drain && interval <= 0)
		opt_usage(usage, "drain=1 goes with -i");
	out_init(&out, stdout, out.json);
	sig_init();
	do {
		status = pass(path, &active);
		if (interval <= 0 || (drain && active == 0 && status == 0))
			break;
		sig_poll(NULL, 0, interval);
	} while (sig_got == 0);
	fflush(stdout);
	sig_raise();
	opt_exit(status);
}
