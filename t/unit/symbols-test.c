/* symbols-test MODULE <offsets: what llvm-symbolizer --no-demangle prints for
 * them; -d: demangled names alone.  symbols-test -s: the rest of symbols/symbols.h.  TAP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbols/symbols.h"

#include "tap.h"

static void
print(const struct symbols_place *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		printf("%s\n%s:%u:%u\n",
		    p->v[i].linkage ? p->v[i].linkage : "??",
		    p->v[i].file ? p->v[i].file : "??", p->v[i].line,
		    p->v[i].column);
	if (p->n == 0)
		puts("??\n??:0:0");
	putchar('\n');
}

static void
print_names(const struct symbols_place *p)
{
	for (size_t i = 0; i < p->n; i++)
		puts(p->v[i].function ? p->v[i].function : "??");
}

/* In the directory of 4050-symbols.bats: the files "one" and "two" are builds
 * of one program, with f() at the offset given. */
static void
test_rest(uint64_t one, uint64_t two)
{
	struct symbols *s = symbols_new();
	const struct symbols_place *p, *q;
	char id[100];

	tap_ok(link("one", "module") == 0, "a module");
	p = symbols_find(s, "module", one, NULL);
	tap_ok(p->n == 1 && p->dwarf && p->v[0].line == 1 &&
		   strcmp(p->v[0].function, "first") == 0,
	    "a function");
	tap_ok(symbols_find(s, "module", one, NULL) == p, "is looked up once");
	snprintf(id, sizeof(id), "%s", symbols_build_id(s, "module"));
	tap_ok(strlen(id) == 40 && symbols_find(s, "module", one, id) == p &&
		   symbols_find(s, "module", one, "00")->n == 0,
	    "not with another build id");
	rename("two", "module");
	symbols_refresh(s);
	q = symbols_find(s, "module", two, NULL);
	tap_ok(q->n == 1 && strcmp(q->v[0].function, "second") == 0 &&
		   strcmp(p->v[0].function, "first") == 0,
	    "a file that was replaced");
	tap_ok(symbols_find(s, "fifo", 1, NULL)->n == 0 &&
		   symbols_find(s, "/dev/zero", 1, NULL)->n == 0 &&
		   symbols_find(s, "absent", 1, NULL)->n == 0 &&
		   symbols_find(s, "text", 1, NULL)->n == 0 &&
		   symbols_build_id(s, "text") == NULL,
	    "what is no regular ELF file has no symbols");
	tap_ok(symbols_find(s, "cut", one, NULL) != NULL, "a cut file");
	symbols_free(s);
}

int
main(int argc, char **argv)
{
	struct symbols *s;
	char line[100];
	bool names;

	alarm(60);
	if (argc == 4 && strcmp(argv[1], "-s") == 0) {
		test_rest(
		    strtoull(argv[2], NULL, 16), strtoull(argv[3], NULL, 16));
		return tap_end();
	}
	names = argc == 3 && strcmp(argv[1], "-d") == 0;
	if (argc != 2 && !names)
		return 64;
	s = symbols_new();
	while (fgets(line, sizeof(line), stdin) != NULL)
		(names ? print_names : print)(symbols_find(
		    s, argv[argc - 1], strtoull(line, NULL, 16), NULL));
	symbols_free(s);
	return 0;
}
