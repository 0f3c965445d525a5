/* Time in seconds. */
#ifndef LAGO_BASE_CLOCK_H
#define LAGO_BASE_CLOCK_H

#include <stdint.h>

double clock_mono(void);	 /* CLOCK_MONOTONIC: intervals */
double clock_boot(void);	 /* CLOCK_BOOTTIME: leases, counts sleep */
int64_t clock_unix(void);	 /* seconds since 1970, UTC: for people */
void clock_sleep(double s);	 /* ends early on a signal */
void clock_boot_id(char id[37]); /* of this machine since it started, or "" */

#endif
