/* lago-import: results into the database, once. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/opt.h"
#include "base/out.h"
#include "job/home.h"
#include "store/foreign.h"
#include "store/import.h"
#include "store/rows.h"
#include "store/store.h"

#define LOCK_SECONDS 10

static const char usage[] =
    "usage: lago-import [-ajqv] [-H dir] [job|path...]\n";

static struct out out;
static double progress_at;

static void
say(const char *text)
{
	opt_say("%s", text);
}

static void
progress(long done, long jobs)
{
	if (done < jobs && clock_mono() < progress_at + 1)
		return;
	progress_at = clock_mono();
	opt_say("job %ld of %ld", done, jobs);
}

static void
print(struct sqlite3_stmt *row)
{
	rows_put(&out, row);
	out_end(&out);
}

/* Whoever reads the news has them before they count as told. */
static int
flush(struct fail *f)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return fail_errno(
		    f, EX_LAGO_IO, "cannot write standard output");
	return 0;
}

/* A job by its number, or a path of results. */
static int
import_one(struct import *im, const char *id, struct fail *f)
{
	long job, run;
	int dir;

	if (home_parse_id(id, &job, &run) != 0)
		return foreign_import(im, id, f);
	if ((dir = home_job(im->home, job, f)) < 0)
		return -1;
	close(dir);
	return import_job(im, job, f);
}

static int
import(struct import *im, char **argv, struct fail *f)
{
	struct opt_operands o;
	char *id;
	int status = 0;

	if (*argv == NULL || im->all)
		return import_home(im, f) == 0 ? 0 : opt_warn(f);
	opt_operands(&o, argv, false, false, usage);
	while ((id = opt_next(&o)) != NULL) {
		if (import_one(im, id, f) != 0)
			status = fail_worse(status, opt_warn(f));
	}
	return status;
}

int
main(int argc, char **argv)
{
	const char *dir = NULL;
	struct import im = {.warn = say};
	struct home home;
	struct fail f;
	bool json = false, quiet = false, verbose = false;
	int lock, status;
	const struct opt options[] = {{"a", .flag = &im.all},
	    {"H", .text = &dir}, {"j", .flag = &json}, {"q", .flag = &quiet},
	    {"v", .flag = &verbose}, {0}};

	opt_start(argv);
	argv = opt_read(options, argc, argv, usage);
	if (im.all && *argv != NULL)
		opt_usage(usage, "-a takes no operands");
	if (verbose || (im.all && isatty(STDERR_FILENO)))
		im.progress = progress;
	out_init(&out, stdout, json);
	if (home_open(&home, dir, false, &f) != 0)
		opt_fail(&f);
	lock = file_lock(home.fd, ".import", LOCK_SECONDS, &f);
	if (lock < 0 && f.status == EX_LAGO_TEMP && quiet)
		opt_exit(f.status);
	if (lock < 0 ||
	    (im.store = store_open(home.path, STORE_WRITE, &f)) == NULL)
		opt_fail(&f);
	im.home = &home;
	status = import(&im, argv, &f);
	if (status == 0 && import_news(&im, print, flush, &f) != 0)
		status = opt_warn(&f);
	store_close(im.store);
	opt_exit(status);
}
