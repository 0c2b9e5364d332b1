/* pack.h -- a tree on disk becomes rootfs.tar.xz, rootfs.tar.zst and rootfs.man.
 * Shape   lib/model/pack.h; pieces end where packages do
 * Errors  ERR_FAILED when a file changes while it is read
 * Owns    nothing; borrows root_dir and stage_dir */
#ifndef BUILDER_PACK_H
#define BUILDER_PACK_H

#include "builder/rootfs.h"

#include "lib/model/build.h"
#include "lib/model/pack.h"

struct pack_result {
	struct digest id, diff_id;
	uint64_t entries, unpacked_size;
	struct artifact tar_xz, tar_zst, manifest;
	struct pack_counts counts;
};

/* out: zeroed. */
int pack_tree(int root_dir, const struct rootfs *tree, int stage_dir,
	const struct pack_options *options, struct pack_result *out,
	struct err *e) must_check nonnull;

/* Writes a finished document into the hand-over directory, and its size and digest. */
int pack_document(int stage_dir, const char *name, struct bytes content,
	struct artifact *out, struct err *e) must_check nonnull;

#endif
