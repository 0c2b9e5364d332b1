/* rootfs.h -- the tree being built, as the entries of its manifest.
 * Shape   manifest order; a group number says which package an entry belongs to
 * Rules   mtime = min(mtime, epoch), whole seconds; sockets are left out; the children of
 *         dev, proc, sys, run and tmp too
 * Owns    the arena owns strings; the content is read later by whoever packs */
#ifndef BUILDER_ROOTFS_H
#define BUILDER_ROOTFS_H

#include "builder/packages.h"

#include "lib/model/manifest.h"

struct rootfs_entry {
	struct manifest_entry m; /* without the content's digest */
	size_t group; /* package index; PACKAGE_NONE for directories and unowned */
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
