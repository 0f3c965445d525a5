#include "base/sig.h"

#include <stddef.h>
#include <time.h>

volatile sig_atomic_t sig_got;
volatile sig_atomic_t sig_child;

static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
static sigset_t outside; /* the mask to sleep with */

static void
note(int sig)
{
	if (sig == SIGCHLD)
		sig_child = 1;
	else
		sig_got = sig;
}

void
sig_init(void)
{
	struct sigaction sa = {.sa_handler = note}, old;
	sigset_t block;
	size_t i;

	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	sigaction(SIGCHLD, &sa, NULL);
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		sigaction(ends[i], NULL, &old);
		if (old.sa_handler == SIG_IGN)
			continue;
		sigaction(ends[i], &sa, NULL);
		sigaddset(&block, ends[i]);
	}
	sigprocmask(SIG_BLOCK, &block, &outside);
}

int
sig_poll(struct pollfd *fds, nfds_t n, double seconds)
{
	struct timespec t;

	if (seconds < 0)
		return ppoll(fds, n, NULL, &outside);
	t.tv_sec = (time_t)seconds;
	t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
	return ppoll(fds, n, &t, &outside);
}

void
sig_default(void)
{
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void
sig_raise(void)
{
	sigset_t one;

	if (sig_got == 0)
		return;
	signal(sig_got, SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, sig_got);
	raise(sig_got);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
}
