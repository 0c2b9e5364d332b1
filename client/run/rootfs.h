/* rootfs.h -- the root of a container: an image below, its own layer above.
 * Life    rootfs_open_layers as the user himself, who may pass his own 0700 directories;
 *         rootfs_mount and rootfs_enter as root of the new namespaces
 * Rules   the layers are opened in the new mount namespace, because an overlay takes
 *         layers of its own namespace only
 * Source  pivot_root(2); Documentation/filesystems/overlayfs.rst */
#ifndef CLIENT_RUN_ROOTFS_H
#define CLIENT_RUN_ROOTFS_H

#include "client/run/plan.h"
#include "lib/base/err.h"

#include <stdbool.h>

struct layers {
	int lower, upper, work;
};

int rootfs_open_layers(
	const struct plan *p, struct layers *out, struct err *e) must_check nonnull;

/* Mounts the overlay over "/" of the new mount namespace; returns its descriptor, which
 * is the root of everything that is mounted afterwards. */
int rootfs_mount(const struct plan *p, const struct layers *layers,
	struct err *e) must_check nonnull;

/* Makes it the root and lets go of the old one. shared: mounts inside reach the mount
 * namespaces that are made inside, as an init expects. */
int rootfs_enter(int root_fd, bool shared, struct err *e) must_check nonnull;

/* Writes what an image cannot know: what waits for it in its templates; in /etc hostname; hosts and (with a network)
 * resolv.conf where it has none; with one id, that apt need not become another user. An
 * /etc that is no plain directory is left alone. */
int rootfs_write_names(int root_fd, int upper_fd, const struct plan *p,
	struct err *e) must_check nonnull;

#endif
