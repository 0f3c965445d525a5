#include "reduce/command.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sig.h"
#include "base/strs.h"
#include "reduce/oracle.h"
#include "reduce/reduce.h"
#include "reduce/shrink.h"

enum { INPUT_MAX = 256 << 20, WORD = 128, DICTIONARY = 1 << 20 };

struct word {
	char *text;
	bool variable, fixed, gone;
};

struct work {
	struct shrink *s;
	struct fail *f;
	struct buf input;
	struct word *v;
	size_t n, at; /* at: the one whose text is made shorter */
	struct verdict_key key;
	bool known, broken;
};

static bool
over(const struct work *w)
{
	return sig_got || (w->s->end > 0 && clock_mono() >= w->s->end);
}

/* The words as they are now: 1 they show the bug, 0, -1. */
static int
ask(struct work *w)
{
	struct shrink *s = w->s;
	struct strs argv = {0}, env = {0};
	struct oracle o = {0};
	struct verdict_key key;
	int rc = -1;

	for (size_t i = 0; i < w->n; i++)
		if (!w->v[i].gone)
			strs_add(w->v[i].variable ? &env : &argv, w->v[i].text);
	shrink_oracle(s, strs_argv(&argv), strs_argv(&env), &o);
	o.key = w->key;
	if (oracle_open(&o, false, w->f) == 0) {
		for (unsigned i = 0; rc <= 0 && i < s->tries && !over(w); i++) {
			s->execs++;
			rc = oracle_ask(&o, buf_str(&w->input), w->input.len, 0,
			    &key, w->f);
			if (rc == 0 && !w->known && key.crash) {
				w->key = key;
				w->known = true;
				rc = 1;
			}
		}
	}
	oracle_close(&o);
	strs_release(&argv);
	strs_release(&env);
	return rc;
}

static int
drop(struct work *w)
{
	for (size_t d = w->n / 2; d > 0; d /= 2)
		for (size_t i = w->n; i-- > 0;) {
			bool was[WORD], any = false;
			int rc;

			for (size_t k = 0; k < d && k < WORD && k <= i; k++) {
				struct word *v = &w->v[i - k];

				was[k] = v->gone;
				any |= !v->gone && !v->fixed;
				v->gone |= !v->fixed;
			}
			if (!any)
				continue;
			if (over(w))
				return -1;
			rc = ask(w);
			for (size_t k = 0;
			     rc <= 0 && k < d && k < WORD && k <= i; k++)
				w->v[i - k].gone = was[k];
			if (rc < 0 && over(w))
				return -1;
		}
	return 0;
}

/* Text of the word at w->at; of a variable what is behind its name. */
static int
test(const void *p, size_t n, void *arg)
{
	struct work *w = arg;
	struct word *v = &w->v[w->at];
	char *old = v->text;
	int name = 0, rc;

	if (over(w))
		return -1;
	if (memchr(p, '\0', n))
		return 0;
	if (v->variable)
		name = (int)(strcspn(old, "=") + 1);
	v->text = mem_printf("%.*s%.*s", name, old, (int)n, (const char *)p);
	rc = ask(w);
	if (rc > 0) {
		free(old);
		return 1;
	}
	free(v->text);
	v->text = old;
	return rc < 0 && over(w) ? -1 : 0;
}

static void
shorten(struct work *w)
{
	struct reduce r = {.test = test, .arg = w};
	struct buf text = BUF_INIT;

	for (w->at = 0; w->at < w->n && !over(w); w->at++) {
		const struct word *v = &w->v[w->at];

		if (v->gone || v->fixed)
			continue;
		buf_reset(&text);
		buf_adds(&text,
		    v->text + (v->variable ? strcspn(v->text, "=") + 1 : 0));
		reduce_input(&r, &text);
	}
	buf_release(&text);
}

static void
add(struct work *w, const char *text, bool variable, bool fixed)
{
	w->v = mem_grow(w->v, w->n + 1, sizeof *w->v);
	w->v[w->n++] = (struct word){mem_strdup(text), variable, fixed, false};
}

static void
quote(struct buf *b, const char *text)
{
	if (b->len)
		buf_addc(b, ' ');
	if (*text &&
	    text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM"
			      "NOPQRSTUVWXYZ0123456789_-+=./,:@%")] == '\0') {
		buf_adds(b, text);
		return;
	}
	buf_addc(b, '\'');
	for (; *text; text++)
		if (*text == '\'')
			buf_adds(b, "'\\''");
		else
			buf_addc(b, *text);
	buf_addc(b, '\'');
}

int
command_shrink(struct shrink *s, struct buf *shell, struct fail *f)
{
	struct work w = {.s = s, .f = f};
	int rc = file_read(AT_FDCWD, s->out, INPUT_MAX, &w.input, NULL, f);

	/* The script's answer, or the status, needs no crash to be known. */
	w.known = s->by >= ORACLE_CRASH;
	for (char *const *e = s->env; *e; e++)
		add(&w, *e, true,
		    !strncmp(*e, "PATH=", 5) && !strchr(s->argv[0], '/'));
	for (char *const *a = s->argv; *a; a++)
		add(&w, *a, false, a == s->argv || strstr(*a, "@@") != NULL);
	if (rc == 0)
		rc = ask(&w) > 0 ? 0 : -1;
	if (rc == 0 && drop(&w) == 0)
		shorten(&w);
	buf_reset(shell);
	if (rc == 0)
		buf_adds(shell, "env -i");
	for (size_t i = 0; i < w.n; i++) {
		if (rc == 0 && !w.v[i].gone)
			quote(shell, w.v[i].text);
		free(w.v[i].text);
	}
	free(w.v);
	buf_release(&w.input);
	return rc;
}

/* --- dictionaries --- */

static int
hex(char c)
{
	return isdigit((unsigned char)c)
		   ? c - '0'
		   : (tolower((unsigned char)c) - 'a') + 10;
}

/* What is between the quotes of NAME="..." */
static void
entry(const char *p, const char *end, struct strs *words)
{
	struct buf b = BUF_INIT;

	for (; p < end && *p != '"'; p++)
		if (*p == '\\' && end - p > 3 && p[1] == 'x' &&
		    isxdigit((unsigned char)p[2]) &&
		    isxdigit((unsigned char)p[3])) {
			buf_addc(&b, (char)(hex(p[2]) << 4 | hex(p[3])));
			p += 3;
		} else {
			p += *p == '\\' && end - p > 1;
			buf_addc(&b, *p);
		}
	/* A list of strings: those without NUL. */
	if (b.len > 0 && !memchr(b.p, '\0', b.len))
		strs_add(words, buf_str(&b));
	buf_release(&b);
}

int
command_words(const char *path, struct strs *words, struct fail *f)
{
	struct buf b = BUF_INIT;
	const char *p, *end, *nl, *open;

	if (file_read(AT_FDCWD, path, DICTIONARY, &b, NULL, f)) {
		buf_release(&b);
		return -1;
	}
	end = buf_str(&b) + b.len;
	for (p = buf_str(&b); p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			nl = end;
		open = memchr(p, '"', (size_t)(nl - p));
		if (open && *p != '#')
			entry(open + 1, nl, words);
	}
	buf_release(&b);
	return 0;
}
