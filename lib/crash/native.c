#include "crash/native.h"

#include <dirent.h>
#include <elf.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/ucontext.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/mem.h"
#include "base/sig.h"
#include "symbols/debugfile.h"
#include "crash/insn.h"
#include "symbols/symbols.h"
#include "target/exec.h"
#include "target/late.h"

#define DEPTH_MAX 2000
#define PAGE 4096
#define STACK_PAGES 64
#define RED_ZONE 256
#define TRACE (PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE)
#define STOP_WAIT 5 /* seconds for a thread to stop; then it is killed */

#if defined(__x86_64__) || defined(__aarch64__)
#define REGISTERS 1
#else
#define REGISTERS 0
struct user_regs_struct {
	char none;
};
#endif

struct native {
	struct symbols *symbols;
	Dwfl *dwfl;
	uint64_t maps; /* hash of the mapped files it was made from */
	pid_t pid;     /* stopped now: what the callbacks read */
	struct user_regs_struct regs;
	uint64_t stack_at;
	size_t stack_len;
	unsigned char stack[STACK_PAGES * PAGE];

	/* of native_run */
	pid_t traced; /* 0 not yet, -1 not allowed */
	bool forks;   /* that is a fork server, the next child is meant */
	pid_t server;
	int why;
	struct native_crash *crash;
	bool nested; /* the stack has a signal's frame in it */
	bool first;  /* the next frame is the one that stopped */
	bool again;  /* regs are of the code that a signal interrupted */
};

struct native *
native_new(struct symbols *symbols)
{
	struct native *n = mem_alloc(sizeof(*n));

	n->symbols = symbols;
	return n;
}

void
native_free(struct native *n)
{
	if (n == NULL)
		return;
	if (n->dwfl != NULL)
		dwfl_end(n->dwfl);
	free(n);
}

#if defined(__x86_64__)
static uint64_t
reg_pc(const struct native *n)
{
	return n->regs.rip;
}

static uint64_t
reg_sp(const struct native *n)
{
	return n->regs.rsp;
}

static uint64_t
reg_bp(const struct native *n)
{
	return n->regs.rbp;
}

static bool
give_registers(Dwfl_Thread *thread, void *arg)
{
	const struct user_regs_struct *r = &((struct native *)arg)->regs;
	const Dwarf_Word v[17] = {r->rax, r->rdx, r->rcx, r->rbx, r->rsi,
	    r->rdi, r->rbp, r->rsp, r->r8, r->r9, r->r10, r->r11, r->r12,
	    r->r13, r->r14, r->r15, r->rip};

	return dwfl_thread_state_registers(thread, 0, 17, v);
}
#elif defined(__aarch64__)
static uint64_t
reg_pc(const struct native *n)
{
	return n->regs.pc;
}

static uint64_t
reg_sp(const struct native *n)
{
	return n->regs.sp;
}

static uint64_t
reg_bp(const struct native *n)
{
	return n->regs.regs[29];
}

static bool
give_registers(Dwfl_Thread *thread, void *arg)
{
	const struct user_regs_struct *r = &((struct native *)arg)->regs;
	Dwarf_Word v[32];
	int i;

	for (i = 0; i < 31; i++)
		v[i] = r->regs[i];
	v[31] = r->sp;
	dwfl_thread_state_register_pc(thread, r->pc);
	return dwfl_thread_state_registers(thread, 0, 32, v);
}
#endif

#if REGISTERS
/* Up to len bytes at an address of the stopped process. */
static size_t
peek(const struct native *n, uint64_t addr, void *p, size_t len)
{
	struct iovec to = {p, len}, from[STACK_PAGES + 1];
	unsigned long count = 0;
	size_t room;
	ssize_t got;

	/* Page by page, for it reads whole pieces or nothing of them. */
	while (len > 0 && count < STACK_PAGES + 1) {
		room = PAGE - addr % PAGE;
		if (room > len)
			room = len;
		from[count++] = (struct iovec){(void *)(uintptr_t)addr, room};
		addr += room;
		len -= room;
	}
	got = process_vm_readv(n->pid, &to, 1, from, count, 0);
	return got > 0 ? (size_t)got : 0;
}

