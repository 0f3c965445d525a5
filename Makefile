# lago: make, make check, make demo, make install.  GNU make.
# CC, CFLAGS, CPPFLAGS, LDFLAGS, PREFIX and DESTDIR are yours.

VERSION = 0.1
PREFIX = /usr/local
BINDIR = $(PREFIX)/bin
LIBEXECDIR = $(PREFIX)/lib/lago
SHAREDIR = $(PREFIX)/share/lago
MANDIR = $(PREFIX)/share/man
COMPDIR = $(PREFIX)/share/bash-completion/completions

CFLAGS = -O2 -g
HARDEN = -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 \
	-fPIE
HARDEN_LD = -pie -Wl,-z,relro,-z,now
OURS = -std=c11 -D_GNU_SOURCE -Ilib -Wall -Wextra -Wshadow \
	-Wmissing-prototypes -Wwrite-strings -MMD -MP
LIBS = -Wl,--as-needed -lsqlite3 -larchive -lcrypto -ldw -lelf -liberty -lm

LIBSRC = $(filter-out lib/exec/%,$(wildcard lib/*/*.c)) lib/store/sql.c
LIBOBJ = $(sort $(LIBSRC:.c=.o))
SHIMS = lib/exec/late.so lib/exec/loop.so
# Scripts of engines and of the nodes that they reach.
REACH = lib/exec/accept lib/exec/node lib/exec/pack lib/exec/reach \
	lib/exec/slurm
PROGS = $(patsubst %.c,%,$(filter-out $(SHIMS:.so=.c), \
	$(wildcard bin/*.c lib/exec/*.c)))
UNITS = $(patsubst %.c,%,$(wildcard t/unit/*-test.c))
COMPILE = $(CC) $(OURS) $(HARDEN) $(CFLAGS) $(CPPFLAGS)

all: $(PROGS) $(SHIMS)

lib/liblago.a: $(LIBOBJ)
	rm -f $@
	$(AR) rcs $@ $(LIBOBJ)

%.o: %.c
	$(COMPILE) -c -o $@ $<

$(PROGS) $(UNITS): %: %.c lib/liblago.a
	$(COMPILE) $(HARDEN_LD) $(LDFLAGS) -o $@ $< lib/liblago.a $(LIBS)

# Loaded into targets: nothing of ours, no sanitizer, and jumps as jumps.
$(SHIMS): lib/exec/%.so: lib/exec/%.c lib/exec/startmain.h lib/exec/zeros.h \
		lib/target/late.h
	$(CC) $(OURS) -O2 -fPIC -fvisibility=hidden -fno-stack-protector \
		-foptimize-sibling-calls -fno-delete-null-pointer-checks \
		$(CPPFLAGS) -shared -o $@ $< -ldl

# The schema, as C: sqlite3 and editors read the .sql, the programs carry it.
lib/store/sql.c: $(wildcard share/sql/*.sql) lib/store/sql.sh
	sh lib/store/sql.sh $(sort $(wildcard share/sql/*.sql)) >$@.tmp
	mv $@.tmp $@

-include $(wildcard lib/*/*.d bin/*.d t/unit/*.d .fuzz/*.d .fuzz/*/*/*.d)

setup:
	share/setup

# demo and check install what is missing by themselves.
ready:
	@share/setup -n || share/setup

demo: ready
	@$(MAKE) -s all
	share/examples/demo .demo $(SECONDS)

demo-real: ready
	@$(MAKE) -s all
	share/examples/demo-real .demo/real $(SECONDS)

check: ready
	@$(MAKE) all units
	t/run $(T)

units: $(UNITS)

bench: ready
	@$(MAKE) -s all
	t/bench/run $(B)

lint:
	t/lint

# Everything, tests included, once more with ASan and UBSan, in a copy.
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=undefined
asan: ready
	rm -rf .asan
	mkdir .asan
	tar cf - --exclude=.git --exclude=.demo --exclude=.asan --exclude=.bench \
		--exclude=.fuzz . | tar xf - -C .asan
	cd .asan && $(MAKE) -s clean && LAGO_ASAN=1 $(MAKE) check HARDEN=-fPIE \
		CFLAGS='-O1 -g -fno-omit-frame-pointer $(SANITIZE)'

# A fuzz target of t/fuzz as a bundle: make fuzz; lago-run .fuzz/verdict.zip
FUZZ = clang $(OURS) -O1 -g -fno-omit-frame-pointer \
	-fno-sanitize-recover=undefined -fsanitize=address,undefined
FUZZOBJ = $(LIBOBJ:%=.fuzz/%)
fuzz: ready .fuzz/verdict.zip

.fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZ) -fsanitize=fuzzer-no-link -c -o $@ $<

# Only what is used: in its words a target with all of us looks like AFL++'s.
.fuzz/liblago.a: $(FUZZOBJ)
	rm -f $@
	$(AR) rcs $@ $(FUZZOBJ)

.fuzz/%-fuzz: t/fuzz/%-fuzz.c .fuzz/liblago.a
	$(FUZZ) -fsanitize=fuzzer -o $@ $< .fuzz/liblago.a $(LIBS)

.fuzz/%.zip: .fuzz/%-fuzz t/fuzz/pack $(wildcard t/fuzz/*.dict t/golden/logs/*)
	t/fuzz/pack $* $< $@

D = $(DESTDIR)
install: all
	install -d $(D)$(BINDIR) $(D)$(LIBEXECDIR)/driver $(D)$(LIBEXECDIR)/engine \
		$(D)$(LIBEXECDIR)/exec $(D)$(SHAREDIR) $(D)$(COMPDIR) \
		$(D)$(MANDIR)/man1 $(D)$(MANDIR)/man5 $(D)$(MANDIR)/man7
	install bin/lago $(filter bin/%,$(PROGS)) $(D)$(BINDIR)
	install lib/driver/* $(D)$(LIBEXECDIR)/driver
	install lib/engine/* $(D)$(LIBEXECDIR)/engine
	install $(filter lib/exec/%,$(PROGS)) $(SHIMS) $(REACH) \
		$(D)$(LIBEXECDIR)/exec
	cp -R share/rules share/cron share/doc share/examples $(D)$(SHAREDIR)
	install -m 644 share/completion/lago $(D)$(COMPDIR)/lago
	for n in 1 5 7; do \
		install -m 644 man/*.$$n $(D)$(MANDIR)/man$$n || exit 1; done

uninstall:
	rm -f $(addprefix $(D)$(BINDIR)/,lago $(notdir $(filter bin/%,$(PROGS))))
	rm -rf $(D)$(LIBEXECDIR) $(D)$(SHAREDIR)
	rm -f $(D)$(COMPDIR)/lago
	for page in man/*.[157]; do n=$${page##*.}; \
		rm -f $(D)$(MANDIR)/man$$n/$${page##*/}; done

dist:
	git archive --prefix=lago-$(VERSION)/ -o lago-$(VERSION).tar.gz HEAD

clean:
	rm -f bin/*.d lib/*/*.[od] lib/liblago.a lib/store/sql.c $(PROGS) $(SHIMS)
	rm -f t/unit/*.d $(UNITS)
	rm -rf .asan .demo .bench .fuzz

.PHONY: all asan bench check clean demo demo-real dist fuzz install lint \
	ready setup uninstall units
.SECONDARY:
.DELETE_ON_ERROR:
