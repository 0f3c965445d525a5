#include "cluster/nodes.h"

#include <sched.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/opt.h"
#include "job/home.h"
#include "store/store.h"

#define NODES_MAX (1 << 20) /* bytes of the file */
#define NAME_MAX_LEN 100
#define BLANKS " \t\r"

static struct node *
append(struct nodes *nodes)
{
	nodes->v = mem_grow(nodes->v, nodes->n + 1, sizeof(*nodes->v));
	memset(&nodes->v[nodes->n], 0, sizeof(*nodes->v));
	return &nodes->v[nodes->n++];
}

static void
this_machine(struct nodes *nodes)
{
	struct node *node = append(nodes);
	cpu_set_t set;

	node->name = mem_strdup("local");
	node->engine = mem_strdup("local");
	node->arg = mem_strdup("");
	node->tags = mem_strdup("");
	node->cpus = sched_getaffinity(0, sizeof(set), &set) == 0
			 ? CPU_COUNT(&set)
			 : sysconf(_SC_NPROCESSORS_ONLN);
	node->memory =
	    sysconf(_SC_PHYS_PAGES) / (1048576 / sysconf(_SC_PAGESIZE));
}

static bool
word_valid(const char *s, const char *also)
{
	for (; *s != '\0'; s++)
		if (strchr("abcdefghijklmnopqrstuvwxyz"
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-",
			*s) == NULL &&
		    strchr(also, *s) == NULL)
			return false;
	return true;
}

/* N or ALL/N: one is 0 when it is not said. */
static bool
size_parse(char *text, int64_t most, int64_t *all, int64_t *one)
{
	char *slash = strchr(text, '/');

	if (slash != NULL) {
		*slash++ = '\0';
		if (opt_parse_num(slash, 1, most, one) != 0)
			return false;
	}
	return opt_parse_num(text, 1, most, all) == 0 && *one <= *all;
}

static int
bad_line(unsigned number, struct fail *f)
{
	return fail_set(f, EX_LAGO_CONFIG,
	    "nodes: line %u is not: NAME ENGINE[:ARG] CPUS[/RUN] "
	    "MEMORY_MB[/RUN] [TAG,TAG] [runs=COUNT]",
	    number);
}

static int
parse_line(struct nodes *nodes, char *line, unsigned number, struct fail *f)
{
	char *words[4] = {0}, *save, *colon, *w;
	struct node *node;
	size_t n = 0;

	line[strcspn(line, "#")] = '\0';
	w = strtok_r(line, BLANKS, &save);
	if (w == NULL)
		return 0;
	for (; w != NULL && n < 4; w = strtok_r(NULL, BLANKS, &save))
		words[n++] = w;
	node = append(nodes);
	colon = n > 1 ? strchr(words[1], ':') : NULL;
	if (colon != NULL)
		*colon++ = '\0';
	if (n < 4 || !word_valid(words[0], "") ||
	    strlen(words[0]) > NAME_MAX_LEN || !word_valid(words[1], "") ||
	    !size_parse(words[2], 100000, &node->cpus, &node->run_cpus) ||
	    !size_parse(
		words[3], INT64_C(1) << 40, &node->memory, &node->run_memory))
		return bad_line(number, f);
	node->name = mem_strdup(words[0]);
	node->engine = mem_strdup(words[1]);
	node->arg = mem_strdup(colon == NULL ? "" : colon);
	for (; w != NULL; w = strtok_r(NULL, BLANKS, &save)) {
		if (strncmp(w, "runs=", 5) == 0) {
			if (opt_parse_num(w + 5, 1, 100000, &node->runs_most) !=
			    0)
				return bad_line(number, f);
		} else if (node->tags == NULL && strchr(w, '=') == NULL)
			node->tags = mem_strdup(w);
		else
			return bad_line(number, f);
	}
	if (node->tags == NULL)
		node->tags = mem_strdup("");
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	const struct node *x = *(struct node *const *)a;
	const struct node *y = *(struct node *const *)b;
	int r = strcmp(x->name, y->name);

	return r != 0 ? r : (x > y) - (x < y);
}

