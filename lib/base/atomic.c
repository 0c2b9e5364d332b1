#include "lib/base/atomic.h"

#include "lib/base/fs.h"

#include <fcntl.h>

#define TEMP_TRIES 16

static int check_name(const char *name, struct err *e)
{
	struct relpath checked;

	if (relpath_parse(name, &checked, e) < 0)
		return err_wrap(e, "cannot write '%s'", name);
	if (strchr(name, '/'))
		return err_set(
			e, ERR_USAGE, "cannot write '%s': it is not one name", name);
	return 0;
}

/* A long name is cut, so that the temporary one still fits into a directory entry. */
static int temp_name(const char *name, char *out, size_t size, struct err *e)
{
	char suffix[7];

	if (fs_random_suffix(suffix, 6, e) < 0)
		return -1;
	snprintf(out, size, "%.240s.tmp-%s", name, suffix);
	return 0;
}

int atomic_begin(
	struct atomic *a, int dir_fd, const char *name, mode_t mode, struct err *e)
{
	struct atomic fresh = ATOMIC_INIT;

	if (check_name(name, e) < 0)
		return -1;
	for (int i = 0; i < TEMP_TRIES && fresh.fd < 0; i++) {
		if (temp_name(name, fresh.temp, sizeof(fresh.temp), e) < 0)
			return -1;
		fresh.fd = openat(dir_fd, fresh.temp,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fresh.fd < 0 && errno != EEXIST)
			break;
	}
	if (fresh.fd < 0)
		return err_sys(e, "cannot create '%s'", name);
	if (fchmod(fresh.fd, mode & 07777) < 0) {
		err_sys(e, "cannot set the mode of '%s'", name);
		fresh.dir_fd = dir_fd;
		atomic_cancel(&fresh);
		return -1;
	}
	fresh.dir_fd = dir_fd;
	snprintf(fresh.name, sizeof(fresh.name), "%s", name);
	*a = fresh;
	return 0;
}

void atomic_write(struct atomic *a, const void *p, size_t len)
{
	if (len > 0 && a->first.code == 0 && fs_write_all(a->fd, p, len, &a->first) < 0)
		err_wrap(&a->first, "cannot write '%s'", a->name);
}

void atomic_printf(struct atomic *a, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		err_abort("out of memory");
	atomic_write(a, text, (size_t)n);
}

static int finish(struct atomic *a, struct err *e)
{
	int fd;

	if (a->first.code != 0) {
		*e = a->first;
		return -1;
	}
	if (fs_sync(a->fd, a->name, e) < 0)
		return -1;
	fd = STEAL_FD(a->fd);
	if (close(fd) < 0)
		return err_sys(e, "cannot write '%s'", a->name);
	if (renameat(a->dir_fd, a->temp, a->dir_fd, a->name) < 0)
		return err_sys(e, "cannot rename to '%s'", a->name);
	a->temp[0] = '\0';
	return fs_sync(a->dir_fd, a->name, e);
}

int atomic_commit(struct atomic *a, struct err *e)
{
	int result = finish(a, e);

	atomic_cancel(a);
	return result;
}

void atomic_cancel(struct atomic *a)
{
	int saved = errno;

	if (a->fd >= 0)
		close(a->fd);
	if (a->dir_fd >= 0 || a->dir_fd == AT_FDCWD)
		if (a->temp[0])
			unlinkat(a->dir_fd, a->temp, 0);
	a->fd = a->dir_fd = -1;
	a->temp[0] = '\0';
	errno = saved;
}

int atomic_write_file(
	int dir_fd, const char *name, struct bytes content, mode_t mode, struct err *e)
{
	auto_atomic struct atomic a = ATOMIC_INIT;

	if (atomic_begin(&a, dir_fd, name, mode, e) < 0)
		return -1;
	atomic_write(&a, content.data, content.len);
	return atomic_commit(&a, e);
}

int atomic_symlink(int dir_fd, const char *name, const char *target, struct err *e)
{
	char temp[280];
	int made = -1;

	if (check_name(name, e) < 0)
		return -1;
	for (int i = 0; i < TEMP_TRIES && made < 0; i++) {
		if (temp_name(name, temp, sizeof(temp), e) < 0)
			return -1;
		made = symlinkat(target, dir_fd, temp);
		if (made < 0 && errno != EEXIST)
			break;
	}
	if (made < 0)
		return err_sys(e, "cannot make symbolic link '%s'", name);
	if (renameat(dir_fd, temp, dir_fd, name) < 0) {
		err_sys(e, "cannot rename to '%s'", name);
		unlinkat(dir_fd, temp, 0);
		return -1;
	}
	return fs_sync(dir_fd, name, e);
}
