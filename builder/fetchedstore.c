#include "builder/fetchedstore.h"

#include "lib/base/atomic.h"
#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define LINE_MAX     512
#define PART_AGE_S   (7 * 86400)
#define TEMP_AGE_S   86400
#define RECORD_AGE_S (90 * 86400)

int store_open(struct store *s, const char *path, int log_fd, struct err *e)
{
	s->dir = fs_open_dir(path, e);
	s->log_fd = log_fd;
	return s->dir < 0 ? -1 : 0;
}

void store_close(struct store *s)
{
	if (s->dir >= 0)
		close(s->dir);
	s->dir = -1;
}

/* ---- what is kept */

int store_find(const struct store *s, const struct digest *sha256, int *fd)
{
	char name[DIGEST_HEX];
	auto_fd int got = -1;
	struct digest is;
	struct err ignored;
	uint64_t size;

	digest_hex(sha256, name);
	got = openat(s->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (got < 0)
		return -1;
	if (digest_of_fd(got, name, &is, &size, &ignored) < 0 ||
		!digest_equal(&is, sha256)) {
		unlinkat(s->dir, name, 0);
		return -1;
	}
	futimens(got, NULL); /* it was used */
	*fd = STEAL_FD(got);
	return 0;
}

struct kept {
	char *name;
	int64_t used_s, size;
};

static int oldest_first(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	if (x->used_s != y->used_s)
		return x->used_s < y->used_s ? -1 : 1;
	return strcmp(x->name, y->name);
}

static bool begins(const char *name, const char *with)
{
	return strncmp(name, with, strlen(with)) == 0;
}

/* A part that nobody holds any more. */
static void trim_part(const struct store *s, const char *name, const struct stat *st)
{
	auto_fd int fd = -1;

	if (st->st_mtim.tv_sec + PART_AGE_S > time(NULL))
		return;
	fd = openat(s->dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlinkat(s->dir, name, 0);
}

static void trim_kept(
	const struct store *s, struct kept *kept, size_t count, int64_t max_bytes)
{
	int64_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += kept[i].size;
	if (count > 1)
		qsort(kept, count, sizeof(*kept), oldest_first);
	for (size_t i = 0; i < count && total > max_bytes; i++)
		if (unlinkat(s->dir, kept[i].name, 0) == 0)
			total -= kept[i].size;
}

void store_trim(const struct store *s, int64_t max_bytes)
{
	auto_names struct fs_names names = { 0 };
	auto_free struct kept *kept = NULL;
	struct err ignored;
	size_t count = 0;

	if (fs_list_dir(s->dir, ".", &names, &ignored) < 0)
		return;
	kept = xcalloc(names.count + 1, sizeof(*kept));
	for (size_t i = 0; i < names.count; i++) {
		struct stat st;

		if (fstatat(s->dir, names.name[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (strstr(names.name[i], ".tmp-") &&
			st.st_mtim.tv_sec + TEMP_AGE_S < time(NULL))
			unlinkat(s->dir, names.name[i], 0);
		else if (begins(names.name[i], "part-"))
			trim_part(s, names.name[i], &st);
		else if (begins(names.name[i], "url-") &&
			 st.st_mtim.tv_sec + RECORD_AGE_S < time(NULL))
			unlinkat(s->dir, names.name[i], 0);
		else if (strlen(names.name[i]) == DIGEST_HEX - 1)
			kept[count++] = (struct kept){ .name = names.name[i],
				.used_s = st.st_mtim.tv_sec,
				.size = st.st_size };
	}
	trim_kept(s, kept, count, max_bytes);
}

/* ---- a download under way */

/* Is the file that is locked still the one of this name? */
static bool is_current(const struct store *s, const struct part *p)
{
	struct stat mine, named;

	return fstat(p->fd, &mine) == 0 &&
	       fstatat(s->dir, p->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       mine.st_ino == named.st_ino && mine.st_dev == named.st_dev;
}

static int open_file(const struct store *s, const char *name, struct err *e)
{
	int fd = openat(s->dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? err_sys(e, "cannot open '%s' in the cache", name) : fd;
}

static void name_part(const char *url, struct part *out)
{
	const struct digest of_url = digest_of(bytes_of_str(url));
	char hex[DIGEST_HEX];

	digest_hex(&of_url, hex);
	snprintf(out->name, sizeof(out->name), "part-%s", hex);
	snprintf(out->state, sizeof(out->state), "%s.state", out->name);
	snprintf(out->record, sizeof(out->record), "url-%s", hex);
}

int part_open(const struct store *s, const char *url, struct part *out, struct err *e)
{
	name_part(url, out);
	for (;;) {
		out->fd = open_file(s, out->name, e);
		if (out->fd < 0)
			return -1;
		if (flock(out->fd, LOCK_EX) < 0 && errno != EINTR)
			return err_sys(e, "cannot lock '%s' in the cache", out->name);
		if (is_current(s, out))
			break;
		close(STEAL_FD(out->fd));
	}
	out->state_fd = open_file(s, out->state, e);
	return out->state_fd < 0 ? -1 : 0;
}

void part_close(struct part *p)
{
	if (p->state_fd >= 0)
		close(p->state_fd);
	if (p->fd >= 0)
		close(p->fd);
	p->fd = p->state_fd = -1;
}

void part_remove(const struct store *s, struct part *p)
{
	int saved = errno;

	unlinkat(s->dir, p->state, 0);
	if (p->fd >= 0 && is_current(s, p))
		unlinkat(s->dir, p->name, 0);
	part_close(p);
	errno = saved;
}

bool part_has_begun(const struct part *p)
{
	struct stat st;

	return fstat(p->fd, &st) == 0 && st.st_size > 0;
}

static int empty(int fd, struct err *e)
{
	if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot empty a part of the cache");
	return 0;
}

int part_clear(struct part *p, struct err *e)
{
	return empty(p->state_fd, e) < 0 || empty(p->fd, e) < 0 ? -1 : 0;
}

/* "SHA256 ETAG" of the last time. */
static bool read_record(const struct store *s, const struct part *p,
	struct digest *sha256, char etag[LINE_MAX])
{
	auto_buf struct buf text = BUF_INIT(LINE_MAX);
	char hex[DIGEST_HEX];
	struct err ignored;

	if (!fs_exists_at(s->dir, p->record) ||
		fs_read_at(s->dir, p->record, &text, &ignored) < 0 ||
		sscanf(buf_str(&text), "%64s", hex) != 1 ||
		digest_parse(hex, sha256, &ignored) < 0)
		return false;
	snprintf(etag, LINE_MAX, "%s", buf_str(&text) + strlen(hex));
	etag[strcspn(etag, "\n")] = '\0';
	return true;
}

int part_restart(const struct store *s, struct part *p, struct err *e)
{
	char etag[LINE_MAX], line[LINE_MAX + 8], name[DIGEST_HEX];
	struct digest sha256;
	int len;

	if (part_clear(p, e) < 0)
		return -1;
	if (!read_record(s, p, &sha256, etag))
		return 0;
	digest_hex(&sha256, name);
	if (!fs_exists_at(s->dir, name))
		return 0;
	len = snprintf(line, sizeof(line), "whole%s\n", etag);
	return fs_write_all(p->state_fd, line, (size_t)len, e);
}

static bool read_state(const struct part *p, char line[LINE_MAX])
{
	ssize_t n = pread(p->state_fd, line, LINE_MAX - 1, 0);

	line[n > 0 ? n : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return n > 0;
}

bool part_is_unchanged(const struct part *p)
{
	char line[LINE_MAX];

	return read_state(p, line) && strcmp(line, "same") == 0;
}

int store_open_known(
	const struct store *s, const struct part *p, struct digest *sha256, int *fd)
{
	char etag[LINE_MAX];

	if (read_record(s, p, sha256, etag) && store_find(s, sha256, fd) == 0)
		return 0;
	unlinkat(s->dir, p->record, 0);
	return -1;
}

/* ---- from part to kept file */

/* The etag is the server's word, copied as it is: one line, bounded, for that server. */
static int write_record(const struct store *s, const struct part *p,
	const struct digest *sha256, struct err *e)
{
	char line[LINE_MAX], hex[DIGEST_HEX];
	auto_free char *text = NULL;

	if (!read_state(p, line) || strncmp(line, "whole \"", 7) != 0)
		return 0;
	digest_hex(sha256, hex);
	text = xasprintf("%s %s\n", hex, line + 6);
	return atomic_write_file(s->dir, p->record, bytes_of_str(text), 0600, e);
}

static int reopen(int fd, struct err *e)
{
	char path[64];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	return again < 0 ? err_sys(e, "cannot open what was fetched") : again;
}

int store_keep(
	const struct store *s, struct part *p, const struct digest *sha256, struct err *e)
{
	char name[DIGEST_HEX];
	auto_fd int fd = -1;

	digest_hex(sha256, name);
	if (fchmod(p->fd, 0644) < 0)
		return err_sys(e, "cannot set the mode of what was fetched");
	fd = reopen(p->fd, e);
	if (fd < 0 || fs_sync(p->fd, p->name, e) < 0 ||
		fs_rename_synced(s->dir, p->name, s->dir, name, e) < 0 ||
		write_record(s, p, sha256, e) < 0)
		return -1;
	return STEAL_FD(fd);
}

void store_forget(const struct store *s, const char *url, const struct digest *sha256)
{
	struct part p = PART_INIT;
	char name[DIGEST_HEX];

	name_part(url, &p);
	digest_hex(sha256, name);
	unlinkat(s->dir, p.record, 0);
	unlinkat(s->dir, name, 0);
}
