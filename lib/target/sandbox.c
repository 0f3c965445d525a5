#include "target/sandbox.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/paths.h"
#include "base/strs.h"

/* Private and empty inside.  /run for its sockets: a read-only mount does not
 * keep anybody from talking to a daemon. */
static const char *const empty[] = {"/tmp", "/var/tmp", "/run"};
#define EMPTY_SIZE "1073741824" /* bytes: a tmpfs is memory */

/* Where resolv.conf may really lie. */
static const char *const resolver[] = {
    "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager"};

/*
 * What root keeps inside: enough for an installer (owners, modes, users).  No
 * CAP_SYS_ADMIN, or the read-only mounts would be a matter of politeness; no
 * CAP_MKNOD, or the disk could be had by its number.
 */
static const char *const caps[] = {"CAP_CHOWN", "CAP_DAC_OVERRIDE",
    "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
    "CAP_SETFCAP", "CAP_SYS_CHROOT", "CAP_NET_BIND_SERVICE"};

/*
 * Of /proc, what the root of any namespace may write without a capability: the
 * host's settings.  (bwrap 0.8 means to cover these and leaves out /proc/sys.)
 */
static const char *const settings[] = {"/proc/sys", "/proc/sysrq-trigger",
    "/proc/irq", "/proc/bus", "/proc/fs", "/proc/scsi", "/proc/acpi",
    "/proc/asound", "/proc/driver", "/proc/mtrr"};

/* What sandbox_overlay makes copy-on-write, where it is a directory. */
static const char *const systems[] = {"bin", "etc", "home", "lib", "lib32",
    "lib64", "opt", "root", "sbin", "srv", "usr", "var"};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
add(struct strs *argv, const char *a, const char *b, const char *c)
{
	strs_add(argv, a);
	strs_add(argv, b);
	if (c != NULL)
		strs_add(argv, c);
}

/* Lago's own files, where the private directories would hide them. */
static void
show(struct strs *argv, const char *path)
{
	size_t i, n;

	for (i = 0; i < COUNT(empty); i++) {
		n = strlen(empty[i]);
		if (strncmp(path, empty[i], n) == 0 && path[n] == '/')
			add(argv, "--ro-bind", path, path);
	}
}

/* Is /NAME a directory, and no link to one? */
static bool
is_system(const char *name)
{
	struct stat st;
	char path[32];

	snprintf(path, sizeof(path), "/%s", name);
	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void
add_overlays(struct strs *argv, const char *dir)
{
	size_t i;

	for (i = 0; i < COUNT(systems); i++) {
		if (!is_system(systems[i]))
			continue;
		strs_add(argv, "--bind");
		strs_addf(argv, "%s/merged/%s", dir, systems[i]);
		strs_addf(argv, "/%s", systems[i]);
	}
}

/* Paths relative to the current directory: a comma or colon in an absolute one
 * would end it. */
static int
mount_one(const char *name, struct fail *f)
{
	static const char *const parts[] = {"upper", "work", "merged"};
	char path[64], options[256];
	size_t i;

	for (i = 0; i < COUNT(parts); i++) {
		snprintf(path, sizeof(path), "%s/%s", parts[i], name);
		if (file_mkdirs(AT_FDCWD, path, 0755, f) < 0)
			return -1;
	}
	snprintf(options, sizeof(options),
	    "index=off,lowerdir=/%s,upperdir=upper/%s,workdir=work/%s", name,
	    name, name);
	if (mount("lago", path, "overlay", 0, options) < 0)
		return fail_errno(f, EX_LAGO_UNAVAILABLE,
		    "no copy-on-write view of /%s", name);
	return 0;
}

int
sandbox_overlay(const char *dir, struct fail *f)
{
	size_t i;

	if (file_mkdirs(AT_FDCWD, dir, 0755, f) < 0)
		return -1;
	if (chdir(dir) < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return fail_errno(f, EX_LAGO_UNAVAILABLE,
		    "no copy-on-write view of the system");
	for (i = 0; i < COUNT(systems); i++)
		if (is_system(systems[i]) && mount_one(systems[i], f) < 0)
			return -1;
	return 0;
}

void
sandbox_argv(struct strs *argv, const struct sandbox *s)
{
	size_t i;

	add(argv, "bwrap", "--unshare-pid", "--as-pid-1");
	add(argv, "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try");
	if (!s->network)
		strs_add(argv, "--unshare-net");
	if (geteuid() == 0) {
		add(argv, "--cap-drop", "ALL", NULL);
		for (i = 0; i < COUNT(caps); i++)
			add(argv, "--cap-add", caps[i], NULL);
	}
	add(argv, "--ro-bind", "/", "/");
	if (s->overlay != NULL)
		add_overlays(argv, s->overlay);
	for (i = 0; i < COUNT(empty); i++) {
		add(argv, "--perms", "1777", NULL);
		add(argv, "--size", EMPTY_SIZE, NULL);
		add(argv, "--tmpfs", empty[i], NULL);
	}
	for (i = 0; s->network && i < COUNT(resolver); i++)
		add(argv, "--ro-bind-try", resolver[i], resolver[i]);
	add(argv, "--proc", "/proc", NULL);
	for (i = 0; i < COUNT(settings); i++)
		add(argv, "--ro-bind-try", settings[i], settings[i]);
	add(argv, "--dev", "/dev", NULL);
	show(argv, paths_bin());
	show(argv, paths_libexec());
	show(argv, paths_share());
	if (s->work != NULL)
		add(argv, "--bind", s->work, s->work);
	strs_add(argv, "--");
}

int
sandbox_probe(struct fail *f)
{
	struct strs argv = {0};
	struct buf out = BUF_INIT;
	struct fail why = {0};
	struct sandbox s = {0};
	int status = 0, r;

	strs_add(&argv, "sh");
	strs_add(&argv, "-c");
	strs_add(&argv, "exec 2>&1; exec \"$@\"");
	strs_add(&argv, "sh");
	sandbox_argv(&argv, &s);
	strs_add(&argv, "true");
	r = child_run(strs_argv(&argv), NULL, "/", NULL, 0, 20, 65536, &out,
	    &status, &why);
	if (r < 0)
		r = fail_set(f, EX_LAGO_UNAVAILABLE, "%s", why.text);
	else if (status != 0)
		r = fail_set(f, EX_LAGO_UNAVAILABLE,
		    "bubblewrap does not work here: %.*s",
		    (int)strcspn(buf_str(&out), "\n"), buf_str(&out));
	buf_release(&out);
	strs_release(&argv);
	return r;
}
