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
HARDEN = -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
HARDEN_LD = -pie -Wl,-z,relro,-z,now
OURS = -std=c11 -D_GNU_SOURCE -Ilib -Wall -Wextra -Wshadow \
	-Wmissing-prototypes -Wwrite-strings -MMD -MP
LIBS = -Wl,--as-needed -lsqlite3 -larchive -lcrypto -ldw -lelf -liberty

LIBSRC = $(filter-out lib/exec/%,$(wildcard lib/*/*.c)) lib/store/sql.c
LIBOBJ = $(sort $(LIBSRC:.c=.o))
PROGS = $(patsubst %.c,%,$(wildcard bin/*.c lib/exec/*.c))
UNITS = $(patsubst %.c,%,$(wildcard t/unit/*-test.c))
COMPILE = $(CC) $(OURS) $(HARDEN) $(CFLAGS) $(CPPFLAGS)

all: $(PROGS)

lib/liblago.a: $(LIBOBJ)
	rm -f $@
	$(AR) rcs $@ $(LIBOBJ)

%.o: %.c
	$(COMPILE) -c -o $@ $<

$(PROGS) $(UNITS): %: %.c lib/liblago.a
	$(COMPILE) $(HARDEN_LD) $(LDFLAGS) -o $@ $< lib/liblago.a $(LIBS)

# The schema, as C: sqlite3 and editors read the .sql, the programs carry it.
lib/store/sql.c: $(wildcard share/sql/*.sql) lib/store/sql.sh
	sh lib/store/sql.sh $(sort $(wildcard share/sql/*.sql)) >$@.tmp
	mv $@.tmp $@

-include $(wildcard lib/*/*.d bin/*.d t/unit/*.d)

clean:
	rm -f bin/*.d lib/*/*.[od] lib/liblago.a lib/store/sql.c $(PROGS)
	rm -f t/unit/*.d $(UNITS)
	rm -rf .asan .demo .bench

.PHONY: all clean
.DELETE_ON_ERROR:
