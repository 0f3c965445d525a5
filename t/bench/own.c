/*
 * own COMMAND [ARG...]: run it, then print the seconds that it was on a CPU
 * itself, without its children, on descriptor 3.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	unsigned long long ns = 0;
	char path[64];
	siginfo_t info;
	pid_t pid;
	FILE *fp;

	if (argc < 2 || (pid = fork()) < 0)
		return 64;
	if (pid == 0) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	/* It stays in /proc until it is waited for. */
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	snprintf(path, sizeof(path), "/proc/%ld/schedstat", (long)pid);
	fp = fopen(path, "r");
	if (fp == NULL || fscanf(fp, "%llu", &ns) != 1)
		return 74;
	fclose(fp);
	dprintf(3, "%.3f\n", (double)ns / 1e9);
	return info.si_code == CLD_EXITED ? info.si_status : 1;
}
