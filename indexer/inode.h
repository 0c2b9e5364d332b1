/* inode.h -- one small published file: whole, synced, and marked with its digest.
 * Shape   xattr user.rootyard.sha256: 64 hex digits
 * Rules   a file is made in staging and appears by rename; what a killed run leaves lies
 *         in staging, where the next start removes it
 * Errors  ERR_USAGE where the file system has no user extended attributes */
#ifndef INDEXER_INODE_H
#define INDEXER_INODE_H

#include "lib/adapt/digest.h"

enum inode_flags {
	INODE_MARKED = 1, /* carries the digest: all but signatures */
};

int inode_mark(int fd, const char *name, const struct digest *d,
	struct err *e) must_check nonnull;

/* ERR_NOTFOUND when there is no mark, ERR_DAMAGED when it is none of ours. */
int inode_read_mark(
	int fd, const char *name, struct digest *out, struct err *e) must_check nonnull;

/* Makes NAME in a directory that nobody reads yet: written and synced, 0644. */
int inode_write(int dir_fd, const char *name, struct bytes text, unsigned int flags,
	struct err *e) must_check nonnull;

/* Makes or replaces `path` beneath public_fd by rename from staging; the caller syncs the
 * directory. */
int inode_replace(int staging_fd, int public_fd, const char *path, struct bytes text,
	struct err *e) must_check nonnull;

/* Files this small are copied: a link would not save a block. */
#define INODE_LINK_MIN 4096

/* Makes or replaces `path` by the content of `source`, both beneath public_fd: a hard
 * link, or a copy where the file is small or has all the links that it can have. */
int inode_link(int staging_fd, int public_fd, const char *source, const char *path,
	struct err *e) must_check nonnull;

#endif
