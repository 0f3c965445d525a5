#include "job/bundleread.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/mem.h"
#include "job/bundlezip.h"

#define BLOCK 65536
#define MEMORY (1ULL << 30) /* for libarchive: xz -9 takes 64 MiB */

struct bundleread {
	struct archive *a;
	int fd;
	locale_t locale, before;
	struct rlimit memory; /* as it was */
	char ext[16];
	bool zip; /* its directory was checked */
};

/* Everything that is switched on.  Not mtree above all, whose text names files
 * of this machine. */
static int (*const formats[])(struct archive *) = {
    archive_read_support_format_zip_seekable,
    archive_read_support_format_tar,
    archive_read_support_format_7zip,
    archive_read_support_format_cpio,
    archive_read_support_filter_gzip,
    archive_read_support_filter_bzip2,
    archive_read_support_filter_xz,
    archive_read_support_filter_zstd,
};

static const struct {
	int code;
	const char *ext;
} format_exts[] =
    {
	{ARCHIVE_FORMAT_ZIP, "zip"},
	{ARCHIVE_FORMAT_TAR, "tar"},
	{ARCHIVE_FORMAT_7ZIP, "7z"},
	{ARCHIVE_FORMAT_CPIO, "cpio"},
},
  filter_exts[] = {
      {ARCHIVE_FILTER_GZIP, ".gz"},
      {ARCHIVE_FILTER_BZIP2, ".bz2"},
      {ARCHIVE_FILTER_XZ, ".xz"},
      {ARCHIVE_FILTER_ZSTD, ".zst"},
};

static int
failed(struct bundleread *r, struct fail *f)
{
	const char *why = archive_error_string(r->a);
	int error = archive_errno(r->a), status = EX_LAGO_DATA;

	if (error == ENOMEM)
		return fail_set(f, status, "needs too much memory");
	if (error == EIO || error == EISDIR)
		status = EX_LAGO_IO;
	if (archive_format(r->a) == 0 && status == EX_LAGO_DATA)
		return fail_set(f, status,
		    "neither zip, 7z, tar nor cpio, or not whole: %.300s",
		    why != NULL ? why : "unreadable");
	return fail_set(f, status, "not a whole archive: %.300s",
	    why != NULL ? why : "unreadable");
}

static int
check_zip(struct bundleread *r, int fd, uint64_t bytes, uint64_t members,
    struct fail *f)
{
	uint64_t has_members, has_bytes;

	if (bundlezip_check(fd, &has_members, &has_bytes, f) == -1)
		return -1;
	r->zip = true;
	if (has_members > members)
		return fail_set(f, EX_LAGO_DATA,
		    "more than %llu members (config bundle_members)",
		    (unsigned long long)members);
	if (has_bytes > bytes)
		return fail_set(f, EX_LAGO_DATA,
		    "more than %llu bytes expanded (config bundle_bytes)",
		    (unsigned long long)bytes);
	return 0;
}

static int
start(struct bundleread *r, int fd, struct fail *f)
{
	size_t i;

	if ((r->a = archive_read_new()) == NULL)
		return fail_set(f, EX_LAGO_TEMP, "out of memory");
	/* ARCHIVE_WARN: it would run a program instead. */
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (formats[i](r->a) != ARCHIVE_OK)
			return fail_set(f, EX_LAGO_UNAVAILABLE,
			    "this libarchive lacks zip, 7z, tar, cpio, gzip, "
			    "bzip2, xz or zstd");
	if (lseek(fd, 0, SEEK_SET) == -1)
		return fail_errno(f, EX_LAGO_IO, "cannot seek");
	if (archive_read_open_fd(r->a, fd, BLOCK) != ARCHIVE_OK)
		return failed(r, f);
	return 0;
}

/* libarchive reserves what an archive says it needs: gigabytes for a name of
 * cpio or a dictionary of 7z, and fills it when the archive is compressed. */
static void
limit_memory(struct bundleread *r)
{
	unsigned long long pages = 0;
	struct rlimit limit;
	FILE *fp;

	if (getrlimit(RLIMIT_DATA, &r->memory) == -1 ||
	    (fp = fopen("/proc/self/statm", "re")) == NULL)
		return;
	limit = r->memory;
	if (fscanf(fp, "%*s %*s %*s %*s %*s %llu", &pages) == 1) {
		pages = pages * (unsigned)getpagesize() + MEMORY;
		if (limit.rlim_cur > pages)
			limit.rlim_cur = pages;
		setrlimit(RLIMIT_DATA, &limit);
	}
	fclose(fp);
}

