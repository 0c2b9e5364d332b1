#include "client/run/rootfile.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

int rootfile_dir(int root_fd, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS,
	};

	return (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
}

bool rootfile_has_content(int root_fd, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	auto_fd int fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
}

/* Last of all, owner first: a write and a change of owner take set-id bits away. */
static int make_like(int fd, const struct stat *like)
{
	if (!like)
		return 0;
	if (fchown(fd, like->st_uid, like->st_gid) < 0)
		return -1;
	return fchmod(fd, like->st_mode & 07777);
}

int rootfile_put(int dir_fd, const char *name, const char *text, size_t len,
	const struct stat *like, struct err *e)
{
	static const char temporary[] = ".rootyard-new";
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	auto_fd int fd = openat(dir_fd, name, flags, 0644);
	bool aside = fd < 0 && errno == EEXIST;

	if (aside) {
		unlinkat(dir_fd, temporary, 0);
		fd = openat(dir_fd, temporary, flags, 0644);
	}
	if (fd < 0)
		return err_sys(e, "cannot write '%s' of the container", name);
	if (fs_write_all(fd, text, len, e) < 0)
		return err_wrap(e, "cannot write '%s' of the container", name);
	if (make_like(fd, like) < 0)
		return err_sys(e, "cannot write '%s' of the container", name);
	if (aside && renameat(dir_fd, temporary, dir_fd, name) < 0) {
		unlinkat(dir_fd, temporary, 0);
		if (errno != EISDIR)
			return err_sys(e, "cannot write '%s' of the container", name);
	}
	return 0;
}
