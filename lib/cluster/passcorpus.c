#include "cluster/passin.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/kv.h"
#include "base/mem.h"
#include "cluster/engine.h"
#include "cluster/pass.h"
#include "cluster/sync.h"
#include "job/corpora.h"
#include "job/home.h"

void
passcorpus_prime(struct state *s, const struct item *item)
{
	int dir = home_run(s->p->home, item->job, item->run, NULL);

	if (dir < 0)
		return;
	corpora_lend(s->p->home, &item->settings, dir);
	close(dir);
	sync_prime(s->p->home, item->job, item->run);
}

void
passcorpus_exchange(struct state *s)
{
	struct sync_to *to = mem_array(s->n + 1, sizeof(*to));
	struct item **of = mem_array(s->n + 1, sizeof(*of));
	struct fail f;
	char *text;
	size_t i, n = 0;

	for (i = 0; i < s->n; i++)
		if (s->items[i].shards > 1 && s->items[i].run > 0 &&
		    !s->items[i].over && s->items[i].engine.node != NULL &&
		    s->items[i].engine.life == OUTCOME_ALIVE) {
			of[n] = &s->items[i];
			to[n++].run = &s->items[i].engine;
		}
	if (n > 0 && !s->p->dry && sync_push(s->p->home, to, n, &f) != 0)
		pass_note(s, &f);
	for (i = 0; i < n; i++) {
		if (to[i].files == 0)
			continue;
		text = mem_printf("%llu files %llu bytes",
		    (unsigned long long)to[i].files,
		    (unsigned long long)to[i].bytes);
		pass_say(s, of[i], "push", text);
		free(text);
	}
	free(of);
	free(to);
}

/* A job's shards from items on have all ended, one of them just now. */
static void
keep(struct state *s, const struct item *items, long n)
{
	struct corpora_run *runs = mem_array((size_t)n, sizeof(*runs));
	struct fail f;
	char *text = NULL;
	size_t m = 0;
	long i;
	int dir;

	for (i = 0; i < n; i++) {
		dir = items[i].run == 0 ? -1
					: home_run(s->p->home, items[i].job,
					      items[i].run, NULL);
		if (dir >= 0)
			runs[m++] = (struct corpora_run){
			    dir, (long)kv_int(&items[i].progress, "tuples", 0)};
	}
	if (m > 0 && corpora_keep(s->p->home, items->job, &items->settings,
			 runs, m, &text, &f) == -1)
		pass_note(s, &f);
	if (text != NULL)
		pass_say(s, items, "corpus", text);
	free(text);
	while (m > 0)
		close(runs[--m].dir);
	free(runs);
}

void
passcorpus_keep(struct state *s)
{
	const struct item *item;
	size_t i;
	long k;
	bool news;

	for (i = 0; !s->p->dry && i < s->n; i += (size_t)item->shards) {
		item = &s->items[i];
		news = false;
		for (k = 0; k < item->shards && item[k].over; k++)
			news = news || item[k].changed;
		if (k == item->shards && news)
			keep(s, item, k);
	}
}