static bool
read_word(Dwfl *dwfl, Dwarf_Addr addr, Dwarf_Word *result, void *arg)
{
	struct native *n = arg;

	(void)dwfl;
	if (addr >= n->stack_at && addr - n->stack_at < n->stack_len &&
	    n->stack_len - (addr - n->stack_at) >= sizeof(*result)) {
		memcpy(
		    result, n->stack + (addr - n->stack_at), sizeof(*result));
		return true;
	}
	return peek(n, addr, result, sizeof(*result)) == sizeof(*result);
}

static pid_t
next_thread(Dwfl *dwfl, void *arg, void **thread)
{
	(void)dwfl;
	if (*thread != NULL)
		return 0;
	*thread = arg;
	return ((struct native *)arg)->pid;
}

static bool
get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **thread)
{
	(void)dwfl;
	(void)tid;
	*thread = arg;
	return true;
}

static uint64_t
hash(uint64_t h, const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ ((const unsigned char *)p)[i]) * 1099511628211u;
	return h;
}

/* Of the code that is mapped from files: where, which, from when.  What else a
 * program maps, its input perhaps, does not count. */
static uint64_t
hash_maps(pid_t pid)
{
	uint64_t h = 14695981039346656037u;
	char path[64], *line = NULL, *file;
	size_t size = 0;
	struct stat st;
	ssize_t got;
	FILE *fp;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	fp = fopen(path, "re");
	while (fp != NULL && (got = getline(&line, &size, fp)) > 0) {
		file = strchr(line, '/');
		if (file == NULL ||
		    memchr(line, 'x', (size_t)(file - line)) == NULL)
			continue;
		h = hash(h, line, (size_t)got);
		line[got - 1] = '\0';
		if (stat(file, &st) == 0)
			h = hash(h, &st.st_mtim, sizeof(st.st_mtim));
	}
	if (fp != NULL)
		fclose(fp);
	free(line);
	return h;
}

/* The vdso is the same in every process; the one in which it was seen may have
 * ended when it is first read. */
static int
find_elf(Dwfl_Module *mod, void **data, const char *name, Dwarf_Addr base,
    char **file, Elf **elf)
{
	if (name[0] != '/')
		return debugfile_vdso();
	return dwfl_linux_proc_find_elf(mod, data, name, base, file, elf);
}

/* The Dwfl of what is mapped: kept as long as that stays the same, which it
 * does from run to run without address space randomisation. */
static void
load_modules(struct native *n)
{
	static const Dwfl_Callbacks modules = {.find_elf = find_elf,
	    .find_debuginfo = dwfl_standard_find_debuginfo};
	static const Dwfl_Thread_Callbacks threads = {
	    .next_thread = next_thread,
	    .get_thread = get_thread,
	    .memory_read = read_word,
	    .set_initial_registers = give_registers};
	uint64_t h = hash_maps(n->pid);

	if (n->dwfl != NULL && h == n->maps)
		return;
	if (n->dwfl != NULL)
		dwfl_end(n->dwfl);
	n->maps = h;
	n->dwfl = dwfl_begin(&modules);
	if (n->dwfl == NULL)
		return;
	dwfl_report_begin(n->dwfl);
	if (dwfl_linux_proc_report(n->dwfl, n->pid) == 0 &&
	    dwfl_report_end(n->dwfl, NULL, NULL) == 0 &&
	    dwfl_attach_state(n->dwfl, NULL, n->pid, &threads, n))
		return;
	dwfl_end(n->dwfl);
	n->dwfl = NULL;
}

/* libdwfl gives the memory between two modules to one of them. */
static Dwfl_Module *
module_at(const struct native *n, uint64_t addr)
{
	Dwfl_Module *mod = dwfl_addrmodule(n->dwfl, addr);
	Dwarf_Addr start = 0, end = 0;

	if (mod != NULL)
		dwfl_module_info(
		    mod, NULL, &start, &end, NULL, NULL, NULL, NULL);
	return addr >= start && addr < end ? mod : NULL;
}

