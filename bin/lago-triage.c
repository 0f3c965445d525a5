/*
 * lago-triage: what kind of bug, where, how bad, and which others are the same;
 * from saved output (-l), or by running each input.
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/out.h"
#include "base/strs.h"
#include "crash/record.h"
#include "crash/report.h"
#include "crash/rules.h"
#include "crash/verdict.h"

static const char usage[] =
    "usage: lago-triage [-0jqvV] [-c cpus] [-m MiB] [-o directory]\n"
    "                   [-P workers] [-r tries] [-t duration]\n"
    "                   [-x name=value]... [input...] -- command...\n"
    "       lago-triage -l [-0jqvV] [-x name=value]... [log...]\n";

enum { LOG_MAX = 64 << 20 };

struct setting {
	bool nul, json, logs, quiet;
	struct verdict_policy policy;
	struct strs ignore;
};

static bool
truth(const char *text)
{
	if (strcmp(text, "1") == 0)
		return true;
	if (strcmp(text, "0") != 0)
		errx(EX_LAGO_USAGE, "not 0 or 1: '%s'", text);
	return false;
}

static void
setting_x(struct setting *s, const char *text)
{
	const char *value = strchr(text, '=');
	size_t n = value != NULL ? (size_t)(value - text) : 0;
	struct str name = str_of(text, n);
	int64_t number;

	if (value++ == NULL)
		errx(EX_LAGO_USAGE, "not name=value: '%s'", text);
	if (str_eq(name, STR("fuzz_target")))
		s->policy.target = value;
	else if (str_eq(name, STR("report_ooms")))
		s->policy.report_ooms = truth(value);
	else if (str_eq(name, STR("assert_security")))
		s->policy.asserts_safe = !truth(value);
	else if (str_eq(name, STR("check_security")))
		s->policy.checks_unsafe = truth(value);
	else if (str_eq(name, STR("ignore")))
		strs_add(&s->ignore, value);
	else if (str_eq(name, STR("depth")) &&
		 opt_parse_num(value, 1, 64, &number) == 0)
		s->policy.depth = (int)number;
	else
		errx(EX_LAGO_USAGE, "unknown setting '%s'", text);
}

static void
options(struct setting *s, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "+0c:hjlm:o:P:qr:t:vVx:")) != -1)
		switch (c) {
		case '0':
			s->nul = true;
			break;
		case 'j':
			s->json = true;
			break;
		case 'l':
			s->logs = true;
			break;
		case 'q':
			s->quiet = true;
			break;
		case 'x':
			setting_x(s, optarg);
			break;
		default:
			opt_common(c, usage);
		}
	s->policy.ignore = &s->ignore;
}

/* Saved output, all of it. */
static int
read_log(const char *name, struct buf *text, bool *cut, struct fail *f)
{
	*cut = false;
	if (strcmp(name, "-") == 0)
		return file_read_fd(0, name, LOG_MAX, text, cut, f);
	return file_read(AT_FDCWD, name, LOG_MAX, text, cut, f);
}

static int
one_log(struct verdict *v, struct out *o, const char *name)
{
	struct record r = {.verdict = v, .log = name};
	struct buf text = BUF_INIT;
	struct fail f;

	if (read_log(name, &text, &r.truncated, &f) == -1)
		return opt_warn(&f);
	verdict_text(v, buf_str(&text), text.len);
	record_write(o, &r);
	buf_release(&text);
	return v->report->kind != NULL ? EX_LAGO_OK : EX_LAGO_NO;
}

static int
logs(struct setting *s, struct rules *rules, char **argv)
{
	struct verdict *v = verdict_new(rules, &s->policy);
	struct opt_operands operands;
	struct out o;
	int status = 0;
	char *name;

	out_init(&o, stdout, s->json);
	if (*argv == NULL && !s->nul)
		status = one_log(v, &o, "-");
	else {
		opt_operands(&operands, argv, true, s->nul, usage);
		while ((name = opt_next(&operands)) != NULL)
			status = fail_worse(status, one_log(v, &o, name));
	}
	verdict_free(v);
	return status;
}

int
main(int argc, char **argv)
{
	struct setting s = {0};
	struct rules *rules;
	struct fail f;

	opt_start(argv);
	options(&s, argc, argv);
	rules = rules_load(NULL, &f);
	if (rules == NULL)
		opt_fail(&f);
	opt_exit(logs(&s, rules, argv + optind));
}
