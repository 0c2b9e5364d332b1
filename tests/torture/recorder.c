/* recorder.c -- a disk that remembers in which order it was written and synced.
 *   recorder BACKING LOG MOUNTPOINT    serves MOUNTPOINT/disk, until it is unmounted
 * Shape   LOG is a row of records: three little-endian 64-bit words (kind, offset, length)
 *         and, for a write, the bytes. Kinds: 1 write, 2 sync, 3 mark: what was written to
 *         MOUNTPOINT/mark
 * Rules   one request at a time, so that the order of the log is the order of the disk
 * Source  libfuse 3 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind { WRITE = 1, SYNC, MARK };

static int disk_fd, log_fd;

static int is_mark(const char *path)
{
	return strcmp(path, "/mark") == 0;
}

static int put(const void *p, size_t len)
{
	return write(log_fd, p, len) == (ssize_t)len ? 0 : -EIO;
}

static int record(enum kind kind, off_t offset, const void *data, size_t len)
{
	uint64_t head[3] = { kind, (uint64_t)offset, len };
	int rc = put(head, sizeof(head));

	return rc == 0 && len ? put(data, len) : rc;
}

static int get_attributes(const char *path, struct stat *st, struct fuse_file_info *f)
{
	(void)f;
	memset(st, 0, sizeof(*st));
	st->st_nlink = 1;
	if (strcmp(path, "/") == 0) {
		st->st_mode = S_IFDIR | 0755;
		return 0;
	}
	st->st_mode = S_IFREG | 0600;
	if (is_mark(path))
		return 0;
	if (strcmp(path, "/disk") != 0)
		return -ENOENT;
	if (fstat(disk_fd, st) < 0)
		return -errno;
	return 0;
}

static int open_file(const char *path, struct fuse_file_info *f)
{
	(void)path;
	/* nothing between the loop device and the log */
	f->direct_io = 1;
	return 0;
}

static int resize(const char *path, off_t size, struct fuse_file_info *f)
{
	(void)size;
	(void)f;
	return is_mark(path) ? 0 : -EPERM;
}

static int read_disk(
	const char *path, char *out, size_t len, off_t offset, struct fuse_file_info *f)
{
	ssize_t n = is_mark(path) ? 0 : pread(disk_fd, out, len, offset);

	(void)f;
	return n < 0 ? -errno : (int)n;
}

static int write_disk(const char *path, const char *data, size_t len, off_t offset,
	struct fuse_file_info *f)
{
	int rc = record(is_mark(path) ? MARK : WRITE, offset, data, len);

	(void)f;
	if (rc == 0 && !is_mark(path) &&
		pwrite(disk_fd, data, len, offset) != (ssize_t)len)
		rc = -EIO;
	return rc ? rc : (int)len;
}

static int sync_disk(const char *path, int only_data, struct fuse_file_info *f)
{
	(void)only_data;
	(void)f;
	return is_mark(path) ? 0 : record(SYNC, 0, NULL, 0);
}

int main(int argc, char **argv)
{
	static const struct fuse_operations operations = {
		.getattr = get_attributes,
		.open = open_file,
		.truncate = resize,
		.read = read_disk,
		.write = write_disk,
		.fsync = sync_disk,
	};
	char *mount_argv[] = { argv[0], "-f", "-s", argc == 4 ? argv[3] : NULL, NULL };

	if (argc != 4) {
		fprintf(stderr, "usage: recorder BACKING LOG MOUNTPOINT\n");
		return 2;
	}
	disk_fd = open(argv[1], O_RDWR | O_CLOEXEC);
	log_fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (disk_fd < 0 || log_fd < 0) {
		perror("recorder");
		return 1;
	}
	return fuse_main(4, mount_argv, &operations, NULL);
}
