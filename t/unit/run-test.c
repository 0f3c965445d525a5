/* What runs read from strangers, and what they remember: pure functions. TAP. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/kv.h"
#include "base/strs.h"
#include "job/plugin.h"
#include "job/rundir.h"
#include "run/inside.h"
#include "run/needed.h"
#include "run/seen.h"

#include "tap.h"

#define BYTES(s) (s), sizeof(s) - 1

static void
test_plugin(void)
{
	struct plugin_command c;
	struct strs items = {0};
	struct kv kv = {0};
	struct fail f = {0};

	tap_ok(plugin_command(BYTES("A=1\0B=\0\0./t\0@@\0\0stdin\0"
				    "crash_status 86\0"),
		   "x", &c, &f) == 0 &&
		   c.env.n == 2 && c.argv.n == 2 && c.more.n == 2 &&
		   strcmp(c.more.v[1], "crash_status 86") == 0,
	    "a command: environment, vector, more");
	plugin_command_release(&c);
	tap_ok(plugin_command(BYTES("\0./t\0"), "x", &c, &f) == 0 &&
		   c.env.n == 0 && c.argv.n == 1,
	    "an empty environment");
	plugin_command_release(&c);
	tap_ok(plugin_command(BYTES(""), "x", &c, &f) == -1 && f.status == 65,
	    "nothing is no command");
	tap_ok(plugin_command(BYTES("A=1\0\0"), "x", &c, &f) == -1,
	    "an environment alone is none");
	tap_ok(plugin_command(BYTES("./t\0\0./t\0"), "x", &c, &f) == -1,
	    "an environment has names and values");
	plugin_items(BYTES("a\0b\nc\0cut"), &items);
	tap_ok(items.n == 2 && strcmp(items.v[1], "b\nc") == 0,
	    "items end with NUL, a cut one is left out");
	strs_release(&items);
	plugin_lines(BYTES("a\t1\nno tab\n\tno key\nb\tx\\ty\nb\\q\n"), &kv);
	tap_ok(kv.n == 2 && strcmp(kv_get(&kv, "b"), "x\ty") == 0,
	    "lines key TAB value, others are left out");
	kv_release(&kv);
	tap_ok(
	    plugin_probe(BYTES("protocol\t1\nmissing\tjq\n"), "x", &f) == -1 &&
		strstr(f.text, "jq") != NULL,
	    "a probe names what is missing");
	tap_ok(plugin_probe(BYTES("protocol\t2\n"), "x", &f) == -1,
	    "another protocol is refused");
}

static void
test_reasons(void)
{
	const struct rundir_reason *r = rundir_reason("quota: 20 GiB");

	tap_ok(r != NULL && r->fault == RUNDIR_JOB &&
		   strcmp(r->state, "failed") == 0,
	    "a reason is its first word");
	tap_ok(rundir_reason("quot") == NULL && rundir_reason("") == NULL &&
		   rundir_reason(NULL) == NULL,
	    "no other word is one");
	tap_ok(rundir_ended("lost") && !rundir_ended("finishing") &&
		   !rundir_ended(NULL),
	    "states that end a run");
}

static void
test_needed(void)
{
	static const char text[] = "./a:\n\tlinux-vdso.so.1 (0x7f)\n"
				   "\tlibx.so.1 => not found\n"
				   "\tlibc.so.6 => /lib/libc.so.6 (0x7f)\n"
				   "./b:\n\tlibx.so.1 => not found\n"
				   "\tlib y.so => not found";
	struct strs names = {0};

	needed_missing(BYTES(text), &names);
	tap_ok(names.n == 2 && strcmp(names.v[0], "libx.so.1") == 0 &&
		   strcmp(names.v[1], "lib y.so") == 0,
	    "missing libraries, each once");
	strs_release(&names);
}

static void
test_seen(void)
{
	struct seen s = {0};
	bool good = true;
	char key[32];
	long i;

	for (i = 1; i <= 5000; i++) {
		snprintf(key, sizeof(key), "key %ld", i);
		*seen_put(&s, key) = (void *)i;
	}
	for (i = 1; i <= 5000; i++) {
		snprintf(key, sizeof(key), "key %ld", i);
		good &= seen_find(&s, key) != NULL &&
			*seen_find(&s, key) == (void *)i;
	}
	tap_ok(good && s.n == 5000 && seen_find(&s, "key 0") == NULL,
	    "a set of 5000");
	seen_release(&s);
}

/* A target has put links where we read and write. */
static void
test_inside(void)
{
	char dir[] = "/tmp/lago-run-test.XXXXXX";
	struct buf b = BUF_INIT;
	int fd;

	if (mkdtemp(dir) == NULL || (fd = open(dir, O_RDONLY)) < 0 ||
	    mkdirat(fd, "work", 0755) != 0 || mkdirat(fd, "other", 0755) != 0 ||
	    symlinkat("../other", fd, "work/link") != 0 ||
	    symlinkat("/etc/passwd", fd, "work/file") != 0)
		exit(1);
	close(fd);
	fd = open(dir, O_RDONLY);
	fd = openat(fd, "work", O_RDONLY);
	tap_ok(inside_read(fd, "file", 1 << 20, &b) == -1 &&
		   inside_read(fd, "../other/x", 1 << 20, &b) == -1 &&
		   inside_read(fd, "/etc/passwd", 1 << 20, &b) == -1,
	    "no link and no way out is read");
	tap_ok(inside_write(fd, "link/x", "x", 1, 0644) == -1 &&
		   faccessat(fd, "../other/x", F_OK, 0) != 0,
	    "nothing is written through a link");
	tap_ok(inside_write(fd, "file", "abcdef", 6, 0644) == 0 &&
		   inside_read(fd, "file", 6, &b) == 0 && b.len == 6,
	    "a link in the place of a file is replaced");
	tap_ok(inside_read(fd, "file", 5, &b) == -1, "no more than allowed");
	tap_ok(inside_read_ends(fd, "file", 4, &b) == 0 &&
		   strncmp(b.p, "ab", 2) == 0 &&
		   strcmp(b.p + b.len - 2, "ef") == 0,
	    "head and tail of a larger one");
	tap_ok(inside_dir(fd, "link") >= 0 &&
		   inside_write(fd, "link/x", "x", 1, 0644) == 0 &&
		   faccessat(fd, "../other/x", F_OK, 0) != 0,
	    "a link in the place of a directory is replaced");
	inside_remove(fd, "link");
	tap_ok(faccessat(fd, "link", F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
		   faccessat(fd, "../other", F_OK, 0) == 0,
	    "a tree is removed, nothing else");
	buf_release(&b);
	unlinkat(fd, "file", 0);
	unlinkat(fd, "../other", AT_REMOVEDIR);
	unlinkat(fd, "../work", AT_REMOVEDIR);
	rmdir(dir);
}

int
main(void)
{
	test_plugin();
	test_reasons();
	test_needed();
	test_seen();
	test_inside();
	return tap_end();
}
