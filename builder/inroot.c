#include "builder/inroot.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

static int open_quietly(int root_dir, const char *path, int flags, mode_t mode)
{
	struct open_how how = { .flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };

	return (int)syscall(SYS_openat2, root_dir, path, &how, sizeof(how));
}

int inroot_open(int root_dir, const char *path, int flags, mode_t mode, struct err *e)
{
	int fd = open_quietly(root_dir, path, flags, mode);

	return fd < 0 ? err_sys(e, "cannot open '%s'", path) : fd;
}

/* The path without its last component; "." when there is no other. */
static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? xasprintf("%.*s", (int)(slash - path), path) : xstrdup(".");
}

int inroot_open_parent(int root_dir, const char *path, struct err *e)
{
	auto_free char *dir = parent_of(path);

	return inroot_open(root_dir, dir, O_RDONLY | O_DIRECTORY, 0, e);
}

int inroot_make_parent(int root_dir, const char *path, struct err *e)
{
	auto_free char *dir = parent_of(path);

	if (!inroot_exists(root_dir, dir) && fs_mkdirs(root_dir, dir, 0755, e) < 0)
		return -1;
	return inroot_open(root_dir, dir, O_RDONLY | O_DIRECTORY, 0, e);
}

bool inroot_exists(int root_dir, const char *path)
{
	auto_fd int fd = open_quietly(root_dir, path, O_PATH, 0);

	return fd >= 0;
}
