#include "indexer/inode.h"

#include "lib/base/fs.h"
#include "lib/model/layout.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define TEMP_NAME "inode.tmp"

int inode_mark(int fd, const char *name, const struct digest *d, struct err *e)
{
	char hex[DIGEST_HEX];

	digest_hex(d, hex);
	if (fsetxattr(fd, LAYOUT_DIGEST_XATTR, hex, strlen(hex), 0) == 0)
		return 0;
	if (errno == ENOTSUP)
		return err_set(e, ERR_USAGE,
			"cannot mark '%s' with its digest: the file system of the tree "
			"has no user "
			"extended attributes",
			name);
	return err_sys(e, "cannot mark '%s' with its digest", name);
}

int inode_read_mark(int fd, const char *name, struct digest *out, struct err *e)
{
	char hex[DIGEST_HEX];
	ssize_t n = fgetxattr(fd, LAYOUT_DIGEST_XATTR, hex, sizeof(hex) - 1);

	if (n < 0 && errno == ENODATA)
		return err_set(e, ERR_NOTFOUND, "'%s' carries no digest", name);
	if (n < 0)
		return err_sys(e, "cannot read the digest of '%s'", name);
	hex[n] = '\0';
	return digest_parse(hex, out, e) < 0 ? err_wrap(e, "'%s'", name) : 0;
}

int inode_write(int dir_fd, const char *name, struct bytes text, unsigned int flags,
	struct err *e)
{
	auto_fd int fd =
		fs_open_beneath(dir_fd, name, O_RDWR | O_CREAT | O_EXCL, 0644, e);
	struct digest d = digest_of(text);

	if (fd < 0)
		return -1;
	if (text.len && fs_write_all(fd, text.data, text.len, e) < 0)
		return err_wrap(e, "cannot write '%s'", name);
	if (flags & INODE_MARKED && inode_mark(fd, name, &d, e) < 0)
		return -1;
	return fs_sync(fd, name, e);
}

static int clear_temp(int staging_fd, struct err *e)
{
	if (unlinkat(staging_fd, TEMP_NAME, 0) < 0 && errno != ENOENT)
		return err_sys(e, "cannot remove 'staging/%s'", TEMP_NAME);
	return 0;
}

static int move_temp(int staging_fd, int public_fd, const char *path, struct err *e)
{
	if (renameat(staging_fd, TEMP_NAME, public_fd, path) < 0)
		return err_sys(e, "cannot replace '%s'", path);
	return 0;
}

int inode_replace(
	int staging_fd, int public_fd, const char *path, struct bytes text, struct err *e)
{
	if (clear_temp(staging_fd, e) < 0 ||
		inode_write(staging_fd, TEMP_NAME, text, INODE_MARKED, e) < 0)
		return -1;
	return move_temp(staging_fd, public_fd, path, e);
}

static int copy_to_temp(int staging_fd, int in_fd, const char *source, struct err *e)
{
	struct digest mark;
	auto_fd int fd = fs_open_beneath(
		staging_fd, TEMP_NAME, O_RDWR | O_CREAT | O_EXCL, 0644, e);

	if (fd < 0 || inode_read_mark(in_fd, source, &mark, e) < 0)
		return -1;
	if (fs_copy_fd(in_fd, fd, -1, e) < 0)
		return err_wrap(e, "cannot copy '%s'", source);
	if (inode_mark(fd, source, &mark, e) < 0)
		return -1;
	return fs_sync(fd, source, e);
}

static int link_or_copy(int staging_fd, int public_fd, const char *source, struct err *e)
{
	auto_fd int fd = fs_open_beneath(public_fd, source, O_RDONLY, 0, e);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return err_sys(e, "cannot read '%s'", source);
	if (st.st_size >= INODE_LINK_MIN) {
		if (linkat(public_fd, source, staging_fd, TEMP_NAME, 0) == 0)
			return 0;
		if (errno != EMLINK)
			return err_sys(e, "cannot link '%s'", source);
	}
	return copy_to_temp(staging_fd, fd, source, e);
}

int inode_link(int staging_fd, int public_fd, const char *source, const char *path,
	struct err *e)
{
	if (clear_temp(staging_fd, e) < 0 ||
		link_or_copy(staging_fd, public_fd, source, e) < 0 ||
		move_temp(staging_fd, public_fd, path, e) < 0)
		return -1;
	/* a rename between two names of one inode leaves both */
	return clear_temp(staging_fd, e);
}