static void
add_frame(struct native *n, uint64_t pc)
{
	struct native_crash *c = n->crash;
	Dwfl_Module *mod = module_at(n, pc);
	struct native_frame *fr;
	GElf_Addr bias = 0;
	const char *name;

	if (c->depth++ >= NATIVE_FRAMES)
		return;
	fr = &c->v[c->n++];
	*fr = (struct native_frame){.pc = pc, .offset = pc};
	if (mod != NULL) {
		name = dwfl_module_info(
		    mod, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
		fr->module = name[0] == '/' ? name : "[vdso]";
		if (dwfl_module_getelf(mod, &bias) != NULL)
			fr->offset = pc - bias;
	}
	fr->place = symbols_find(
	    n->symbols, fr->module != NULL ? fr->module : "", fr->offset, NULL);
}

#if defined(__aarch64__)
/* Is it the kernel's code that ends a handler of a signal?  Nothing describes
 * how to unwind it: the registers of what was interrupted lie on the stack. */
static bool
ends_handler(struct native *n, Dwfl_Frame *frame, uint64_t pc)
{
	static const uint32_t sigreturn[] = {0xd2801168, 0xd4000001};
	uint32_t code[2];
	Dwarf_Word sp;

	return peek(n, pc, code, sizeof(code)) == sizeof(code) &&
	       memcmp(code, sigreturn, sizeof(code)) == 0 &&
	       dwfl_frame_reg(frame, 31, &sp) == 0 &&
	       peek(n,
		   sp + sizeof(siginfo_t) + offsetof(ucontext_t, uc_mcontext) +
		       offsetof(mcontext_t, regs),
		   &n->regs, sizeof(n->regs)) == sizeof(n->regs);
}
#else
static bool
ends_handler(struct native *n, Dwfl_Frame *frame, uint64_t pc)
{
	(void)n;
	(void)frame;
	(void)pc;
	return false;
}
#endif

static int
each_frame(Dwfl_Frame *frame, void *arg)
{
	struct native *n = arg;
	Dwarf_Addr pc;
	bool activation;

	if (!dwfl_frame_pc(frame, &pc, &activation) || pc == 0)
		return DWARF_CB_ABORT;
	n->again = ends_handler(n, frame, pc);
	if (n->again || (activation && !n->first))
		n->nested = true;
	n->first = false;
	if (n->again) {
		add_frame(n, pc);
		return DWARF_CB_ABORT;
	}
	add_frame(n, activation ? pc : pc - 1);
	return n->crash->depth < DEPTH_MAX ? DWARF_CB_OK : DWARF_CB_ABORT;
}

/* Nothing can be unwound from a pc that is no code, or code that nobody
 * describes: a call left its return address, which can. */
static bool
is_lost(const struct native *n)
{
	const struct native_crash *c = n->crash;
	Dwfl_Module *mod = module_at(n, c->pc);

	return mod == NULL || c->ninsn == 0 ||
	       (c->known && c->address == c->pc &&
		   (c->signal == SIGSEGV || c->signal == SIGBUS));
}

#if defined(__x86_64__)
/* Is it the place behind a call? */
static bool
returns_to(struct native *n, uint64_t addr)
{
	unsigned char p[7];

	return module_at(n, addr - 1) != NULL &&
	       peek(n, addr - sizeof(p), p, sizeof(p)) == sizeof(p) &&
	       insn_call_before(p, sizeof(p));
}

/* As if the call had not been made; false: the caller cannot be found. */
static bool
step_back(struct native *n)
{
	struct user_regs_struct *r = &n->regs;
	Dwarf_Word caller, bp;

	if (read_word(n->dwfl, r->rsp, &caller, n) && returns_to(n, caller)) {
		r->rsp += 8;
		r->rip = caller - 1;
		return true;
	}
	/* Code that was made at run time may have set up a frame. */
	if (!read_word(n->dwfl, r->rbp, &bp, n) ||
	    !read_word(n->dwfl, r->rbp + 8, &caller, n) ||
	    !returns_to(n, caller))
		return false;
	r->rsp = r->rbp + 16;
	r->rbp = bp;
	r->rip = caller - 1;
	return true;
}
#else
static bool
returns_to(struct native *n, uint64_t addr)
{
	return module_at(n, addr - 4) != NULL;
}

static bool
step_back(struct native *n)
{
	struct user_regs_struct *r = &n->regs;
	Dwarf_Word caller, bp;

	if (returns_to(n, r->regs[30])) {
		r->pc = r->regs[30] - 4;
		return true;
	}
	if (!read_word(n->dwfl, r->regs[29], &bp, n) ||
	    !read_word(n->dwfl, r->regs[29] + 8, &caller, n) ||
	    !returns_to(n, caller))
		return false;
	r->sp = r->regs[29] + 16;
	r->regs[29] = bp;
	r->pc = caller - 4;
	return true;
}
#endif

static void
unwind(struct native *n)
{
	uint64_t sp = reg_sp(n);

	n->stack_at = sp < RED_ZONE ? 0 : (sp - RED_ZONE) & ~(uint64_t)4095;
	n->stack_len = peek(n, n->stack_at, n->stack, sizeof(n->stack));
	load_modules(n);
	if (n->dwfl == NULL)
		return;
	if (is_lost(n)) {
		add_frame(n, reg_pc(n));
		if (!step_back(n))
			return;
	}
	do {
		n->first = true;
		n->again = false;
		dwfl_getthread_frames(n->dwfl, n->pid, each_frame, n);
	} while (n->again && n->crash->depth < DEPTH_MAX);
}

/* A block copy (movs) reads and writes: the nearer side is the one that
 * failed. */
static enum report_access
access_of(const struct native *n)
{
	const struct native_crash *c = n->crash;

#if defined(__x86_64__)
	uint64_t to = c->address - n->regs.rdi, from = c->address - n->regs.rsi;

	if (c->known && insn_copies(c->insn, c->ninsn))
		return to + 64 < from + 64 ? REPORT_WRITE : REPORT_READ;
#endif
	return insn_access(INSN_HERE, c->insn, c->ninsn);
}

/* Registers and stack of the stopped thread, into n->crash. */
static void
look(struct native *n, pid_t tid)
{
	struct iovec io = {&n->regs, sizeof(n->regs)};
	struct native_crash *c = n->crash;

	n->pid = tid;
	c->n = c->depth = 0;
	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &io) != 0)
		return;
	c->pc = reg_pc(n);
	c->sp = reg_sp(n);
	c->bp = reg_bp(n);
	c->ninsn = peek(n, c->pc, c->insn, sizeof(c->insn));
	c->access = access_of(n);
	unwind(n);
}
#else
static void
look(struct native *n, pid_t tid)
{
	(void)n;
	(void)tid;
}
#endif

