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

#include "base/buf.h"
#include "base/fail.h"
#include "base/mem.h"
#include "base/out.h"
#include "base/strs.h"

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

/* h and V: for people, not for the job. */
static void __attribute__((noreturn)) about(int c, const char *usage)
{
	if (c == 'h')
		fputs(usage, stdout);
	else
		printf("%s %s, records %d, SQLite %s\n",
		    program_invocation_short_name, LAGO_VERSION, LAGO_RECORDS,
		    sqlite3_libversion());
	opt_exit(EX_LAGO_OK);
}

static void __attribute__((noreturn))
bad(const char *what, const char *needs, const char *value)
{
	opt_die(EX_LAGO_USAGE, "%s needs %s, not '%s'", what, needs, value);
}

static void
take_flag(const struct opt *o, const char *what, const char *value)
{
	if (value != NULL && strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
		bad(what, "0 or 1", value);
	*o->flag = value == NULL || *value == '1';
}

static void
take_number(const struct opt *o, const char *what, const char *value)
{
	char needs[80];
	int64_t v;

	snprintf(
	    needs, sizeof(needs), "a number from %ld to %ld", o->min, o->max);
	if (opt_parse_num(value, o->min, o->max, &v) == -1)
		bad(what, needs, value);
	*o->number = (long)v;
}

/* The index of a word that must be one of the row's. */
static int
take_word(const struct opt *o, const char *what, const char *value)
{
	struct buf words = BUF_INIT;

	for (int i = 0; o->words[i] != NULL; i++) {
		if (strcmp(o->words[i], value) == 0) {
			buf_release(&words);
			return i;
		}
		buf_addf(
		    &words, "%s%s", i == 0 ? "one of " : ", ", o->words[i]);
	}
	bad(what, words.p, value);
}

static void
take_call(const struct opt *o, const char *name, const char *value)
{
	struct fail f;

	if (o->call(o->arg, name, value, &f) == -1)
		opt_die(EX_LAGO_USAGE, "%s", f.text);
}

static void take_setting(const struct opt *table, const char *text);

/* what: "-c" or "-x name", for messages; value NULL: an option without one. */
static void
take(const struct opt *o, const char *what, const char *name, const char *value)
{
	int word = o->words != NULL ? take_word(o, what, value) : 0;

	if (o->flag != NULL)
		take_flag(o, what, value);
	else if (o->text != NULL)
		*o->text = value;
	else if (o->seconds != NULL) {
		if (opt_parse_duration(value, o->seconds) == -1)
			bad(what, "a duration such as 30, 10m, 2h or 1d",
			    value);
	} else if (o->number != NULL)
		take_number(o, what, value);
	else if (o->word != NULL)
		*o->word = word;
	else if (o->list != NULL)
		strs_add(o->list, value);
	else if (o->call != NULL)
		take_call(o, name, value);
	else
		take_setting(o->settings, value);
}

/* Is it the one of this row? */
static bool
named(const struct opt *o, const char *name)
{
	size_t n = strlen(o->name);

	return n == 0 || strcmp(o->name, name) == 0 ||
	       (o->name[n - 1] == '.' && strncmp(o->name, name, n) == 0 &&
		   name[n] != '\0');
}

static void
take_setting(const struct opt *table, const char *text)
{
	const char *value = strchr(text, '=');
	char *name, *what;
	size_t n;

	if (value == NULL || value == text)
		bad("-x", "name=value", text);
	name = mem_strndup(text, (size_t)(value++ - text));
	what = mem_printf("-x %s", name);
	for (; table->name != NULL && !named(table, name); table++)
		;
	if (table->name == NULL)
		opt_die(EX_LAGO_USAGE, "knows no -x %s", name);
	n = strlen(table->name);
	if (n > 0 && table->name[n - 1] == '.')
		value = text + n;
	take(table, what, name, value);
	free(name);
	free(what);
}

/* What getopt wants to know: the letters, those with a value with a colon. */
static void
letters(const struct opt *table, struct buf *b)
{
	buf_adds(b, "+hV");
	for (; table->name != NULL; table++) {
		buf_adds(b, table->name);
		if (table->flag == NULL)
			buf_addc(b, ':');
	}
}

char **
opt_read(const struct opt *table, int argc, char **argv, const char *usage)
{
	struct buf b = BUF_INIT;
	const struct opt *o;
	char what[] = "-?";
	int c;

	letters(table, &b);
	while ((c = getopt(argc, argv, b.p)) != -1) {
		if (c == 'h' || c == 'V')
			about(c, usage);
		for (o = table; o->name != NULL && o->name[0] != c; o++)
			;
		if (o->name == NULL) {
			fputs(usage, stderr);
			exit(EX_LAGO_USAGE);
		}
		what[1] = (char)c;
		take(o, what, o->name, optarg);
	}
	buf_release(&b);
	return argv + optind;
}

char **
opt_split(char **argv, char ***command, const char *usage)
{
	char **p;

	/* getopt took the "--" that stands before all operands */
	if (argv[-1] != optarg && strcmp(argv[-1], "--") == 0)
		argv--;
	for (p = argv; *p != NULL && strcmp(*p, "--") != 0; p++)
		;
	*command = *p != NULL ? p + 1 : NULL;
	if (*p != NULL && p[1] == NULL)
		opt_usage(usage, "no command behind --");
	*p = NULL;
	return argv;
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
