#include "job/jobfile.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/kv.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/paths.h"
#include "base/strs.h"
#include "job/bundle.h"
#include "job/home.h"
#include "job/options.h"
#include "job/targetconf.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"
#define JOB_MAX (1 << 20)
#define JOB_LINES 10000 /* kv_parse compares each key with all before it */
#define DAY 86400.0

#define NAME LOWER UPPER DIGIT "@_.-"

const struct jobfile_key jobfile_keys[] = {
    {"driver", "driver", NULL, JOBFILE_WORD, 1, 40, LOWER DIGIT "_-"},
    {"name", "name", NULL, JOBFILE_WORD, 1, 63, LOWER DIGIT "-"},
    {"target", "name", NULL, JOBFILE_WORD, 1, 100, NAME},
    {"project", "name", NULL, JOBFILE_WORD, 1, 100, NAME},
    {"cpus", "count", "2", JOBFILE_NUMBER, 1, 4096, NULL},
    {"memory", "MiB", "2048", JOBFILE_NUMBER, 16, 1 << 24, NULL},
    {"disk", "MiB", "20480", JOBFILE_NUMBER, 16, 1 << 30, NULL},
    {"deadline", "duration", "3600", JOBFILE_DURATION, 1, 3650 * DAY, NULL},
    {"timeout", "duration", NULL, JOBFILE_DURATION, 0.001, 3600, NULL},
    {"provision_timeout", "duration", "600", JOBFILE_DURATION, 1, DAY, NULL},
    {"priority", "number", "50", JOBFILE_NUMBER, 0, 99, NULL},
    {"owner", "name", NULL, JOBFILE_WORD, 1, 100, NAME},
    {"every", "duration", NULL, JOBFILE_DURATION, 1, 3650 * DAY, NULL},
    {"max_age", "duration", NULL, JOBFILE_DURATION, 1, 3650 * DAY, NULL},
    {"retries", "count", "3", JOBFILE_NUMBER, 0, 100, NULL},
    {"shards", "count", "1", JOBFILE_NUMBER, 1, 1000, NULL},
    {"tag", "tag", NULL, JOBFILE_WORD, 1, 64, NAME ":"},
    {"needs", "tag[,tag]", NULL, JOBFILE_WORD, 1, 1000, NAME ":,"},
    {"corpus_reuse", "0|1", "1", JOBFILE_CHOICE, 0, 0, "0 1"},
    {"corpus_from", "name[,name]", NULL, JOBFILE_WORD, 1, 1000, NAME ","},
    {"network", "0|1", "0", JOBFILE_CHOICE, 0, 0, "0 1"},
    {"sandbox", "auto|no", "auto", JOBFILE_CHOICE, 0, 0, "auto no"},
    {"mode", "mode", NULL, JOBFILE_CHOICE, 0, 0, "qemu frida dumb"},
    {"args", "words", NULL, JOBFILE_TEXT, 0, 10000, NULL},
    {"dict", "path", NULL, JOBFILE_PATH, 1, 1000, NULL},
    {"template", "name", NULL, JOBFILE_WORD, 1, 100, NAME},
    {"env.", "text", NULL, JOBFILE_TEXT, 0, 100000, NULL},
    {NULL, NULL, NULL, JOBFILE_TEXT, 0, 0, NULL}};

/* Not a bundle's to say: variables that are lago's own, and whose share of the
 * nodes it takes. */
static const char *const ours[] = {"env.AFL_AUTORESUME", "env.AFL_BENCH_",
    "env.AFL_EXIT_", "env.AFL_NO_SYNC", "env.AFL_TMPDIR", "owner", NULL};

/* The place of a key in the table, or of its end. */
static size_t
find_key(const char *key)
{
	size_t i;

	for (i = 0; jobfile_keys[i].name != NULL; i++)
		if (strcmp(jobfile_keys[i].name, key) == 0 ||
		    (strcmp(jobfile_keys[i].name, "env.") == 0 &&
			strncmp(key, "env.", 4) == 0))
			break;
	return i;
}

