#include "base/opt.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/mem.h"
#include "base/out.h"

void
opt_start(char **argv)
{
	int fd;

	(void)argv;
	/* A descriptor that the caller closed must not become a file of ours.
	 * O_RDONLY for 1 and 2: writing there fails and is reported. */
	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
	/* A file that may not grow is an error of write, not our end. */
	signal(SIGXFSZ, SIG_IGN);
}

void
opt_common(int c, const char *usage)
{
	if (c == 'h') {
		fputs(usage, stdout);
		opt_exit(EX_LAGO_OK);
	}
	if (c == 'V') {
		printf("%s %s, records %d, SQLite %s\n",
		    program_invocation_short_name, LAGO_VERSION, LAGO_RECORDS,
		    sqlite3_libversion());
		opt_exit(EX_LAGO_OK);
	}
	fputs(usage, stderr);
	exit(EX_LAGO_USAGE);
}

static void
say(const char *fmt, va_list ap)
{
	struct fail f;

	fail_vset(&f, 0, fmt, ap);
	warnx("%s", f.text);
}

void
opt_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void
opt_die(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	exit(status);
}

void
opt_usage(const char *usage, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	fputs(usage, stderr);
	exit(EX_LAGO_USAGE);
}

int
opt_parse_num(const char *text, int64_t min, int64_t max, int64_t *v)
{
	char *end;
	long long n;

	if (*text == '\0' || text[strspn(text, "-0123456789")] != '\0')
		return -1;
	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || n < min || n > max)
		return -1;
	*v = n;
	return 0;
}

int
opt_parse_duration(const char *text, double *seconds)
{
	static const struct {
		char unit;
		double seconds;
	} units[] = {{'\0', 1}, {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	size_t digits = strspn(text, "0123456789.");
	const char *unit = text + digits;
	char *end;
	double n;
	size_t i;

	n = strtod(text, &end);
	if (digits == 0 || end != unit)
		return -1;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (*unit == units[i].unit &&
		    (*unit == '\0' || unit[1] == '\0') && isfinite(n) &&
		    n * units[i].seconds < 1e10) {
			*seconds = n * units[i].seconds;
			return 0;
		}
	return -1;
}

int64_t
opt_num(int c, const char *text, int64_t min, int64_t max)
{
	int64_t v;

	if (opt_parse_num(text, min, max, &v) != 0)
		opt_die(EX_LAGO_USAGE,
		    "-%c needs a number from %lld to %lld, not '%s'", c,
		    (long long)min, (long long)max, text);
	return v;
}

double
opt_duration(int c, const char *text)
{
	double seconds;

	if (opt_parse_duration(text, &seconds) != 0)
		opt_die(EX_LAGO_USAGE,
		    "-%c needs a duration such as 30, 10m, 2h or 1d, not '%s'",
		    c, text);
	return seconds;
}

void
opt_operands(struct opt_operands *o, char **argv, bool needed, bool nul,
    const char *usage)
{
	memset(o, 0, sizeof(*o));
	o->argv = argv;
	o->nul = nul;
	if (*argv != NULL && strcmp(*argv, "-") == 0 && argv[1] == NULL)
		o->input = true;
	else if (*argv == NULL && needed)
		o->input = true;
	if (o->input && *argv == NULL && isatty(STDIN_FILENO))
		opt_usage(usage, "nothing to work on");
	if (o->input && *argv != NULL)
		o->argv++;
}

char *
opt_next(struct opt_operands *o)
{
	ssize_t n;
	long len;

	if (!o->input)
		return *o->argv == NULL ? NULL : *o->argv++;
	for (;;) {
		n = getdelim(&o->line, &o->size, o->nul ? '\0' : '\n', stdin);
		if (n < 0) {
			if (ferror(stdin))
				err(EX_LAGO_IO, "cannot read standard input");
			return NULL;
		}
		if (n > 0 && o->line[n - 1] == (o->nul ? '\0' : '\n'))
			o->line[--n] = '\0';
		if (o->nul) {
			if (n > 0)
				return o->line;
			continue;
		}
		if (o->records && *o->line == '{')
			return o->line;
		n = (ssize_t)strcspn(o->line, "\t");
		len = out_tsv_unescape(o->line, (size_t)n);
		if (len < 0 || memchr(o->line, '\0', (size_t)len) != NULL)
			opt_die(EX_LAGO_DATA,
			    "bad escape on standard input: '%.60s'", o->line);
		o->line[len] = '\0';
		if (len > 0)
			return o->line;
	}
}

int
opt_warn(const struct fail *f)
{
	warnx("%s", f->text);
	return f->status;
}

void
opt_fail(const struct fail *f)
{
	exit(opt_warn(f));
}

void
opt_exit(int status)
{
	if (fflush(stdout) != 0 || ferror(stdout) || fclose(stdout) != 0) {
		warn("cannot write standard output");
		_exit(EX_LAGO_IO);
	}
	exit(status);
}
