/* What threads do to each other: threads NAME runs one. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUG __attribute__((noinline)) static void

static int shared;
static volatile int step;
static int *block;
static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t b = PTHREAD_MUTEX_INITIALIZER;

static void
wait_step(int n)
{
	while (__atomic_load_n(&step, __ATOMIC_RELAXED) < n)
		usleep(1000);
}

static void
next_step(void)
{
	__atomic_fetch_add(&step, 1, __ATOMIC_RELAXED);
}

__attribute__((noinline)) static void
add_one(void)
{
	shared++;
}

__attribute__((noinline)) static int
look(void)
{
	return shared;
}

static void *
adder(void *arg)
{
	(void)arg;
	add_one();
	next_step();
	return NULL;
}

BUG
race(void)
{
	pthread_t t;

	pthread_create(&t, NULL, adder, NULL);
	wait_step(1);
	step = look();
	pthread_join(t, NULL);
}

static void *
race_heap_thread(void *arg)
{
	*(int *)arg = 1;
	next_step();
	return NULL;
}

BUG
race_heap(void)
{
	pthread_t t, u;
	int *p = malloc(16);

	pthread_create(&t, NULL, race_heap_thread, p);
	wait_step(1);
	pthread_create(&u, NULL, race_heap_thread, p);
	pthread_join(t, NULL);
	pthread_join(u, NULL);
}

BUG
race_locked(void)
{
	pthread_t t;

	pthread_mutex_lock(&a);
	pthread_create(&t, NULL, adder, NULL);
	wait_step(1);
	add_one();
	pthread_mutex_unlock(&a);
	pthread_join(t, NULL);
}

static void *
freer(void *arg)
{
	free(arg);
	next_step();
	return NULL;
}

BUG
race_free(void)
{
	pthread_t t;

	block = malloc(16);
	pthread_create(&t, NULL, freer, block);
	wait_step(1);
	block[1] = 7;
	pthread_join(t, NULL);
}

BUG
use_after_free(void)
{
	block = malloc(16);
	free(block);
	block[1] = 7;
}

BUG
double_free(void)
{
	void *volatile p = malloc(16);

	free(p);
	free(p);
}

BUG
inversion(void)
{
	pthread_mutex_lock(&a);
	pthread_mutex_lock(&b);
	pthread_mutex_unlock(&b);
	pthread_mutex_unlock(&a);
	pthread_mutex_lock(&b);
	pthread_mutex_lock(&a);
	pthread_mutex_unlock(&a);
	pthread_mutex_unlock(&b);
}

static void *
idle(void *arg)
{
	return arg;
}

BUG
thread_leak(void)
{
	pthread_t t;

	pthread_create(&t, NULL, idle, NULL);
	usleep(100000);
}

BUG
destroy_locked(void)
{
	pthread_mutex_lock(&a);
	pthread_mutex_destroy(&a);
}

BUG
unlock_unlocked(void)
{
	pthread_mutex_unlock(&a);
}

static void *
unlocker(void *arg)
{
	pthread_mutex_unlock(arg);
	return NULL;
}

BUG
unlock_other(void)
{
	pthread_t t;

	pthread_mutex_lock(&a);
	pthread_create(&t, NULL, unlocker, &a);
	pthread_join(t, NULL);
}

BUG
double_lock(void)
{
	pthread_mutex_t m;
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&m, &attr);
	pthread_mutex_lock(&m);
	pthread_mutex_lock(&m);
	pthread_mutex_unlock(&m);
}

BUG
use_invalid(void)
{
	pthread_mutex_t *m = malloc(sizeof(*m));

	pthread_mutex_init(m, NULL);
	pthread_mutex_lock(m);
	pthread_mutex_unlock(m);
	pthread_mutex_destroy(m);
	pthread_mutex_lock(m);
}

static void
on_signal(int signo)
{
	(void)signo;
	free(malloc(10));
}

BUG
signal_unsafe(void)
{
	signal(SIGUSR1, on_signal);
	kill(getpid(), SIGUSR1);
	usleep(10000);
}

static void
on_errno(int signo)
{
	(void)signo;
	close(-1);
}

BUG
signal_errno(void)
{
	signal(SIGUSR1, on_errno);
	kill(getpid(), SIGUSR1);
	usleep(10000);
}

BUG
null_write(void)
{
	*(volatile int *)(long)shared = 7;
}

static const struct bug {
	const char *name;
	void (*run)(void);
} bugs[] = {
#define B(name)             \
	{                   \
#name, name \
	}
    B(race), B(race_heap), B(race_locked), B(race_free), B(use_after_free),
    B(double_free), B(inversion), B(thread_leak), B(destroy_locked),
    B(unlock_unlocked), B(unlock_other), B(double_lock), B(use_invalid),
    B(signal_unsafe), B(signal_errno), B(null_write)};

__attribute__((noinline)) static void
middle_fn(const struct bug *bug)
{
	bug->run();
	step = 0;
}

int
main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(bugs) / sizeof(bugs[0]); i++)
		if (strcmp(bugs[i].name, argv[1]) == 0)
			middle_fn(&bugs[i]);
	return 0;
}
