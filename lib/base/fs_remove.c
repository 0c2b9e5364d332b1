#include "lib/base/fs.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

/* The way down from the top, so that a tree of any depth costs one open directory: each
 * step back up is ".." and is compared with what was left. */
struct level {
	char *name;
	dev_t dev;
	ino_t ino;
};

struct removal {
	const char *path; /* as given, for sentences */
	int dir_fd;       /* the directory being emptied */
	struct level *level;
	size_t depth, room;
};

static void removal_release(struct removal *r)
{
	int saved = errno;

	while (r->depth > 0)
		free(r->level[--r->depth].name);
	free(r->level);
	auto_fd_cleanup(&r->dir_fd);
	errno = saved;
}

/* Opens a directory without leaving this mount; where the kernel has no openat2 a mount
 * is recognised by its device alone. */
static int open_here(int dir_fd, const char *name, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, dir_fd, name, &how, sizeof(how));
	struct stat above, here;
	int plain;

	if (fd >= 0 || errno != ENOSYS)
		return (int)fd;
	plain = openat(dir_fd, name, flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (plain < 0 || fstat(dir_fd, &above) < 0 || fstat(plain, &here) < 0)
		return plain;
	if (above.st_dev == here.st_dev)
		return plain;
	auto_fd_cleanup(&plain);
	errno = EXDEV;
	return -1;
}

/* Opens a directory of ours even when its mode forbids it. */
static int open_to_empty(int dir_fd, const char *name)
{
	int fd = open_here(dir_fd, name, O_RDONLY);
	char proc[32];
	struct stat st;

	if (fd < 0 && errno == EACCES) {
		auto_fd int seen = open_here(dir_fd, name, O_PATH);

		if (seen < 0)
			return -1;
		snprintf(proc, sizeof(proc), "/proc/self/fd/%d", seen);
		if (chmod(proc, 0700) < 0)
			return -1;
		fd = open_here(dir_fd, name, O_RDONLY);
	}
	if (fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0700) != 0700 &&
		st.st_uid == geteuid())
		(void)!fchmod(fd, 0700);
	return fd;
}

static int removal_failed(const struct removal *r, const char *name, struct err *e)
{
	int number = errno;

	if (number == EXDEV || number == EBUSY) {
		err_set(e, ERR_SYS, "cannot remove '%s': something is mounted on '%s'",
			r->path, name);
		e->sys = number;
		return -1;
	}
	return err_sys(e, "cannot remove '%s': '%s'", r->path, name);
}

static int descend(struct removal *r, const char *name, struct err *e)
{
	struct stat st;
	int fd;

	if (fstat(r->dir_fd, &st) < 0)
		return removal_failed(r, name, e);
	fd = open_to_empty(r->dir_fd, name);
	if (fd < 0)
		return removal_failed(r, name, e);
	if (r->depth == r->room) {
		r->room = r->room ? r->room * 2 : 16;
		r->level = xrealloc(r->level, r->room * sizeof(*r->level));
	}
	r->level[r->depth++] = (struct level){
		.name = xstrdup(name), .dev = st.st_dev, .ino = st.st_ino
	};
	close(r->dir_fd);
	r->dir_fd = fd;
	return 0;
}

static int ascend(struct removal *r, struct err *e)
{
	struct level *l = &r->level[r->depth - 1];
	auto_fd int up = openat(r->dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (up < 0 || fstat(up, &st) < 0)
		return removal_failed(r, l->name, e);
	if (st.st_dev != l->dev || st.st_ino != l->ino)
		return err_set(e, ERR_CONFLICT,
			"cannot remove '%s': '%s' was moved meanwhile", r->path, l->name);
	if (unlinkat(up, l->name, AT_REMOVEDIR) < 0)
		return removal_failed(r, l->name, e);
	close(r->dir_fd);
	r->dir_fd = STEAL_FD(up);
	free(l->name);
	r->depth--;
	return 0;
}

/* Unlinks what is no directory; 1 when sub holds the name of a directory to enter, 0 when
 * nothing is left. */
static int empty_until_subdir(struct removal *r, char sub[256], struct err *e)
{
	auto_dir DIR *dir = NULL;
	struct dirent *entry;
	int again = openat(r->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (again < 0)
		return removal_failed(r, ".", e);
	dir = fdopendir(again);
	if (!dir) {
		auto_fd_cleanup(&again);
		return removal_failed(r, ".", e);
	}
	while (errno = 0, (entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (entry->d_type != DT_DIR && unlinkat(r->dir_fd, name, 0) == 0)
			continue;
		if (entry->d_type != DT_DIR && errno != EISDIR && errno != EPERM)
			return removal_failed(r, name, e);
		if (unlinkat(r->dir_fd, name, AT_REMOVEDIR) == 0)
			continue;
		if (errno == ENOTDIR)
			errno = EPERM; /* what the first attempt said */
		if (errno != ENOTEMPTY && errno != EEXIST)
			return removal_failed(r, name, e);
		snprintf(sub, 256, "%s", name);
		return 1;
	}
	return errno ? removal_failed(r, ".", e) : 0;
}

static int empty_below(struct removal *r, struct err *e)
{
	for (;;) {
		char sub[256];
		int more = empty_until_subdir(r, sub, e);

		if (more < 0)
			return -1;
		if (more ? descend(r, sub, e) < 0 : r->depth > 0 && ascend(r, e) < 0)
			return -1;
		if (!more && r->depth == 0)
			return 0;
	}
}

int fs_remove_tree(int dir_fd, const char *path, struct err *e)
{
	with_cleanup(removal_release) struct removal r = { .path = path, .dir_fd = -1 };
	auto_free char *parent = NULL;
	struct relpath checked;
	struct err open_err;
	const char *base;

	if (relpath_parse(path, &checked, e) < 0)
		return err_wrap(e, "cannot remove '%s'", path);
	base = relpath_base(&checked);
	parent = base == path ? xstrdup(".")
			      : xasprintf("%.*s", (int)(base - path - 1), path);

	r.dir_fd = fs_open_dir_at(dir_fd, parent, &open_err);
	if (r.dir_fd < 0 && open_err.code == ERR_NOTFOUND)
		return 0;
	if (r.dir_fd < 0) {
		*e = open_err;
		return err_wrap(e, "cannot remove '%s'", path);
	}
	if (unlinkat(r.dir_fd, base, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return removal_failed(&r, base, e);
	if (unlinkat(r.dir_fd, base, AT_REMOVEDIR) == 0)
		return 0;
	if (errno == ENOTDIR)
		errno = EPERM;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return removal_failed(&r, base, e);

	return descend(&r, base, e) < 0 ? -1 : empty_below(&r, e);
}
