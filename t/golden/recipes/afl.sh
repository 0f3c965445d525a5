# shellcheck shell=sh
# AFL++: what its tools say about crashes.
need afl-fuzz afl-clang-fast || return 0

cat >afl.c <<'END'
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	char v[16] = "";

	if (argc > 1)
		dup2(open(argv[1], O_RDONLY), 0);
	if (read(0, v, 15) > 3 && memcmp(v, "FUZZ", 4) == 0)
		abort();
	return 0;
}
END
AFL_QUIET=1 afl-clang-fast -g -o afl afl.c >/dev/null 2>&1
printf FUZZ >crash-input
mkdir -p in && printf hello >in/1
export AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_SKIP_CPUFREQ=1 AFL_NO_UI=1 AFL_NO_AFFINITY=1
log afl-showmap afl-showmap -o /dev/null -- ./afl crash-input
log afl-tmin afl-tmin -i crash-input -o small -- ./afl
mkdir -p bad && cp crash-input bad/
log afl-seed_crashes afl-fuzz -i bad -o out-bad -V 2 -- ./afl
printf FUZY >in/2
log afl-fuzz afl-fuzz -i in -o out -V 3 -s 1 -- ./afl
[ ! -f out/default/crashes/README.txt ] ||
	keep afl-readme <out/default/crashes/README.txt
