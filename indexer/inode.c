#include "indexer/inode.h"

#include "lib/base/fs.h"
#include "lib/model/layout.h"

#include <fcntl.h>
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

int inode_replace(
	int staging_fd, int public_fd, const char *path, struct bytes text, struct err *e)
{
	if (unlinkat(staging_fd, TEMP_NAME, 0) < 0 && errno != ENOENT)
		return err_sys(e, "cannot remove 'staging/%s'", TEMP_NAME);
	if (inode_write(staging_fd, TEMP_NAME, text, INODE_MARKED, e) < 0)
		return -1;
	if (renameat(staging_fd, TEMP_NAME, public_fd, path) < 0)
		return err_sys(e, "cannot replace '%s'", path);
	return 0;
}
