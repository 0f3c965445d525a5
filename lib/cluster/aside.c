#include "cluster/aside.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "cluster/nodes.h"
#include "cluster/policy.h"
#include "job/home.h"
#include "store/store.h"
#include "store/store_event.h"

#define FAILING "jobs/.failing"
#define FAILING_MAX (1 << 20)

void
aside_read(struct nodes *nodes, const struct home *h)
{
	struct buf text = BUF_INIT;
	char *rest, *line, *name;
	struct node *node;
	int64_t count, at;

	if (file_read(h->fd, FAILING, FAILING_MAX, &text, NULL, NULL) != 0)
		return;
	rest = text.p;
	while ((line = strsep(&rest, "\n")) != NULL) {
		name = strsep(&line, "\t");
		if (line == NULL || (node = nodes_find(nodes, name)) == NULL ||
		    sscanf(line, "%" SCNd64 "\t%" SCNd64, &count, &at) != 2)
			continue;
		if (at >= node->revived) {
			node->failures = count;
			node->failed_at = at;
		}
	}
	buf_release(&text);
}

static int
write_counts(const struct nodes *nodes, const struct home *h, struct fail *f)
{
	struct buf text = BUF_INIT;
	const struct node *node;
	size_t i;
	int rc;

	for (i = 0; i < nodes->n; i++) {
		node = &nodes->v[i];
		if (node->failures > 0)
			buf_addf(&text, "%s\t%" PRId64 "\t%" PRId64 "\n",
			    node->name, node->failures, node->failed_at);
	}
	rc = file_write(h->fd, FAILING, buf_str(&text), text.len, 0600, f);
	buf_release(&text);
	return rc;
}

/* A line of events, then its row. */
static int
set_aside(struct node *node, const struct home *h, struct store *s,
    int64_t until, struct fail *f)
{
	char *value = mem_printf("%s %" PRId64 " %s", node->name, until,
	    node->reason == NULL ? "node" : node->reason);
	int rc = store_event_append(h->fd, "aside", value, f);

	free(value);
	if (rc == 0)
		rc = store_begin(s, f);
	if (rc != 0)
		return -1;
	if (store_event_take(s, 0, h->fd, NULL, f) == 0)
		return store_commit(s, f);
	store_rollback(s);
	return -1;
}

int
aside_judge(struct nodes *nodes, const struct home *h, struct store *s,
    const struct policy *p, int64_t now,
    void (*tell)(const struct node *node, void *arg), void *arg, struct fail *f)
{
	struct node *node;
	bool changed = false;
	size_t i;

	for (i = 0; i < nodes->n; i++) {
		node = &nodes->v[i];
		if (node->worked && node->failures > 0) {
			node->failures = 0;
			changed = true;
		}
		if (node->worked || !node->failed)
			continue;
		node->failures++;
		node->failed_at = now;
		changed = true;
		if (p->aside == 0 || node->failures < p->failures ||
		    node->state != NODE_ONLINE)
			continue;
		if (set_aside(node, h, s, now + p->aside, f) != 0)
			return -1;
		node->state = NODE_ASIDE;
		node->failures = p->failures - 1;
		tell(node, arg);
	}
	return changed ? write_counts(nodes, h, f) : 0;
}
