/*
 * halfempty SECONDS WORKERS INPUT OUTPUT COMMAND...: bisection in the style of
 * the program of that name, which Debian does not have: first blocks are
 * removed, from half of the input down to single bytes, then they are zeroed;
 * the next candidates are tried before the answer to this one is known, as if
 * it were a failure.  The input is the last argument; a signal means success.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 64 };

static uint8_t *best, *cand[WORKERS];
static size_t len, length[WORKERS];
static char **command, path[WORKERS][32];
static int workers, arguments;
static double end;
static unsigned long tries;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static pid_t
start(int i)
{
	FILE *f = fopen(path[i], "wb");
	pid_t pid;

	fwrite(cand[i], 1, length[i], f);
	fclose(f);
	tries++;
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		command[arguments] = path[i];
		execv(command[0], command);
		_exit(1);
	}
	return pid;
}

/* One round of blocks of size d from the end; zero: overwrite them. */
static int
blocks(size_t d, int zero)
{
	pid_t pid[WORKERS];
	int gained = 0;

	for (size_t at = len; at >= d && d > 0;) {
		int n = 0, first = -1, status;

		if (now() > end)
			return gained;
		for (size_t p = at; n < workers && p >= d; p -= d, n++) {
			memcpy(cand[n], best, len);
			length[n] = len;
			if (zero) {
				memset(cand[n] + p - d, 0, d);
			} else {
				memmove(cand[n] + p - d, cand[n] + p, len - p);
				length[n] -= d;
			}
			pid[n] = start(n);
		}
		for (int i = 0; i < n; i++) {
			waitpid(pid[i], &status, 0);
			if (first < 0 && WIFSIGNALED(status))
				first = i;
		}
		at -= d * (size_t)(first < 0 ? n : first + 1);
		if (first >= 0) {
			memcpy(best, cand[first], length[first]);
			len = length[first];
			gained = !zero;
		}
	}
	return gained;
}

int
main(int argc, char **argv)
{
	FILE *f;
	size_t d;
	int gained = 1;

	if (argc < 6)
		return 64;
	end = now() + atof(argv[1]);
	workers = atoi(argv[2]) > WORKERS ? WORKERS : atoi(argv[2]);
	command = calloc((size_t)argc, sizeof *command);
	for (arguments = 0; argv[5 + arguments]; arguments++)
		command[arguments] = argv[5 + arguments];
	best = malloc(1 << 22);
	f = fopen(argv[3], "rb");
	len = fread(best, 1, 1 << 22, f);
	fclose(f);
	for (int i = 0; i < workers; i++) {
		snprintf(path[i], sizeof path[i], "halfempty.%d", i);
		cand[i] = malloc(len + 1);
	}
	while (gained && now() < end) {
		gained = 0;
		for (d = len / 2; d > 0 && now() < end; d /= 2)
			gained |= blocks(d, 0);
		for (d = len / 2; d > 0 && now() < end; d /= 2)
			blocks(d, 1);
	}
	f = fopen(argv[4], "wb");
	fwrite(best, 1, len, f);
	fclose(f);
	fprintf(stderr, "%lu tries\n", tries);
	return 0;
}
