#include "client/image/home.h"

#include "lib/base/fs.h"

#include <fcntl.h>

#define DEPTH_MAX 256

static const char *environment(const char *name)
{
	return getenv(name);
}

/* mkdir -p with mode 0700, along a path that the user chose. */
static int make_path(const char *path, struct err *e)
{
	auto_free char *copy = xstrdup(path);

	for (char *p = strchr(copy + 1, '/');; p = strchr(p + 1, '/')) {
		if (p)
			*p = '\0';
		if (mkdir(copy, 0700) < 0 && errno != EEXIST)
			return err_sys(e, "cannot make the directory '%s'", copy);
		if (!p)
			return 0;
		*p = '/';
	}
}

static int check_own(int fd, const char *path, mode_t refused, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "cannot examine '%s'", path);
	if (st.st_uid != geteuid())
		return err_set(e, ERR_USAGE,
			"cannot use '%s': it belongs to user %u, not to you (%u)", path,
			(unsigned int)st.st_uid, (unsigned int)geteuid());
	if (st.st_mode & refused)
		return err_set(e, ERR_USAGE,
			"cannot use '%s': others may enter or change it (mode %04o): run "
			"'chmod %s %s'",
			path, (unsigned int)st.st_mode & 07777,
			refused & 0055 ? "700" : "go-w", path);
	return 0;
}

/* Whoever may rename a parent may replace everything beneath it. The host's root may: it
 * owns "/", and in a user namespace that does not map it, it is not id 0. */
static int check_parents(int fd, const char *path, struct err *e)
{
	auto_fd int at = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st, above, top;

	if (stat("/", &top) < 0)
		return err_sys(e, "cannot examine '/'");
	for (unsigned int depth = 0; at >= 0 && depth < DEPTH_MAX; depth++) {
		int up;

		if (fstat(at, &st) < 0 || fstatat(at, "..", &above, 0) < 0)
			return err_sys(e, "cannot examine the parents of '%s'", path);
		if (st.st_uid != geteuid() && st.st_uid != 0 && st.st_uid != top.st_uid)
			return err_set(e, ERR_USAGE,
				"cannot use '%s': a directory above it belongs to user "
				"%u",
				path, (unsigned int)st.st_uid);
		if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
			return err_set(e, ERR_USAGE,
				"cannot use '%s': a directory above it is writable by "
				"everybody",
				path);
		if (st.st_ino == above.st_ino && st.st_dev == above.st_dev)
			return 0;
		up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = up;
	}
	return err_sys(e, "cannot walk up from '%s'", path);
}

int home_open(enum place which, struct err *e)
{
	mode_t refused = which == PLACE_CONFIG ? 0022 : 0077;
	auto_fd int fd = -1;
	char path[PLACE_MAX];

	if (place_path(which, environment, path, e) < 0 || make_path(path, e) < 0)
		return -1;
	fd = fs_open_dir(path, e);
	if (fd < 0 || check_own(fd, path, refused, e) < 0 ||
		check_parents(fd, path, e) < 0)
		return -1;
	return STEAL_FD(fd);
}

int home_subdir(int dir_fd, const char *name, struct err *e)
{
	auto_fd int fd = -1;

	if (mkdirat(dir_fd, name, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "cannot make the directory '%s'", name);
	fd = fs_open_dir_at(dir_fd, name, e);
	if (fd < 0 || check_own(fd, name, 0022, e) < 0)
		return -1;
	return STEAL_FD(fd);
}
