/*
 * lago-node: the machines of a home: list, probe, install, drain, revive.
 */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/out.h"
#include "cluster/engine.h"
#include "cluster/nodes.h"
#include "job/home.h"
#include "store/store.h"
#include "store/store_event.h"

static const char usage[] =
    "usage: lago-node [list] [-jq] [-H dir] [node...]\n"
    "       lago-node probe|install|drain|offline|revive [-jq] [-H dir]\n"
    "                 [node...]\n";

static struct out out;
static struct home home;
static struct store *store;
static struct nodes all;
static const struct node **chosen;
static size_t n;
static bool qflag;
static bool *answered; /* of those chosen, a probe */
static size_t told;    /* things that it found wanting */

static void
list(void)
{
	const struct node *node;
	sqlite3_stmt *q;
	struct fail f;
	size_t i;

	for (i = 0; i < n; i++) {
		node = chosen[i];
		out_text(&out, "node", node->name);
		out_text(&out, "engine", node->engine);
		out_text(&out, "arg", node->arg[0] != '\0' ? node->arg : NULL);
		out_int(&out, "cpus", node->cpus);
		out_int(&out, "memory", node->memory);
		out_text(
		    &out, "tags", node->tags[0] != '\0' ? node->tags : NULL);
		out_text(&out, "state", nodes_word(node->state));
		q = store_query(store, &f,
		    "SELECT count(*) FROM job j JOIN run r ON r.job = j.id "
		    "WHERE j.state = 'running' AND r.node = ?1 AND r.state IN "
		    "('starting', 'running', 'finishing')",
		    "t", node->name);
		if (q == NULL || store_row(store, q, &f) != 1)
			opt_fail(&f);
		out_int(&out, "runs", sqlite3_column_int64(q, 0));
		store_done(q);
		out_int_or(&out, "runs_most", node->runs_most, 0);
		out_int_or(&out, "until", node->until, 0);
		out_text(&out, "reason", node->reason);
		out_end(&out);
	}
}

static void
tell(const char *node, const char *key, const char *value)
{
	out_text(&out, "node", node);
	out_text(&out, "key", key);
	out_text(&out, "value", value);
	out_end(&out);
	if (strcmp(key, "missing") == 0)
		told++;
	for (size_t i = 0; i < n; i++)
		if (strcmp(chosen[i]->name, node) == 0)
			answered[i] = true;
}

static int
probe(void)
{
	int status = EX_LAGO_OK;
	struct fail f;
	size_t i;

	answered = mem_array(n + 1, sizeof(*answered));
	if (engine_probe(&home, chosen, n, tell, &f) != 0)
		status = opt_warn(&f);
	for (i = 0; i < n; i++)
		if (!answered[i]) {
			fail_set(&f, EX_LAGO_UNAVAILABLE,
			    "node %s does not answer", chosen[i]->name);
			status = fail_worse(status, opt_warn(&f));
		}
	return status == EX_LAGO_OK && told > 0 ? EX_LAGO_NO : status;
}

static int
install(void)
{
	int status = EX_LAGO_OK;
	struct fail f;
	size_t i;

	for (i = 0; i < n; i++) {
		if (engine_install(&home, chosen[i], &f) != 0) {
			status = fail_worse(status, opt_warn(&f));
			continue;
		}
		if (qflag)
			continue;
		out_text(&out, "node", chosen[i]->name);
		out_text(&out, "event", "install");
		out_end(&out);
	}
	return status;
}

/* drain, revive: a line of events first, then its row. */
static int
set(const char *verb)
{
	struct fail f;
	size_t i;

	for (i = 0; i < n; i++)
		if (store_event_append(home.fd, verb, chosen[i]->name, &f) != 0)
			return opt_warn(&f);
	if (store_begin(store, &f) != 0)
		return opt_warn(&f);
	if (store_event_take(store, 0, home.fd, NULL, &f) != 0 ||
	    store_commit(store, &f) != 0) {
		store_rollback(store);
		return opt_warn(&f);
	}
	for (i = 0; i < n && !qflag; i++) {
		out_text(&out, "node", chosen[i]->name);
		out_text(&out, "event", verb);
		out_end(&out);
	}
	return EX_LAGO_OK;
}

/* The nodes named, or all of them. */
static void
choose(char **names, bool must)
{
	struct node *node;
	size_t i;

	chosen = mem_array(all.n + 1, sizeof(*chosen));
	if (*names == NULL && must)
		opt_usage(usage, "which node?");
	for (i = 0; *names == NULL && i < all.n; i++)
		chosen[n++] = &all.v[i];
	for (; *names != NULL; names++) {
		node = nodes_find(&all, *names);
		if (node == NULL) {
			struct fail f;
			fail_set(&f, EX_LAGO_NOINPUT,
			    "node '%s' is not in nodes", *names);
			opt_fail(&f);
		}
		for (i = 0; i < n && chosen[i] != node; i++)
			;
		if (i == n)
			chosen[n++] = node;
	}
}

static int
verb_list(void)
{
	list();
	return EX_LAGO_OK;
}

static int
drain(void)
{
	return set("drain");
}

static int
offline(void)
{
	return set("offline");
}

static int
revive(void)
{
	return set("revive");
}

static const struct verb {
	const char *name;
	bool names; /* of nodes must be given */
	bool rows;  /* it needs the database, which a new home has not yet */
	enum store_mode mode;
	int (*run)(void);
} verbs[] = {{"list", false, true, STORE_READ, verb_list},
    {"probe", false, false, STORE_READ, probe},
    {"install", true, false, STORE_READ, install},
    {"drain", true, true, STORE_WRITE, drain},
    {"offline", true, true, STORE_WRITE, offline},
    {"revive", true, true, STORE_WRITE, revive}};

int
main(int argc, char **argv)
{
	const struct verb *verb = verbs;
	const char *path = NULL;
	struct fail f;
	size_t i;
	int status;
	const struct opt options[] = {{"H", .text = &path},
	    {"j", .flag = &out.json}, {"q", .flag = &qflag}, {0}};

	opt_start(argv);
	for (i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[1], verbs[i].name) == 0) {
			verb = &verbs[i];
			argc--;
			argv++;
			break;
		}
	argv = opt_read(options, argc, argv, usage);
	out_init(&out, stdout, out.json);
	if (home_open(&home, path, false, &f) != 0 ||
	    nodes_read(&all, &home, &f) != 0)
		opt_fail(&f);
	if (verb->rows &&
	    ((store = store_open(home.path, verb->mode, &f)) == NULL ||
		nodes_states(&all, store, clock_unix(), &f) != 0))
		opt_fail(&f);
	choose(argv, verb->names);
	status = verb->run();
	store_close(store);
	opt_exit(status);
}
