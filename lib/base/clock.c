#include "base/clock.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static double
read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double
clock_mono(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

double
clock_boot(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

int64_t
clock_unix(void)
{
	return (int64_t)time(NULL);
}

void
clock_sleep(double s)
{
	struct timespec t;

	if (s <= 0)
		return;
	t.tv_sec = (time_t)s;
	t.tv_nsec = (long)((s - (double)t.tv_sec) * 1e9);
	nanosleep(&t, NULL);
}

void
clock_boot_id(char id[37])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	id[0] = id[36] = '\0';
	if (fd < 0)
		return;
	if (read(fd, id, 36) != 36)
		id[0] = '\0';
	close(fd);
}
