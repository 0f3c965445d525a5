#include "cluster/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/kv.h"
#include "base/mem.h"
#include "base/opt.h"
#include "job/home.h"

static const struct number {
	const char *key;
	size_t place;
	bool duration;
	int64_t otherwise;
} numbers[] = {
    {"free", offsetof(struct policy, free), false, 1024},
    {"lease", offsetof(struct policy, lease), true, 300},
    {"ageing", offsetof(struct policy, ageing), true, 900},
    {"patience", offsetof(struct policy, patience), true, 3600},
    {"aside", offsetof(struct policy, aside), true, 3600},
    {"failures", offsetof(struct policy, failures), false, 3},
};

/* NAME:NUMBER,... */
static bool
weights_valid(const char *s)
{
	char *end;
	size_t n;

	for (;; s = end + 1) {
		n = strcspn(s, ":,");
		if (n == 0 || s[n] != ':' || s[n + 1] < '1' || s[n + 1] > '9' ||
		    strtol(s + n + 1, &end, 10) > 1000000)
			return false;
		if (*end == '\0')
			return true;
		if (*end != ',')
			return false;
	}
}

static int
read_number(
    struct policy *p, const struct number *n, const char *text, struct fail *f)
{
	int64_t *to = (int64_t *)(void *)((char *)p + n->place);
	double seconds = 0;

	*to = n->otherwise;
	if (text == NULL || *text == '\0')
		return 0;
	if (n->duration && opt_parse_duration(text, &seconds) == 0 &&
	    seconds < 1e10) {
		*to = (int64_t)seconds;
		return 0;
	}
	if (!n->duration && opt_parse_num(text, 0, INT64_C(1) << 40, to) == 0)
		return 0;
	return fail_set(
	    f, EX_LAGO_CONFIG, "config: %s='%.60s' is not valid", n->key, text);
}

int
policy_read(struct policy *p, const struct home *h, struct fail *f)
{
	struct kv config = {0};
	const char *weights;
	size_t i;
	int rc = home_config(h, &config, f);

	memset(p, 0, sizeof(*p));
	for (i = 0; rc == 0 && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		rc = read_number(
		    p, &numbers[i], kv_get(&config, numbers[i].key), f);
	weights = kv_get(&config, "weights");
	if (rc == 0 && weights != NULL && *weights != '\0' &&
	    !weights_valid(weights))
		rc = fail_set(f, EX_LAGO_CONFIG,
		    "config: weights='%.60s' is not OWNER:NUMBER,...", weights);
	p->weights = mem_strdup(weights == NULL ? "" : weights);
	kv_release(&config);
	return rc;
}

void
policy_release(struct policy *p)
{
	free(p->weights);
	p->weights = NULL;
}