static bool
is_fault(int sig)
{
	return sig == SIGSEGV || sig == SIGBUS || sig == SIGILL ||
	       sig == SIGFPE;
}

static bool
is_crash(int sig)
{
	return is_fault(sig) || sig == SIGABRT || sig == SIGTRAP ||
	       sig == SIGSYS;
}

static void
crashed(struct native *n, pid_t tid, int sig)
{
	struct native_crash *had = n->crash, now = {.signal = sig};
	siginfo_t info;

	if (ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) != 0)
		return;
	now.code = info.si_code;
	/* SI_KERNEL: the machine did not say where. */
	now.known = (is_fault(sig) || sig == SIGTRAP) && info.si_code > 0 &&
		    info.si_code != SI_KERNEL;
	now.address = now.known ? (uint64_t)(uintptr_t)info.si_addr : 0;
	n->crash = &now;
	n->nested = false;
	look(n, tid);
	n->crash = had;
	/* What a handler does, abort or fail in its turn, is not the crash. */
	if (had->signal == 0 || !n->nested)
		*had = now;
}

/* From a fork server to its child: the one is let go, and of the other's
 * children there is no news wanted. */
static void
follow(const struct native *n, pid_t tid, int event)
{
	if (tid != n->server)
		ptrace(PTRACE_SETOPTIONS, tid, NULL, TRACE);
	else if (event == PTRACE_EVENT_FORK)
		ptrace(PTRACE_DETACH, tid, NULL, NULL);
}

static void
stopped(struct native *n, pid_t tid, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16;

	if (event == PTRACE_EVENT_STOP && sig != SIGTRAP) {
		ptrace(PTRACE_LISTEN, tid, NULL, NULL);
		return;
	}
	if (event == 0 && is_crash(sig))
		crashed(n, tid, sig);
	if (n->server > 0 && event != 0)
		follow(n, tid, event);
	ptrace(PTRACE_CONT, tid, NULL, event != 0 ? 0 : (long)sig);
}

static void
seize(pid_t pid, void *arg)
{
	struct native *n = arg;

	n->traced = pid;
	n->server = n->forks ? pid : 0;
	if (ptrace(PTRACE_SEIZE, pid, NULL,
		n->forks ? TRACE | PTRACE_O_TRACEFORK : TRACE) != 0) {
		n->why = errno;
		n->traced = -1;
	}
}

static void
noise(int sig)
{
	(void)sig;
}

