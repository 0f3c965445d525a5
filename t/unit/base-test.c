/* The base library: records, key=value text, files, numbers, JSON. TAP. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/kv.h"
#include "base/opt.h"
#include "base/out.h"
#include "base/strs.h"

#include "tap.h"

static void
test_records(void)
{
	static const char raw[] = "a\tb\nc\\d\0e\r\xff";
	struct buf b = BUF_INIT;
	long n;

	out_tsv_escape(&b, raw, sizeof(raw) - 1);
	tap_ok(strcmp(b.p, "a\\tb\\nc\\\\d\\0e\\r\xff") == 0, "TSV escapes");
	n = out_tsv_unescape(b.p, b.len);
	tap_ok(n == sizeof(raw) - 1 && memcmp(b.p, raw, (size_t)n) == 0,
	    "TSV comes back byte for byte");
	tap_ok(out_tsv_unescape(strcpy(b.p, "a\\q"), 3) == -1 &&
		   out_tsv_unescape(strcpy(b.p, "a\\"), 2) == -1,
	    "an unknown or cut escape is refused");
	buf_reset(&b);
	out_json_string(&b, "\"\\\n\0\x1b\xc3\xa9\xc0\xaf\xed\xa0\x80", 12);
	tap_ok(strcmp(b.p,
		   "\"\\\"\\\\\\n\\u0000\\u001b\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd"
		   "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"") == 0,
	    "JSON text: controls escaped, bad UTF-8 replaced byte by byte");
	tap_ok(json_valid(b.p, b.len), "and it is valid JSON");
	buf_release(&b);
}

static int
join(
    const char *key, const char *type, const char *value, size_t len, void *arg)
{
	buf_addf(arg, "%s:%s:%.*s ", key, type, (int)len, value);
	return 0;
}

static void
test_json(void)
{
	static const char text[] = "{\"a\":{\"b\":[1,\"x\",null]},\"c\":true}";
	size_t n = sizeof(text) - 1;
	struct buf b = BUF_INIT;
	int64_t v = 0;

	tap_ok(json_int(text, n, "$.a.b[0]", &v) && v == 1, "a number by path");
	tap_ok(json_text(text, n, "$.a.b[1]", &b) && strcmp(b.p, "x") == 0,
	    "a text by path");
	tap_ok(!json_text(text, n, "$.a.b[2]", &b) &&
		   json_type(text, n, "$.nothing") == NULL,
	    "null and absent");
	buf_reset(&b);
	tap_ok(json_each(text, n, "$.a.b", join, &b) == 0 &&
		   strcmp(b.p, "0:integer:1 1:text:x 2:null: ") == 0,
	    "members in order");
	tap_ok(!json_valid("{\"a\":1} x", 9) && !json_valid("{\"a\":", 5) &&
		   !json_valid("", 0),
	    "what is not JSON");
	buf_release(&b);
}

static void
test_kv(void)
{
	static const char *const bad[] = {
	    "novalue", "Key=1", "a=1\na=2", "a=\\q", "=x", "env.1X=1", "a=\\0"};
	static const char text[] =
	    "# c\n\na=x\\ty = z\nenv.A_1=v\ntag=1\ntag=2\nempty=\nn=-12";
	struct kv kv = {0}, again = {0};
	struct buf b = BUF_INIT;
	struct fail f;
	size_t i;
	bool ok = true;

	tap_ok(kv_parse(&kv, text, sizeof(text) - 1, "job", &f) == 0 &&
		   kv.n == 6 && strcmp(kv_get(&kv, "a"), "x\ty = z") == 0 &&
		   kv_int(&kv, "n", 0) == -12 &&
		   *kv_get(&kv, "empty") == '\0' && kv_get(&kv, "none") == NULL,
	    "key=value lines");
	kv_format(&kv, &b);
	tap_ok(kv_parse(&again, b.p, b.len, "again", &f) == 0 &&
		   again.n == kv.n &&
		   strcmp(kv_get(&again, "a"), "x\ty = z") == 0,
	    "what is written reads the same");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		kv_release(&again);
		ok =
		    ok &&
		    kv_parse(&again, bad[i], strlen(bad[i]), "job", &f) == -1 &&
		    f.status == EX_LAGO_DATA;
	}
	tap_ok(ok, "bad lines are refused with 65");
	kv_release(&kv);
	kv_release(&again);
	buf_release(&b);
}

static void
test_numbers(void)
{
	double d;
	int64_t v;

	tap_ok(opt_parse_duration("90", &d) == 0 && d == 90 &&
		   opt_parse_duration("1.5h", &d) == 0 && d == 5400 &&
		   opt_parse_duration("2d", &d) == 0 && d == 172800,
	    "durations");
	tap_ok(
	    opt_parse_duration("", &d) && opt_parse_duration("1w", &d) &&
		opt_parse_duration("-1", &d) && opt_parse_duration("0X9", &d) &&
		opt_parse_duration("1e3", &d) &&
		opt_parse_duration("nan", &d) && opt_parse_duration("1mm", &d),
	    "what is no duration");
	tap_ok(opt_parse_num("12", 0, 12, &v) == 0 && v == 12 &&
		   opt_parse_num("13", 0, 12, &v) &&
		   opt_parse_num("", 0, 9, &v) &&
		   opt_parse_num(" 1", 0, 9, &v) &&
		   opt_parse_num("99999999999999999999", 0, INT64_MAX, &v),
	    "numbers and their range");
}

static void
test_files(int dir)
{
	char hex[HASH_HEX];
	struct buf b = BUF_INIT;
	struct strs names = {0};
	struct fail f;
	bool cut;
	int fd, other;

	tap_ok(file_write(dir, "a", "hello", 5, 0600, &f) == 0 &&
		   file_read(dir, "a", 5, &b, NULL, &f) == 0 &&
		   strcmp(b.p, "hello") == 0,
	    "a file is written and read whole");
	tap_ok(file_read(dir, "a", 4, &b, NULL, &f) == -1 &&
		   f.status == EX_LAGO_DATA &&
		   file_read(dir, "a", 4, &b, &cut, &f) == 0 && cut &&
		   b.len == 4,
	    "more than the limit is an error, or cut where asked for");
	tap_ok(symlinkat("a", dir, "link") == 0 &&
		   mkfifoat(dir, "p", 0600) == 0 &&
		   file_read(dir, "link", 9, &b, NULL, &f) == -1 &&
		   file_read(dir, "p", 9, &b, NULL, &f) == -1 &&
		   f.status == EX_LAGO_NOINPUT,
	    "links and fifos are not read");
	tap_ok(file_link(dir, "a", dir, "b", &f) == 0 &&
		   file_link(dir, "a", dir, "b", &f) == 1,
	    "linking twice is harmless");
	fd = openat(dir, "a", O_RDONLY);
	tap_ok(hash_fd(fd, hex) == 0 &&
		   strcmp(hex, "2cf24dba5fb0a30e26e83b2ac5b9e29e"
			       "1b161e5c1fa7425e73043362938b9824") == 0,
	    "SHA-256 of a file");
	close(fd);
	fd = file_lock(dir, "lock", 0, &f);
	other = file_lock(dir, "lock", 0, &f);
	tap_ok(fd >= 0 && other == -1 && f.status == EX_LAGO_TEMP,
	    "a lock is held by one");
	close(fd);
	tap_ok(file_mkdirs(dir, "d/e/f", 0700, &f) == 0 &&
		   file_mkdirs(dir, "d/e/f", 0700, &f) == 0 &&
		   file_write(dir, "d/e/f/x", "", 0, 0600, &f) == 0 &&
		   fchmodat(dir, "d/e", 0, 0) == 0 &&
		   file_remove(dir, "d", &f) == 0 && !file_exists(dir, "d") &&
		   file_remove(dir, "d", &f) == 0,
	    "a tree is made and removed, permissions or not");
	tap_ok(file_list(dir, ".", &names, &f) == 0 && names.n == 5 &&
		   strcmp(names.v[0], "a") == 0,
	    "a listing has no temporary file left");
	strs_release(&names);
	buf_release(&b);
}

static void
test_children(void)
{
	char *cat[] = {(char *)"cat", NULL},
	     *none[] = {(char *)"./nothing-here", NULL};
	char *yes[] = {(char *)"yes", NULL},
	     *nap[] = {(char *)"sleep", (char *)"60", NULL};
	struct buf big = BUF_INIT, b = BUF_INIT;
	struct fail f;
	int status = -1, i;

	for (i = 0; i < 200000; i++)
		buf_addf(&big, "%d\n", i);
	tap_ok(child_run(cat, NULL, NULL, big.p, big.len, 30, 1 << 24, &b,
		   &status, &f) == 0 &&
		   status == 0 && b.len == big.len &&
		   memcmp(b.p, big.p, b.len) == 0,
	    "a megabyte goes through a child and back");
	tap_ok(
	    child_run(none, NULL, NULL, "", 0, 5, 10, &b, &status, &f) == -1 &&
		f.status == EX_LAGO_UNAVAILABLE,
	    "a program that is not there is 69");
	tap_ok(child_run(yes, NULL, NULL, "", 0, 30, 1000, &b, &status, &f) ==
		       -1 &&
		   strstr(f.text, "too much") != NULL,
	    "too much output stops it");
	tap_ok(
	    child_run(nap, NULL, NULL, "", 0, 0.1, 10, &b, &status, &f) == -1 &&
		strstr(f.text, "too long") != NULL,
	    "the time limit stops it");
	buf_release(&big);
	buf_release(&b);
}

int
main(void)
{
	char name[] = "/tmp/lago-base-XXXXXX";
	struct fail f;
	int dir;

	if (mkdtemp(name) == NULL || (dir = open(name, O_DIRECTORY)) < 0)
		return 1;
	test_records();
	test_json();
	test_kv();
	test_numbers();
	test_files(dir);
	test_children();
	tap_ok(fail_worse(1, 75) == 75 && fail_worse(75, 65) == 65 &&
		   fail_worse(65, 74) == 65 && fail_worse(0, 1) == 1,
	    "the first hard status wins, then 75, then 1");
	file_remove(AT_FDCWD, name, &f);
	return tap_end();
}
