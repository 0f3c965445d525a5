#include "reduce/oracle.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/fail.h"
#include "replay/judge.h"
#include "crash/rules.h"

static int
open_script(struct oracle *o, struct fail *f)
{
	struct exec_target t = o->target;

	strs_add(&o->argv, o->script);
	strs_add(&o->argv, "@@");
	for (char *const *a = o->target.argv; *a; a++)
		strs_add(&o->argv, *a);
	t.argv = strs_argv(&o->argv);
	o->exec = exec_open(&t, f);
	return o->exec ? 0 : -1;
}

int
oracle_open(struct oracle *o, bool leaks, struct fail *f)
{
	struct exec_target t = o->target;

	oracle_close(o);
	o->leaks = leaks;
	if (o->by == ORACLE_SCRIPT)
		return open_script(o, f);
	for (char *const *e = o->target.env; *e; e++)
		strs_add(&o->env, *e);
	exec_sanitizer_env(&o->env, leaks ? EXEC_LEAKS : 0);
	if (!o->rules && !(o->rules = rules_load(NULL, f)))
		return -1;
	t.env = strs_argv(&o->env);
	o->judge = judge_open(&t, o->rules, &o->policy, f);
	return o->judge ? 0 : -1;
}

void
oracle_close(struct oracle *o)
{
	judge_close(o->judge);
	exec_close(o->exec);
	rules_free(o->rules);
	strs_release(&o->env);
	strs_release(&o->argv);
	o->judge = NULL;
	o->exec = NULL;
	o->rules = NULL;
}

const struct exec_result *
oracle_result(const struct oracle *o)
{
	return o->exec ? exec_result(o->exec) : judge_result(o->judge);
}

bool
oracle_shows(const struct oracle *o, const struct verdict_key *key)
{
	const struct exec_result *r = oracle_result(o);

	switch (o->by) {
	case ORACLE_BUCKET:
		return verdict_same(key, &o->key);
	case ORACLE_EXACT:
		return verdict_same(key, &o->key) &&
		       !strcmp(key->exact, o->key.exact);
	case ORACLE_KIND:
		return key->crash && !strcmp(key->kind, o->key.kind);
	case ORACLE_CRASH:
		return key->crash;
	case ORACLE_STATUS:
		return r->status == o->status &&
		       (r->limit != EXEC_NO_LIMIT) == o->timeout;
	case ORACLE_SCRIPT:
		return r->limit == EXEC_NO_LIMIT && WIFEXITED(r->status) &&
		       WEXITSTATUS(r->status) == 0;
	}
	return false;
}

int
oracle_ask(struct oracle *o, const void *p, size_t n, int late,
    struct verdict_key *key, struct fail *f)
{
	struct exec_input in = {
	    .data = n ? p : "", .len = n, .wall = o->limit, .late = late};

	memset(key, 0, sizeof *key);
	if (o->exec ? exec_run(o->exec, &in, f) : judge_run(o->judge, &in, f))
		return -1;
	if (o->judge)
		verdict_key(judge_verdict(o->judge), key);
	return oracle_shows(o, key);
}

void
oracle_learn(struct oracle *o, const struct verdict_key *key)
{
	const struct exec_result *r = oracle_result(o);

	o->key = *key;
	o->status = r->status;
	o->timeout = r->limit != EXEC_NO_LIMIT;
}
