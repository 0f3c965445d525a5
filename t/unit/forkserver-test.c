/*
 * The fork server client against servers written here: this program, started
 * again as "forkserver-test serve KIND".  What a server does with an input is
 * in its first byte: c crash, h hang, d the server dies, D only when it is the
 * first server, else a slot of the map.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/mem.h"
#include "target/forkserver.h"

#include "tap.h"

extern char **environ;

/* --- the servers --- */

static void
put(uint32_t w)
{
	if (write(199, &w, sizeof w) != sizeof w)
		_exit(9);
}

static uint32_t
get(void)
{
	uint32_t w = 0;

	if (read(198, &w, sizeof w) != sizeof w)
		_exit(0);
	return w;
}

static void
dictionary(void)
{
	put(5000);
	for (int i = 0; i < 5; i++) { /* in parts */
		char part[1000] = {0};

		usleep(1000);
		if (write(199, part, sizeof part) != sizeof part)
			_exit(9);
	}
}

static uint8_t *
attach(const char *name)
{
	return shmat(atoi(getenv(name)), NULL, 0);
}

/* The child's part.  Input from shared memory or descriptor 0. */
static void
child(bool shared, size_t map_size)
{
	uint8_t *map = attach("__AFL_SHM_ID");
	uint8_t *test = attach("__AFL_SHM_FUZZ_ID");
	unsigned char c = 0;
	uint32_t n;

	if (shared) {
		memcpy(&n, test, sizeof n);
		c = n ? test[4] : 0;
	} else if (read(0, &c, 1) != 1) {
		_exit(0);
	}
	map[0] = 1;
	map[c] += 3;
	map[map_size - 1] = 1;
	if (c == 'c')
		abort();
	if (c == 'h')
		pause();
	_exit(c == 'e' ? 42 : 0);
}

static void
loop(bool shared, size_t map_size)
{
	uint8_t *test = attach("__AFL_SHM_FUZZ_ID");
	int status;
	pid_t pid;

	for (;;) {
		get();
		if (shared && test[4] == 'd')
			_exit(1);
		if (shared && test[4] == 'D' && !access("first", F_OK)) {
			unlink("first");
			_exit(1);
		}
		if (shared && test[4] == 'P') { /* not its child */
			put((uint32_t)getppid());
			pause();
		}
		pid = fork();
		if (pid == 0)
			child(shared, map_size);
		put((uint32_t)pid);
		waitpid(pid, &status, 0);
		put((uint32_t)status);
	}
}

static void
serve_new(uint32_t opts, uint32_t map_size)
{
	put(0x41464c01);
	if (get() != (0x41464c01 ^ 0xffffffff))
		_exit(8);
	put(opts);
	put(map_size);
	if (opts & 0x800)
		dictionary();
	put(0x41464c01);
	loop(opts & 2, map_size);
}

static void
serve_old(uint32_t hello, uint32_t map_size)
{
	hello |= 0x80000001 | 0x40000000 | (map_size - 1) << 1;
	put(hello);
	if (hello & 0x11000000 && get() != (0x80000001 | (hello & 0x11000000)))
		_exit(8);
	if (hello & 0x10000000)
		dictionary();
	loop(hello & 0x01000000, map_size);
}

static void
serve(const char *kind)
{
	if (!strcmp(kind, "classic")) {
		put(0);
		loop(false, 65536);
	} else if (!strcmp(kind, "old")) {
		serve_old(0x11000000, 1000);
	} else if (!strcmp(kind, "old-plain")) {
		serve_old(0, 70000);
	} else if (!strcmp(kind, "new")) {
		serve_new(0x803, 17000);
	} else if (!strcmp(kind, "new-big")) {
		if (atoi(getenv("AFL_MAP_SIZE")) < 9000000) {
			put(0xeffe0001);
			_exit(1);
		}
		serve_new(3, 9000000);
	} else if (!strcmp(kind, "new-huge")) {
		serve_new(3, 0x7fffffff);
	} else if (!strcmp(kind, "new-none")) {
		serve_new(3, 0);
	} else if (!strcmp(kind, "new-option")) {
		serve_new(0x10003, 1000);
	} else if (!strcmp(kind, "version")) {
		put(0x41464c02);
		pause();
	} else if (!strcmp(kind, "dictionary")) {
		put(0x41464c01);
		get();
		put(0x801);
		put(1000);
		put(0xfffffff0);
		for (;;)
			put(0);
	} else if (!strcmp(kind, "refuse-old")) {
		put(0xf800008f | 8 << 8);
	} else if (!strcmp(kind, "refuse-new")) {
		put(0xeffe0000 | 64);
	} else if (!strcmp(kind, "half")) {
		put(0x41464c01);
		get();
	} else if (!strcmp(kind, "signal")) {
		raise(SIGKILL);
	}
	_exit(3);
}

/* --- the client --- */

static struct forkserver *
start(const char *kind, struct fail *f)
{
	static const int status[] = {42};
	char self[4096], serve_word[] = "serve";
	char *name = mem_strdup(kind);
	char *argv[] = {self, serve_word, name, NULL};
	struct forkserver_opts o = {
	    argv, environ, "input", -1, 0, 0.2, status, 1, 0, false};
	struct forkserver *s;
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	self[n] = '\0';
	s = forkserver_start(&o, f);
	free(name);
	return s;
}

static enum forkserver_end
run(struct forkserver *s, const char *input)
{
	struct forkserver_run r;
	struct fail f;

	if (forkserver_run(s, input, strlen(input), &r, &f))
		return (enum forkserver_end) - 1;
	return r.end;
}

