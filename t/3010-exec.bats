load lib

# A target that does what the first letter of its input says.
victim() {
	cat >victim.c <<'END'
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char in[100];

static void
daemonize(int stay)
{
	int p[2];
	char c;

	if (pipe(p) || fork() == 0) {
		setsid();
		if (fork() == 0) {
			int fd = open(getenv("LOCK"), O_RDWR);

			flock(fd, LOCK_EX);
			write(1, "locked\n", 7);
			close(p[0]);
			close(p[1]);
			sleep(1000);
		}
		_exit(0);
	}
	close(p[1]);
	read(p[0], &c, 1);
	if (stay)
		sleep(1000);
}

static void
where(void)
{
	char cwd[4000];
	int n = 0;
	DIR *d = opendir(".");

	while (readdir(d))
		n++;
	printf("%s\n%s\nmarker=%s\n%s\n%s\n", getcwd(cwd, sizeof(cwd)),
	    getenv("TMPDIR"), getenv("MARKER"), getenv("PWD") ? "PWD" : "no PWD",
	    n == 2 ? "empty" : "full");
	mkdir("left", 0);
	creat("over", 0600);
	creat("../tmp/over", 0600);
}

int
main(int argc, char **argv)
{
	int fd = argc > 1 ? open(strchr(argv[1], '/'), O_RDONLY) : 0;
	ssize_t n = read(fd, in, sizeof(in));
	volatile char *p;
	size_t i;

	switch (in[0]) {
	case 'a': printf("%p %p %p\n", (void *)&n, malloc(1), (void *)main); break;
	case 'b': for (;;) ;
	case 'd': daemonize(0); break;
	case 'D': daemonize(1); break;
	case 'e': write(1, in + 1, n - 1); fputs("err\n", stderr); break;
	case 'f':
		for (i = 0; i < 1000; i++)
			if (fcntl(i, F_GETFD) >= 0)
				printf("%s%zu", i ? " " : "", i);
		puts("");
		break;
	case 'h': sleep(1000);
	case 'l': for (i = 0; i < 125000; i++) printf("%07zu\n", i); break;
	case 'm':
		for (i = 0; i < 4000; i++) {
			if ((p = malloc(1 << 20)) == NULL) {
				puts("no memory");
				return 0;
			}
			memset((char *)p, 1, 1 << 20);
			if (i % 64 == 0)
				usleep(2000);
		}
		break;
	case 'n': printf("%s\nstdin %zd\n", argv[1], read(0, in, 1)); break;
	case 's': *(volatile int *)8 = 1;
	case 'u': p = malloc(4); free((char *)p); return p[1];
	case 'w': where(); break;
	case 'x': return 7;
	case 'y': return 8;
	}
	return 0;
}
END
	cc -w -g -o victim victim.c
}

@test "exec: output, limits, leftovers, memory, several at once" {
	cd "$BATS_TEST_TMPDIR"
	victim
	asan=
	if command -v clang >/dev/null; then
		clang -w -g -fsanitize=address -o victim-asan victim.c
		asan=./victim-asan
	fi
	echo nothing >not-a-program
	printf '#!/bin/sh\n' >script
	chmod +x not-a-program script
	mkdir tmp
	LAGO_LIBEXEC=$TOP/lib TMPDIR=$PWD/tmp run "$TOP/t/unit/exec-test" ./victim "$PWD/lock" $asan
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$(ls -A tmp)" ]
}
