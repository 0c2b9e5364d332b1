#include "client/run/store.h"

#include "lib/base/fs.h"

#include <fcntl.h>

/* getenv in the const shape that places.h takes. */
static const char *environment(const char *name)
{
	return getenv(name);
}

/* Somebody who may write a directory on the way could put another one in its place. */
static int check_parents(const char *path, struct err *e)
{
	char part[PLACE_MAX];
	struct stat st;

	for (const char *slash = strchr(path + 1, '/'); slash;
		slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if (stat(part, &st) < 0)
			return err_sys(e, "cannot look at '%s'", part);
		if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
			return err_set(e, ERR_USAGE,
				"everybody may write '%s', on the way to '%s': chmod o-w "
				"'%s'",
				part, path, part);
	}
	return 0;
}

static int check_own(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "cannot look at '%s'", path);
	if (st.st_uid != geteuid())
		return err_set(e, ERR_USAGE, "'%s' belongs to user %u, not to you", path,
			(unsigned int)st.st_uid);
	if (st.st_mode & 0077)
		return err_set(e, ERR_USAGE,
			"'%s' is open to others (mode %04o): chmod 700 '%s'", path,
			(unsigned int)st.st_mode & 07777, path);
	return 0;
}

static int make_place(const char *path, struct err *e)
{
	auto_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return err_sys(e, "cannot open '/'");
	return fs_mkdirs(root, path + 1, 0700, e);
}

static int open_place(enum place which, char path[PLACE_MAX], struct err *e)
{
	auto_fd int fd = -1;

	if (place_path(which, environment, path, e) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		if (make_place(path, e) < 0)
			return err_wrap(e, "cannot make '%s'", path);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return err_sys(e, "cannot open '%s'", path);
	if (check_own(fd, path, e) < 0 || check_parents(path, e) < 0)
		return -1;
	return STEAL_FD(fd);
}

int store_open(struct store *s, struct err *e)
{
	s->data_fd = open_place(PLACE_DATA, s->data, e);
	if (s->data_fd < 0)
		return -1;
	s->run_fd = open_place(PLACE_RUN, s->run, e);
	return s->run_fd < 0 ? -1 : 0;
}

void store_close(struct store *s)
{
	auto_fd_cleanup(&s->data_fd);
	auto_fd_cleanup(&s->run_fd);
	s->data_fd = s->run_fd = -1;
}

int store_open_containers(const struct store *s, struct err *e)
{
	int fd = openat(s->data_fd, "containers",
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		if (mkdirat(s->data_fd, "containers", 0700) < 0 && errno != EEXIST)
			return err_sys(e, "cannot make '%s/containers'", s->data);
		fd = openat(s->data_fd, "containers",
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0)
		return err_sys(e, "cannot open '%s/containers'", s->data);
	return fd;
}
