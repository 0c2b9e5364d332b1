/* mount.h -- mounts by descriptor: nothing is mounted by a path that an image could bend.
 * Rules   every path inside the container's root is opened by mount_open_inside, which
 *         follows no link and cannot leave the root
 * Errors  ENOSYS names the kernel that is needed
 * Source  fsopen(2), fsmount(2), open_tree(2), move_mount(2), mount_setattr(2),
 * openat2(2) */
#ifndef CLIENT_RUN_MOUNT_H
#define CLIENT_RUN_MOUNT_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/mount.h>

#define MOUNT_CAREFUL (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

struct mount_option {
	const char *key;   /* NULL ends the list */
	const char *value; /* NULL: a flag */
};

/* A new file system, attached nowhere yet; returns its descriptor. */
int mount_new(const char *type, const struct mount_option *options, unsigned int attr,
	struct err *e) must_check nonnull_args(1, 4);

/* Puts it on dir_fd/path; path "" is dir_fd itself. */
int mount_attach(
	int mount_fd, int dir_fd, const char *path, struct err *e) must_check nonnull;

/* mount(2) on dir_fd/name, where dir_fd is a file system that we made ourselves, so that
 * no name in it can be a link of the image's: one call instead of six. 0, or -1 with
 * errno. */
int mount_in(int dir_fd, const char *name, const char *source, const char *type,
	unsigned long flags, const char *data) must_check nonnull_args(2);

/* A copy of what is mounted at dir_fd/path, attached nowhere yet. */
int mount_clone(
	int dir_fd, const char *path, bool recursive, struct err *e) must_check nonnull;

/* Adds attributes to a mount (and all below it). */
int mount_restrict(int mount_fd, unsigned int attr, struct err *e) must_check nonnull;

/* O_PATH descriptor beneath root_fd; no component may be a link; extra: O_DIRECTORY. */
int mount_open_inside(
	int root_fd, const char *path, int extra_flags, struct err *e) must_check nonnull;

#endif
