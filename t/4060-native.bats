load lib

@test "native: signal, address and stack of crashes and timeouts" {
	need cc
	cd "$BATS_TEST_TMPDIR"
	cat >victim.c <<'END'
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
volatile int zero, sink;
static inline __attribute__((always_inline)) int
deref(volatile int *p)
{
	return *p;
}
static void on_handled(int s) { (void)s; _exit(3); }
static void on_reported(int s) { (void)s; abort(); }
__attribute__((noinline)) static int
crash(uintptr_t p)
{
	int v;

	/* line 19 */
	v = deref((volatile int *)p);
	return v + sink;
}
__attribute__((noinline)) static int
jump(uintptr_t p)
{
	int v = ((int (*)(void))p)();
	return v + sink;
}
__attribute__((noinline)) static int
deep(int n)
{
	volatile char room[200];
	room[n % 200] = n;
	return deep(n + 1) + room[n % 7];
}
__attribute__((noinline)) static void
spin(void)
{
	for (;;)
		sink++;
}
static void *
thread(void *arg)
{
	if (arg)
		spin();
	*(volatile int *)8 = 1;
	return 0;
}
int
main(void)
{
	pthread_t t;
	char in = 0;

	if (read(0, &in, 1) < 0)
		return 1;
	switch (in) {
	case 'a': abort();
	case 'b': spin();
	case 'c': crash((uintptr_t)1 << 62); break;
	case 'f': sink = 77 / zero; break;
	case 'h': signal(SIGSEGV, on_handled); crash(8); break;
	case 'j': jump(0x1000); break;
	case 'o': deep(1); break;
	case 'r': signal(SIGSEGV, on_reported); crash(16); break;
	case 's': crash(8); break;
	case 't': pthread_create(&t, 0, thread, 0); pthread_join(t, 0); break;
	case 'T': pthread_create(&t, 0, thread, &t); pthread_join(t, 0); break;
	case 'z': sleep(1000);
	}
	return 0;
}
END
	cc -w -g -O1 -pthread -o victim victim.c
	asan=
	if command -v clang >/dev/null; then
		clang -w -g -O1 -fsanitize=address -o victim-asan victim.c
		asan=./victim-asan
	fi
	run timeout 100 "$TOP/t/unit/native-test" ./victim $asan
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "native: what the instruction at a fault does, x86-64 and aarch64" {
	run "$TOP/t/unit/insn-test"
	echo "$output" | grep -v '^ok'
	[ "$status" -eq 0 ]
}
