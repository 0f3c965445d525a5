#include "report/put.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/out.h"
#include "report/facts.h"

/* A comma where one is needed: strings end with a quote, so a bracket at the
 * end was just opened. */
static void
key(struct buf *b, const char *name)
{
	if (b->len > 0 && strchr("{[", b->p[b->len - 1]) == NULL)
		buf_addc(b, ',');
	if (name != NULL)
		buf_addf(b, "\"%s\":", name);
}

void
put_open(struct buf *b, const char *name, const char *bracket)
{
	key(b, name);
	buf_adds(b, bracket);
}

void
put_text(struct buf *b, const char *name, const char *s)
{
	if (s == NULL)
		return;
	key(b, name);
	out_json_string(b, s, strlen(s));
}

void
put_number(struct buf *b, const char *name, int64_t v)
{
	if (v == FACTS_NONE)
		return;
	key(b, name);
	buf_addf(b, "%" PRId64, v);
}

void
put_time(struct buf *b, const char *name, int64_t t)
{
	time_t when = (time_t)t;
	struct tm tm;
	char s[64];

	if (t != FACTS_NONE && gmtime_r(&when, &tm) != NULL &&
	    strftime(s, sizeof(s), "%Y-%m-%dT%H:%M:%SZ", &tm) == 20)
		put_text(b, name, s);
}
