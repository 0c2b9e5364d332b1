/* tar.h -- read a tar stream. The only file that knows libarchive.
 * Rules   tar (ustar, pax, GNU) and nothing else, no filter: decompression is zst.h and
 *         xz.h; warnings of the library are errors; the stream must end with an
 *         end-of-archive mark and nothing but zeros (at most 16 MiB) behind it
 * Owns    the current entry's strings, until the next tar_next
 * Source  tar(5), POSIX pax; SEC-31, SEC-33, SEC-41 */
#ifndef LIB_ADAPT_TAR_H
#define LIB_ADAPT_TAR_H

#include "lib/base/bytes.h"
#include "lib/base/reader.h"

enum tar_type { /* as in ustar's typeflag */
	TAR_FILE = '0',
	TAR_HARDLINK = '1',
	TAR_SYMLINK = '2',
	TAR_CHAR = '3',
	TAR_BLOCK = '4',
	TAR_DIR = '5',
	TAR_FIFO = '6',
	TAR_OTHER = '?',
};

#define TAR_XATTR_MAX 64

struct tar_xattr {
	const char *name;
	const void *value;
	size_t len;
};

struct tar_entry {
	enum tar_type type;
	const char *path; /* as written in the archive, bytes */
	const char *link; /* hard link or symbolic link target, else "" */
	int64_t mode;     /* permission bits as written */
	int64_t uid, gid; /* 64 bits as written: judged by unpackpolicy */
	int64_t mtime_s;
	int64_t size;
	uint32_t dev_major, dev_minor;
	struct tar_xattr xattr[TAR_XATTR_MAX];
	size_t xattr_count;
	bool too_many_xattrs;
	bool sparse;
};

struct tar;

int tar_open(const struct reader *in, struct tar **out, struct err *e) must_check nonnull;

/* 1 an entry, 0 the proper end, -1 an error. */
int tar_next(struct tar *t, struct tar_entry *out, struct err *e) must_check nonnull;

/* Content of the current entry: bytes read, 0 at its end, -1. Holes read as zeros. */
ssize_t tar_read(struct tar *t, void *buf, size_t size, struct err *e) must_check nonnull;
void tar_close(struct tar **t) nonnull;
#define auto_tar with_cleanup(tar_close)

#endif
