#include "client/run/mount.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

static int failed(struct err *e, const char *what, const char *subject)
{
	if (errno == ENOSYS)
		return err_set(e, ERR_SYS,
			"cannot %s '%s': rootyard needs Linux 5.12 or newer", what,
			subject);
	return err_sys(e, "cannot %s '%s'", what, subject);
}

int mount_new(const char *type, const struct mount_option *options, unsigned int attr,
	struct err *e)
{
	auto_fd int fs = fsopen(type, FSOPEN_CLOEXEC);
	int mount_fd;

	if (fs < 0)
		return failed(e, "use the file system", type);
	for (const struct mount_option *o = options; o && o->key; o++)
		if (fsconfig(fs, o->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG,
			    o->key, o->value, 0) < 0)
			return failed(e, "set an option of", type);
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return failed(e, "make the file system", type);
	mount_fd = fsmount(fs, FSMOUNT_CLOEXEC, attr);
	return mount_fd < 0 ? failed(e, "mount the file system", type) : mount_fd;
}

int mount_attach(int mount_fd, int dir_fd, const char *path, struct err *e)
{
	unsigned int flags = MOVE_MOUNT_F_EMPTY_PATH;

	if (!*path)
		flags |= MOVE_MOUNT_T_EMPTY_PATH;
	if (move_mount(mount_fd, "", dir_fd, path, flags) < 0)
		return failed(e, "mount on", path);
	return 0;
}

int mount_in(int dir_fd, const char *name, const char *source, const char *type,
	unsigned long flags, const char *data)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir_fd, name);
	return mount(source, path, type, flags, data);
}

int mount_clone(int dir_fd, const char *path, bool recursive, struct err *e)
{
	unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW;
	int fd;

	if (!*path)
		flags |= AT_EMPTY_PATH;
	if (recursive)
		flags |= AT_RECURSIVE;
	fd = open_tree(dir_fd, path, flags);
	return fd < 0 ? failed(e, "bind", path) : fd;
}

int mount_restrict(int mount_fd, unsigned int attr, struct err *e)
{
	struct mount_attr change = { .attr_set = attr };

	if (mount_setattr(mount_fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &change,
		    sizeof(change)) < 0)
		return failed(e, "restrict", "a mount");
	return 0;
}

int mount_open_inside(int root_fd, const char *path, int extra_flags, struct err *e)
{
	struct open_how how = {
		.flags = (uint64_t)(O_PATH | O_NOFOLLOW | O_CLOEXEC | extra_flags),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR)) {
		int number = errno;

		err_set(e, ERR_DAMAGED,
			"the image's '/%s' is a link or no directory, so nothing is "
			"mounted there",
			path);
		e->sys = number;
		return -1;
	}
	return fd < 0 ? failed(e, "open the image's", path) : (int)fd;
}
