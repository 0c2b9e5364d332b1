#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <time.h>

#define COPY_CHUNK (256U << 10)
#define NAME_TRIES 16

int fs_read_fd(int fd, const char *name_for_errors, struct buf *out, struct err *e)
{
	for (;;) {
		size_t room = out->ceiling - out->len;
		unsigned char probe;
		unsigned char *to = &probe;
		ssize_t n;

		if (out->over)
			break;
		/* At the ceiling one more byte tells the end of the file from too much.
		 */
		if (room > COPY_CHUNK)
			room = COPY_CHUNK;
		if (room > 0)
			to = buf_reserve(out, room);
		n = read(fd, to, room ? room : 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot read '%s'", name_for_errors);
		if (n == 0)
			break;
		if (room == 0)
			out->over = true;
		else
			buf_grew(out, (size_t)n);
	}
	if (out->over)
		return err_set(e, ERR_LIMIT, "'%s' is larger than %zu bytes",
			name_for_errors, out->ceiling);
	return 0;
}

int fs_open_regular(int dir_fd, const char *path, struct err *e)
{
	/* O_NONBLOCK: a fifo must not stop us before we see what it is. */
	auto_fd int fd =
		fs_open_beneath(dir_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, e);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return err_sys(e, "cannot examine '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_FAILED,
			"cannot read '%s': it is not a regular file", path);
	return STEAL_FD(fd);
}

int fs_read_at(int dir_fd, const char *path, struct buf *out, struct err *e)
{
	auto_fd int fd = fs_open_regular(dir_fd, path, e);

	return fd < 0 ? -1 : fs_read_fd(fd, path, out, e);
}

int fs_write_all(int fd, const void *p, size_t len, struct err *e)
{
	const unsigned char *at = p;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot write");
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The kernel copies as far as it can: 1 all done, 0 the rest is ours, -1 an error. */
static int copy_in_kernel(int in_fd, int out_fd, int64_t *left, struct err *e)
{
	bool some = false;

	while (*left != 0) {
		size_t want =
			*left < 0 || *left > (1 << 30) ? (size_t)1 << 30 : (size_t)*left;
		ssize_t n = copy_file_range(in_fd, NULL, out_fd, NULL, want, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO))
			return err_sys(e, "cannot copy");
		if (n < 0 || (n == 0 && !some))
			return 0;
		if (n == 0)
			return *left < 0 ? 1 : 0;
		some = true;
		if (*left > 0)
			*left -= n;
	}
	return 1;
}

int fs_copy_fd(int in_fd, int out_fd, int64_t size, struct err *e)
{
	auto_free unsigned char *chunk = NULL;
	int64_t left = size < 0 ? -1 : size;
	int done = copy_in_kernel(in_fd, out_fd, &left, e);

	if (done != 0)
		return done < 0 ? -1 : 0;

	chunk = xmalloc(COPY_CHUNK);
	while (left != 0) {
		size_t want = left < 0 || left > (int64_t)COPY_CHUNK ? COPY_CHUNK
								     : (size_t)left;
		ssize_t n = read(in_fd, chunk, want);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot read");
		if (n == 0 && left < 0)
			break;
		if (n == 0)
			return err_set(e, ERR_FAILED, "the input ends %lld bytes early",
				(long long)left);
		if (fs_write_all(out_fd, chunk, (size_t)n, e) < 0)
			return -1;
		if (left > 0)
			left -= n;
	}
	return 0;
}

int fs_sync(int fd, const char *name_for_errors, struct err *e)
{
	if (fsync(fd) < 0)
		return err_sys(e, "cannot sync '%s'", name_for_errors);
	return 0;
}

/* The directory that holds path, as text: "." for a single component. */
static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? xasprintf("%.*s", (int)(slash - path), path) : xstrdup(".");
}

int fs_sync_dir_at(int dir_fd, const char *path, struct err *e)
{
	auto_free char *parent = parent_of(path);
	auto_fd int fd = fs_open_dir_at(dir_fd, parent, e);

	auto_fd int self = -1;
	struct err no_dir;

	if (fd < 0 || fs_sync(fd, parent, e) < 0)
		return -1;
	self = fs_open_dir_at(dir_fd, path, &no_dir);
	return self < 0 ? 0 : fs_sync(self, path, e);
}

int fs_rename_synced(int old_dir, const char *old_name, int new_dir, const char *new_name,
	struct err *e)
{
	if (renameat(old_dir, old_name, new_dir, new_name) < 0)
		return err_sys(e, "cannot rename '%s' to '%s'", old_name, new_name);
	return fs_sync_dir_at(new_dir, new_name, e);
}

