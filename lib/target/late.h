/*
 * What the late fork server (lib/exec/late.c, in the target) and its client
 * (target/guardian.c) say to each other.
 */
#ifndef LAGO_TARGET_LATE_H
#define LAGO_TARGET_LATE_H

enum {
	/* descriptors; AFL++ has 198 and 199 */
	LATE_CONTROL = 195, /* the server reads: make a copy */
	LATE_STATUS,	    /* the server writes: hello, then pids */
	LATE_GO,	    /* a copy that is held reads */

	/* words */
	LATE_HELLO = 0x6c616765,
	LATE_RUN = 1,
	LATE_HOLD = 2, /* do not go on before a word on LATE_GO */

	/* where the server begins: first letter of LAGO_LATE */
	LATE_AT_OPEN = 'o', /* of the input */
	LATE_AT_STAT = 's', /* or a stat of it */
	LATE_AT_MAIN = 'm',
	/* no shim: the target's own fork server, AFL++'s */
	LATE_AT_AFL = 'a'
};

#endif