/* Serve both, the stops of the process and the news of its guardian: SIGCHLD
 * ends the sleep. */
static int
attend(struct native *n, struct exec *e, struct fail *f)
{
	struct pollfd p = {.events = POLLIN};
	bool killed = false;
	int rc, status;
	pid_t tid;

	while ((rc = exec_step(e, f)) == 0) {
		/* Its session is its own: no other child of ours is hit. */
		while (n->traced > 0 && (tid = waitpid(-n->traced, &status,
					     __WALL | WNOHANG)) > 0)
			if (WIFSTOPPED(status))
				stopped(n, tid, status);
		if (sig_got && !killed) {
			exec_kill(e);
			killed = true;
		}
		p.fd = exec_fd(e);
		sig_poll(&p, 1, -1);
	}
	if (rc > 0 && killed)
		return fail_set(f, EX_LAGO_TEMP, "stopped by a signal");
	return rc < 0 ? -1 : 0;
}

int
native_run(struct native *n, struct exec *e, const struct exec_input *in,
    struct native_crash *c, struct fail *f)
{
	struct sigaction wake = {.sa_handler = noise}, old;
	struct exec_input traced = *in;
	sigset_t child, mask;
	int rc;

	memset(c, 0, sizeof(*c));
	n->crash = c;
	n->traced = n->server = 0;
	n->forks = in->late == LATE_AT_AFL;
	traced.at_start = seize;
	traced.at_limit = NULL;
	traced.arg = n;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &mask);
	sigaction(SIGCHLD, NULL, &old);
	if (old.sa_handler == SIG_DFL || old.sa_handler == SIG_IGN)
		sigaction(SIGCHLD, &wake, NULL);
	rc = exec_start(e, &traced, f);
	if (rc == 0)
		rc = attend(n, e, f);
	sigaction(SIGCHLD, &old, NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (rc != 0)
		return -1;
	if (n->traced < 0)
		return fail_set(f, EX_LAGO_UNAVAILABLE, "cannot trace '%s': %s",
		    exec_program(e), strerror(n->why));
	return 0;
}

static pid_t
busiest(pid_t pid)
{
	unsigned long long user, sys, most = 0;
	char path[300], buf[512], *p;
	struct dirent *d;
	pid_t tid = pid;
	ssize_t got;
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir != NULL && (d = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "%s/stat", d->d_name);
		if (d->d_name[0] == '.')
			continue;
		fd = openat(dirfd(dir), path, O_RDONLY | O_CLOEXEC);
		got = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
		if (fd >= 0)
			close(fd);
		buf[got > 0 ? got : 0] = '\0';
		if ((p = strrchr(buf, ')')) != NULL &&
		    sscanf(p + 1,
			" %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu "
			"%llu",
			&user, &sys) == 2 &&
		    user + sys > most) {
			most = user + sys;
			tid = (pid_t)atol(d->d_name);
		}
	}
	if (dir != NULL)
		closedir(dir);
	return tid;
}

/* Wait for the stop that was asked for; -1: it ended, or had to be. */
static int
await_stop(pid_t pid, pid_t tid, int *status)
{
	double end = clock_mono() + STOP_WAIT;
	pid_t got;

	while ((got = waitpid(tid, status, __WALL | WNOHANG)) == 0) {
		if (clock_mono() > end) {
			/* Nobody else can bury it while we trace it. */
			kill(pid, SIGKILL);
			waitpid(tid, status, __WALL);
			return -1;
		}
		clock_sleep(0.0002);
	}
	return got == tid && WIFSTOPPED(*status) ? 0 : -1;
}

int
native_sample(
    struct native *n, pid_t pid, struct native_crash *c, struct fail *f)
{
	pid_t tid = busiest(pid);
	int status, sig = 0;

	memset(c, 0, sizeof(*c));
	n->crash = c;
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) != 0)
		return fail_errno(f, EX_LAGO_UNAVAILABLE,
		    "cannot trace process %d", (int)pid);
	/* Also of one that is just ending: it is a zombie until we wait. */
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	if (await_stop(pid, tid, &status) != 0)
		return fail_set(f, EX_LAGO_UNAVAILABLE,
		    "process %d did not stop", (int)pid);
	look(n, tid);
	if (status >> 16 == 0)
		sig = WSTOPSIG(status);
	ptrace(PTRACE_DETACH, tid, NULL, (long)sig);
	return 0;
}