bool fs_exists_at(int dir_fd, const char *path)
{
	struct stat st;

	return fstatat(dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int fs_free_bytes(int fd, uint64_t *out, struct err *e)
{
	struct statvfs st;

	if (fstatvfs(fd, &st) < 0)
		return err_sys(e, "cannot ask how much space is free");
	*out = (uint64_t)st.f_bavail * st.f_frsize;
	return 0;
}

void fs_names_release(struct fs_names *n)
{
	int saved = errno;

	for (size_t i = 0; i < n->count; i++)
		free(n->name[i]);
	free(n->name);
	n->name = NULL;
	n->count = 0;
	errno = saved;
}

size_t fs_names_lower_bound(char *const *name, size_t count, const char *text)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(name[mid], text) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

int fs_list_dir(int dir_fd, const char *path, struct fs_names *out, struct err *e)
{
	auto_names struct fs_names found = { 0 };
	auto_dir DIR *dir = NULL;
	struct dirent *entry;
	size_t room = 0;
	int fd = fs_open_dir_at(dir_fd, path, e);

	if (fd < 0)
		return -1;
	dir = fdopendir(fd);
	if (!dir) {
		auto_fd_cleanup(&fd);
		return err_sys(e, "cannot list '%s'", path);
	}
	while (errno = 0, (entry = readdir(dir))) {
		if (is_dots(entry->d_name))
			continue;
		if (found.count == room) {
			room = room ? room * 2 : 16;
			found.name = xrealloc(found.name, room * sizeof(*found.name));
		}
		found.name[found.count++] = xstrdup(entry->d_name);
	}
	if (errno != 0)
		return err_sys(e, "cannot list '%s'", path);

	if (found.count)
		qsort(found.name, found.count, sizeof(*found.name), compare_names);
	*out = found;
	found = (struct fs_names){ 0 };
	return 0;
}

int fs_random_suffix(char *out, size_t len, struct err *e)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz012345";
	unsigned char raw[32];

	if (len > sizeof(raw))
		err_abort("a random suffix is too long");
	if (getrandom(raw, len, 0) != (ssize_t)len)
		return err_sys(e, "cannot get random bytes");
	for (size_t i = 0; i < len; i++)
		out[i] = digits[raw[i] & 31];
	out[len] = '\0';
	return 0;
}

int fs_mkdtemp_at(
	int dir_fd, const char *prefix, char *name_out, size_t name_size, struct err *e)
{
	for (int i = 0; i < NAME_TRIES; i++) {
		char suffix[9];

		if (fs_random_suffix(suffix, 8, e) < 0)
			return -1;
		if ((size_t)snprintf(name_out, name_size, "%s.%s", prefix, suffix) >=
			name_size)
			return err_set(e, ERR_LIMIT, "name '%s' is too long", prefix);
		if (mkdirat(dir_fd, name_out, 0700) == 0) {
			/* A umask may have taken bits of ours away. */
			if (fchmodat(dir_fd, name_out, 0700, 0) < 0)
				return err_sys(
					e, "cannot set the mode of '%s'", name_out);
			return 0;
		}
		if (errno != EEXIST)
			break;
	}
	return err_sys(e, "cannot make directory '%s'", name_out);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int lock_within(int fd, int wait_ms)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	int64_t until = now_ms() + wait_ms;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK || now_ms() >= until)
			return -1;
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int lock_is_held(int fd, const char *name, struct err *e)
{
	char holder[24] = "";
	ssize_t n = pread(fd, holder, sizeof(holder) - 1, 0);
	int pid = n > 0 ? atoi(holder) : 0;

	if (pid > 0)
		return err_set(e, ERR_BUSY, "'%s' is held by process %d", name, pid);
	return err_set(e, ERR_BUSY, "'%s' is held by another process", name);
}

int fs_lock(int dir_fd, const char *name, int wait_ms, struct err *e)
{
	auto_fd int fd = fs_open_beneath(dir_fd, name, O_RDWR | O_CREAT, 0600, e);
	char text[24];
	int len;

	if (fd < 0)
		return -1;
	if (lock_within(fd, wait_ms) < 0) {
		if (errno == EWOULDBLOCK)
			return lock_is_held(fd, name, e);
		return err_sys(e, "cannot lock '%s'", name);
	}
	len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)len, 0) != len)
		return err_sys(e, "cannot write '%s'", name);
	return STEAL_FD(fd);
}
