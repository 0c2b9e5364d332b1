#include "lib/base/fs.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#define OPEN_TRIES 16

/* O_DIRECTORY hides that it was a link which stopped us. */
static int open_no_link(int dir_fd, const char *name, int flags, mode_t mode)
{
	int fd = openat(dir_fd, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
	struct stat st;

	if (fd < 0 && errno == ENOTDIR) {
		bool link = fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			    S_ISLNK(st.st_mode);

		errno = link ? ELOOP : ENOTDIR;
	}
	return fd;
}

/* Where openat2 is missing: one component at a time, none of them a link. */
static int open_walk(int dir_fd, const char *path, int flags, mode_t mode)
{
	auto_fd int at = -1;
	struct relpath checked;
	struct err ignored;
	int from = dir_fd;

	if (strcmp(path, ".") == 0)
		return openat(dir_fd, ".", flags, mode);
	if (relpath_parse(path, &checked, &ignored) < 0) {
		errno = EXDEV;
		return -1;
	}
	for (const char *rest = path;;) {
		size_t n = (size_t)(strchrnul(rest, '/') - rest);
		char name[RELPATH_NAME_MAX + 1];
		int next;

		if (rest[n] == '\0')
			return open_no_link(from, rest, flags, mode);
		memcpy(name, rest, n);
		name[n] = '\0';
		next = open_no_link(from, name, O_PATH | O_DIRECTORY, 0);
		if (next < 0)
			return -1;
		if (at >= 0)
			close(at);
		from = at = next;
		rest += n + 1;
	}
}

static int open_once(int dir_fd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode & 07777 : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	for (int i = 0; i < OPEN_TRIES; i++) {
		fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	if (fd < 0 && errno == ENOSYS)
		return open_walk(dir_fd, path, flags | O_CLOEXEC, mode);
	return (int)fd;
}

/* A file that this call creates gets exactly this mode; one that was there keeps its. */
static int open_exact(int dir_fd, const char *path, int flags, mode_t mode)
{
	int fd;

	if (!(flags & O_CREAT))
		return open_once(dir_fd, path, flags, 0);
	for (int i = 0; i < OPEN_TRIES; i++) {
		fd = open_once(dir_fd, path, flags | O_EXCL, mode);
		if (fd >= 0) {
			if (fchmod(fd, mode & 07777) == 0)
				return fd;
			auto_fd_cleanup(&fd);
			return -1;
		}
		if (errno != EEXIST || flags & O_EXCL)
			return -1;
		fd = open_once(dir_fd, path, flags & ~O_CREAT, 0);
		if (fd >= 0 || errno != ENOENT)
			return fd;
	}
	return -1;
}

static int open_failed(const char *path, struct err *e)
{
	int number = errno;

	switch (number) {
	case ELOOP:
		err_set(e, ERR_SYS, "cannot open '%s': a symbolic link is in the way",
			path);
		break;
	case EXDEV:
		err_set(e, ERR_SYS, "cannot open '%s': it leaves its directory", path);
		break;
	default:
		return err_sys(e, "cannot open '%s'", path);
	}
	e->sys = number;
	return -1;
}

int fs_open_beneath(int dir_fd, const char *path, int flags, mode_t mode, struct err *e)
{
	int fd = open_exact(dir_fd, path, flags, mode);

	return fd < 0 ? open_failed(path, e) : fd;
}

int fs_open_dir(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(e, "cannot open directory '%s'", path) : fd;
}

int fs_open_dir_at(int dir_fd, const char *path, struct err *e)
{
	return fs_open_beneath(dir_fd, path, O_RDONLY | O_DIRECTORY, 0, e);
}

/* Makes one directory unless it is there, and opens it. */
static int enter_made(int dir_fd, const char *name, mode_t mode)
{
	/* with its mode at once: a kill before fchmod must not leave it closed to readers */
	bool made = mkdirat(dir_fd, name, mode & 07777) == 0;
	int fd;

	if (!made && errno != EEXIST)
		return -1;
	fd = open_once(dir_fd, name, O_RDONLY | O_DIRECTORY, 0);
	if (fd >= 0 && made && fchmod(fd, mode & 07777) < 0) {
		auto_fd_cleanup(&fd);
		return -1;
	}
	return fd;
}

int fs_mkdirs(int dir_fd, const char *path, mode_t mode, struct err *e)
{
	auto_fd int at = -1;
	struct relpath checked;

	if (strcmp(path, ".") == 0)
		return 0;
	if (relpath_parse(path, &checked, e) < 0)
		return err_wrap(e, "cannot make directory '%s'", path);

	for (const char *rest = path; *rest;) {
		size_t n = (size_t)(strchrnul(rest, '/') - rest);
		char name[RELPATH_NAME_MAX + 1];
		int next;

		memcpy(name, rest, n);
		name[n] = '\0';
		next = enter_made(at >= 0 ? at : dir_fd, name, mode);
		if (next < 0)
			return err_sys(e, "cannot make directory '%s'", path);
		if (at >= 0)
			close(at);
		at = next;
		rest += n + (rest[n] == '/');
	}
	return 0;
}