static void
sort(struct nodes *nodes)
{
	size_t i;

	nodes->by_name = mem_array(nodes->n + 1, sizeof(struct node *));
	for (i = 0; i < nodes->n; i++)
		nodes->by_name[i] = &nodes->v[i];
	qsort(nodes->by_name, nodes->n, sizeof(struct node *), by_name);
}

int
nodes_read(struct nodes *nodes, const struct home *h, struct fail *f)
{
	struct buf text = BUF_INIT;
	unsigned number = 0;
	char *line, *rest;
	int rc;

	memset(nodes, 0, sizeof(*nodes));
	if (!file_exists(h->fd, "nodes")) {
		this_machine(nodes);
		return 0;
	}
	rc = file_read(h->fd, "nodes", NODES_MAX, &text, NULL, f);
	rest = text.p;
	while (rc == 0 && (line = strsep(&rest, "\n")) != NULL)
		rc = parse_line(nodes, line, ++number, f);
	buf_release(&text);
	if (rc == 0)
		sort(nodes);
	return rc;
}

static const struct {
	const char *verb, *word;
} states[] = {[NODE_ONLINE] = {"revive", "online"},
    [NODE_DRAINED] = {"drain", "drained"},
    [NODE_OFFLINE] = {"offline", "offline"},
    [NODE_ASIDE] = {"aside", "aside"}};
#define STATES (sizeof(states) / sizeof(states[0]))

const char *
nodes_word(enum node_state state)
{
	return states[state].word;
}

bool
nodes_open(const struct node *node)
{
	return node->state == NODE_ONLINE && !node->silent;
}

/* One event: its value is the node, for aside also until when and why. */
static void
take_event(
    struct nodes *nodes, const char *verb, char *value, int64_t at, int64_t now)
{
	struct node *node = nodes_find(nodes, strsep(&value, " "));
	size_t i;

	for (i = 0; i < STATES && strcmp(states[i].verb, verb) != 0; i++)
		;
	if (node == NULL || i == STATES)
		return;
	node->state = (enum node_state)i;
	free(node->reason);
	node->reason = NULL;
	if (node->state == NODE_ONLINE)
		node->revived = at;
	if (node->state != NODE_ASIDE)
		return;
	node->until = value == NULL ? 0 : strtoll(value, &value, 10);
	if (node->until <= now)
		node->state = NODE_ONLINE;
	else
		node->reason = mem_strdup(value + (*value == ' '));
}

int
nodes_states(struct nodes *nodes, struct store *s, int64_t now, struct fail *f)
{
	sqlite3_stmt *q = store_query(s, f,
	    "SELECT verb, value, time FROM event WHERE verb IN ('drain', "
	    "'offline', 'revive', 'aside') AND value NOTNULL ORDER BY at",
	    "");
	char *value;
	int r = -1;

	while (q != NULL && (r = store_row(s, q, f)) == 1) {
		value = mem_strdup((const char *)sqlite3_column_text(q, 1));
		take_event(nodes, (const char *)sqlite3_column_text(q, 0),
		    value, sqlite3_column_int64(q, 2), now);
		free(value);
	}
	return r;
}

/* The first of that name. */
struct node *
nodes_find(const struct nodes *nodes, const char *name)
{
	size_t low = 0, high = nodes->n, mid;

	while (nodes->by_name != NULL && low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(nodes->by_name[mid]->name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (nodes->by_name != NULL)
		return low < nodes->n &&
			       strcmp(nodes->by_name[low]->name, name) == 0
			   ? nodes->by_name[low]
			   : NULL;
	for (; low < nodes->n; low++)
		if (strcmp(nodes->v[low].name, name) == 0)
			return &nodes->v[low];
	return NULL;
}

void
nodes_release(struct nodes *nodes)
{
	size_t i;

	for (i = 0; i < nodes->n; i++) {
		free(nodes->v[i].name);
		free(nodes->v[i].engine);
		free(nodes->v[i].arg);
		free(nodes->v[i].tags);
		free(nodes->v[i].reason);
	}
	free(nodes->v);
	free(nodes->by_name);
	memset(nodes, 0, sizeof(*nodes));
}
