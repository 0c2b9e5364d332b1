/* squashfs.h -- a squashfs as a tar: sqfs2tar's, in a process that its caller confines.
 * Errors  ERR_NOTFOUND without the program, ERR_PARSE when it gives up
 * Source  sqfs2tar(1) of squashfs-tools-ng */
#ifndef LIB_ADAPT_SQUASHFS_H
#define LIB_ADAPT_SQUASHFS_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <sys/types.h>

struct squashfs {
	int tar_fd; /* to be read to its end, or closed and set to -1 */
	pid_t pid;
};

bool squashfs_is(int fd);

/* Starts it on fd; in_child(ctx) gives its rights up before it runs, and returns 0 or an errno. */
int squashfs_open(int fd, int (*in_child)(void *ctx), void *ctx, struct squashfs *out,
	struct err *e) must_check nonnull_args(2, 4, 5);

/* Closes and waits. read_rc is what became of the tar: one that is cut names its own fault,
 * in e, and -1 comes back; else the program's end counts. */
int squashfs_close(struct squashfs *s, int read_rc, struct err *e) must_check nonnull;

#endif
