/*
 * Signals for commands that clean up: INT, TERM and HUP set sig_got; sleeping
 * happens only in sig_poll, which lets them in; at the end sig_raise ends the
 * process the way the signal would have.
 */
#ifndef LAGO_BASE_SIG_H
#define LAGO_BASE_SIG_H

#include <poll.h>
#include <signal.h>

extern volatile sig_atomic_t sig_got; /* the last of INT TERM HUP, or 0 */
extern volatile sig_atomic_t
    sig_child; /* a SIGCHLD came since it was cleared */

/* Install handlers and block the signals outside sig_poll.  A signal that was
 * ignored at the start stays ignored. */
void sig_init(void);
/* ppoll with the signals let in; seconds below 0: for ever. As ppoll. */
int sig_poll(struct pollfd *fds, nfds_t n, double seconds);
/* For a child between fork and exec: default actions, nothing blocked. */
void sig_default(void);
/* When sig_got: raise it again with the default action (does not return then). */
void sig_raise(void);

#endif
