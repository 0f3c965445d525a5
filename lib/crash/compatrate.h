/* How ClusterFuzz rates a crash, and which of its crash states are alike. */
#ifndef LAGO_CRASH_COMPATRATE_H
#define LAGO_CRASH_COMPATRATE_H

#include "crash/str.h"

/* gestures: the reproducer needs a person.  chrome: by the rules for Chromium,
 * where a bug of the browser process is worse.  NULL: not rated. */
const char *compatrate_severity(
    struct str type, struct str text, bool gestures, bool chrome);
/* Are two crash states those of one bug? */
bool compatrate_similar(struct str a, struct str b);

#endif
