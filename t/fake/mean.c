/* A target that does what the first letter of its input says, all of it
 * against whoever runs it: for t/mean. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char in[100], big[1 << 16];

/* A tree of processes in sessions of their own. */
static void
bomb(void)
{
	for (int i = 0; i < 20; i++)
		if (fork() == 0) {
			setsid();
			if (fork() == 0)
				setsid();
			sleep(1000);
		}
}

static void
print(long bytes)
{
	memset(big, 'x', sizeof(big));
	for (long i = 0; i < bytes / (long)sizeof(big); i++)
		if (write(2, big, sizeof(big)) < 0)
			break;
}

static void
grow(void)
{
	char *p;

	while ((p = malloc(4 << 20)) != NULL)
		memset(p, 1, 1 << 12);
	abort();
}

/* Directories that nobody can enter or write. */
static void
lock_up(char *path)
{
	mkdir("../tmp/a", 0700);
	close(creat("../tmp/a/b", 0600));
	close(creat("left", 0));
	chmod("../tmp/a", 0);
	*strrchr(path, '/') = '\0';
	chmod(path, 0500);
	chmod(".", 0);
	chmod("..", 0500);
	abort();
}

static void
daemonize(void)
{
	if (fork() == 0) {
		setsid();
		if (fork() == 0)
			for (;;)
				;
		_exit(0);
	}
	abort();
}

int
main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;

	if (read(fd, in, sizeof(in) - 1) <= 0)
		return 0;
	switch (in[0]) {
	case 'b': /* busy */
		for (;;)
			;
	case 'a': /* asleep */
		for (;;)
			sleep(1000);
	case 'f':
		bomb();
		break;
	case 'F':
		bomb();
		pause();
		break;
	case 'g':
		kill(-getpgid(getppid()), SIGKILL);
		break;
	case 'G':
		kill(getppid(), SIGKILL);
		bomb();
		break;
	case 'd':
		daemonize();
		break;
	case 'l':
		lock_up(argv[1]);
		break;
	case 'm':
		grow();
		break;
	case 'o':
		print(1L << 30);
		break;
	case 'r':
		unlink(argv[1]);
		abort();
	case 's':
		*(volatile int *)8 = 1;
		break;
	case 'S':
		raise(SIGSTOP);
		break;
	case 'T':
		raise(SIGTERM);
		break;
	default:
		break;
	}
	return 0;
}
