#include "symbols/symbolizer.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/mem.h"

/* The first answer about a file takes the time to read all of it. */
enum { WAIT = 60, ANSWER_MAX = 1 << 20 };

struct symbolizer {
	struct child child; /* pid 0: not started */
	int fd;
	bool lost; /* there is none, or it failed */
	struct buf answer;
};

struct symbolizer *
symbolizer_new(void)
{
	struct symbolizer *s = mem_alloc(sizeof(*s));

	s->fd = -1;
	return s;
}

static void
lose(struct symbolizer *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	if (s->child.pid > 0)
		child_stop(&s->child, 0);
	s->child.pid = 0;
	s->lost = true;
}

void
symbolizer_free(struct symbolizer *s)
{
	if (s == NULL)
		return;
	lose(s);
	buf_release(&s->answer);
	free(s);
}

static bool
start(struct symbolizer *s)
{
	static const char *const argv[] = {"llvm-symbolizer", "--no-demangle",
	    "--inlines", "--functions=linkage", NULL};
	int fd[2];

	/* A socket: writing to one whose reader died need not be a signal. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) == -1)
		return false;
	s->child = (struct child){.argv = (char *const *)argv,
	    .in = fd[1],
	    .out = fd[1],
	    .err = -1,
	    .tied = true};
	if (child_start(&s->child, NULL) == -1) {
		close(fd[0]);
		s->child.pid = 0;
	} else
		s->fd = fd[0];
	close(fd[1]);
	return s->fd >= 0;
}

/* An answer ends with an empty line. */
static bool
complete(const struct buf *b)
{
	return b->len >= 2 && strcmp(b->p + b->len - 2, "\n\n") == 0;
}

static bool
read_answer(struct symbolizer *s)
{
	double end = clock_mono() + WAIT;
	struct pollfd p = {.fd = s->fd, .events = POLLIN};
	char text[4096];
	ssize_t got;

	buf_reset(&s->answer);
	while (!complete(&s->answer)) {
		double left = end - clock_mono();
		if (left <= 0 || s->answer.len > ANSWER_MAX)
			return false;
		if (poll(&p, 1, (int)(left * 1000) + 1) <= 0)
			continue;
		got = recv(s->fd, text, sizeof(text), 0);
		if (got == 0 || (got < 0 && errno != EINTR))
			return false;
		if (got > 0)
			buf_add(&s->answer, text, (size_t)got);
	}
	return true;
}

const char *
symbolizer_ask(struct symbolizer *s, const char *path, uint64_t offset)
{
	struct buf ask = BUF_INIT;
	bool sent;

	if (s->lost || strpbrk(path, "\"\n") != NULL)
		return NULL;
	if (s->fd < 0 && !start(s)) {
		lose(s);
		return NULL;
	}
	buf_addf(&ask, "\"%s\" ", path);
	buf_addx(&ask, offset);
	buf_addc(&ask, '\n');
	sent = send(s->fd, ask.p, ask.len, MSG_NOSIGNAL) == (ssize_t)ask.len;
	buf_release(&ask);
	if (sent && read_answer(s))
		return buf_str(&s->answer);
	lose(s);
	return NULL;
}
