/* rootfs.h -- the tree being built, as the entries of its manifest.
 * Shape   manifest order: the root and the other directories by path; what packages own, by
 *         source package, package and path; what nobody owns; what the build itself
 *         wrote (its time is above the epoch), in the same order again
 * Why     an update changes every file of its packages, those of one source together; the
 *         build's own files carry the epoch, which moves with every update
 * Rules   mtime = min(mtime, epoch), whole seconds; sockets are left out; the children of
 *         dev, proc, sys, run and tmp too
 * Owns    the arena owns strings; the content is read later by whoever packs */
#ifndef BUILDER_ROOTFS_H
#define BUILDER_ROOTFS_H

#include "builder/packages.h"

#include "lib/model/manifest.h"

struct rootfs_entry {
	struct manifest_entry m; /* without the content's digest */
	size_t package;          /* its index; PACKAGE_NONE for directories and unowned */
	size_t source;  /* equal for the packages of one source; PACKAGE_NONE likewise */
	bool made_here; /* younger than the epoch; never a directory */
	dev_t dev;
	ino_t ino;
	nlink_t links;
};

struct rootfs {
	struct arena arena;
	struct rootfs_entry *entry;
	size_t count, room;
	size_t left_out; /* sockets */
};

void rootfs_init(struct rootfs *r) nonnull;
void rootfs_release(struct rootfs *r) nonnull;
#define auto_rootfs with_cleanup(rootfs_release)

int rootfs_scan(int root_dir, const struct packages *packages, int64_t epoch_s,
	struct rootfs *out, struct err *e) must_check nonnull;

#endif