/* Runs of all kinds, one after the other; the map belongs to its input. */
static void
speaks(const char *kind, size_t size, bool shared)
{
	struct fail f = {0};
	struct forkserver *s = start(kind, &f);
	const uint8_t *map;
	size_t have = 0;
	bool right = s != NULL;
	pid_t pid;

	for (int i = 0; right && i < 2; i++) {
		right &= run(s, "x") == FORKSERVER_OK;
		map = forkserver_map(s, &have);
		right &= have == size && map['x'] == 3 && map['y'] == 0 &&
			 map[0] == 0 && map[size - 1] == 1;
		right &= run(s, "yy") == FORKSERVER_OK;
		map = forkserver_map(s, &have);
		right &= map['y'] == 3 && map['x'] == 0;
		right &= run(s, "c") == FORKSERVER_CRASH;
		right &= run(s, "e") == FORKSERVER_CRASH;
		right &= run(s, "h") == FORKSERVER_TIMEOUT;
	}
	if (right)
		right = forkserver_limit(s) == (shared ? 1 << 20 : SIZE_MAX);
	pid = s ? forkserver_pid(s) : 0;
	forkserver_stop(s);
	right = right && kill(pid, 0) == -1 && access("input", F_OK);
	tap_ok(right, kind);
	if (!right && f.status)
		printf("# %s\n", f.text);
}

static void
refuses(const char *kind, const char *text)
{
	struct fail f = {0};
	struct forkserver *s = start(kind, &f);
	bool right = !s && f.status == EX_LAGO_UNAVAILABLE &&
		     strstr(f.text, text) && !strchr(f.text, '\n');

	tap_ok(right, kind);
	if (!right)
		printf("# '%s'\n", f.text);
	forkserver_stop(s);
}

static void
dying(void)
{
	struct fail f;
	struct forkserver *s = start("new", &f);

	tap_ok(
	    s && run(s, "d") == FORKSERVER_DEAD && run(s, "x") == FORKSERVER_OK,
	    "an input that ends the server is told apart, the next one runs");
	close(open("first", O_CREAT | O_WRONLY, 0600));
	tap_ok(run(s, "D") == FORKSERVER_OK && access("first", F_OK),
	    "a server that died is started again");
	kill(forkserver_pid(s), SIGKILL);
	tap_ok(run(s, "x") == FORKSERVER_OK, "also when it was killed");
	/* were the pid believed, this process would be killed */
	tap_ok(run(s, "P") != FORKSERVER_OK && run(s, "x") == FORKSERVER_OK,
	    "a pid that is not the server's child is not killed");
	forkserver_stop(s);
}

static int
segments(void)
{
	FILE *p = fopen("/proc/sysvipc/shm", "r");
	char line[512];
	int n = 0;

	while (p && fgets(line, sizeof line, p)) {
		long key, id, cpid;
		unsigned long perms, size;

		if (sscanf(line, "%ld %ld %lo %lu %ld", &key, &id, &perms,
			&size, &cpid) == 5 &&
		    cpid == getpid())
			n++;
	}
	if (p)
		fclose(p);
	return n;
}

/* Our client is killed while a child of its server hangs. */
static void
killed(void)
{
	int p[2];
	pid_t client, server = 0;
	struct fail f;
	bool gone = false;

	if (pipe(p))
		exit(1);
	client = fork();
	if (client == 0) {
		struct forkserver *s = start("new", &f);

		server = forkserver_pid(s);
		if (write(p[1], &server, sizeof server) != sizeof server)
			_exit(1);
		for (;;)
			run(s, "x");
	}
	if (read(p[0], &server, sizeof server) != sizeof server)
		exit(1);
	kill(client, SIGKILL);
	waitpid(client, NULL, 0);
	for (int i = 0; i < 300 && !gone; i++) {
		gone = kill(server, 0) != 0;
		waitpid(server, NULL, WNOHANG);
		clock_sleep(0.01);
	}
	tap_ok(gone, "the server of a client that was killed ends");
}

static void
looks(void)
{
	struct fail f = {0};
	FILE *p = fopen("looks", "w");

	fputs("##SIG_AFL_PERSISTENT## __AFL_SHM_ID", p);
	fclose(p);
	tap_ok(forkserver_look("./looks", &f) ==
		   (FORKSERVER_AFL | FORKSERVER_PERSISTENT),
	    "what a program is shows in its bytes");
	tap_ok(forkserver_look("sh", &f) == 0, "the PATH is searched");
	tap_ok(forkserver_look("./nothing", &f) == -1 &&
		   f.status == EX_LAGO_NOINPUT,
	    "no such program");
	unlink("looks");
}

int
main(int argc, char **argv)
{
	char dir[] = "/tmp/forkserver-test.XXXXXX";

	if (argc > 2 && !strcmp(argv[1], "serve"))
		serve(argv[2]);
	if (!mkdtemp(dir) || chdir(dir))
		return 1;
	setvbuf(stdout, NULL, _IONBF, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	looks();
	speaks("classic", 65536, false);
	speaks("old", 1000, true);
	speaks("old-plain", 70000, false);
	speaks("new", 17000, true);
	speaks("new-big", 9000000, true);
	refuses("new-huge", "map size");
	refuses("new-none", "map size");
	refuses("new-option", "options");
	refuses("version", "newer");
	refuses("dictionary", "dictionary");
	refuses("refuse-old", "attach");
	refuses("refuse-new", "cmplog");
	refuses("half", "before its fork server");
	refuses("exit", "ended (3)");
	refuses("signal", "signal 9");
	dying();
	killed();
	tap_ok(segments() == 0, "no shared memory is left");
	if (chdir("/") || rmdir(dir))
		printf("# something is left in %s\n", dir);
	return tap_end();
}
