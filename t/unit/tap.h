/* What unit tests print: TAP, version 12.  For one file each. */
#ifndef LAGO_T_TAP_H
#define LAGO_T_TAP_H

#include <stdbool.h>
#include <stdio.h>

static unsigned tap_count, tap_failed;

static void
tap_ok(bool good, const char *what)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++tap_count, what);
	tap_failed += !good;
}

/* The plan; the program's exit status. */
static int
tap_end(void)
{
	printf("1..%u\n", tap_count);
	return tap_failed > 0;
}

#endif
