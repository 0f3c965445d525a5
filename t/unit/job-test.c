/*
 * The job layer: numbers of a home, settings, .options.  TAP.
 * job-test unpack BUNDLE DIR SEEDS MEMBER [BYTES] unpacks a bundle, job-test
 * seeds DIR SEEDS MEMBER does the second half: for the bats files.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/kv.h"
#include "job/bundle.h"
#include "job/bundletree.h"
#include "job/home.h"
#include "job/jobfile.h"
#include "job/options.h"
#include "job/targetconf.h"
#include "job/unpack.h"

#include "tap.h"

#define PROCESSES 8
#define EACH 20

static struct fail f;

static long
new_job(const struct home *h)
{
	struct home_new n;
	long id = -1;

	if (home_new_job(&n, h, &f) == 0 &&
	    file_write(n.fd, "job", "x", 1, 0644, &f) == 0 &&
	    home_new_publish(&n, &f) == 0)
		id = n.id;
	home_new_end(&n);
	return id;
}

static void
test_crowd(const struct home *h)
{
	int i, j, status, bad = 0;
	long *ids = NULL;
	size_t n;

	for (i = 0; i < PROCESSES; i++)
		if (fork() == 0) {
			for (j = 0; j < EACH; j++)
				if (new_job(h) == -1)
					_exit(1);
			_exit(0);
		}
	for (i = 0; i < PROCESSES; i++)
		bad += wait(&status) == -1 || status != 0;
	tap_ok(bad == 0 && home_jobs(h, &ids, &n, &f) == 0 &&
		   n == PROCESSES * EACH && ids[n - 1] == PROCESSES * EACH,
	    "many at once: each its number, none left out");
	free(ids);
}

static void
test_home(void)
{
	char dir[] = "/tmp/job-test.XXXXXX";
	struct home_new n;
	struct home h;
	long *ids, job, run;
	size_t count;

	tap_ok(mkdtemp(dir) != NULL && home_open(&h, dir, true, &f) == 0,
	    "a home is made");
	tap_ok(new_job(&h) == 1, "the first job is 1");
	tap_ok(file_remove(h.fd, "jobs/1", &f) == 0 && new_job(&h) == 2,
	    "a number is not used again when its job is gone");
	tap_ok(unlinkat(h.fd, "jobs/.next", 0) == 0 && new_job(&h) == 3,
	    "a lost .next is made again from the jobs");
	tap_ok(file_write(h.fd, "jobs/.next", "2\n", 2, 0644, &f) == 0 &&
		   new_job(&h) == 4,
	    "and one that is behind never replaces a job");
	file_remove(h.fd, "jobs", &f);
	mkdirat(h.fd, "jobs", 0700);
	test_crowd(&h);
	tap_ok(home_new_run(&n, &h, 5, &f) == 0 &&
		   home_new_publish(&n, &f) == 0 && n.id == 1,
	    "runs are numbered likewise");
	home_new_end(&n);
	tap_ok(home_run(&h, 5, 2, &f) == -1 && f.status == EX_LAGO_NOINPUT,
	    "no such run is 66");
	tap_ok(home_new_run(&n, &h, 5, &f) == 0, "a run is begun");
	home_new_end(&n);
	tap_ok(home_runs(&h, 5, &ids, &count, &f) == 0 && count == 1 &&
		   ids[0] == 1,
	    "what was not published is gone");
	free(ids);
	tap_ok(home_parse_id("7.12", &job, &run) == 0 && job == 7 && run == 12,
	    "an id of a run");
	tap_ok(home_parse_id("07", &job, &run) == -1 &&
		   home_parse_id("7.", &job, &run) == -1 &&
		   home_parse_id("1000000000", &job, &run) == -1 &&
		   home_parse_id("7x", &job, &run) == -1,
	    "what is no id");
	file_remove(AT_FDCWD, dir, &f);
	home_close(&h);
}

static bool
sets(const char *key, const char *value, const char *wanted)
{
	struct kv job = {0};
	const char *got;
	bool ok;

	if (jobfile_set(&job, key, value, "test", &f) == -1)
		ok = wanted == NULL && f.status == EX_LAGO_DATA;
	else {
		got = kv_get(&job, key);
		ok = wanted != NULL && strcmp(got ? got : "", wanted) == 0;
	}
	if (!ok)
		printf("# %s=%s\n", key, value);
	kv_release(&job);
	return ok;
}

static void
test_settings(void)
{
	struct kv job = {0};

	tap_ok(sets("cpus", "4", "4") && sets("cpus", "", "") &&
		   sets("cpus", "0", NULL) && sets("cpus", "-1", NULL) &&
		   sets("cpus", "4097", NULL) && sets("cpus", "2x", NULL) &&
		   sets("cpus", "99999999999999999999", NULL),
	    "numbers: in range, empty is the default, 0 is refused");
	tap_ok(
	    sets("deadline", "2h", "7200") && sets("deadline", "90", "90") &&
		sets("deadline", "1.5", "2") && sets("deadline", "0", NULL) &&
		sets("timeout", "0.05", "0.05") && sets("timeout", "1e3", NULL),
	    "durations");
	tap_ok(sets("driver", "libFuzzer", "libfuzzer") &&
		   sets("driver", "../afl", NULL) && sets("driver", "-a", NULL),
	    "the driver's name, as Lagopus spells it too");
	tap_ok(sets("network", "1", "1") && sets("network", "yes", NULL) &&
		   sets("mode", "qemu", "qemu") && sets("mode", "qem", NULL) &&
		   sets("mode", "qemu frida", NULL),
	    "choices");
	tap_ok(sets("dict", "./a/b.dict", "a/b.dict") &&
		   sets("dict", "/etc/passwd", NULL) &&
		   sets("dict", "a/../../b", NULL),
	    "paths stay in the bundle");
	tap_ok(sets("env.A_1", "x y", "x y") && sets("env.A-B", "", NULL) &&
		   sets("env.", "", NULL) && sets("cpu", "1", NULL),
	    "variables; an unknown key");
	jobfile_set(&job, "env.ASAN_OPTIONS", "a=1", "", &f);
	jobfile_set(&job, "env.ASAN_OPTIONS", "a=2", "", &f);
	jobfile_set(&job, "env.A", "1", "", &f);
	jobfile_set(&job, "env.A", "2", "", &f);
	tap_ok(strcmp(kv_get(&job, "env.ASAN_OPTIONS"), "a=1:a=2") == 0 &&
		   strcmp(kv_get(&job, "env.A"), "2") == 0,
	    "sanitizer options are joined, strongest last");
	kv_release(&job);
}

static int
show(const char *section, const char *key, const char *value, void *arg)
{
	buf_addf(arg, "[%s]%s=%s;", section, key, value);
	return 0;
}

static void
test_options(void)
{
	static const char text[] =
	    "; c\n[libFuzzer]\r\nMax_Len = 12\ndict: a b\n  more\n\n[env]\n"
	    "GODEBUG=x=1\nPATH=/x\nMINE=1\n[asan]\ndetect_leaks=0\na=b";
	struct buf b = BUF_INIT;
	struct kv kv = {0};

	tap_ok(options_parse(text, sizeof(text) - 1, "o", show, &b, &f) == 0 &&
		   strcmp(b.p, "[libfuzzer]max_len=12;[libfuzzer]dict=a b more;"
			       "[env]GODEBUG=x=1;[env]PATH=/x;[env]MINE=1;"
			       "[asan]detect_leaks=0;[asan]a=b;") == 0,
	    "sections, keys, continued lines");
	tap_ok(options_settings(
		   text, sizeof(text) - 1, "o", "X,MINE", &kv, &f) == 0 &&
		   strcmp(kv_get(&kv, "env.ASAN_OPTIONS"),
		       "detect_leaks=0:a=b") == 0 &&
		   strcmp(kv_get(&kv, "env.GODEBUG"), "x=1") == 0 &&
		   strcmp(kv_get(&kv, "env.MINE"), "1") == 0 &&
		   kv_get(&kv, "env.PATH") == NULL,
	    "settings: only variables that are allowed");
	tap_ok(options_parse("[a]\nb\n", 6, "o", show, &b, &f) == -1 &&
		   f.status == EX_LAGO_DATA &&
		   options_parse("a=b\n", 4, "o", show, &b, &f) == -1 &&
		   options_parse("[a\n", 3, "o", show, &b, &f) == -1 &&
		   options_parse("[a]\nb=\0\n", 8, "o", show, &b, &f) == -1,
	    "lines that are none");
	buf_release(&b);
	kv_release(&kv);
}

static void
test_tree(void)
{
	struct bundletree *t = bundletree_new(100);
	struct buf b = BUF_INIT;
	char name[16];
	int i, rc = 0;

	tap_ok(bundletree_name(".//a/./b//", &b, &f) == 0 &&
		   strcmp(b.p, "a/b") == 0 &&
		   bundletree_name("./", &b, &f) == 0 && b.len == 0 &&
		   bundletree_name("a/..", &b, &f) == -1 &&
		   bundletree_name("/a", &b, &f) == -1,
	    "names in plain form");
	tap_ok(bundletree_add(t, "a/b", BUNDLETREE_FILE, NULL, &f) == 0 &&
		   bundletree_add(t, "a", BUNDLETREE_DIR, NULL, &f) == 0 &&
		   bundletree_add(t, "a", BUNDLETREE_DIR, NULL, &f) == 0 &&
		   bundletree_add(t, "a", BUNDLETREE_FILE, NULL, &f) == -1 &&
		   bundletree_add(t, "a/b", BUNDLETREE_FILE, NULL, &f) == -1 &&
		   bundletree_add(t, "a/b/c", BUNDLETREE_DIR, NULL, &f) == -1,
	    "each name once, directories often, nothing below a file");
	tap_ok(
	    bundletree_add(t, "l", BUNDLETREE_LINK, "a", &f) == 0 &&
		bundletree_add(t, "a/m", BUNDLETREE_LINK, "../l/b", &f) == 0 &&
		bundletree_links(t, &f) == 0 &&
		bundletree_add(t, "a/n", BUNDLETREE_LINK, "../l/../..", &f) ==
		    0 &&
		bundletree_links(t, &f) == -1,
	    "links are followed through links");
	for (i = 0; rc == 0 && i < 200; i++) {
		snprintf(name, sizeof(name), "x/%d", i);
		rc = bundletree_add(t, name, BUNDLETREE_FILE, NULL, &f);
	}
	tap_ok(i > 90 && i < 101 && strstr(f.text, "too many names") != NULL,
	    "so many and no more");
	bundletree_free(t);
	buf_release(&b);
}

static int
open_dir(const char *path)
{
	int fd;

	mkdir(path, 0755);
	if ((fd = open(path, O_RDONLY | O_DIRECTORY)) == -1)
		err(1, "%s", path);
	return fd;
}

static int
seeds(const char *dir, const char *to, const char *member,
    const struct bundle_limits *l)
{
	uint64_t n;

	if (unpack_seeds(open_dir(dir), member, l, open_dir(to), &n, &f) == -1)
		errx(f.status, "%s", f.text);
	printf("%llu seeds\n", (unsigned long long)n);
	return 0;
}

static int
unpack(char **argv)
{
	struct bundle_limits l = BUNDLE_LIMITS;
	struct bundle b;
	int fd;

	if ((fd = open(argv[0], O_RDONLY)) == -1)
		err(66, "%s", argv[0]);
	if (bundle_check(fd, argv[0], &l, &b, &f) == -1)
		errx(f.status, "%s", f.text);
	bundle_release(&b);
	if (argv[4] != NULL)
		l.bytes = strtoull(argv[4], NULL, 10);
	if (unpack_bundle(fd, argv[0], &l, open_dir(argv[1]), &f) == -1)
		errx(f.status, "%s", f.text);
	return seeds(argv[1], argv[2], argv[3], &l);
}

int
main(int argc, char **argv)
{
	struct bundle_limits l = BUNDLE_LIMITS;

	if (argc > 5 && strcmp(argv[1], "unpack") == 0)
		return unpack(argv + 2);
	if (argc > 4 && strcmp(argv[1], "seeds") == 0)
		return seeds(argv[2], argv[3], argv[4], &l);
	test_home();
	test_settings();
	test_options();
	test_tree();
	return tap_end();
}