static bool
is_variable(const char *name)
{
	return *name != '\0' && strchr(DIGIT, *name) == NULL &&
	       name[strspn(name, LOWER UPPER DIGIT "_")] == '\0';
}

/* A word of a list with blanks between. */
static bool
is_choice(const char *set, const char *value)
{
	size_t n = strlen(value);
	const char *p;

	if (n == 0 || strchr(value, ' ') != NULL)
		return false;
	for (p = set; (p = strstr(p, value)) != NULL; p += n)
		if ((p == set || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

/* Relative, and no way out. */
static bool
is_inside(const char *path)
{
	const char *p;
	size_t n;

	for (p = path; *p != '\0'; p += n + strspn(p + n, "/")) {
		n = strcspn(p, "/");
		if (n == 2 && strncmp(p, "..", 2) == 0)
			return false;
	}
	return *path != '/';
}

/* Into canonical form in b; false when it does not fit the rule. */
static bool
convert(const struct jobfile_key *r, const char *value, struct buf *b)
{
	size_t n = strlen(value);
	double seconds;
	int64_t number;

	switch (r->type) {
	case JOBFILE_NUMBER:
		if (opt_parse_num(
			value, (int64_t)r->min, (int64_t)r->max, &number) == -1)
			return false;
		buf_addf(b, "%lld", (long long)number);
		return true;
	case JOBFILE_DURATION:
		if (opt_parse_duration(value, &seconds) == -1 ||
		    seconds < r->min || seconds > r->max)
			return false;
		/* readers of long ones expect whole seconds */
		buf_addf(b, "%.15g", r->min >= 1 ? ceil(seconds) : seconds);
		return true;
	case JOBFILE_CHOICE:
		if (!is_choice(r->set, value))
			return false;
		break;
	case JOBFILE_WORD:
		if (strspn(value, r->set) != n || *value == '-')
			return false;
		break;
	case JOBFILE_PATH:
		if (!is_inside(value))
			return false;
		if (strncmp(value, "./", 2) == 0)
			value += 2;
		break;
	case JOBFILE_TEXT:
		break;
	}
	buf_adds(b, value);
	return r->type == JOBFILE_CHOICE ||
	       (n >= (size_t)r->min && n <= (size_t)r->max);
}

static bool
has_pair(const struct kv *kv, const char *key, const char *value)
{
	size_t i;

	for (i = 0; i < kv->n; i++)
		if (strcmp(kv->v[i].key, key) == 0 &&
		    strcmp(kv->v[i].value, value) == 0)
			return true;
	return false;
}

/* A stronger layer's value over a weaker one's. */
static void
put(struct kv *job, const char *key, const char *value)
{
	const char *before = kv_get(job, key);
	size_t n = strlen(key);

	if (strcmp(key, "tag") == 0) {
		if (!has_pair(job, key, value))
			kv_add(job, key, value);
	} else if (strncmp(key, "env.", 4) == 0 && n > 8 &&
		   strcmp(key + n - 8, "_OPTIONS") == 0 && before != NULL &&
		   *before != '\0' && strcmp(before, value) != 0) {
		kv_setf(job, key, "%s:%s", before, value);
	} else {
		kv_set(job, key, value);
	}
}

int
jobfile_set(struct kv *job, const char *key, const char *value,
    const char *where, struct fail *f)
{
	size_t i = find_key(key);
	struct buf b = BUF_INIT;
	char *small = NULL, *p;
	int rc = 0;

	if (jobfile_keys[i].name == NULL)
		return fail_set(
		    f, EX_LAGO_DATA, "%s: unknown key '%.60s'", where, key);
	if (strncmp(key, "env.", 4) == 0 && !is_variable(key + 4))
		return fail_set(f, EX_LAGO_DATA,
		    "%s: '%.60s' is no name of a variable", where, key + 4);
	/* An empty field of a form means the default. */
	if (*value == '\0' && jobfile_keys[i].type != JOBFILE_TEXT)
		return 0;
	if (strcmp(key, "driver") == 0) { /* Lagopus spells it libFuzzer */
		small = mem_strdup(value);
		for (p = small; *p != '\0'; p++)
			*p = (char)tolower((unsigned char)*p);
		value = small;
	}
	if (!convert(&jobfile_keys[i], value, &b))
		rc = fail_set(f, EX_LAGO_DATA, "%s: %s='%.100s' is not valid",
		    where, key, value);
	else
		put(job, key, buf_str(&b));
	free(small);
	buf_release(&b);
	return rc;
}

int
jobfile_option(void *job, const char *name, const char *value, struct fail *f)
{
	static const struct {
		char letter;
		const char *key;
	} letters[] = {{'D', "driver"}, {'g', "tag"}, {'m', "memory"},
	    {'p', "priority"}, {'P', "cpus"}, {'t', "deadline"}};
	char where[] = "-x";

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (name[0] == letters[i].letter && name[1] == '\0') {
			where[1] = *name;
			name = letters[i].key;
			break;
		}
	if (where[1] != 'x' && *value == '\0')
		return fail_set(f, EX_LAGO_USAGE, "%s: empty value", where);
	return jobfile_set(job, name, value, where, f);
}

static int
add_layer(struct kv *job, const struct kv *layer, const char *where, int status,
    bool strict, struct fail *f)
{
	size_t i;

	for (i = 0; i < layer->n; i++) {
		if (!strict &&
		    jobfile_keys[find_key(layer->v[i].key)].name == NULL)
			continue; /* config has keys of others */
		if (jobfile_set(job, layer->v[i].key, layer->v[i].value, where,
			f) == -1) {
			f->status = status;
			return -1;
		}
	}
	return 0;
}

/* The layers as they were found, weakest first in the end. */
struct layers {
	const struct bundle *b;
	const struct bundle_target *target;
	struct kv config, template, bundle, job;
	const struct kv *options;
};

static const char *
strongest(const struct layers *l, const char *key)
{
	const char *v;

	if ((v = kv_get(l->options, key)) == NULL &&
	    (v = kv_get(&l->job, key)) == NULL)
		v = kv_get(&l->config, key);
	return v != NULL && *v != '\0' ? v : NULL;
}

static int
read_template(struct layers *l, const struct home *home, struct fail *f)
{
	const char *name = strongest(l, "template");
	struct kv check = {0};
	char *path;
	int rc;

	if (name == NULL)
		return 0;
	rc = jobfile_set(&check, "template", name, "template", f);
	kv_release(&check);
	if (rc == -1)
		return -1;
	path = mem_printf("templates/%s", name);
	rc = home == NULL ? fail_set(f, EX_LAGO_NOINPUT,
				"no home, so no template '%s'", name)
			  : kv_read(&l->template, home->fd, path, JOB_MAX, f);
	free(path);
	return rc;
}

/* Drop what the bundle must not decide. */
static void
drop_ours(struct kv *kv, struct strs *notes, const char *where)
{
	size_t i, j, to = 0;

	for (i = 0; i < kv->n; i++) {
		for (j = 0; ours[j] != NULL; j++)
			if (strncmp(kv->v[i].key, ours[j], strlen(ours[j])) ==
			    0)
				break;
		if (ours[j] == NULL) {
			kv->v[to++] = kv->v[i];
			continue;
		}
		if (notes != NULL)
			strs_addf(notes, "%s: %.60s is lago's own, dropped",
			    where,
			    kv->v[i].key +
				(strncmp(kv->v[i].key, "env.", 4) == 0 ? 4
								       : 0));
		free(kv->v[i].key);
		free(kv->v[i].value);
	}
	kv->n = to;
}

/* What the builds say themselves, when nobody else says it. */
static const char *
guess_driver(const struct layers *l)
{
	const char *driver;

	if ((driver = kv_get(l->options, "driver")) != NULL && *driver != '\0')
		return driver;
	if ((driver = kv_get(&l->job, "driver")) != NULL && *driver != '\0')
		return driver;
	if (l->b->driver)
		return "bundle";
	if (l->b->conf)
		return "afl";
	if ((driver = kv_get(&l->template, "driver")) != NULL ||
	    (driver = kv_get(&l->config, "driver")) != NULL)
		return driver;
	return l->target->afl	      ? "afl"
	       : l->target->libfuzzer ? "libfuzzer"
				      : NULL;
}

static int
check_driver(const struct layers *l, const char *driver, struct fail *f)
{
	char *path;
	int rc = 0;

	if (strcmp(driver, "bundle") == 0)
		return l->b->driver
			   ? 0
			   : fail_set(f, EX_LAGO_DATA,
				 "the bundle has no driver of its own");
	path = paths_plugin("driver", driver);
	if (path == NULL || access(path, X_OK) == -1)
		rc = fail_set(
		    f, EX_LAGO_UNAVAILABLE, "no driver '%.60s'", driver);
	free(path);
	return rc;
}

/* The settings inside the bundle that are not ours: of afl-multicore for its
 * driver, of ClusterFuzz for every driver. */
static int
read_bundle(struct layers *l, const char *driver, struct fail *f)
{
	const struct bundle_target *t = l->target;
	const char *allow = kv_get(&l->config, "options_env");
	struct fail why;
	char *name;
	int rc = 0;

	if (t->options) {
		name = mem_printf("%s.options", t->name);
		rc = options_settings(buf_str(&t->options_text),
		    t->options_text.len, name, allow, &l->bundle, &why);
		free(name);
	}
	if (rc == 0 && l->b->conf && strcmp(driver, "afl") == 0)
		rc = targetconf_parse(buf_str(&l->b->conf_text),
		    l->b->conf_text.len, &l->bundle, &why);
	if (rc == -1)
		fail_set(f, EX_LAGO_DATA, "%s", why.text);
	return rc;
}

static int
read_job(struct layers *l, struct fail *f)
{
	const struct buf *b = &l->b->job_text;
	size_t i, lines = 0;

	for (i = 0; i < b->len; i++)
		lines += b->p[i] == '\n';
	if (lines > JOB_LINES)
		return fail_set(
		    f, EX_LAGO_DATA, "'job' has more than %d lines", JOB_LINES);
	return l->b->job ? kv_parse(&l->job, buf_str(b), b->len, "'job'", f)
			 : 0;
}

static int
merge(struct layers *l, struct kv *all, struct fail *f)
{
	size_t i;

	for (i = 0; jobfile_keys[i].name != NULL; i++)
		if (jobfile_keys[i].otherwise != NULL)
			kv_set(all, jobfile_keys[i].name,
			    jobfile_keys[i].otherwise);
	if (add_layer(all, &l->config, "config", EX_LAGO_CONFIG, false, f) ==
		-1 ||
	    add_layer(all, &l->template, "template", EX_LAGO_CONFIG, true, f) ==
		-1 ||
	    add_layer(all, &l->bundle,
		l->b->conf ? "'target.conf'" : "its .options", EX_LAGO_DATA,
		true, f) == -1 ||
	    add_layer(all, &l->job, "'job'", EX_LAGO_DATA, true, f) == -1)
		return -1;
	return add_layer(all, l->options, "option", EX_LAGO_USAGE, true, f);
}

/* A file's name without directory and the suffix of its archive, in bytes that
 * a name may have, others replaced. */
static char *
plain_name(const char *path, const char *set, char other, size_t max)
{
	static const char *const suffixes[] = {".gz", ".bz2", ".xz", ".zst",
	    ".tar", ".tgz", ".tbz2", ".tbz", ".txz", ".zip", ".7z", ".cpio",
	    NULL};
	const char *slash = strrchr(path, '/');
	char *s = mem_strdup(slash != NULL ? slash + 1 : path), *p;
	size_t i, n;

	for (i = 0; suffixes[i] != NULL; i++) {
		n = strlen(suffixes[i]);
		if (strlen(s) > n &&
		    strcasecmp(s + strlen(s) - n, suffixes[i]) == 0)
			s[strlen(s) - n] = '\0';
	}
	for (p = s; *p != '\0'; p++) {
		if (strchr(set, *p) == NULL)
			*p = (char)tolower((unsigned char)*p);
		if (strchr(set, *p) == NULL)
			*p = other;
	}
	n = strspn(s, "-.");
	p = s[n] != '\0' ? mem_strndup(s + n, max) : mem_strdup("x");
	free(s);
	return p;
}

static void
default_names(struct layers *l, struct kv *all, const char *path)
{
	bool given = kv_get(all, "target") != NULL;
	char *s;

	if (kv_get(all, "name") == NULL) {
		s = plain_name(
		    path, jobfile_keys[find_key("name")].set, '-', 63);
		kv_set(all, "name", s);
		free(s);
	}
	if (!given && l->b->shape == BUNDLE_OSSFUZZ) {
		kv_set(all, "target", l->target->name);
		given = true;
	} else if (!given) {
		s = plain_name(
		    path, jobfile_keys[find_key("target")].set, '_', 100);
		kv_set(all, "target", s);
		free(s);
	}
	kv_set(all, "named", given ? "1" : "0");
	if (kv_get(all, "project") == NULL)
		kv_set(all, "project", kv_get(all, "target"));
	if (kv_get(all, "dict") == NULL && l->target->dict)
		kv_setf(all, "dict", "%s.dict", l->target->name);
}

/* In the order of the table, so that job files are read and compared easily. */
static void
write_out(const struct layers *l, const struct kv *all, struct kv *job)
{
	const char *name;
	size_t i, j;

	for (i = 0; (name = jobfile_keys[i].name) != NULL; i++)
		for (j = 0; j < all->n; j++)
			if (find_key(all->v[j].key) == i)
				kv_add(job, all->v[j].key, all->v[j].value);
	kv_set(job, "member", l->target->name);
	kv_set(job, "named", kv_get(all, "named"));
	kv_set(job, "shape",
	    l->b->shape == BUNDLE_LAGOPUS ? "lagopus" : "oss-fuzz");
	kv_set(job, "build", l->b->build);
}

static int
resolve(struct layers *l, const char *name, const struct home *home,
    struct kv *all, struct strs *notes, struct fail *f)
{
	const char *driver;

	if (home != NULL && home_config(home, &l->config, f) == -1)
		return -1;
	if (read_job(l, f) == -1 || read_template(l, home, f) == -1)
		return -1;
	if ((driver = guess_driver(l)) == NULL)
		return fail_set(f, EX_LAGO_DATA,
		    "'%.200s' shows no fuzzer it was built for: name a driver",
		    l->target->name);
	if (read_bundle(l, driver, f) == -1)
		return -1;
	drop_ours(&l->bundle, notes, "bundle");
	drop_ours(&l->job, notes, "'job'");
	if (merge(l, all, f) == -1)
		return -1;
	if (jobfile_set(all, "driver", driver, "driver", f) == -1)
		return -1;
	default_names(l, all, name);
	return check_driver(l, kv_get(all, "driver"), f);
}

int
jobfile_resolve(const struct bundle *b, const char *target, const char *name,
    const struct kv *options, const struct home *home, struct kv *job,
    struct strs *notes, struct fail *f)
{
	static const struct kv none;
	struct layers l = {.b = b, .target = bundle_find(b, target)};
	struct kv all = {0};
	struct fail why;
	int rc;

	l.options = options != NULL ? options : &none;
	if (l.target == NULL)
		return fail_set(f, EX_LAGO_NOINPUT,
		    "'%.300s': no target '%.100s'", name, target);
	rc = resolve(&l, name, home, &all, notes, &why);
	if (rc == 0)
		write_out(&l, &all, job);
	else if (why.status == EX_LAGO_DATA)
		fail_set(f, why.status, "'%.300s': %s", name, why.text);
	else
		*f = why;
	kv_release(&all);
	kv_release(&l.config);
	kv_release(&l.template);
	kv_release(&l.bundle);
	kv_release(&l.job);
	return rc;
}

int
jobfile_read(int dir, struct kv *job, struct fail *f)
{
	return kv_read(job, dir, "job", JOB_MAX, f);
}