struct bundleread *
bundleread_open(int fd, uint64_t bytes, uint64_t members, struct fail *f)
{
	struct bundleread *r = mem_alloc(sizeof(*r));

	r->fd = fd;
	limit_memory(r);
	/* libarchive asks the locale what a name is; cron's is C. */
	r->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	r->before = (locale_t)0;
	if (r->locale != (locale_t)0)
		r->before = uselocale(r->locale);
	if ((bundlezip_is(fd) && check_zip(r, fd, bytes, members, f) == -1) ||
	    start(r, fd, f) == -1) {
		bundleread_close(r);
		return NULL;
	}
	return r;
}

void
bundleread_close(struct bundleread *r)
{
	if (r == NULL)
		return;
	if (r->a != NULL)
		archive_read_free(r->a);
	if (r->memory.rlim_max != 0)
		setrlimit(RLIMIT_DATA, &r->memory);
	if (r->locale != (locale_t)0) {
		uselocale(r->before);
		freelocale(r->locale);
	}
	free(r);
}

static void
set_ext(struct bundleread *r)
{
	int format = archive_format(r->a) & ARCHIVE_FORMAT_BASE_MASK;
	int filter = archive_filter_code(r->a, 0);
	const char *first = "", *second = "";
	size_t i;

	for (i = 0; i < sizeof(format_exts) / sizeof(format_exts[0]); i++)
		if (format_exts[i].code == format)
			first = format_exts[i].ext;
	for (i = 0; i < sizeof(filter_exts) / sizeof(filter_exts[0]); i++)
		if (filter_exts[i].code == filter)
			second = filter_exts[i].ext;
	snprintf(r->ext, sizeof(r->ext), "%s%s", first, second);
}

/* A zip that does not begin like one was not checked: something is glued to
 * its front.  Filters in chains are how archives of a few bytes expand to
 * anything. */
static int
check_form(struct bundleread *r, struct fail *f)
{
	if (archive_filter_count(r->a) > 2)
		return fail_set(f, EX_LAGO_DATA, "compressed more than once");
	if ((archive_format(r->a) & ARCHIVE_FORMAT_BASE_MASK) ==
		ARCHIVE_FORMAT_ZIP &&
	    !r->zip)
		return fail_set(f, EX_LAGO_DATA,
		    "a zip with something before its first member");
	return 0;
}

/* libarchive takes a tar that was cut between two members for a whole one. */
static int
check_end(struct bundleread *r, struct fail *f)
{
	static const char zeros[512];
	char last[512];
	off_t size;

	if (strcmp(r->ext, "tar") != 0)
		return 0;
	size = lseek(r->fd, 0, SEEK_END);
	if (size >= 512 && pread(r->fd, last, 512, size - 512) == 512 &&
	    memcmp(last, zeros, 512) == 0)
		return 0;
	return fail_set(f, EX_LAGO_DATA, "not a whole archive: its end is cut");
}

int
bundleread_next(
    struct bundleread *r, struct bundleread_member *m, struct fail *f)
{
	struct archive_entry *e;
	int code;

	while ((code = archive_read_next_header(r->a, &e)) == ARCHIVE_RETRY)
		;
	if (code == ARCHIVE_EOF)
		return check_end(r, f);
	if (code < ARCHIVE_WARN)
		return failed(r, f);
	if (r->ext[0] == '\0') {
		if (check_form(r, f) == -1)
			return -1;
		set_ext(r);
	}
	memset(m, 0, sizeof(*m));
	m->raw = archive_entry_pathname(e);
	if (m->raw == NULL || *m->raw == '\0')
		return fail_set(
		    f, EX_LAGO_DATA, "a member has no name that can be read");
	if (archive_entry_is_encrypted(e))
		return fail_set(
		    f, EX_LAGO_DATA, "'%.200s' is encrypted", m->raw);
	m->type = archive_entry_filetype(e);
	m->hard = archive_entry_hardlink(e) != NULL;
	m->target =
	    m->hard ? archive_entry_hardlink(e) : archive_entry_symlink(e);
	if (m->hard)
		m->type = S_IFREG;
	m->executable = (archive_entry_perm(e) & 0111) != 0;
	m->size = archive_entry_size_is_set(e) ? archive_entry_size(e) : -1;
	return 1;
}

int
bundleread_data(struct bundleread *r, const void **p, size_t *n,
    int64_t *offset, struct fail *f)
{
	la_int64_t at;
	int code;

	while (
	    (code = archive_read_data_block(r->a, p, n, &at)) == ARCHIVE_RETRY)
		;
	if (code == ARCHIVE_EOF)
		return 0;
	/* A warning here is a wrong checksum or length. */
	if (code != ARCHIVE_OK)
		return failed(r, f);
	*offset = at;
	return 1;
}

const char *
bundleread_ext(const struct bundleread *r)
{
	return r->ext;
}
