#include "store/store_run.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/kv.h"
#include "store/store.h"

static const char *const words[] = {
    "starting", "running", "finishing", "done", "failed", "killed", "lost"};
enum { FINISHING = 2, LOST = 6, WORDS }; /* over: behind FINISHING */

static int
word_of(const struct kv *file)
{
	const char *state = kv_get(file, "state");
	int i;

	for (i = 0; state != NULL && i < WORDS; i++)
		if (strcmp(state, words[i]) == 0)
			return i;
	return state == NULL ? 0 : LOST;
}

/* How far a run is: until whoever judges runs wrote that it is over, what its
 * own progress says, and that is at most finishing. */
static int
state_of(const struct kv *file, const struct kv *progress)
{
	int judged = word_of(file), now;

	if (judged > FINISHING || kv_get(progress, "state") == NULL)
		return judged;
	now = word_of(progress);
	return now < FINISHING ? now : FINISHING;
}

/* The first word, "" for none. */
static const char *
first_word(const char *s, char word[32])
{
	word[0] = '\0';
	if (s != NULL)
		sscanf(s, "%31s", word);
	return word[0] == '\0' ? NULL : word;
}

static const char *
either(const struct kv *file, const struct kv *progress, const char *key)
{
	const char *s = kv_get(file, key);

	if (s == NULL || *s == '\0')
		s = kv_get(progress, key);
	return s == NULL || *s == '\0' ? NULL : s;
}

#define COLUMNS                                                      \
	"uuid, node, shard, attempt, losses, state, phase, reason, " \
	"reason_text, created, started, ended, fuzzed, version, "    \
	"dropped, untriaged"
#define EXCLUDED                                                  \
	"excluded.uuid, excluded.node, excluded.shard, "          \
	"excluded.attempt, excluded.losses, excluded.state, "     \
	"excluded.phase, excluded.reason, excluded.reason_text, " \
	"excluded.created, excluded.started, excluded.ended, "    \
	"excluded.fuzzed, excluded.version, excluded.dropped, "   \
	"excluded.untriaged"

int
store_run_put(struct store *s, long job, long run, const struct kv *file,
    const struct kv *progress, struct fail *f)
{
	static const struct kv none;
	const struct kv *p = progress == NULL ? &none : progress;
	int state = state_of(file, p);
	char word[32];

	/* Where nothing changed nothing is written, and no trigger fires.  -1 is
	 * how kv_int says absent. */
	return store_exec(s, f,
	    "INSERT INTO run (job, run, " COLUMNS ") VALUES (?1, ?2, ?3, ?4, "
	    "?5, ?6, ?7, ?8, ?9, ?10, ?11, nullif(?12, -1), "
	    "nullif(min(max(CAST(?13 AS INTEGER), 0), 99999999999), 0), "
	    "nullif(min(max(CAST(?14 AS INTEGER), 0), 99999999999), 0), "
	    "CAST(?15 AS INTEGER), ?16, "
	    "nullif(?17, -1), nullif(?18, -1)) ON CONFLICT DO UPDATE SET "
	    "(watched, " COLUMNS ") = (1, " EXCLUDED ") WHERE NOT watched OR "
	    "(" COLUMNS ") IS NOT (" EXCLUDED ")",
	    "iittiiittttittttii", (int64_t)job, (int64_t)run,
	    kv_get(file, "uuid"), kv_get(file, "node"),
	    kv_int(file, "shard", 1), kv_int(file, "attempt", 1),
	    kv_int(file, "losses", 0), words[state], kv_get(p, "phase"),
	    first_word(either(file, p, "reason"), word),
	    either(file, p, "reason_text"), kv_int(file, "created", -1),
	    either(file, p, "start"),
	    state > FINISHING ? either(file, p, "end") : NULL,
	    kv_get(p, "fuzzed"), either(p, file, "version"),
	    kv_int(p, "dropped", -1), kv_int(p, "untriaged", -1));
}
